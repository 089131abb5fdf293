use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use skep_model::limits::INGRESS_NAME;
use skep_model::{Backend, EndpointService, EndpointTable, NetworkId, PublishedPort};

use super::balance::Target;
use super::{Balance, Chooser, Key, Kind};
use crate::family::Family;
use crate::host::tunnel::Reach;
use crate::host::twins::Twins;
use crate::nft::{Element, Set};

/// How many keys each chooser serves.
pub(super) type Uses = BTreeMap<Chooser, usize>;

/// Where all that leads to services leads, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(super) leads: BTreeMap<Key, Balance>,
    pub(super) uses: Uses,
}

/// Where published ports lead.
struct Entrance {
    ingress: Option<NetworkId>,
    known: BTreeSet<NetworkId>,
}

impl Plan {
    /// The plan for a table, with the tasks that can be reached, and for the ports of single containers, which win over a
    /// service's. With `only`, the part of it that these keys lead to.
    pub(crate) fn new<'a>(
        table: &EndpointTable,
        reach: &Reach,
        containers: impl Iterator<Item = (Ipv4Addr, &'a [PublishedPort])>,
        only: Option<&BTreeSet<Key>>,
    ) -> Self {
        let entrance = Entrance {
            ingress: table
                .networks
                .iter()
                .find(|network| network.name == INGRESS_NAME)
                .map(|network| network.id),
            known: table.networks.iter().map(|network| network.id).collect(),
        };
        let wanted = |key: &Key| only.is_none_or(|only| only.contains(key));
        let mut plan = Self::default();
        for service in
            table.services.iter().filter(|service| Key::of_service(service).any(|key| wanted(&key)))
        {
            plan.add(service, reach, &entrance, wanted);
        }
        for (address, ports) in containers {
            for port in ports.iter().filter(|port| wanted(&Key::of_port(port))) {
                let targets = vec![(address.into(), Some(port.target))];
                plan.insert(Key::of_port(port), Balance { targets, by_source: false });
            }
        }
        plan
    }

    fn add(
        &mut self,
        service: &EndpointService,
        reach: &Reach,
        entrance: &Entrance,
        wanted: impl Fn(&Key) -> bool,
    ) {
        let ready = || service.backends.iter().filter(|backend| backend.ready);
        let local = || ready().filter(|backend| reach.is_here(backend));
        let here_only = service.prefer_local && local().next().is_some();
        let backends: Vec<_> = if here_only { local().collect() } else { ready().collect() };
        let by_source = service.by_source;
        for vip in &service.vips {
            let Some(key) = vip.address.map(|vip| Key::Vip(vip.into())).filter(&wanted) else { continue };
            let reached = backends.iter().filter(|backend| reach.reaches(backend, vip.network));
            let on_network = |backend: &&Backend| Some((address_on(backend, vip.network)?.into(), None));
            let targets = reached.filter_map(on_network).collect();
            self.insert(key, Balance { targets, by_source });
        }
        for port in service.published.iter().filter(|port| wanted(&Key::of_port(port))) {
            let target = |backend: &&Backend| {
                let (network, address) = entrance.address(backend)?;
                reach.reaches(backend, network).then_some((address.into(), Some(port.target)))
            };
            let mut balance = self.remove(Key::of_port(port)).unwrap_or_default();
            balance.by_source |= by_source;
            balance.targets.extend(backends.iter().filter_map(target).collect::<Vec<Target>>());
            self.insert(Key::of_port(port), balance);
        }
    }

    /// What leads to the same in IPv6: a port, or the address beside a virtual one, to the addresses beside its targets'. What has
    /// targets, but none with IPv6, has no place in it.
    pub(crate) fn beside(&self, twins: &Twins, reach: &Reach) -> Self {
        let mut plan = Self::default();
        if twins.are_none() {
            return plan;
        }
        let target = |(address, port): &Target| match address {
            IpAddr::V4(address) if reach.takes_ipv6(*address) => Some((twins.of(*address)?.into(), *port)),
            _ => None,
        };
        for (key, balance) in &self.leads {
            let targets: Vec<Target> = balance.targets.iter().filter_map(target).collect();
            let reached = !targets.is_empty() || balance.targets.is_empty();
            if let Some(key) = key.beside(twins).filter(|_| reached) {
                plan.insert(key, Balance { targets, by_source: balance.by_source });
            }
        }
        plan
    }

