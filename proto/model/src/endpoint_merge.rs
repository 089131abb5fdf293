//! How a partial endpoint table becomes part of the one before it.

use crate::{EndpointNetwork, EndpointService, EndpointTable, NetworkId, NodeId, Peer, ServiceId};

impl EndpointTable {
    /// Takes over what the other says, and gives back the table that would undo it (whole when `next` was whole).
    ///
    /// The lists are in the order of their ids from then on.
    pub fn merge(&mut self, mut next: Self) -> Self {
        if !next.partial {
            next.networks.sort_by_key(network_id);
            next.services.sort_by_key(service_id);
            next.peers.sort_by_key(peer_id);
            return std::mem::replace(self, next);
        }
        let (networks, networks_gone) =
            merge_list(&mut self.networks, network_id, next.networks, &next.networks_gone);
        let (services, services_gone) =
            merge_list(&mut self.services, service_id, next.services, &next.services_gone);
        let (peers, peers_gone) = merge_list(&mut self.peers, peer_id, next.peers, &next.peers_gone);
        Self {
            version: std::mem::replace(&mut self.version, next.version),
            own: std::mem::replace(&mut self.own, next.own),
            tunnel_port: std::mem::replace(&mut self.tunnel_port, next.tunnel_port),
            partial: true,
            networks,
            networks_gone,
            services,
            services_gone,
            peers,
            peers_gone,
        }
    }

    /// Makes one change of this one and the next.
    pub fn absorb(&mut self, next: Self) {
        if !next.partial {
            *self = next;
            return;
        }
        self.networks.sort_by_key(network_id);
        self.services.sort_by_key(service_id);
        self.peers.sort_by_key(peer_id);
        if self.partial {
            self.networks_gone.retain(|id| !next.networks.iter().any(|network| network.id == *id));
            self.services_gone.retain(|id| !next.services.iter().any(|service| service.id == *id));
            self.peers_gone.retain(|id| !next.peers.iter().any(|peer| peer.node == *id));
            self.networks_gone.extend(&next.networks_gone);
            self.services_gone.extend(&next.services_gone);
            self.peers_gone.extend(&next.peers_gone);
        }
        self.merge(next);
    }

    /// The service, if the table names it.
    pub fn service(&self, id: ServiceId) -> Option<&EndpointService> {
        let at = self.services.binary_search_by_key(&id, service_id).ok()?;
        self.services.get(at)
    }
}

fn network_id(network: &EndpointNetwork) -> NetworkId {
    network.id
}

fn service_id(service: &EndpointService) -> ServiceId {
    service.id
}

fn peer_id(peer: &Peer) -> NodeId {
    peer.node
}

/// Puts items into a sorted list and takes others out; gives what stood there before, and the keys of what is new.
fn merge_list<T, K: Ord + Copy>(
    list: &mut Vec<T>,
    key: fn(&T) -> K,
    put: Vec<T>,
    gone: &[K],
) -> (Vec<T>, Vec<K>) {
    let (mut before, mut added) = (Vec::new(), Vec::new());
    for item in put {
        match list.binary_search_by_key(&key(&item), key) {
            Ok(at) => before.extend(list.get_mut(at).map(|place| std::mem::replace(place, item))),
            Err(at) => {
                added.push(key(&item));
                list.insert(at, item);
            }
        }
    }
    for id in gone {
        if let Ok(at) = list.binary_search_by_key(id, key) {
            before.push(list.remove(at));
        }
    }
    (before, added)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(id: u128, name: &str) -> EndpointService {
        EndpointService {
            id: ServiceId::new(id),
            name: name.into(),
            vips: Vec::new(),
            published: Vec::new(),
            backends: Vec::new(),
            by_source: false,
            prefer_local: false,
        }
    }

    fn whole(version: u64, services: Vec<EndpointService>) -> EndpointTable {
        EndpointTable { version, services, ..EndpointTable::default() }
    }

    #[test]
    fn two_changes_made_one_do_what_they_do_one_after_the_other() {
        let base = whole(1, vec![service(1, "a"), service(2, "b"), service(3, "c")]);
        let change = |version: u64, put: &[u128], gone: &[u128]| EndpointTable {
            partial: true,
            services_gone: gone.iter().map(|id| ServiceId::new(*id)).collect(),
            ..whole(version, put.iter().map(|id| service(*id, &format!("{id} of {version}"))).collect())
        };
        let changes = [
            change(2, &[4, 2], &[1]),
            change(3, &[1, 5], &[2, 4]),
            change(4, &[], &[1, 3]),
            change(5, &[3, 1], &[]),
            whole(6, vec![service(9, "i")]),
            change(7, &[8], &[9]),
        ];
        for first in 0..changes.len() {
            let mut one_by_one = base.clone();
            let mut together = changes[first].clone();
            one_by_one.merge(changes[first].clone());
            for next in &changes[first + 1..] {
                one_by_one.merge(next.clone());
                together.absorb(next.clone());
                let mut at_once = base.clone();
                at_once.merge(together.clone());
                assert_eq!(at_once, one_by_one, "{first} to {}", next.version);
            }
        }
    }

    #[test]
    fn a_partial_table_changes_what_it_names_and_can_be_undone() {
        let mut table = EndpointTable::default();
        let nothing = table.merge(whole(1, vec![service(3, "c"), service(1, "a"), service(2, "b")]));
        assert_eq!(nothing, EndpointTable::default());
        let before = table.clone();
        let partial = EndpointTable {
            partial: true,
            services_gone: vec![ServiceId::new(1), ServiceId::new(9)],
            ..whole(2, vec![service(2, "other"), service(4, "d")])
        };
        let undo = table.merge(partial);
        assert_eq!(table, whole(2, vec![service(2, "other"), service(3, "c"), service(4, "d")]));
        assert_eq!(table.service(ServiceId::new(4)), Some(&service(4, "d")));
        assert_eq!(table.service(ServiceId::new(1)), None);
        table.merge(undo);
        assert_eq!(table, before);
    }
}
