//! The host's network as we believe it to be, and the way to the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;

use skep_model::{EndpointTable, Subnet};

use super::Applied;
use super::containers::Plug;
use super::links;
use super::own_address::own_address;
use super::owners::Owners;
use super::ruleset::{
    BACK, SAME, SEALED, SUBNETS, TABLE, install, peer_elements, peer_of_pair, subnet_elements,
    subnet_of_range,
};
use super::scope::Scope;
use super::services::{Key, Plan};
use super::tunnel::{Number, Outer, Reach, Route};
use super::ways::Ways;
use crate::conntrack::Stale;
use crate::netlink::NetlinkSocket;
use crate::nft::{Batch, elements, table_there};
use crate::sysctl::{Sysctls, has_ipv6};
use crate::{NetworkError, PortHold, PortInUse, Result, reserve};

/// What came into the kernel.
struct Followed {
    /// The keys of the part; none when it is all.
    keys: Option<BTreeSet<Key>>,
    /// The part of the plan.
    part: Plan,
    /// Ports that another process has.
    refused: Vec<PortInUse>,
}

/// How tasks were reached before a table.
enum Reached {
    /// All of it.
    Whole(Box<Reach>),
    /// What led to the addresses that it changed.
    Part(Vec<(Ipv4Addr, Option<Route>)>),
}

/// The state of one host's network.
#[derive(Debug)]
pub(crate) struct Host {
    pub(super) directory: PathBuf,
    pub(super) mtu: u32,
    pub(super) route: NetlinkSocket,
    pub(super) filter: NetlinkSocket,
    pub(super) containers: BTreeMap<String, Plug>,
    /// Subnets that are in the kernel for certain.
    pub(super) subnets: BTreeSet<Subnet>,
    /// Those of encrypted networks that are.
    sealed: BTreeSet<Subnet>,
    /// Addresses that were ever targets, whose UDP flows must be forgotten.
    pub(super) served: BTreeSet<Ipv4Addr>,
    /// UDP flows to forget, see [`Self::forget_stale`].
    pub(super) stale: Stale,
    /// What is there of the ways to other nodes.
    pub(super) ways: Ways,
    /// The biggest packets that arrive at those nodes which the plain link's biggest do not reach, in bytes.
    pub(super) path_mtus: BTreeMap<Number, u32>,
    /// How the table wants other nodes to be reached.
    pub(super) reach: Reach,
    /// The version of the last table.
    pub(super) applied: Option<u64>,
    /// The other nodes that are in the sets for certain.
    peers: BTreeMap<Number, Ipv4Addr>,
    /// The end of the tunnel that the rules are made for.
    ruled: Option<Outer>,
    pub(super) table: EndpointTable,
    /// Whose the addresses in the table are.
    pub(super) owners: Owners,
    pub(super) plan: Plan,
    pub(super) sysctls: Sysctls,
    /// Whether containers have IPv6 here.
    pub(super) ipv6: bool,
    /// The nft generation at which the table was found to be as it should.
    pub(super) sound_at: Option<u32>,
    /// Whether services or a tunnel of a former daemon wait for the first table.
    adopted: bool,
    holds: BTreeMap<Key, PortHold>,
}