    /// What elements of maps tell: each stands in a map of its kind, how a task is chosen in the one, the targets in the other.
    pub(crate) fn left(family: Family, mut elements: impl FnMut(&'static Set) -> BTreeSet<Element>) -> Self {
        let mut plan = Self::default();
        for kind in Kind::ALL {
            let mut places: BTreeMap<Key, BTreeMap<u32, Target>> = BTreeMap::new();
            for element in elements(kind.targets()) {
                let Element::Value { key, value } = element else { continue };
                let Some((key, place)) = Key::read(family, kind, &key) else { continue };
                let (Some(place), Some(target)) = (place.first_chunk(), Balance::target(&value)) else {
                    continue;
                };
                places.entry(key).or_default().insert(u32::from_ne_bytes(*place), target);
            }
            for element in elements(kind.choices()) {
                let Element::Key(bytes) = element else { continue };
                let Some((key, number)) = Key::read(family, kind, &bytes) else { continue };
                let number = number.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
                let targets = places.remove(&key).unwrap_or_default().into_values().collect();
                plan.insert(key, Balance { targets, by_source: Chooser::is_by_source(number) });
            }
        }
        plan
    }

    /// All addresses that anything leads to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = IpAddr> {
        self.leads.values().flat_map(|balance| &balance.targets).map(|(address, _)| *address)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.leads.keys().copied()
    }

    pub(crate) fn contains(&self, key: Key) -> bool {
        self.leads.contains_key(&key)
    }

    /// Whether something leads there, and on to a task.
    pub(crate) fn leads_on(&self, key: Key) -> bool {
        self.leads.get(&key).is_some_and(|balance| !balance.targets.is_empty())
    }

