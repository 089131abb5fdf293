use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use skep_model::limits::TUNNEL_PORT_DEFAULT;
use skep_model::{Backend, EndpointTable, NetworkId, NodeId, Peer};

use super::{Device, Entry, Number};

/// How this node reaches tasks on others, by a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// This node and its end of the tunnel; none where there is no tunnel.
    own: Option<(NodeId, Device)>,
    nodes: BTreeMap<NodeId, Number>,
    /// The other ends, with the addresses where they are.
    pub(crate) peers: BTreeMap<Number, Ipv4Addr>,
    /// The addresses of tasks on other nodes, on the networks that this node knows.
    routes: BTreeMap<Ipv4Addr, Number>,
}

impl Reach {
    /// What a table says; nodes that it describes wrongly are left out. `mtu` is that of the links.
    pub(crate) fn new(table: &EndpointTable, mtu: u32) -> Self {
        let Some(own) = table.own else { return Self::default() };
        let Some(number) = usable(&own) else {
            tracing::error!(?own, "the endpoint table gives this node no place among others");
            return Self::default();
        };
        let port = if table.tunnel_port == 0 { TUNNEL_PORT_DEFAULT } else { table.tunnel_port };
        let device = Device { number, address: own.address, port, mtu };
        let mut reach = Self { own: Some((own.node, device)), ..Self::default() };
        for peer in &table.peers {
            match usable(peer) {
                Some(other) if other != number && peer.node != own.node => {
                    reach.nodes.insert(peer.node, other);
                    reach.peers.insert(other, peer.address);
                }
                _ => tracing::warn!(?peer, "the endpoint table names a node that cannot be reached"),
            }
        }
        reach.routes = reach.routes_of(table);
        reach
    }

    /// This node's end of the tunnel.
    pub(crate) fn device(&self) -> Option<Device> {
        self.own.map(|(_, device)| device)
    }

    /// The node that the backend is on, when that is another one.
    fn remote(&self, backend: &Backend) -> Option<Number> {
        self.nodes.get(&backend.node).copied()
    }

    /// Whether connections to the backend arrive. Without a tunnel all backends count as our own.
    pub(crate) fn reaches(&self, backend: &Backend) -> bool {
        self.is_here(backend) || self.remote(backend).is_some()
    }

    /// Whether the backend is on this node.
    pub(crate) fn is_here(&self, backend: &Backend) -> bool {
        self.own.is_none_or(|(own, _)| own == backend.node)
    }

    /// Whether the address is that of a task on another node.
    pub(crate) fn leads_to(&self, address: Ipv4Addr) -> bool {
        self.routes.contains_key(&address)
    }

    /// All that must be in the kernel. `local` are the addresses of this node's containers, which stay theirs.
    pub(crate) fn entries(&self, local: &BTreeSet<Ipv4Addr>) -> BTreeSet<Entry> {
        let mut entries = BTreeSet::new();
        for (number, address) in &self.peers {
            let number = *number;
            entries.insert(Entry::Neighbour(number));
            entries.insert(Entry::Forward(number, *address));
            entries.extend([Entry::Back(number), Entry::Rule(number)]);
        }
        entries.extend(self.own.map(|_| Entry::Gate));
        let routes = self.routes.iter().filter(|(address, _)| !local.contains(address));
        entries.extend(routes.map(|(address, number)| Entry::Route(*address, *number)));
        entries
    }

    fn routes_of(&self, table: &EndpointTable) -> BTreeMap<Ipv4Addr, Number> {
        let known: BTreeSet<NetworkId> = table.networks.iter().map(|network| network.id).collect();
        let mut backends: Vec<_> = table.services.iter().flat_map(|service| &service.backends).collect();
        // Of two that have an address while it moves, the one that gets connections has it.
        backends.sort_by_key(|backend| backend.ready);
        let mut routes = BTreeMap::new();
        for backend in backends {
            let addresses = backend.addresses.iter().filter(|(network, _)| known.contains(network));
            for (_, address) in addresses {
                match self.remote(backend) {
                    Some(number) => {
                        routes.insert(*address, number);
                    }
                    None if backend.ready => {
                        routes.remove(address);
                    }
                    None => {}
                }
            }
        }
        routes
    }
}

/// The number of a node that packets can be sent to.
fn usable(peer: &Peer) -> Option<Number> {
    let address = peer.address;
    let one_host = !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast();
    Number::new(peer.number).filter(|_| one_host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Cell, on, service, table};

    fn peer(number: u16) -> Peer {
        let address = Ipv4Addr::new(192, 0, 2, number.to_be_bytes()[1]);
        Peer { node: NodeId::new(number.into()), number, address }
    }

    fn cell(node: u128, addresses: Vec<crate::Address>) -> Cell {
        Cell { node: NodeId::new(node), ..Cell::new("cell", addresses) }
    }

    fn seen_by_one(peers: Vec<Peer>, backends: &[&Cell]) -> EndpointTable {
        EndpointTable { own: Some(peer(1)), peers, ..table(1, vec![service("web", 100, backends)]) }
    }

    #[test]
    fn routes_lead_to_tasks_on_nodes_and_networks_that_are_known() {
        let mut strange = on(1, 7);
        strange.network = NetworkId::new(9);
        let cells = [
            cell(1, vec![on(1, 5)]),
            cell(2, vec![on(1, 6), strange, on(2, 6)]),
            cell(3, vec![on(1, 8)]),
            cell(4, vec![on(1, 9)]),
        ];
        let wanted = seen_by_one(vec![peer(2), peer(3)], &cells.each_ref());
        let reach = Reach::new(&wanted, 1450);
        let reaches: Vec<_> = wanted.services[0].backends.iter().map(|one| reach.reaches(one)).collect();
        assert_eq!(reaches, [true, true, true, false]);
        let local = BTreeSet::from([on(1, 8).address]);
        let entries = reach.entries(&local);
        let routes: Vec<_> = entries.iter().filter(|entry| matches!(entry, Entry::Route(..))).collect();
        let two = Number::new(2).unwrap();
        assert_eq!(routes, [&Entry::Route(on(1, 6).address, two), &Entry::Route(on(2, 6).address, two)]);
        assert_eq!(entries.len(), 2 * 4 + 1 + 2);
    }

    #[test]
    fn an_address_that_moves_is_where_it_gets_connections() {
        for (here, there) in [(1, 2), (2, 1), (2, 3), (3, 2)] {
            let cells = [cell(here, vec![on(1, 5)]), cell(there, vec![on(1, 5)])];
            let mut wanted = seen_by_one(vec![peer(2), peer(3)], &cells.each_ref());
            wanted.services[0].backends[0].ready = false;
            let reach = Reach::new(&wanted, 1450);
            let number = Number::new(there as u16).filter(|number| number.value() > 1);
            assert_eq!(reach.routes.get(&on(1, 5).address).copied(), number);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let mut odd = vec![peer(1), peer(0), peer(u16::MAX), peer(2), peer(3)];
        odd[3].address = Ipv4Addr::UNSPECIFIED;
        let reach = Reach::new(&seen_by_one(odd, &[]), 1450);
        assert!(reach.peers.keys().eq([&Number::new(3).unwrap()]));
        assert_eq!(reach.device().unwrap().port, TUNNEL_PORT_DEFAULT);
        let mut nobody = seen_by_one(vec![peer(2)], &[]);
        nobody.own = Some(peer(0));
        assert_eq!(Reach::new(&nobody, 1450), Reach::default());
        nobody.own = None;
        assert_eq!(Reach::new(&nobody, 1450), Reach::default());
    }
}