impl Host {
    /// Takes over what is there, or makes it.
    pub(crate) fn open(directory: PathBuf, mtu: u32) -> Result<Self> {
        let sysctls = Sysctls::new(&directory);
        sysctls.set()?;
        let ipv6 = match sysctls.set_ipv6() {
            Ok(()) => has_ipv6(),
            Err(error) => {
                tracing::warn!(%error, "containers have no IPv6 on this host");
                false
            }
        };
        let mut filter = NetlinkSocket::netfilter()?;
        let mut route = NetlinkSocket::route()?;
        let mut ways = Ways::open(&directory)?;
        ways.look(&mut route)?;
        let ruled = ways.outer();
        let mut plan = Plan::default();
        let (mut subnets, mut sealed) = (BTreeSet::new(), BTreeSet::new());
        let mut peers = BTreeMap::new();
        if table_there(&mut filter, TABLE)? {
            let mut there = |set| elements(&mut filter, TABLE, set).unwrap_or_default();
            plan = Plan::left(&mut there);
            subnets = there(&SAME).iter().filter_map(subnet_of_range).collect();
            sealed = there(&SEALED).iter().filter_map(subnet_of_range).collect();
            peers = there(&BACK).iter().filter_map(peer_of_pair).collect();
        }
        let mut batch = Batch::new(TABLE);
        install(&mut batch, own_address(), ruled.as_ref());
        if let Err(error) = batch.commit(&mut filter) {
            tracing::warn!(%error, "the nft table of a former version does not fit; making it anew");
            let mut batch = Batch::new(TABLE);
            batch.table();
            batch.delete_table();
            install(&mut batch, own_address(), ruled.as_ref());
            batch.commit(&mut filter)?;
            plan = Plan::default();
            subnets.clear();
            sealed.clear();
            peers.clear();
        }
        let adopted = plan != Plan::default() || ways.are_there();
        Ok(Self {
            directory,
            mtu,
            route,
            filter,
            containers: BTreeMap::new(),
            subnets,
            sealed,
            served: BTreeSet::new(),
            stale: Stale::default(),
            path_mtus: ways.path_mtus(),
            ways,
            reach: Reach::default(),
            applied: None,
            adopted,
            peers,
            ruled,
            sysctls,
            ipv6,
            sound_at: None,
            table: EndpointTable::default(),
            owners: Owners::default(),
            plan,
            holds: BTreeMap::new(),
        })
    }

    /// The version of the last table.
    pub(crate) fn applied(&self) -> Option<u64> {
        self.applied
    }

    /// Whether containers have IPv6 here.
    pub(crate) fn ipv6(&self) -> bool {
        self.ipv6
    }

    /// Makes the kernel follow the table, or what a partial one changes. Also gives the table that would undo it.
    pub(crate) fn apply(&mut self, table: EndpointTable) -> Result<(Applied, EndpointTable)> {
        if table.partial && self.applied.is_none() {
            return Err(NetworkError::NothingToChange(table.version));
        }
        let only_services = self.only_services(&table);
        let undo = self.table.merge(table);
        let scope = only_services.then(|| Scope::new(&self.table, &undo));
        if undo.partial {
            self.owners.follow(&self.table, &undo);
        } else {
            self.owners = Owners::new(&self.table);
        }
        let before = self.reach_anew(scope.as_ref());
        let addresses = scope.as_ref().map(|scope| scope.addresses.clone());
        let Followed { keys, part, refused } = match self.follow(scope) {
            Ok(done) => done,
            Err(error) => {
                self.take_back(undo, before);
                return Err(error);
            }
        };
        let stale = self.stale(&undo, &part);
        let first = self.applied.is_none();
        self.adopted = false;
        self.plan.replace(keys.as_ref(), part);
        self.applied = Some(self.table.version);
        self.release_ports();
        if let Err(error) = self.trim_tunnel_of(addresses.as_ref()) {
            tracing::warn!(%error, "a way to another node is left that should go; trying again with the next table");
        }
        if !first {
            self.stale.extend(stale);
        }
        Ok((Applied { version: self.table.version, ports_in_use: refused }, undo))
    }

    /// Leads to tasks as the table says now, in whole or within the scope; gives what it was before.
    fn reach_anew(&mut self, scope: Option<&Scope>) -> Reached {
        match scope {
            Some(scope) => Reached::Part(self.reach.follow(&self.table, &self.owners, &scope.addresses)),
            None => {
                let reach = Reach::new(&self.table, self.mtu);
                self.path_mtus.retain(|number, _| reach.peers.contains_key(number));
                let reach = reach.with_small(self.path_mtus.clone());
                Reached::Whole(Box::new(std::mem::replace(&mut self.reach, reach)))
            }
        }
    }