    fn insert(&mut self, key: Key, balance: Balance) {
        self.remove(key);
        *self.uses.entry(Chooser::of(key, &balance)).or_default() += 1;
        self.leads.insert(key, balance);
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Balance> {
        let balance = self.leads.remove(&key)?;
        let chooser = Chooser::of(key, &balance);
        if let Some(uses) = self.uses.get_mut(&chooser) {
            *uses -= 1;
            if *uses == 0 {
                self.uses.remove(&chooser);
            }
        }
        Some(balance)
    }

    /// Puts a part in the place of the one before; without `keys`, all of it.
    pub(crate) fn replace(&mut self, keys: Option<&BTreeSet<Key>>, part: Self) {
        let Some(keys) = keys else {
            *self = part;
            return;
        };
        for key in keys {
            self.remove(*key);
        }
        for (key, balance) in part.leads {
            self.insert(key, balance);
        }
    }

    /// The keys, of these or of all, that lead elsewhere than in the other plan.
    pub(super) fn changed(&self, other: &Self, keys: Option<&BTreeSet<Key>>) -> Vec<Key> {
        let differs = |key: &Key| self.leads.get(key) != other.leads.get(key);
        match keys {
            Some(keys) => keys.iter().copied().filter(differs).collect(),
            None => {
                let gone = other.keys().filter(|key| !self.contains(*key));
                self.keys().filter(differs).chain(gone).collect()
            }
        }
    }
}

impl Entrance {
    /// On the ingress network, or any other that this node knows: to addresses on the rest it has no way.
    fn address(&self, backend: &Backend) -> Option<(NetworkId, Ipv4Addr)> {
        let preferred = self.ingress.and_then(|network| Some((network, address_on(backend, network)?)));
        let any = || backend.addresses.iter().find(|(network, _)| self.known.contains(network));
        preferred.or_else(|| any().copied())
    }
}

fn address_on(backend: &Backend, network: NetworkId) -> Option<Ipv4Addr> {
    backend.addresses.iter().find(|(id, _)| *id == network).map(|(_, address)| *address)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use skep_model::Protocol;

    use super::super::Difference;
    use super::*;
    use crate::host::ruleset;
    use crate::lab::{Cell, on, published, service, table, with_ipv6};
    use crate::nft::Batch;

    fn vip(network: u8, part: u8) -> Key {
        Key::Vip(on(network, part).address.into())
    }

    fn plan(table: &EndpointTable) -> Plan {
        Plan::new(table, &Reach::default(), std::iter::empty(), None)
    }

    fn at(plan: &Plan, key: Key) -> Vec<Target> {
        plan.leads.get(&key).map(|balance| balance.targets.clone()).unwrap_or_default()
    }

    #[test]
    fn targets_are_those_of_ready_backends() {
        let cells = [Cell::new("a", vec![on(1, 5), on(2, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut web = published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        web.backends[1].ready = false;
        let mut wanted = table(1, vec![web]);
        let target = |number, port| vec![(on(number, 5).address.into(), port)];
        let (vip, port) = (vip(1, 100), Key::Port(Protocol::Tcp, 8080, None));
        let found = plan(&wanted);
        assert_eq!((at(&found, vip), at(&found, port)), (target(1, None), target(1, Some(80))));
        // Published ports go through the ingress network when there is one.
        wanted.networks[1].name = INGRESS_NAME.into();
        assert_eq!(at(&plan(&wanted), port), target(2, Some(80)));
        let own = [PublishedPort { protocol: Protocol::Tcp, published: 8080, target: 90, address: None }];
        let single = std::iter::once((on(3, 5).address, own.as_slice()));
        let found = Plan::new(&wanted, &Reach::default(), single, None);
        assert_eq!(at(&found, port), target(3, Some(90)));
    }

    #[test]
    fn what_has_ipv6_is_led_to_by_it_as_well() {
        let cells = [Cell::new("a", vec![on(1, 5), on(2, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut web = published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        let local = PublishedPort { address: Some(Ipv4Addr::LOCALHOST.into()), ..web.published[0] };
        web.published.push(PublishedPort { published: 8081, ..local });
        let local = PublishedPort { address: Some(Ipv6Addr::LOCALHOST.into()), ..local };
        web.published.push(PublishedPort { published: 8082, ..local });
        let mut wanted = with_ipv6(table(1, vec![web, service("none", 101, &[])]));
        let port = Key::Port(Protocol::Tcp, 8080, None);
        let six = |text: &str| text.parse::<IpAddr>().unwrap();
        let found = plan(&wanted).beside(&Twins::new(&wanted), &Reach::default());
        let both = [(six("fd00:1::5"), None), (six("fd00:1::6"), None)];
        assert_eq!(at(&found, Key::Vip(six("fd00:1::64"))), both);
        assert_eq!(at(&found, port).len(), 2);
        assert!(found.contains(Key::Port(Protocol::Tcp, 8082, Some(six("::1")))));
        assert_eq!(found.leads.len(), 4, "what is open on an address of IPv4 is not: {found:?}");
        assert!(found.contains(Key::Vip(six("fd00:1::65"))), "it is refused");
        // The tasks' entrance is a network without.
        wanted.networks[0].subnet6 = None;
        let found = plan(&wanted).beside(&Twins::new(&wanted), &Reach::default());
        assert!(found.leads.is_empty(), "{found:?}");
    }

    #[test]
    fn nothing_is_sent_for_an_equal_plan() {
        let plan = plan(&table(1, vec![published(service("web", 100, &[]), 8080, 80)]));
        let mut batch = Batch::new(ruleset::table(Family::V4));
        let nothing = Difference::new(&plan, &plan, None);
        nothing.prepare(&mut batch);
        nothing.change(&mut batch);
        assert!(batch.is_empty());
        Difference::new(&Plan::default(), &plan, None).change(&mut batch);
        assert!(!batch.is_empty());
    }

    #[test]
    fn a_part_of_a_plan_is_that_of_its_keys() {
        let cell = Cell::new("a", vec![on(1, 5)]);
        let mut wanted = table(1, (1..9).map(|vip| service(&format!("s{vip}"), vip, &[&cell])).collect());
        let mut known = plan(&wanted);
        wanted.services[3].backends.clear();
        wanted.services[4] = published(service("other", 200, &[&cell]), 8080, 80);
        let keys = [vip(1, 4), vip(1, 5), vip(1, 200)];
        let keys: BTreeSet<Key> = keys.into_iter().chain([Key::Port(Protocol::Tcp, 8080, None)]).collect();
        let part = Plan::new(&wanted, &Reach::default(), std::iter::empty(), Some(&keys));
        assert_eq!(part.leads.len(), 3);
        let contents = |plan: &Plan| {
            let mut batch = Batch::recording(ruleset::table(Family::V4));
            let all = Difference::new(&Plan::default(), plan, None);
            all.prepare(&mut batch);
            all.change(&mut batch);
            batch
        };
        let mut batch = contents(&known);
        let change = Difference::new(&known, &part, Some(&keys));
        change.prepare(&mut batch);
        change.change(&mut batch);
        known.replace(Some(&keys), part);
        assert_eq!(known, plan(&wanted));
        assert_eq!(batch.into_contents(), contents(&known).into_contents());
    }
}
