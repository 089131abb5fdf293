//! The host's network as we believe it to be, and the way to the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use skep_model::{EndpointNetwork, EndpointTable};

use super::Applied;
use super::containers::Plug;
use super::frame::Frame;
use super::holds::Holds;
use super::links;
use super::own_table::OwnTable;
use super::owners::Owners;
use super::range::Range;
use super::ruleset;
use super::scope::Scope;
use super::services::{Difference, Key, Part, Plan};
use super::tunnel::{Number, Reach, Route};
use super::twins::Twins;
use super::ways::Ways;
use crate::conntrack::Stale;
use crate::family::Family;
use crate::netlink::NetlinkSocket;
use crate::nft::{Batch, table_there};
use crate::sysctl::{Sysctls, has_ipv6};
use crate::{NetworkError, PortInUse, Result};

/// What came into the kernel.
struct Followed {
    /// The part of the plan, of each table.
    parts: Vec<Part>,
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
    /// The nft tables: that of IPv4, and where containers have IPv6 that of IPv6.
    pub(super) tables: Vec<OwnTable>,
    /// Addresses that were ever targets, whose UDP flows must be forgotten.
    pub(super) served: BTreeSet<IpAddr>,
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
    pub(super) table: EndpointTable,
    /// Whose the addresses in the table are.
    pub(super) owners: Owners,
    pub(super) sysctls: Sysctls,
    /// The nft generation at which the table was found to be as it should.
    pub(super) sound_at: Option<u32>,
    /// Whether services or a tunnel of a former daemon wait for the first table.
    adopted: bool,
    holds: Holds,
}

impl Host {
    /// Takes over what is there, or makes it.
    pub(crate) fn open(directory: PathBuf, mtu: u32) -> Result<Self> {
        let sysctls = Sysctls::new(&directory);
        sysctls.set()?;
        let mut filter = NetlinkSocket::netfilter()?;
        let mut route = NetlinkSocket::route()?;
        let mut ways = Ways::open(&directory)?;
        ways.look(&mut route)?;
        let mut tables = vec![OwnTable::open(&mut filter, Family::V4, ways.end())?];
        let table6 = || sysctls.set_ipv6().and_then(|()| OwnTable::open(&mut filter, Family::V6, ways.end()));
        match has_ipv6().then(table6).transpose() {
            Ok(table) => tables.extend(table),
            Err(error) => tracing::warn!(%error, "containers have no IPv6 on this host"),
        }
        let adopted = tables.iter().any(|table| table.plan != Plan::default()) || ways.are_there();
        Ok(Self {
            directory,
            mtu,
            route,
            filter,
            containers: BTreeMap::new(),
            tables,
            served: BTreeSet::new(),
            stale: Stale::default(),
            path_mtus: ways.path_mtus(),
            ways,
            reach: Reach::default(),
            applied: None,
            adopted,
            sysctls,
            sound_at: None,
            table: EndpointTable::default(),
            owners: Owners::default(),
            holds: Holds::default(),
        })
    }

    /// The version of the last table.
    pub(crate) fn applied(&self) -> Option<u64> {
        self.applied
    }

    /// Whether containers have IPv6 here.
    pub(crate) fn ipv6(&self) -> bool {
        self.tables.iter().any(|table| table.family == Family::V6)
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
        let Followed { parts, refused } = match self.follow(scope) {
            Ok(done) => done,
            Err(error) => {
                self.take_back(undo, before);
                return Err(error);
            }
        };
        let stale = self.stale(&undo, &parts);
        let first = self.applied.is_none();
        self.adopted = false;
        self.replace(parts);
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
        // Somebody may have flushed them (`nft flush ruleset`, a firewall's restart).
        for table in &self.tables {
            if !table_there(&mut self.filter, table.name())? {
                tracing::warn!(family = ?table.family, "somebody deleted our nft table; making it again");
                return self.commit_anew();
            }
        }
        // A link that is lost meanwhile concerns other services, too.
        let keys = keys.filter(|_| self.reach.lost().is_empty());
        let (parts, refused) = self.reserve_ports(keys);
        match self.commit(&parts) {
            Ok(()) => Ok(Followed { parts, refused }),
            Err(error) => {
                tracing::warn!(%error, "our nft tables are not as they were left; making them anew");
                self.commit_anew()
            }
        }
    }

