use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use skep_model::limits::{SEALED_PORT_ABOVE, TUNNEL_PORT_DEFAULT};
use skep_model::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, NetworkId, NodeId, Peer, Subnet, TunnelKey,
};

use super::{Device, End, Entry, Kind, Number, Outer};
use crate::family::Family;
use crate::host::owners::Owners;
use crate::host::twins::Twins;
use crate::seal::{SealPeer, SealPlan};

/// What VXLAN puts around a packet, and what WireGuard does, in bytes: headers of IP (20) and UDP (8), and 22 of VXLAN's and
/// Ethernet's or 32 of WireGuard's.
const AROUND_PLAIN: u32 = 50;
const AROUND_SEALED: u32 = 60;
/// No link of IPv6 has smaller packets (RFC 8200): a way that does not let these pass is none for it.
const IPV6_MTU_MIN: u32 = 1280;

/// How this node reaches tasks on others, by a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// This node; none where there is no tunnel.
    own: Option<Own>,
    nodes: BTreeMap<NodeId, Number>,
    /// The other ends, with the addresses where they are.
    pub(crate) peers: BTreeMap<Number, Ipv4Addr>,
    /// Their keys, where managers know them.
    keys: BTreeMap<Number, TunnelKey>,
    /// The networks that this node knows, with the link of each.
    networks: BTreeMap<NetworkId, Kind>,
    /// The subnets of those that are encrypted.
    pub(crate) sealed: BTreeSet<Subnet>,
    /// The links that cannot be had: nothing is reached by them.
    lost: BTreeSet<Kind>,
    /// The biggest packets that arrive by the plain link at those nodes which its biggest do not reach, in bytes.
    small: BTreeMap<Number, u32>,
    /// The other nodes whose containers have no IPv6.
    without_ipv6: BTreeSet<Number>,
    /// The IPv6 addresses beside the others.
    twins: Twins,
    /// The addresses of tasks on other nodes, on the networks that this node knows.
    routes: BTreeMap<Ipv4Addr, Route>,
}

/// The node that an address is led to, and by which link.
pub(crate) type Route = (Number, Kind);

/// This node among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    node: NodeId,
    number: Number,
    outer: Outer,
    /// Its key as managers know it.
    key: Option<TunnelKey>,
    /// The biggest packet of the plain link, in bytes.
    mtu: u32,
}

impl Reach {
    /// What a table says; nodes that it describes wrongly are left out. `mtu` is that of the links.
    pub(crate) fn new(table: &EndpointTable, mtu: u32) -> Self {
        let kind = |network: &EndpointNetwork| if network.encrypted { Kind::Sealed } else { Kind::Plain };
        let sealed = table.networks.iter().filter(|network| network.encrypted);
        let mut reach = Self {
            networks: table.networks.iter().map(|network| (network.id, kind(network))).collect(),
            sealed: sealed.map(|network| network.subnet).collect(),
            twins: Twins::new(table),
            ..Self::default()
        };
        let Some(own) = table.own else { return reach };
        let Some(number) = usable(&own) else {
            tracing::error!(?own, "the endpoint table gives this node no place among others");
            return reach;
        };
        let port = if table.tunnel_port == 0 { TUNNEL_PORT_DEFAULT } else { table.tunnel_port };
        let outer = Outer { address: own.address, port };
        reach.own = Some(Own { node: own.node, number, outer, key: own.key, mtu });
        for peer in &table.peers {
            match usable(peer) {
                Some(other) if other != number && peer.node != own.node => {
                    reach.nodes.insert(peer.node, other);
                    reach.peers.insert(other, peer.address);
                    reach.keys.extend(peer.key.map(|key| (other, key)));
                    reach.without_ipv6.extend((!peer.ipv6).then_some(other));
                }
                _ => tracing::warn!(?peer, "the endpoint table names a node that cannot be reached"),
            }
        }
        reach.routes = reach.routes_of(table.services.iter());
        reach
    }