    fn take_back(&mut self, undo: EndpointTable, before: Reached) {
        self.table.merge(undo);
        self.owners = Owners::new(&self.table);
        match before {
            Reached::Part(routes) => drop(self.reach.lead(routes)),
            Reached::Whole(reach) => self.reach = *reach,
        }
        self.release_ports();
        self.lead_as_before();
    }

    /// Whether nothing but services is different in the table, and all else is in the kernel already. A link that could not be had
    /// is tried again with each table, and concerns all services.
    fn only_services(&self, table: &EndpointTable) -> bool {
        table.partial
            && self.reach.lost().is_empty()
            && table.networks.is_empty()
            && table.networks_gone.is_empty()
            && table.peers.is_empty()
            && table.peers_gone.is_empty()
            && (table.own, table.tunnel_port) == (self.table.own, self.table.tunnel_port)
    }

    /// First the ways to other nodes, then the chains that lead there: those of the scope, or all.
    fn follow(&mut self, scope: Option<Scope>) -> Result<Followed> {
        match &scope {
            Some(scope) => self.extend_tunnel_to(&scope.addresses),
            None => self.extend_tunnel(),
        }
        let keys = scope.map(|scope| scope.keys);
        // Somebody may have flushed it (`nft flush ruleset`, a firewall's restart).
        if !table_there(&mut self.filter, TABLE)? {
            tracing::warn!("somebody deleted the nft table {TABLE}; making it again");
            return self.commit_anew(false);
        }
        // A link that is lost meanwhile concerns other services, too.
        let keys = keys.filter(|_| self.reach.lost().is_empty());
        let (part, refused) = self.reserve_ports(self.wanted(keys.as_ref()));
        match self.commit(&part, keys.as_ref()) {
            Ok(()) => Ok(Followed { keys, part, refused }),
            Err(error) => {
                tracing::warn!(%error, "the nft table {TABLE} is not as it was left; making it anew");
                self.commit_anew(true)
            }
        }
    }

    /// Brings the published ports of containers into the kernel; a former daemon's wait for the first table.
    pub(super) fn refresh_ports(&mut self) -> Result<Vec<PortInUse>> {
        if self.adopted {
            return Ok(Vec::new());
        }
        let (plan, refused) = self.reserve_ports(self.wanted(None));
        self.commit(&plan, None)?;
        self.plan = plan;
        self.release_ports();
        Ok(refused)
    }

    fn wanted(&self, keys: Option<&BTreeSet<Key>>) -> Plan {
        let ports = self
            .containers
            .values()
            .filter_map(|plug| Some((plug.addresses.first()?.address, plug.published.as_slice())));
        Plan::new(&self.table, &self.reach, ports, keys)
    }

    fn reserve_ports(&mut self, mut plan: Plan) -> (Plan, Vec<PortInUse>) {
        let mut refused = Vec::new();
        for key in plan.keys().filter(|key| !self.holds.contains_key(key)).collect::<Vec<_>>() {
            let Key::Port(protocol, port, address) = key else { continue };
            match reserve(protocol, address.unwrap_or(Ipv4Addr::UNSPECIFIED), port) {
                Ok(hold) => {
                    self.holds.insert(key, hold);
                }
                // On its way from one address to another, a port is held by ourselves.
                Err(_) if self.holds.keys().any(|held| held.is_port(protocol, port)) => {}
                Err(taken) => {
                    plan.remove(key);
                    refused.push(taken);
                }
            }
        }
        (plan, refused)
    }

    fn release_ports(&mut self) {
        let published = &self.plan;
        self.holds.retain(|key, _| published.contains(*key));
    }

