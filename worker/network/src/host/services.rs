//! From the endpoint table to service chains, and from one set of chains to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use skep_model::{Backend, EndpointTable, NetworkId, Protocol, PublishedPort};

use super::ruleset::{PUBLISHED, REFUSE, VIPS};
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
    /// The plan for a table and for the ports of single containers, which win over a service's.
    pub(crate) fn new<'a>(
        table: &EndpointTable,
        containers: impl Iterator<Item = (Ipv4Addr, &'a [PublishedPort])>,
    ) -> Self {
        let ingress = table.networks.iter().find(|network| network.name == INGRESS).map(|network| network.id);
        let mut plan = Self::default();
        for service in &table.services {
            for vip in &service.vips {
                let Some(address) = vip.address else { continue };
                let on_network = |backend| Some((address_on(backend, vip.network)?, None));
                let targets = ready(&service.backends).filter_map(on_network).collect();
                plan.vips.insert(address, targets);
            }
            for port in &service.published {
                let target = |backend| Some((published_address(backend, ingress)?, Some(port.target)));
                let targets: Vec<Target> = ready(&service.backends).filter_map(target).collect();
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

    /// Adds what leads from `before` to this plan. With `leftover` chains of an unknown former plan all is written anew.
    pub(crate) fn difference(&self, before: &Self, leftover: &BTreeSet<String>, batch: &mut Batch) {
        let fresh = !leftover.is_empty();
        let old = before.chains();
        let new = self.chains();
        if fresh {
            batch.flush_set(&VIPS);
            batch.flush_set(&PUBLISHED);
        }
        let mut added = Vec::new();
        for (name, targets) in &new {
            let known = old.contains_key(name) || leftover.contains(name);
            if !fresh && old.get(name) == Some(targets) {
                continue;
            }
            if known {
                batch.flush_chain(name);
            } else {
                batch.chain(name, None);
            }
            added.push((name, targets));
        }
        for (name, targets) in added {
            service_rule(batch, name, targets);
        }
        let kept = |known: bool| known && !fresh;
        let vips = self.vips.keys().filter(|vip| !kept(before.vips.contains_key(vip)));
        let ports = self.published.keys().filter(|port| !kept(before.published.contains_key(port)));
        batch.add(&VIPS, &vips.map(|vip| vip_element(*vip)).collect::<Vec<_>>());
        batch.add(&PUBLISHED, &ports.map(|port| port_element(*port)).collect::<Vec<_>>());
        if !fresh {
            let vips = before.vips.keys().filter(|vip| !self.vips.contains_key(vip));
            let ports = before.published.keys().filter(|port| !self.published.contains_key(port));
            batch.remove(&VIPS, &vips.map(|vip| vip_element(*vip)).collect::<Vec<_>>());
            batch.remove(&PUBLISHED, &ports.map(|port| port_element(*port)).collect::<Vec<_>>());
        }
        let former = old.keys().chain(leftover).filter(|name| !new.contains_key(*name));
        for name in former.collect::<BTreeSet<_>>() {
            batch.flush_chain(name);
            batch.delete_chain(name);
        }
    }
}

fn ready(backends: &[Backend]) -> impl Iterator<Item = &Backend> {
    backends.iter().filter(|backend| backend.ready)
}

fn address_on(backend: &Backend, network: NetworkId) -> Option<Ipv4Addr> {
    backend.addresses.iter().find(|(id, _)| *id == network).map(|(_, address)| *address)
}

fn published_address(backend: &Backend, ingress: Option<NetworkId>) -> Option<Ipv4Addr> {
    let preferred = ingress.and_then(|network| address_on(backend, network));
    preferred.or_else(|| backend.addresses.first().map(|(_, address)| *address))
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

/// The one rule of a service chain: refuse, or to the next target in turn.
fn service_rule(batch: &mut Batch, chain: &str, targets: &[Target]) {
    let (to, port) = (Register(0), Register(1));
    let bytes = |(address, port): &Target| match port {
        None => address.octets().to_vec(),
        Some(port) => [address.octets(), [port.to_be_bytes()[0], port.to_be_bytes()[1], 0, 0]].concat(),
    };
    let Some(first) = targets.first() else {
        batch.rule(chain, &[Expression::End(Verdict::Goto(REFUSE.into()))]);
        return;
    };
    let with_port = first.1.is_some();
    let dnat = Expression::Dnat { address: to, port: with_port.then_some(port) };
    if let [(address, number)] = targets {
        let mut rule = vec![Expression::Immediate { to, value: address.octets().to_vec() }];
        rule.extend(number.map(|n| Expression::Immediate { to: port, value: n.to_be_bytes().to_vec() }));
        rule.push(dnat);
        batch.rule(chain, &rule);
        return;
    }
    let modulus = u32::try_from(targets.len()).unwrap_or(u32::MAX);
    let elements: Vec<_> = (0..modulus)
        .zip(targets)
        .map(|(at, target)| Element::Mapped { key: at.to_ne_bytes().to_vec(), value: bytes(target) })
        .collect();
    let id = batch.anonymous_map(if with_port { 8 } else { 4 }, &elements);
    let turn = Expression::Next { modulus, to };
    batch.rule(chain, &[turn, Expression::AnonymousMap { id, from: to, to }, dnat]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Cell, on, published, service, table};

    #[test]
    fn targets_are_those_of_ready_backends() {
        let cells = [Cell::new("a", vec![on(1, 5), on(2, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut web = published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        web.backends[1].ready = false;
        let mut wanted = table(1, vec![web]);
        let target = |number, port| vec![(on(number, 5).address, port)];
        let plan = Plan::new(&wanted, std::iter::empty());
        assert_eq!(plan.vips.values().collect::<Vec<_>>(), [&target(1, None)]);
        assert_eq!(plan.published.values().collect::<Vec<_>>(), [&target(1, Some(80))]);
        // Published ports go through the ingress network when there is one.
        wanted.networks[1].name = INGRESS.into();
        let plan = Plan::new(&wanted, std::iter::empty());
        assert_eq!(plan.published[&(Protocol::Tcp, 8080)], target(2, Some(80)));
        let own = [PublishedPort { protocol: Protocol::Tcp, published: 8080, target: 90 }];
        let plan = Plan::new(&wanted, std::iter::once((on(3, 5).address, own.as_slice())));
        assert_eq!(plan.published[&(Protocol::Tcp, 8080)], target(3, Some(90)));
    }

    #[test]
    fn nothing_is_sent_for_an_equal_plan() {
        let plan =
            Plan::new(&table(1, vec![published(service("web", 100, &[]), 8080, 80)]), std::iter::empty());
        let mut batch = Batch::new("skep");
        plan.difference(&plan, &BTreeSet::new(), &mut batch);
        assert!(batch.is_empty());
        plan.difference(&Plan::default(), &BTreeSet::new(), &mut batch);
        assert!(!batch.is_empty());
    }
}