    /// This node's end of a link; none when it is not needed, or cannot be had.
    pub(crate) fn device(&self, kind: Kind) -> Option<Device> {
        let Own { number, outer, mtu, .. } = self.own.filter(|_| !self.lost.contains(&kind))?;
        match kind {
            Kind::Plain => Some(Device { kind, number, outer: Some(outer), mtu }),
            Kind::Sealed if self.sealed.is_empty() => None,
            Kind::Sealed => {
                let mtu = (mtu + AROUND_PLAIN).saturating_sub(AROUND_SEALED);
                Some(Device { kind, number, outer: None, mtu })
            }
        }
    }

    /// This node's end of the tunnel.
    pub(crate) fn end(&self) -> Option<End> {
        self.own.map(|own| End { number: own.number, outer: own.outer })
    }

    /// With whom packets are exchanged encrypted, and how; none when that is not needed, or cannot be had.
    pub(crate) fn seal(&self) -> Option<SealPlan> {
        self.device(Kind::Sealed)?;
        let Own { number, outer, key, .. } = self.own?;
        let port = outer.port.checked_add(SEALED_PORT_ABOVE).unwrap_or(outer.port - SEALED_PORT_ABOVE);
        let peer = |(number, address): (&Number, &Ipv4Addr)| {
            Some((*number, SealPeer { address: *address, key: *self.keys.get(number)? }))
        };
        let peers = self.peers.iter().filter_map(peer).collect();
        Some(SealPlan { number, outer: Outer { port, ..outer }, known_key: key, peers })
    }

    /// The other nodes that cannot be reached on encrypted networks, since managers know no key of theirs.
    pub(crate) fn keyless(&self) -> impl Iterator<Item = (Number, Ipv4Addr)> {
        let wanted = !self.sealed.is_empty();
        let peers = self.peers.iter().filter(move |(number, _)| wanted && !self.keys.contains_key(number));
        peers.map(|(number, address)| (*number, *address))
    }

    /// Takes a link that cannot be had out of all ways.
    pub(crate) fn lose(&mut self, kind: Kind) {
        self.lost.insert(kind);
    }

    /// The links that cannot be had.
    pub(crate) fn lost(&self) -> &BTreeSet<Kind> {
        &self.lost
    }

    /// Whether a link cannot be had.
    pub(crate) fn is_lost(&self, kind: Kind) -> bool {
        self.lost.contains(&kind)
    }

    /// The same, with what was measured: the biggest packets that arrive by the plain link at those nodes which its biggest do
    /// not reach.
    pub(crate) fn with_small(self, small: BTreeMap<Number, u32>) -> Self {
        Self { small, ..self }
    }

    /// The biggest packet that arrives at a node by a link; 0 when the link's biggest does.
    fn route_mtu(&self, family: Family, number: Number, kind: Kind) -> u32 {
        let plain = self.small.get(&number).copied().unwrap_or(0);
        let mtu = match kind {
            _ if plain == 0 => 0,
            Kind::Plain => plain,
            // Both take the same way.
            Kind::Sealed => (plain + AROUND_PLAIN).saturating_sub(AROUND_SEALED),
        };
        if family == Family::V6 && mtu != 0 { mtu.max(IPV6_MTU_MIN) } else { mtu }
    }

    /// The other nodes, with their numbers and addresses.
    pub(crate) fn others(&self) -> BTreeMap<NodeId, (Number, Ipv4Addr)> {
        let address = |number: &Number| self.peers.get(number).copied();
        self.nodes.iter().filter_map(|(node, number)| Some((*node, (*number, address(number)?)))).collect()
    }

    /// The node that the backend is on, when that is another one.
    fn remote(&self, backend: &Backend) -> Option<Number> {
        self.nodes.get(&backend.node).copied()
    }

    /// Whether packets for a network get to a node by its link. One that is encrypted needs the node's key.
    fn leads(&self, number: Number, kind: Kind) -> bool {
        !self.lost.contains(&kind) && (kind == Kind::Plain || self.keys.contains_key(&number))
    }

    /// Whether connections to the backend arrive on a network. Without a tunnel all backends count as our own.
    pub(crate) fn reaches(&self, backend: &Backend, network: NetworkId) -> bool {
        let kind = self.networks.get(&network).copied().unwrap_or(Kind::Plain);
        self.is_here(backend) || self.remote(backend).is_some_and(|number| self.leads(number, kind))
    }

