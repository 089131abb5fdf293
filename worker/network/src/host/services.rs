//! From the endpoint table to service chains, and from one set of chains to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use skep_model::{Backend, EndpointTable, NetworkId, Protocol, PublishedPort};

use super::ruleset::{PUBLISHED, REFUSE, VIPS};
use super::tunnel::Reach;
use crate::nft::{Batch, Element, Expression, Register, Verdict};

/// The name that managers give to the network that published ports go through.
const INGRESS: &str = "ingress";
/// What the names of service chains start with.
const PREFIXES: [&str; 2] = ["vip-", "port-"];

/// Where a chain leads: an address, and a port unless the port stays.
pub(crate) type Target = (Ipv4Addr, Option<u16>);

/// The service part of the nft table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) vips: BTreeMap<Ipv4Addr, Vec<Target>>,
    pub(crate) published: BTreeMap<(Protocol, u16), Vec<Target>>,
}

/// Whether the chain is one of a service.
pub(crate) fn is_service_chain(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn vip_chain(vip: Ipv4Addr) -> String {
    format!("vip-{vip}")
}

fn port_chain((protocol, port): (Protocol, u16)) -> String {
    format!("port-{protocol}-{port}")
}

impl Plan {
    /// The plan for a table, with the tasks that can be reached, and for the ports of single containers, which win over a
    /// service's.
    pub(crate) fn new<'a>(
        table: &EndpointTable,
        reach: &Reach,
        containers: impl Iterator<Item = (Ipv4Addr, &'a [PublishedPort])>,
    ) -> Self {
        let ingress = table.networks.iter().find(|network| network.name == INGRESS).map(|network| network.id);
        let mut plan = Self::default();
        let known: BTreeSet<NetworkId> = table.networks.iter().map(|network| network.id).collect();
        for service in &table.services {
            let ready = || service.backends.iter().filter(|backend| backend.ready);
            for vip in &service.vips {
                let Some(address) = vip.address else { continue };
                let reached = ready().filter(|backend| reach.reaches(backend, vip.network));
                let on_network = |backend| Some((address_on(backend, vip.network)?, None));
                let targets = reached.filter_map(on_network).collect();
                plan.vips.insert(address, targets);
            }
            for port in &service.published {
                let target = |backend| {
                    let (network, address) = published_address(backend, ingress, &known)?;
                    reach.reaches(backend, network).then_some((address, Some(port.target)))
                };
                let targets: Vec<Target> = ready().filter_map(target).collect();
                plan.published.entry((port.protocol, port.published)).or_default().extend(targets);
            }
        }
        for (address, ports) in containers {
            for port in ports {
                plan.published.insert((port.protocol, port.published), vec![(address, Some(port.target))]);
            }
        }
        plan
    }

    /// All addresses that anything leads to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Ipv4Addr> {
        let lists = self.vips.values().chain(self.published.values());
        lists.flatten().map(|(address, _)| *address)
    }

    fn chains(&self) -> BTreeMap<String, &Vec<Target>> {
        let vips = self.vips.iter().map(|(vip, targets)| (vip_chain(*vip), targets));
        let ports = self.published.iter().map(|(port, targets)| (port_chain(*port), targets));
        vips.chain(ports).collect()
    }

    /// Adds what leads from `before` to this plan.
    ///
    /// No set is emptied and filled again, and chains have no maps of their own: a packet that is on its way through the
    /// rules at the moment of the change would find neither the old elements nor the new ones (seen: a refused
    /// connection in some thousand). Rules have no such moment.
    pub(crate) fn difference(&self, before: &Self, batch: &mut Batch) {
        let old = before.chains();
        let new = self.chains();
        let changed = |(name, targets): &(&String, &&Vec<Target>)| old.get(*name) != Some(*targets);
        for (name, _) in new.iter().filter(changed) {
            if old.contains_key(name) {
                batch.flush_chain(name);
            } else {
                batch.chain(name, None);
            }
        }
        for (name, targets) in new.iter().filter(changed) {
            service_rules(batch, name, targets);
        }
        batch.add(&VIPS, &only_in(&self.vips, &before.vips, vip_element));
        batch.add(&PUBLISHED, &only_in(&self.published, &before.published, port_element));
        batch.remove(&VIPS, &only_in(&before.vips, &self.vips, vip_element));
        batch.remove(&PUBLISHED, &only_in(&before.published, &self.published, port_element));
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            batch.flush_chain(name);
            batch.delete_chain(name);
        }
    }

    /// The plan behind chains that a former daemon left, with targets that no other plan has.
    pub(crate) fn left(chains: &[String]) -> Self {
        let unknown = || vec![(Ipv4Addr::UNSPECIFIED, None)];
        let mut plan = Self::default();
        for name in chains {
            if let Some(vip) = name.strip_prefix(PREFIXES[0]).and_then(|text| text.parse().ok()) {
                plan.vips.insert(vip, unknown());
            }
            if let Some(port) = name.strip_prefix(PREFIXES[1]).and_then(port_of_chain) {
                plan.published.insert(port, unknown());
            }
        }
        plan
    }
}