    /// Brings the published ports of containers into the kernel; a former daemon's wait for the first table.
    pub(super) fn refresh_ports(&mut self) -> Result<Vec<PortInUse>> {
        if self.adopted {
            return Ok(Vec::new());
        }
        let (parts, refused) = self.reserve_ports(None);
        self.commit(&parts)?;
        self.replace(parts);
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

    /// The IPv6 addresses that stand beside others, where containers have IPv6.
    pub(super) fn twins(&self) -> Twins {
        Twins::new(&self.table).and_of(self.containers.values().flat_map(|plug| &plug.addresses))
    }

    /// What these keys (or all) lead to in each table, without the ports that others have. A port that is not to be had in IPv4 is not
    /// published in IPv6 either.
    fn reserve_ports(&mut self, keys: Option<BTreeSet<Key>>) -> (Vec<Part>, Vec<PortInUse>) {
        let mut whole = Part { plan: self.wanted(keys.as_ref()), keys };
        let mut refused = self.holds.reserve(Family::V4, &mut whole.plan);
        let mut parts = Vec::new();
        if self.ipv6() {
            let mut six = whole.beside(&self.twins(), &self.reach);
            refused.extend(self.holds.reserve(Family::V6, &mut six.plan));
            parts.push(six);
        }
        parts.insert(0, whole.of_ipv4());
        (parts, refused)
    }

    fn release_ports(&mut self) {
        self.tables.iter().for_each(|table| self.holds.release(table.family, &table.plan));
    }

    /// The parts are what the tables lead to from now on.
    fn replace(&mut self, parts: Vec<Part>) {
        for (table, Part { keys, plan }) in self.tables.iter_mut().zip(parts) {
            table.plan.replace(keys.as_ref(), plan);
        }
    }

    /// Changes all tables at once.
    fn commit(&mut self, parts: &[Part]) -> Result<()> {
        let (mut first, mut then, mut frames) = (Vec::new(), Vec::new(), Vec::new());
        for (table, part) in self.tables.iter().zip(parts) {
            let (mut before, mut batch) = (Batch::new(table.name()), Batch::new(table.name()));
            let frame = self.frame(table.family);
            frame.difference(&table.frame, &mut batch);
            frames.push(frame);
            let difference = Difference::new(&table.plan, &part.plan, part.keys.as_ref());
            difference.prepare(&mut before);
            difference.change(&mut batch);
            first.push(before);
            then.push(batch);
        }
        Batch::commit_all(first, &mut self.filter)?;
        Batch::commit_all(then, &mut self.filter)?;
        self.committed(parts, frames);
        Ok(())
    }

    /// What must be in the family's table beside services and containers.
    fn frame(&self, family: Family) -> Frame {
        let attached = self.containers.values().flat_map(|plug| &plug.addresses);
        let attached = attached.filter_map(|entry| Range::of(family, entry.subnet, entry.subnet6));
        let range = |network: &EndpointNetwork| Range::of(family, network.subnet, network.subnet6);
        let networks = &self.table.networks;
        Frame {
            end: self.reach.end(),
            subnets: networks.iter().filter_map(range).chain(attached).collect(),
            sealed: networks.iter().filter(|network| network.encrypted).filter_map(range).collect(),
            peers: self.reach.peers.clone(),
        }
    }

    /// Another way to the plan, when the kernel's tables are not what we believe them to be: all of it anew, at once.
    fn commit_anew(&mut self) -> Result<Followed> {
        let (parts, refused) = self.reserve_ports(None);
        self.rebuild(&parts)?;
        Ok(Followed { parts, refused })
    }

    /// Makes the whole tables with these plans, in place of those that may be there, in one transaction.
    pub(super) fn rebuild(&mut self, parts: &[Part]) -> Result<()> {
        let mut batches = Vec::new();
        for (table, part) in self.tables.iter().zip(parts) {
            let mut batch = Batch::new(table.name());
            if table_there(&mut self.filter, table.name())? {
                batch.table();
                batch.delete_table();
            }
            self.whole(&part.plan, &mut batch);
            batches.push(batch);
        }
        Batch::commit_all(batches, &mut self.filter)?;
        self.committed(parts, self.tables.iter().map(|table| self.frame(table.family)).collect());
        Ok(())
    }

    /// Adds everything that must be in the batch's table, with this plan.
    pub(super) fn whole(&self, plan: &Plan, batch: &mut Batch) {
        self.frame(batch.family()).all(batch);
        self.containers.values().for_each(|plug| plug.add_elements(batch));
        let difference = Difference::new(&Plan::default(), plan, None);
        difference.prepare(batch);
        difference.change(batch);
    }

    /// What is in the kernel from now on.
    fn committed(&mut self, parts: &[Part], frames: Vec<Frame>) {
        for (table, frame) in self.tables.iter_mut().zip(frames) {
            table.frame = frame;
        }
        self.served.extend(parts.iter().flat_map(|part| part.plan.targets()));
    }

    /// Takes everything of ours off the host.
    pub(crate) fn close(&mut self) -> Result<()> {
        for link in links::ours(&mut self.route)? {
            self.remove_link(link.index)?;
        }
        self.ways.remove(&mut self.route)?;
        // Also that of IPv6 which was switched off.
        for family in Family::ALL {
            let table = ruleset::table(family);
            if table_there(&mut self.filter, table).unwrap_or(family == Family::V4) {
                let mut batch = Batch::new(table);
                batch.delete_table();
                batch.commit(&mut self.filter)?;
            }
        }
        self.holds.clear();
        self.containers.clear();
        self.stale = Stale::default();
        self.tables.clear();
        (self.table, self.owners) = Default::default();
        self.reach = Reach::default();
        self.applied = None;
        self.path_mtus.clear();
        self.sysctls.restore()
    }
}