    /// Whether the backend is on this node.
    pub(crate) fn is_here(&self, backend: &Backend) -> bool {
        self.own.is_none_or(|own| own.node == backend.node)
    }

    /// Leads to these addresses as the table says now, in which nothing but services has changed; gives what led there before.
    pub(crate) fn follow(
        &mut self,
        table: &EndpointTable,
        owners: &Owners,
        addresses: &BTreeSet<Ipv4Addr>,
    ) -> Vec<(Ipv4Addr, Option<Route>)> {
        let one = |address: &Ipv4Addr| {
            let services = owners.of(*address).iter().filter_map(|id| table.service(*id));
            (*address, self.routes_of(services).remove(address))
        };
        let routes: Vec<_> = addresses.iter().map(one).collect();
        self.lead(routes)
    }

    /// Leads to each address by its route, if it has one; gives what led there before.
    pub(crate) fn lead(&mut self, routes: Vec<(Ipv4Addr, Option<Route>)>) -> Vec<(Ipv4Addr, Option<Route>)> {
        let change = |(address, route)| {
            let before = match route {
                Some(route) => self.routes.insert(address, route),
                None => self.routes.remove(&address),
            };
            (address, before)
        };
        routes.into_iter().map(change).collect()
    }

    /// What must be in the kernel for a link to lead to these addresses.
    pub(crate) fn entries_of(
        &self,
        kind: Kind,
        local: &BTreeSet<Ipv4Addr>,
        addresses: &BTreeSet<Ipv4Addr>,
    ) -> BTreeSet<Entry> {
        let routes = addresses.iter().filter_map(|address| Some((address, self.routes.get(address)?)));
        routes.flat_map(|(address, route)| self.entries_to(kind, local, *address, *route)).collect()
    }

