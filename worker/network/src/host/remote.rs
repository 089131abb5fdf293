//! The way to other nodes' tasks, as this host's state wants it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use skep_model::TunnelKey;
use tokio::sync::watch;

use super::Host;
use super::tunnel::Number;
use crate::attachment::Address;
use crate::{Result, TunnelReport};

impl Host {
    /// The addresses of this host's containers.
    pub(super) fn local(&self) -> BTreeSet<Ipv4Addr> {
        self.containers.values().flat_map(|plug| &plug.addresses).map(|entry| entry.address).collect()
    }

    /// Makes the ways that are missing; those that cannot be made are lost to the reach, with the reason kept.
    pub(super) fn extend_tunnel(&mut self) {
        let local = self.local();
        self.ways.extend(&mut self.route, &mut self.reach, &local);
    }

    /// Makes the ways to these addresses that are missing; to all, when that fails, to learn which link it is.
    pub(super) fn extend_tunnel_to(&mut self, addresses: &BTreeSet<Ipv4Addr>) {
        let local = self.local();
        if let Err(error) = self.ways.extend_some(&mut self.route, &self.reach, &local, addresses) {
            tracing::warn!(%error, "a way to another node cannot be added; making all of them anew");
            self.extend_tunnel();
        }
    }

    /// Removes those that are not wanted, of the ways to these addresses or of all.
    pub(super) fn trim_tunnel_of(&mut self, addresses: Option<&BTreeSet<Ipv4Addr>>) -> Result<()> {
        let Some(addresses) = addresses else { return self.trim_tunnel() };
        let local = self.local();
        self.ways.trim_some(&mut self.route, &self.reach, &local, addresses)
    }

    /// Removes those that are not wanted.
    pub(super) fn trim_tunnel(&mut self) -> Result<()> {
        let local = self.local();
        self.ways.trim(&mut self.route, &self.reach, &local)
    }

    /// Whether there is something to [`Self::tend`].
    pub(super) fn needs_care(&self) -> bool {
        self.applied.is_some() && self.ways.need_care()
    }

    /// What is to be done from time to time: keys, and ways that could not be made or that somebody took away.
    pub(crate) fn tend(&mut self) {
        if let Err(error) = self.ways.seal.tend() {
            tracing::warn!(%error, "cannot change the key for encrypted networks; trying again");
        }
        if self.applied.is_some()
            && self.ways.are_broken()
            && let Err(error) = self.apply(self.table.clone())
        {
            tracing::warn!(%error, "the way to other nodes cannot be made again");
        }
    }

    /// How the way to other nodes is.
    pub(crate) fn tunnel_report(&self) -> TunnelReport {
        self.ways.seal.report(self.ways.faults(&self.reach))
    }

    /// The node's key for encrypted networks, and every later one.
    pub(crate) fn tunnel_key(&self) -> watch::Receiver<TunnelKey> {
        self.ways.seal.key()
    }

    /// Makes a new key.
    pub(crate) fn rotate_tunnel_key(&mut self) -> Result<()> {
        self.ways.seal.rotate()
    }

    /// Leads these addresses right after a container with them came to this host, or left: the table may say that a task
    /// with such an address is on another node. A former daemon's ways wait for the first table.
    pub(super) fn lead_again(&mut self, addresses: &[Address]) -> Result<()> {
        if self.applied.is_none() || !addresses.iter().any(|entry| self.reach.leads_to(entry.address)) {
            return Ok(());
        }
        self.extend_tunnel();
        self.trim_tunnel()
    }

    /// Notes the biggest packet that arrives at a node by the plain link; none when the link's biggest does. Gives whether that
    /// is news.
    pub(crate) fn set_path_mtu(&mut self, number: Number, mtu: Option<u32>) -> Result<bool> {
        let before = self.path_mtus.get(&number).copied();
        if before == mtu || !self.reach.peers.contains_key(&number) {
            return Ok(false);
        }
        let _ = match mtu {
            Some(mtu) => self.path_mtus.insert(number, mtu),
            None => self.path_mtus.remove(&number),
        };
        self.reach = std::mem::take(&mut self.reach).with_small(self.path_mtus.clone());
        self.extend_tunnel();
        self.trim_tunnel()?;
        Ok(true)
    }

    /// Takes back what a table that failed half-way has changed.
    pub(super) fn lead_as_before(&mut self) {
        if self.applied.is_none() {
            return;
        }
        self.extend_tunnel();
        if let Err(error) = self.trim_tunnel() {
            tracing::warn!(%error, "the ways to other nodes are not as they were");
        }
    }
}
