//! The host's network as we believe it to be, and the way to the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;

use skep_model::{EndpointTable, Protocol, Subnet};

use super::Applied;
use super::containers::Plug;
use super::links;
use super::own_address::own_address;
use super::ruleset::{
    BACK, SAME, SEALED, SUBNETS, TABLE, install, peer_elements, peer_of_pair, subnet_elements,
    subnet_of_range,
};
use super::services::Plan;
use super::tunnel::{Number, Outer, Reach};
use super::ways::Ways;
use crate::netlink::NetlinkSocket;
use crate::nft::{Batch, chain_names, keys, table_there};
use crate::sysctl::Sysctls;
use crate::{NetworkError, PortHold, PortInUse, Result, reserve};

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
    /// What is there of the ways to other nodes.
    pub(super) ways: Ways,
    /// How the table wants other nodes to be reached.
    pub(super) reach: Reach,
    /// The version of the last table.
    pub(super) applied: Option<u64>,
    /// The other nodes that are in the sets for certain.
    peers: BTreeMap<Number, Ipv4Addr>,
    /// The end of the tunnel that the rules are made for.
    ruled: Option<Outer>,
    pub(super) table: EndpointTable,
    pub(super) plan: Plan,
    sysctls: Sysctls,
    /// Whether service chains or a tunnel of a former daemon wait for the first table.
    adopted: bool,
    holds: BTreeMap<(Protocol, u16), PortHold>,
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
        let ruled = ways.outer();
        let mut plan = Plan::default();
        let (mut subnets, mut sealed) = (BTreeSet::new(), BTreeSet::new());
        let mut peers = BTreeMap::new();
        if table_there(&mut filter, TABLE)? {
            plan = Plan::left(&chain_names(&mut filter, TABLE)?);
            for (set, subnets) in [(&SAME, &mut subnets), (&SEALED, &mut sealed)] {
                let ranges = keys(&mut filter, TABLE, set).unwrap_or_default();
                let there =
                    |(first, last): &(Vec<u8>, Option<Vec<u8>>)| subnet_of_range(first, last.as_deref()?);
                subnets.extend(ranges.iter().filter_map(there));
            }
            let pairs = keys(&mut filter, TABLE, &BACK).unwrap_or_default();
            peers = pairs.iter().filter_map(|(pair, _)| peer_of_pair(pair)).collect();
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
            ways,
            reach: Reach::default(),
            applied: None,
            adopted,
            peers,
            ruled,
            sysctls,
            table: EndpointTable::default(),
            plan,
            holds: BTreeMap::new(),
        })
    }

    /// The version of the last table.
    pub(crate) fn applied(&self) -> Option<u64> {
        self.applied
    }

    /// Makes the kernel follow the table.
    pub(crate) fn apply(&mut self, table: EndpointTable) -> Result<Applied> {
        let reach = Reach::new(&table, self.mtu);
        let before = std::mem::replace(&mut self.table, table);
        let reached = std::mem::replace(&mut self.reach, reach);
        let (plan, refused) = match self.follow() {
            Ok(done) => done,
            Err(error) => {
                (self.table, self.reach) = (before, reached);
                self.release_ports();
                self.lead_as_before();
                return Err(error);
            }
        };
        let stale = self.stale(&before, &plan);
        let first = self.applied.is_none();
        self.adopted = false;
        self.plan = plan;
        self.applied = Some(self.table.version);
        self.release_ports();
        if let Err(error) = self.trim_tunnel() {
            tracing::warn!(%error, "a way to another node is left that should go; trying again with the next table");
        }
        if !first {
            self.forget(&stale);
        }
        Ok(Applied { version: self.table.version, ports_in_use: refused })
    }

    /// First the ways to other nodes, then the chains that lead there.
    fn follow(&mut self) -> Result<(Plan, Vec<PortInUse>)> {
        self.ensure_table()?;
        self.extend_tunnel();
        let (plan, refused) = self.reserve_ports(self.wanted());
        self.commit(&plan).or_else(|error| self.commit_anew(&plan, &error))?;
        Ok((plan, refused))
    }

    /// Brings the published ports of containers into the kernel; a former daemon's wait for the first table.
    pub(super) fn refresh_ports(&mut self) -> Result<Vec<PortInUse>> {
        if self.adopted {
            return Ok(Vec::new());
        }
        let (plan, refused) = self.reserve_ports(self.wanted());
        self.commit(&plan)?;
        self.plan = plan;
        self.release_ports();
        Ok(refused)
    }

    fn wanted(&self) -> Plan {
        let ports = self
            .containers
            .values()
            .filter_map(|plug| Some((plug.addresses.first()?.address, plug.published.as_slice())));
        Plan::new(&self.table, &self.reach, ports)
    }

    fn reserve_ports(&mut self, mut plan: Plan) -> (Plan, Vec<PortInUse>) {
        let mut refused = Vec::new();
        for (protocol, port) in plan.published.keys().copied().collect::<Vec<_>>() {
            if self.holds.contains_key(&(protocol, port)) {
                continue;
            }
            match reserve(protocol, Ipv4Addr::UNSPECIFIED, port) {
                Ok(hold) => {
                    self.holds.insert((protocol, port), hold);
                }
                Err(taken) => {
                    plan.published.remove(&(protocol, port));
                    refused.push(taken);
                }
            }
        }
        (plan, refused)
    }

    fn release_ports(&mut self) {
        let published = &self.plan.published;
        self.holds.retain(|port, _| published.contains_key(port));
    }

    fn commit(&mut self, plan: &Plan) -> Result<()> {
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
        plan.difference(&self.plan, &mut batch);
        batch.commit(&mut self.filter)?;
        self.ruled = outer;
        self.sealed.clone_from(&self.reach.sealed);
        self.peers.clone_from(&self.reach.peers);
        self.subnets = wanted;
        self.served.extend(plan.targets());
        Ok(())
    }

    fn wanted_subnets(&self) -> BTreeSet<Subnet> {
        let networks = self.table.networks.iter().map(|network| network.subnet);
        let attached = self.containers.values().flat_map(|plug| &plug.addresses).map(|entry| entry.subnet);
        networks.chain(attached).collect()
    }

    /// Makes the table again when somebody flushed it (`nft flush ruleset`, a firewall's restart).
    fn ensure_table(&mut self) -> Result<()> {
        if table_there(&mut self.filter, TABLE)? {
            return Ok(());
        }
        tracing::warn!("somebody deleted the nft table {TABLE}; making it again");
        self.remake(false)
    }

    /// Another way to the plan, when the kernel's table is not what we believe it to be.
    fn commit_anew(&mut self, plan: &Plan, error: &NetworkError) -> Result<()> {
        tracing::warn!(%error, "the nft table {TABLE} is not as it was left; making it anew");
        self.remake(true)?;
        self.commit(plan)
    }

    fn remake(&mut self, delete: bool) -> Result<()> {
        let mut batch = Batch::new(TABLE);
        if delete {
            batch.delete_table();
        }
        let outer = self.reach.outer();
        install(&mut batch, own_address(), outer.as_ref());
        for plug in self.containers.values() {
            plug.add_elements(&mut batch);
        }
        batch.commit(&mut self.filter)?;
        self.plan = Plan::default();
        self.ruled = outer;
        self.peers.clear();
        self.subnets.clear();
        self.sealed.clear();
        Ok(())
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
        self.reach = Reach::default();
        self.peers.clear();
        self.sealed.clear();
        self.applied = None;
        self.sysctls.restore()
    }
}