    fn commit(&mut self, plan: &Plan, keys: Option<&BTreeSet<Key>>) -> Result<()> {
        let mut batch = Batch::new(TABLE);
        let outer = self.reach.outer();
        if outer != self.ruled {
            install(&mut batch, own_address(), outer.as_ref());
        }
        for ((set, old), (_, new)) in peer_elements(&self.peers).iter().zip(peer_elements(&self.reach.peers))
        {
            batch.remove(set, &old.difference(&new).cloned().collect::<Vec<_>>());
            batch.add(set, &new.difference(old).cloned().collect::<Vec<_>>());
        }
        let wanted = self.wanted_subnets();
        let (plain, pairs) = subnet_elements(self.subnets.difference(&wanted));
        batch.remove(&SUBNETS, &plain);
        batch.remove(&SAME, &pairs);
        let (plain, pairs) = subnet_elements(wanted.difference(&self.subnets));
        batch.add(&SUBNETS, &plain);
        batch.add(&SAME, &pairs);
        batch.remove(&SEALED, &subnet_elements(self.sealed.difference(&self.reach.sealed)).1);
        batch.add(&SEALED, &subnet_elements(self.reach.sealed.difference(&self.sealed)).1);
        plan.difference(&self.plan, keys, &mut batch);
        batch.commit(&mut self.filter)?;
        self.committed(plan);
        Ok(())
    }

    fn wanted_subnets(&self) -> BTreeSet<Subnet> {
        let networks = self.table.networks.iter().map(|network| network.subnet);
        let attached = self.containers.values().flat_map(|plug| &plug.addresses).map(|entry| entry.subnet);
        networks.chain(attached).collect()
    }

    /// Another way to the plan, when the kernel's table is not what we believe it to be: all of it anew, at once.
    fn commit_anew(&mut self, there: bool) -> Result<Followed> {
        let (part, refused) = self.reserve_ports(self.wanted(None));
        self.rebuild(&part, there)?;
        Ok(Followed { keys: None, part, refused })
    }

    /// Makes the whole table with this plan, in place of the one that may be `there`, in one transaction.
    pub(super) fn rebuild(&mut self, plan: &Plan, there: bool) -> Result<()> {
        let mut batch = Batch::new(TABLE);
        if there {
            batch.table();
            batch.delete_table();
        }
        self.whole(plan, &mut batch);
        batch.commit(&mut self.filter)?;
        self.committed(plan);
        Ok(())
    }

    /// Adds everything that must be in the table, with this plan.
    pub(super) fn whole(&self, plan: &Plan, batch: &mut Batch) {
        install(batch, own_address(), self.reach.outer().as_ref());
        self.containers.values().for_each(|plug| plug.add_elements(batch));
        for (set, elements) in peer_elements(&self.reach.peers) {
            batch.add(set, &elements.into_iter().collect::<Vec<_>>());
        }
        let (plain, pairs) = subnet_elements(self.wanted_subnets().iter());
        batch.add(&SUBNETS, &plain);
        batch.add(&SAME, &pairs);
        batch.add(&SEALED, &subnet_elements(self.reach.sealed.iter()).1);
        plan.difference(&Plan::default(), None, batch);
    }

    /// What is in the kernel from now on.
    fn committed(&mut self, plan: &Plan) {
        self.ruled = self.reach.outer();
        self.sealed.clone_from(&self.reach.sealed);
        self.peers.clone_from(&self.reach.peers);
        self.subnets = self.wanted_subnets();
        self.served.extend(plan.targets());
    }

    /// Takes everything of ours off the host.
    pub(crate) fn close(&mut self) -> Result<()> {
        for link in links::ours(&mut self.route)? {
            self.remove_link(link.index)?;
        }
        self.ways.remove(&mut self.route)?;
        if table_there(&mut self.filter, TABLE)? {
            let mut batch = Batch::new(TABLE);
            batch.delete_table();
            batch.commit(&mut self.filter)?;
        }
        self.holds.clear();
        self.containers.clear();
        self.plan = Plan::default();
        (self.table, self.owners) = Default::default();
        self.reach = Reach::default();
        self.peers.clear();
        self.sealed.clear();
        self.applied = None;
        self.path_mtus.clear();
        self.sysctls.restore()
    }
}