    /// The routes to a task: to its address, and to that beside it.
    fn entries_to(
        &self,
        kind: Kind,
        local: &BTreeSet<Ipv4Addr>,
        address: Ipv4Addr,
        (number, by): Route,
    ) -> impl Iterator<Item = Entry> + use<'_> {
        let wanted = by == kind && self.leads(number, kind) && !local.contains(&address);
        let both = wanted.then(|| self.twins.both(address)).into_iter().flatten();
        let ipv6 = !self.without_ipv6.contains(&number);
        both.filter(move |address| ipv6 || address.is_ipv4()).map(move |address| {
            Entry::Route(address, number, self.route_mtu(Family::of(address), number, kind))
        })
    }

    /// Whether a task with this address, on this network or another node, has IPv6 if its network has.
    pub(crate) fn takes_ipv6(&self, address: Ipv4Addr) -> bool {
        self.routes.get(&address).is_none_or(|(number, _)| !self.without_ipv6.contains(number))
    }

    /// These addresses, and those beside them.
    pub(crate) fn with_twins(&self, addresses: &BTreeSet<Ipv4Addr>) -> BTreeSet<IpAddr> {
        addresses.iter().flat_map(|address| self.twins.both(*address)).collect()
    }

    /// The families of addresses that are reached.
    pub(crate) fn families(&self) -> &'static [Family] {
        if self.twins.are_none() { &[Family::V4] } else { &Family::ALL }
    }

    /// Whether the address is that of a task on another node.
    pub(crate) fn leads_to(&self, address: Ipv4Addr) -> bool {
        self.routes.contains_key(&address)
    }

    /// All that must be in the kernel for a link. `local` are the addresses of this node's containers, which stay theirs.
    pub(crate) fn entries(&self, kind: Kind, local: &BTreeSet<Ipv4Addr>) -> BTreeSet<Entry> {
        let mut entries = BTreeSet::new();
        if self.device(kind).is_none() {
            return entries;
        }
        for (number, address) in self.peers.iter().filter(|(number, _)| self.leads(**number, kind)) {
            let number = *number;
            if kind == Kind::Plain {
                entries.insert(Entry::Forward(number, *address));
                // Probes have a way of their own: without a route, checks of sources would take the answers for forged.
                entries.insert(Entry::Route(number.hop().into(), number, 0));
            }
            for &family in self.families() {
                let mtu = self.route_mtu(family, number, kind);
                let to_node = [Entry::Back(family, number, mtu), Entry::Rule(family, number)];
                entries.extend(to_node.into_iter().chain([Entry::Neighbour(family, number)]));
            }
        }
        entries.extend(self.families().iter().map(|family| Entry::Gate(*family)));
        let routes = self.routes.iter();
        entries.extend(routes.flat_map(|(address, route)| self.entries_to(kind, local, *address, *route)));
        entries
    }

    fn routes_of<'a>(
        &self,
        services: impl Iterator<Item = &'a EndpointService>,
    ) -> BTreeMap<Ipv4Addr, Route> {
        let mut backends: Vec<_> = services.flat_map(|service| &service.backends).collect();
        // Of two that have an address while it moves, the one that gets connections has it.
        backends.sort_by_key(|backend| backend.ready);
        let mut routes = BTreeMap::new();
        for backend in backends {
            for (network, address) in &backend.addresses {
                let Some(kind) = self.networks.get(network) else { continue };
                match self.remote(backend) {
                    Some(number) => {
                        routes.insert(*address, (number, *kind));
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
        Peer { node: NodeId::new(number.into()), number, address, key: Some(TunnelKey([1; 32])), ipv6: true }
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
        let [two, three] = [2, 3].map(|number| Number::new(number).unwrap());
        let reach = Reach::new(&wanted, 1450).with_small([(three, 1230)].into());
        let reaches: Vec<_> =
            wanted.services[0].backends.iter().map(|one| reach.reaches(one, NetworkId::new(1))).collect();
        assert_eq!(reaches, [true, true, true, false]);
        let local = BTreeSet::from([on(1, 8).address]);
        let entries = reach.entries(Kind::Plain, &local);
        let routes: Vec<_> =
            entries.iter().filter(|entry| matches!(entry, Entry::Route(..))).copied().collect();
        let route = |address: Ipv4Addr, number, mtu| Entry::Route(address.into(), number, mtu);
        let to_tasks = [route(on(1, 6).address, two, 0), route(on(2, 6).address, two, 0)];
        let to_nodes = [route(three.hop(), three, 0), route(two.hop(), two, 0)];
        assert_eq!(routes, [to_tasks, to_nodes].concat());
        assert_eq!(entries.len(), 2 * 5 + 1 + 2);
        let back = |number, mtu| Entry::Back(Family::V4, number, mtu);
        assert!(entries.contains(&back(two, 0)) && entries.contains(&back(three, 1230)));
        let reach = reach.with_small([(two, 1230)].into());
        let entries = reach.entries(Kind::Plain, &local);
        assert!(entries.contains(&route(on(1, 6).address, two, 1230)));
        let sealed = |number| reach.route_mtu(Family::V4, number, Kind::Sealed);
        assert_eq!((sealed(two), sealed(three)), (1220, 0));
    }

    #[test]
    fn on_networks_with_ipv6_the_addresses_beside_are_led_to_as_well() {
        let cells = [cell(2, vec![on(1, 6), on(2, 6)])];
        let mut wanted = seen_by_one(vec![peer(2)], &cells.each_ref());
        wanted.networks[0].subnet6 = "fd00:1::/64".parse().ok();
        let two = Number::new(2).unwrap();
        let reach = Reach::new(&wanted, 1450).with_small([(two, 1230)].into());
        let entries = reach.entries(Kind::Plain, &BTreeSet::new());
        let six: IpAddr = "fd00:1::6".parse().unwrap();
        let of_ipv6: Vec<_> = [
            Entry::Neighbour(Family::V6, two),
            Entry::Back(Family::V6, two, IPV6_MTU_MIN),
            Entry::Rule(Family::V6, two),
            Entry::Gate(Family::V6),
            Entry::Route(six, two, IPV6_MTU_MIN),
        ]
        .into();
        assert!(of_ipv6.iter().all(|entry| entries.contains(entry)));
        wanted.networks[0].subnet6 = None;
        let without = Reach::new(&wanted, 1450).with_small([(two, 1230)].into());
        let without = without.entries(Kind::Plain, &BTreeSet::new());
        assert_eq!(entries.difference(&without).copied().collect::<Vec<_>>(), of_ipv6);
        // A node without IPv6 is not led to by it.
        wanted.networks[0].subnet6 = "fd00:1::/64".parse().ok();
        wanted.peers[0].ipv6 = false;
        let partly = Reach::new(&wanted, 1450);
        assert!(
            !partly.entries(Kind::Plain, &BTreeSet::new()).iter().any(|it| it.destination() == Some(six))
        );
        assert_eq!([&reach, &partly].map(|it| it.takes_ipv6(on(1, 6).address)), [true, false]);
        let addresses = [on(1, 6).address, on(2, 6).address].into();
        assert_eq!(reach.with_twins(&addresses).len(), 3);
        let some = reach.entries_of(Kind::Plain, &BTreeSet::new(), &addresses);
        assert!(some.len() == 3 && some.is_subset(&entries));
    }

    #[test]
    fn an_address_that_moves_is_where_it_gets_connections() {
        for (here, there) in [(1, 2), (2, 1), (2, 3), (3, 2)] {
            let cells = [cell(here, vec![on(1, 5)]), cell(there, vec![on(1, 5)])];
            let mut wanted = seen_by_one(vec![peer(2), peer(3)], &cells.each_ref());
            wanted.services[0].backends[0].ready = false;
            let reach = Reach::new(&wanted, 1450);
            let number = Number::new(there as u16).filter(|number| number.value() > 1);
            assert_eq!(reach.routes.get(&on(1, 5).address).copied(), number.map(|it| (it, Kind::Plain)));
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let mut odd = vec![peer(1), peer(0), peer(u16::MAX), peer(2), peer(3)];
        odd[3].address = Ipv4Addr::UNSPECIFIED;
        let reach = Reach::new(&seen_by_one(odd, &[]), 1450);
        assert!(reach.peers.keys().eq([&Number::new(3).unwrap()]));
        assert_eq!(reach.end().unwrap().outer.port, TUNNEL_PORT_DEFAULT);
        let mut nobody = seen_by_one(vec![peer(2)], &[]);
        for own in [Some(peer(0)), None] {
            nobody.own = own;
            let reach = Reach::new(&nobody, 1450);
            assert!(Kind::ALL.iter().all(|kind| reach.entries(*kind, &BTreeSet::new()).is_empty()));
            assert!(reach.end().is_none() && reach.peers.is_empty());
        }
    }

    #[test]
    fn an_encrypted_network_is_reached_by_the_sealed_link_or_not_at_all() {
        let cells = [cell(2, vec![on(1, 6), on(2, 6)]), cell(3, vec![on(1, 8), on(2, 8)])];
        let mut wanted = seen_by_one(vec![peer(2), peer(3)], &cells.each_ref());
        wanted.networks[0].encrypted = true;
        wanted.peers[1].key = None;
        let mut reach = Reach::new(&wanted, 1450);
        let routes = |reach: &Reach, kind| -> Vec<IpAddr> {
            let entries = reach.entries(kind, &BTreeSet::new()).into_iter();
            entries.filter_map(|entry| entry.destination()).collect()
        };
        let [first, second, third] = [on(1, 6), on(2, 6), on(2, 8)].map(|entry| IpAddr::from(entry.address));
        assert_eq!(routes(&reach, Kind::Sealed), [first], "there is no key of node 3");
        assert_eq!(routes(&reach, Kind::Plain), [second, third]);
        let backends = &wanted.services[0].backends;
        let reaches = |reach: &Reach| -> Vec<_> {
            let ways = backends.iter().flat_map(|one| [1, 2].map(|network| (one, NetworkId::new(network))));
            ways.map(|(one, network)| reach.reaches(one, network)).collect()
        };
        assert_eq!(reaches(&reach), [true, true, false, true]);
        assert_eq!(reach.keyless().map(|(number, _)| number.value()).collect::<Vec<_>>(), [3]);
        let sealed = reach.device(Kind::Sealed).unwrap();
        assert_eq!((sealed.mtu, reach.seal().unwrap().outer.port), (1440, 4790));
        reach.lose(Kind::Sealed);
        assert_eq!(reaches(&reach), [false, true, false, true]);
        assert!(reach.entries(Kind::Sealed, &BTreeSet::new()).is_empty() && reach.seal().is_none());
        assert_eq!(routes(&reach, Kind::Plain), [second, third]);
    }
}
