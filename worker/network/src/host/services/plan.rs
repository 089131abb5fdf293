use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use skep_model::limits::INGRESS_NAME;
use skep_model::{Backend, EndpointService, EndpointTable, NetworkId, PublishedPort};

use super::chain::Target;
use super::{Chain, Key};
use crate::host::tunnel::Reach;
use crate::nft::Batch;

/// The service part of the nft table, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    chains: BTreeMap<Key, Chain>,
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
                let targets = vec![(address, Some(port.target))];
                plan.chains.insert(Key::of_port(port), Chain { targets, by_source: false });
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
            let Some(key) = vip.address.map(Key::Vip).filter(&wanted) else { continue };
            let reached = backends.iter().filter(|backend| reach.reaches(backend, vip.network));
            let on_network = |backend: &&Backend| Some((address_on(backend, vip.network)?, None));
            let targets = reached.filter_map(on_network).collect();
            self.chains.insert(key, Chain { targets, by_source });
        }
        for port in service.published.iter().filter(|port| wanted(&Key::of_port(port))) {
            let target = |backend: &&Backend| {
                let (network, address) = entrance.address(backend)?;
                reach.reaches(backend, network).then_some((address, Some(port.target)))
            };
            let chain = self.chains.entry(Key::of_port(port)).or_default();
            chain.by_source |= by_source;
            chain.targets.extend(backends.iter().filter_map(target).collect::<Vec<Target>>());
        }
    }

    /// All addresses that anything leads to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.chains.values().flat_map(|chain| &chain.targets).map(|(address, _)| *address)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.chains.keys().copied()
    }

    pub(crate) fn contains(&self, key: Key) -> bool {
        self.chains.contains_key(&key)
    }

    /// Whether something leads there, and on to a task.
    pub(crate) fn leads_on(&self, key: Key) -> bool {
        self.chains.get(&key).is_some_and(|chain| !chain.targets.is_empty())
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.chains.remove(&key);
    }

    /// The part that these keys lead to.
    pub(crate) fn part(&self, keys: &BTreeSet<Key>) -> Self {
        let chains = keys.iter().filter_map(|key| Some((*key, self.chains.get(key)?.clone())));
        Self { chains: chains.collect() }
    }

    /// Puts a part in the place of the one before; without `keys`, all of it.
    pub(crate) fn replace(&mut self, keys: Option<&BTreeSet<Key>>, part: Self) {
        let Some(keys) = keys else {
            *self = part;
            return;
        };
        for key in keys {
            self.chains.remove(key);
        }
        self.chains.extend(part.chains);
    }

    /// Adds what leads from `before` to this plan.
    ///
    /// No set is emptied and filled again, and chains have no maps of their own: a packet that is on its way through the
    /// rules at the moment of the change would find neither the old elements nor the new ones (seen: a refused
    /// connection in some thousand). Rules have no such moment.
    pub(crate) fn difference(&self, before: &Self, batch: &mut Batch) {
        let (old, new) = (&before.chains, &self.chains);
        let changed = || new.iter().filter(|(key, chain)| old.get(key) != Some(chain));
        for (key, _) in changed() {
            if old.contains_key(key) {
                batch.flush_chain(&key.chain());
            } else {
                batch.chain(&key.chain(), None);
            }
        }
        for (key, chain) in changed() {
            chain.rules(&key.chain(), batch);
        }
        let added: Vec<Key> = new.keys().filter(|key| !old.contains_key(key)).copied().collect();
        let removed: Vec<Key> = old.keys().filter(|key| !new.contains_key(key)).copied().collect();
        // In runs of keys of one kind: they are in one map, and in one message.
        for run in added.chunk_by(|one, next| one.map() == next.map()) {
            batch.add(run[0].map(), &run.iter().map(|key| key.element()).collect::<Vec<_>>());
        }
        for run in removed.chunk_by(|one, next| one.map() == next.map()) {
            batch.remove(run[0].map(), &run.iter().map(|key| key.element()).collect::<Vec<_>>());
        }
        for key in removed {
            batch.flush_chain(&key.chain());
            batch.delete_chain(&key.chain());
        }
    }

    /// The plan behind chains that a former daemon left, with targets that no other plan has.
    pub(crate) fn left(chains: &[String]) -> Self {
        let keys = chains.iter().filter_map(|name| Key::of_chain(name));
        Self { chains: keys.map(|key| (key, Chain::unknown())).collect() }
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
    use skep_model::Protocol;

    use super::*;
    use crate::lab::{Cell, on, published, service, table};

    fn plan(table: &EndpointTable) -> Plan {
        Plan::new(table, &Reach::default(), std::iter::empty(), None)
    }

    fn at(plan: &Plan, key: Key) -> Vec<Target> {
        plan.chains.get(&key).map(|chain| chain.targets.clone()).unwrap_or_default()
    }

    #[test]
    fn targets_are_those_of_ready_backends() {
        let cells = [Cell::new("a", vec![on(1, 5), on(2, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut web = published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        web.backends[1].ready = false;
        let mut wanted = table(1, vec![web]);
        let target = |number, port| vec![(on(number, 5).address, port)];
        let (vip, port) = (Key::Vip(on(1, 100).address), Key::Port(Protocol::Tcp, 8080, None));
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
    fn nothing_is_sent_for_an_equal_plan() {
        let plan = plan(&table(1, vec![published(service("web", 100, &[]), 8080, 80)]));
        let mut batch = Batch::new("skep");
        plan.difference(&plan, &mut batch);
        assert!(batch.is_empty());
        plan.difference(&Plan::default(), &mut batch);
        assert!(!batch.is_empty());
    }

    #[test]
    fn a_part_of_a_plan_is_that_of_its_keys() {
        let cell = Cell::new("a", vec![on(1, 5)]);
        let mut wanted = table(1, (1..9).map(|vip| service(&format!("s{vip}"), vip, &[&cell])).collect());
        let mut known = plan(&wanted);
        wanted.services[3].backends.clear();
        wanted.services[4] = published(service("other", 200, &[&cell]), 8080, 80);
        let keys = [Key::Vip(on(1, 4).address), Key::Vip(on(1, 5).address), Key::Vip(on(1, 200).address)];
        let keys: BTreeSet<Key> = keys.into_iter().chain([Key::Port(Protocol::Tcp, 8080, None)]).collect();
        let part = Plan::new(&wanted, &Reach::default(), std::iter::empty(), Some(&keys));
        assert_eq!((part.chains.len(), known.part(&keys).chains.len()), (3, 2));
        known.replace(Some(&keys), part);
        assert_eq!(known, plan(&wanted));
    }
}
