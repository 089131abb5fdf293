//! From a container's wish to its attachment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    AttachedPlace, Attachment, AttachmentId, Change, EndpointNetwork, Invalid, Meta, NetworkId, NodeId,
    ObjectKey, Transaction, validate_container_name,
};
use skep_store::{View, WriteError};

use super::{AttachmentError, AttachmentWish};
use crate::dispatcher::Dispatcher;
use crate::dispatcher::endpoints::endpoint_network;

/// Longest id of a container, in bytes: ours have 64 digits.
const ID_BYTES_MAX: usize = 128;
/// How long a container waits for its addresses: a planner gives them at once, unless there are none.
const ADDRESS_WAIT: Duration = Duration::from_secs(4);
/// How long it waits for other nodes to have a way to it; one that is silent does not hold it up for longer.
const TOLD_WAIT: Duration = Duration::from_secs(2);
/// Time between two looks at whether they have.
const TOLD_LOOK: Duration = Duration::from_millis(20);

impl Dispatcher {
    /// Gives a container of the node a place on each network, in place of those that it had; gives the networks, too. When this comes
    /// back, other nodes have a way to it, or did not follow for two seconds.
    ///
    /// # Errors
    /// When a network is not there or not for plain containers or has no address, or the store cannot be written; nothing is left
    /// then.
    pub async fn attach(
        &self,
        node: NodeId,
        wish: &AttachmentWish,
    ) -> Result<(Arc<Attachment>, Vec<EndpointNetwork>), AttachmentError> {
        validate_container_name("name", &wish.name)?;
        if wish.container.is_empty() || wish.container.len() > ID_BYTES_MAX {
            return Err(Invalid::new("container", "this is not the id of a container").into());
        }
        for alias in wish.places.iter().flat_map(|place| &place.aliases) {
            validate_container_name("alias", alias)?;
        }
        let id = AttachmentId::new(self.env.random().id());
        self.door.change(|view| Ok::<_, AttachmentError>((wished(view, node, id, wish)?, ()))).await?;
        match self.addressed(id).await {
            Ok(attachment) => {
                self.told(attachment.meta.version).await;
                let view = self.door.view();
                let networks = attachment.places.iter().map(|place| network_of(&view, place.network));
                Ok((Arc::clone(&attachment), networks.collect::<Result<_, _>>()?))
            }
            Err(error) => {
                self.door
                    .change(|view| Ok::<_, WriteError>((Transaction { changes: gone(view, [id]) }, ())))
                    .await?;
                Err(error)
            }
        }
    }

    /// Forgets all attachments of the node but these; gives those of them that are not known.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn keep_attachments(
        &self,
        node: NodeId,
        kept: &BTreeSet<AttachmentId>,
    ) -> Result<Vec<AttachmentId>, AttachmentError> {
        self.door
            .change(|view| {
                let known: BTreeSet<_> = view.node_attachments(node).map(|own| own.id).collect();
                let changes = gone(view, known.difference(kept).copied());
                Ok((Transaction { changes }, kept.difference(&known).copied().collect()))
            })
            .await
    }

    /// The attachment once it has its addresses.
    async fn addressed(&self, id: AttachmentId) -> Result<Arc<Attachment>, AttachmentError> {
        let versions = self.door.store().version();
        let given = async {
            let mut seen = 0;
            loop {
                seen = versions.changed(seen).await.0;
                let view = self.door.view();
                match view.attachment(id) {
                    Some(attachment) if attachment.is_ready() => return Ok(Arc::clone(attachment)),
                    Some(_) => {}
                    None => return Err(AttachmentError::NoAddress("it was removed meanwhile".into())),
                }
            }
        };
        match self.env.timeout(ADDRESS_WAIT, given).await {
            Ok(given) => given,
            Err(_) => {
                let view = self.door.view();
                let error = view.attachment(id).map(|own| own.error.clone()).filter(|text| !text.is_empty());
                Err(AttachmentError::NoAddress(
                    error.unwrap_or_else(|| "no address was given in time".into()),
                ))
            }
        }
    }

    /// Waits, but not for long, until all nodes know what the store held at this version.
    async fn told(&self, version: u64) {
        let told = async {
            while !self.sessions.all_applied(version, None) {
                self.env.sleep(TOLD_LOOK).await;
            }
        };
        if self.env.timeout(TOLD_WAIT, told).await.is_err() {
            tracing::info!("a container starts before every node has a way to it");
        }
    }
}

/// The attachment as it is wished, and the end of an earlier one of the same container.
fn wished(
    view: &View,
    node: NodeId,
    id: AttachmentId,
    wish: &AttachmentWish,
) -> Result<Transaction, AttachmentError> {
    if view.node(node).is_none() {
        return Err(AttachmentError::UnknownNode(node));
    }
    let mut places: Vec<AttachedPlace> = Vec::new();
    for place in &wish.places {
        let found = view.find_network(&place.network);
        let network = found.map_err(|_| AttachmentError::NoNetwork(place.network.clone()))?;
        if network.removing {
            return Err(AttachmentError::NoNetwork(place.network.clone()));
        }
        if !network.spec.attachable || network.spec.ingress {
            return Err(AttachmentError::NotAttachable(network.spec.name.clone()));
        }
        match places.iter_mut().find(|before| before.network == network.id) {
            // The same network by another name.
            Some(before) => before.aliases.extend(place.aliases.iter().cloned()),
            None => places.push(AttachedPlace {
                network: network.id,
                aliases: place.aliases.clone(),
                address: None,
            }),
        }
    }
    let (container, name) = (wish.container.clone(), wish.name.clone());
    let earlier: Vec<_> =
        view.node_attachments(node).filter(|own| own.container == container).map(|own| own.id).collect();
    let mut changes = gone(view, earlier);
    let meta = Meta::default();
    changes.push(Change::Create(
        Attachment { id, meta, node, container, name, places, error: String::new() }.into(),
    ));
    Ok(Transaction { changes })
}

/// The end of attachments.
pub(crate) fn gone(view: &View, ids: impl IntoIterator<Item = AttachmentId>) -> Vec<Change> {
    let known = ids.into_iter().filter_map(|id| view.attachment(id));
    known
        .map(|own| Change::Remove { key: ObjectKey::Attachment(own.id), version: own.meta.version })
        .collect()
}

fn network_of(view: &View, id: NetworkId) -> Result<EndpointNetwork, AttachmentError> {
    endpoint_network(view, id).ok_or_else(|| AttachmentError::NoNetwork(id.to_string()))
}