fn port_of_chain(text: &str) -> Option<(Protocol, u16)> {
    let (protocol, port) = text.split_once('-')?;
    let protocol = [Protocol::Tcp, Protocol::Udp].into_iter().find(|known| known.to_string() == protocol)?;
    Some((protocol, port.parse().ok()?))
}

fn only_in<K: Copy + Ord, V>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    element: fn(K) -> Element,
) -> Vec<Element> {
    one.keys().filter(|key| !other.contains_key(key)).map(|key| element(*key)).collect()
}

fn address_on(backend: &Backend, network: NetworkId) -> Option<Ipv4Addr> {
    backend.addresses.iter().find(|(id, _)| *id == network).map(|(_, address)| *address)
}

/// On the ingress network, or any other that this node knows: to addresses on the rest it has no way.
fn published_address(
    backend: &Backend,
    ingress: Option<NetworkId>,
    known: &BTreeSet<NetworkId>,
) -> Option<(NetworkId, Ipv4Addr)> {
    let preferred = ingress.and_then(|network| Some((network, address_on(backend, network)?)));
    let any = || backend.addresses.iter().find(|(network, _)| known.contains(network));
    preferred.or_else(|| any().copied())
}

fn vip_element(vip: Ipv4Addr) -> Element {
    Element::Chain { key: vip.octets().to_vec(), chain: vip_chain(vip) }
}

fn port_element((protocol, port): (Protocol, u16)) -> Element {
    let number = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    let [high, low] = port.to_be_bytes();
    Element::Chain { key: vec![number, 0, 0, 0, high, low, 0, 0], chain: port_chain((protocol, port)) }
}

/// The rules of a service chain: refuse, or to the targets in turn.
///
/// Of n targets the first rule takes every n-th connection, the second every (n-1)-th of the rest, and so on: each
/// target gets exactly its share.
fn service_rules(batch: &mut Batch, chain: &str, targets: &[Target]) {
    let (to, port) = (Register(0), Register(1));
    if targets.is_empty() {
        batch.rule(chain, &[Expression::End(Verdict::Goto(REFUSE.into()))]);
    }
    for (at, (address, number)) in targets.iter().enumerate() {
        let modulus = u32::try_from(targets.len() - at).unwrap_or(u32::MAX);
        let mut rule = Vec::new();
        if modulus > 1 {
            rule.push(Expression::Next { modulus, to });
            rule.push(Expression::Compare { from: to, equal: true, value: vec![0; 4] });
        }
        rule.push(Expression::Immediate { to, value: address.octets().to_vec() });
        rule.extend(number.map(|n| Expression::Immediate { to: port, value: n.to_be_bytes().to_vec() }));
        rule.push(Expression::Dnat { address: to, port: number.is_some().then_some(port) });
        batch.rule(chain, &rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Cell, on, published, service, table};

    fn everywhere() -> Reach {
        Reach::default()
    }

    #[test]
    fn targets_are_those_of_ready_backends() {
        let cells = [Cell::new("a", vec![on(1, 5), on(2, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut web = published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        web.backends[1].ready = false;
        let mut wanted = table(1, vec![web]);
        let target = |number, port| vec![(on(number, 5).address, port)];
        let plan = Plan::new(&wanted, &everywhere(), std::iter::empty());
        assert_eq!(plan.vips.values().collect::<Vec<_>>(), [&target(1, None)]);
        assert_eq!(plan.published.values().collect::<Vec<_>>(), [&target(1, Some(80))]);
        // Published ports go through the ingress network when there is one.
        wanted.networks[1].name = INGRESS.into();
        let plan = Plan::new(&wanted, &everywhere(), std::iter::empty());
        assert_eq!(plan.published[&(Protocol::Tcp, 8080)], target(2, Some(80)));
        let own = [PublishedPort { protocol: Protocol::Tcp, published: 8080, target: 90 }];
        let plan = Plan::new(&wanted, &everywhere(), std::iter::once((on(3, 5).address, own.as_slice())));
        assert_eq!(plan.published[&(Protocol::Tcp, 8080)], target(3, Some(90)));
    }

    #[test]
    fn chains_that_were_left_are_recognised() {
        let plan = Plan::new(
            &table(1, vec![published(service("web", 100, &[]), 8080, 80)]),
            &everywhere(),
            std::iter::empty(),
        );
        let names: Vec<_> = plan.chains().into_keys().collect();
        let left = Plan::left(&names);
        assert!(left.vips.keys().eq(plan.vips.keys()) && left.published.keys().eq(plan.published.keys()));
        assert!(names.iter().all(|name| is_service_chain(name)));
    }

    #[test]
    fn nothing_is_sent_for_an_equal_plan() {
        let plan = Plan::new(
            &table(1, vec![published(service("web", 100, &[]), 8080, 80)]),
            &everywhere(),
            std::iter::empty(),
        );
        let mut batch = Batch::new("skep");
        plan.difference(&plan, &mut batch);
        assert!(batch.is_empty());
        plan.difference(&Plan::default(), &mut batch);
        assert!(!batch.is_empty());
    }
}
