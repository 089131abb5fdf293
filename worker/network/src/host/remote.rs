//! The way to other nodes' tasks, as this host's state wants it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::Host;
use super::tunnel::Number;
use crate::Result;
use crate::attachment::Address;

impl Host {
    /// The addresses of this host's containers.
    pub(super) fn local(&self) -> BTreeSet<Ipv4Addr> {
        self.containers.values().flat_map(|plug| &plug.addresses).map(|entry| entry.address).collect()
    }

    /// Makes the ways that are missing.
    pub(super) fn extend_tunnel(&mut self) -> Result<()> {
        let wanted = self.reach.entries(&self.local(), &self.path_mtus);
        self.tunnel.extend(&mut self.route, self.reach.device(), &wanted)
    }

    /// Removes those that are not wanted.
    pub(super) fn trim_tunnel(&mut self) -> Result<()> {
        let wanted = self.reach.entries(&self.local(), &self.path_mtus);
        self.tunnel.trim(&mut self.route, self.reach.device(), &wanted)
    }

    /// Leads these addresses right after a container with them came to this host, or left: the table may say that a task
    /// with such an address is on another node. A former daemon's ways wait for the first table.
    pub(super) fn lead_again(&mut self, addresses: &[Address]) -> Result<()> {
        if self.applied.is_none() || !addresses.iter().any(|entry| self.reach.leads_to(entry.address)) {
            return Ok(());
        }
        self.extend_tunnel()?;
        self.trim_tunnel()
    }

    /// Notes the biggest packet that arrives at a node; none when the link's biggest does. Gives whether that is news.
    pub(crate) fn set_path_mtu(&mut self, number: Number, mtu: Option<u32>) -> Result<bool> {
        let before = self.path_mtus.get(&number).copied();
        if before == mtu || !self.reach.peers.contains_key(&number) {
            return Ok(false);
        }
        let _ = match mtu {
            Some(mtu) => self.path_mtus.insert(number, mtu),
            None => self.path_mtus.remove(&number),
        };
        self.extend_tunnel()?;
        self.trim_tunnel()?;
        Ok(true)
    }

    /// Takes back what a table that failed half-way has changed.
    pub(super) fn lead_as_before(&mut self) {
        if self.applied.is_none() {
            return;
        }
        if let Err(error) = self.extend_tunnel().and_then(|()| self.trim_tunnel()) {
            tracing::warn!(%error, "the ways to other nodes are not as they were");
        }
    }
}
