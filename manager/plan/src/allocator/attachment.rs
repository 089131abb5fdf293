//! Addresses of plain containers.

use std::sync::Arc;

use skep_model::{AttachedPlace, Attachment, Change, Object};
use skep_store::View;

use super::addresses::Addresses;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    for attachment in view.attachments().filter(|attachment| !attachment.is_ready()) {
        let wanted: Vec<_> = attachment.places.iter().map(|place| place.network).collect();
        let next = match addresses.take_all(&wanted) {
            Ok(taken) => {
                let place = |(place, address): (&AttachedPlace, _)| AttachedPlace {
                    address: Some(address),
                    ..place.clone()
                };
                let places = attachment.places.iter().zip(taken).map(place).collect();
                Attachment { places, error: String::new(), ..Attachment::clone(attachment) }
            }
            Err((network, shortage)) => {
                shortage.wake(plan);
                let error = shortage.text(&addresses.name(network));
                Attachment { error, ..Attachment::clone(attachment) }
            }
        };
        if next != **attachment {
            plan.group([Change::Update(Object::Attachment(Arc::new(next)))]);
        }
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{
        AttachmentId, Kind, Meta, Network, NetworkId, NetworkSpec, NodeId, Timestamp, Transaction, limits,
    };
    use skep_store::{Scratch, Store};

    use super::*;
    use crate::allocator::Allocator;
    use crate::reconciler::Reconciler;

    fn write(store: &Store, changes: Vec<Change>) {
        let index = store.view().version() + 1;
        store.apply(index, Timestamp::from_nanos(index), Transaction { changes }).unwrap();
    }

    fn allocate(store: &Store, now: Timestamp) -> Option<Timestamp> {
        let plan = Allocator.plan(&store.view(), now);
        let mut scratch = Scratch::new(store.view());
        scratch.apply(plan.groups.into_iter().flatten());
        write(store, scratch.into_transaction().changes);
        plan.wake_at
    }

    fn network(id: u128, subnet: &str) -> Change {
        let subnet = subnet.parse().ok();
        let spec = NetworkSpec { name: format!("n{id}"), subnet, ..NetworkSpec::default() };
        let (id, meta) = (NetworkId::new(id), Meta::default());
        Change::Create(
            Network { id, meta, spec, subnet, subnet6: None, address_cursor: 0, removing: false }.into(),
        )
    }

    fn attachment(id: u128, networks: &[u128]) -> Change {
        let place = |network: &u128| AttachedPlace {
            network: NetworkId::new(*network),
            aliases: vec!["db".into()],
            address: None,
        };
        let wish = Attachment {
            id: AttachmentId::new(id),
            meta: Meta::default(),
            node: NodeId::new(1),
            container: format!("c{id}"),
            name: format!("name{id}"),
            places: networks.iter().map(place).collect(),
            error: String::new(),
        };
        Change::Create(wish.into())
    }

    fn shown(store: &Store, id: u128) -> (Vec<String>, String) {
        let view = store.view();
        let found = view.attachment(AttachmentId::new(id)).unwrap();
        let addresses =
            found.places.iter().filter_map(|place| place.address).map(|address| address.to_string());
        (addresses.collect(), found.error.clone())
    }

    #[test]
    fn a_container_gets_an_address_on_each_network_or_none_and_why() {
        let store = Store::default();
        let now = Timestamp::from_nanos(100);
        write(&store, vec![network(1, "10.5.0.0/29"), network(2, "10.6.0.0/29")]);
        write(&store, (1..=5).map(|id| attachment(id, &[1])).chain([attachment(6, &[2, 1])]).collect());
        assert_eq!(allocate(&store, now), None);
        assert_eq!(shown(&store, 1), (vec!["10.5.0.2".into()], String::new()));
        let (addresses, error) = shown(&store, 6);
        assert!(addresses.is_empty() && error.starts_with("the network n1 has no free address: "), "{error}");
        let before = store.view().changed_at(Kind::Attachment);
        allocate(&store, now);
        assert_eq!(
            store.view().changed_at(Kind::Attachment),
            before,
            "what is told once is not written again"
        );

        let gone = store.view().attachment(AttachmentId::new(1)).unwrap().clone();
        let key = skep_model::ObjectKey::Attachment(gone.id);
        write(&store, vec![Change::Remove { key, version: gone.meta.version }]);
        let end = allocate(&store, now).expect("waiting helps");
        assert!(shown(&store, 6).1.contains("waiting for one"));
        assert!(end <= now.plus(limits::ADDRESS_REST));
        allocate(&store, end);
        assert_eq!(shown(&store, 6), (vec!["10.6.0.2".into(), "10.5.0.2".into()], String::new()));
    }
}
