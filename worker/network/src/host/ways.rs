use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;

use super::tunnel::{End, Kind, Number, Reach, Tunnel};
use crate::Result;
use crate::family::Family;
use crate::netlink::NetlinkSocket;
use crate::seal::Seal;

/// The ways to other nodes as they are: two links, and what seals the packets of one.
#[derive(Debug)]
pub(crate) struct Ways {
    plain: Tunnel,
    sealed: Tunnel,
    pub(super) seal: Seal,
    /// Why a link cannot be had.
    faults: BTreeMap<Kind, String>,
    /// What was logged of that.
    told: BTreeSet<String>,
}

impl Ways {
    /// Nothing, until it is looked for. Keys are kept in the directory.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        Ok(Self {
            plain: Tunnel::new(Kind::Plain),
            sealed: Tunnel::new(Kind::Sealed),
            seal: Seal::open(directory)?,
            faults: BTreeMap::new(),
            told: BTreeSet::new(),
        })
    }

    /// Looks for what a former daemon left.
    pub(super) fn look(&mut self, socket: &mut NetlinkSocket) -> Result<()> {
        self.plain.look(socket)?;
        self.sealed.look(socket)
    }

    /// What is believed to be there is not: it is looked for anew before the next change.
    pub(super) fn forget(&mut self) {
        self.plain = Tunnel::new(Kind::Plain);
        self.sealed = Tunnel::new(Kind::Sealed);
    }

    /// This node's end of the tunnel, as the plain link has it.
    pub(super) fn end(&self) -> Option<End> {
        let device = self.plain.device()?;
        Some(End { number: device.number, outer: device.outer? })
    }

    /// The index of the plain link; none without.
    pub(super) fn plain_index(&self) -> Option<u32> {
        self.plain.index()
    }

    /// The biggest packets that the plain routes to nodes take, where it is not left to the link, in bytes.
    pub(super) fn path_mtus(&self) -> BTreeMap<Number, u32> {
        self.plain.path_mtus()
    }

    /// Whether there is a link.
    pub(super) fn are_there(&self) -> bool {
        self.plain.device().is_some() || self.sealed.device().is_some()
    }

    /// Makes the ways that are missing. A link that cannot be had is lost to `reach`, which then leads nowhere by it: the one
    /// is no reason to do without the other, nor for the node's own services to stay as they were.
    pub(super) fn extend(
        &mut self,
        socket: &mut NetlinkSocket,
        reach: &mut Reach,
        local: &BTreeSet<Ipv4Addr>,
    ) {
        for kind in Kind::ALL.into_iter().filter(|kind| !reach.is_lost(*kind)).collect::<Vec<_>>() {
            match self.extend_link(socket, reach, kind, local) {
                Ok(()) => {
                    self.faults.remove(&kind);
                }
                Err(error) => {
                    let reason = format!("no packets go to other nodes by {}: {error}", kind.name());
                    self.faults.insert(kind, reason);
                    reach.lose(kind);
                    if kind == Kind::Sealed {
                        self.seal.stop();
                    }
                }
            }
        }
        self.tell(reach);
    }

    fn extend_link(
        &mut self,
        socket: &mut NetlinkSocket,
        reach: &Reach,
        kind: Kind,
        local: &BTreeSet<Ipv4Addr>,
    ) -> Result<()> {
        let ipv6 = reach.families().contains(&Family::V6);
        let index = self.link(kind).ensure(socket, reach.device(kind), ipv6)?;
        if kind == Kind::Sealed {
            self.seal.follow(reach.seal(), index)?;
        }
        self.link(kind).extend(socket, &reach.entries(kind, local))
    }

    /// Makes the ways to these addresses alone, by the links that are there.
    ///
    /// # Errors
    /// When the kernel refuses; [`Self::extend`] then says which link it is.
    pub(super) fn extend_some(
        &mut self,
        socket: &mut NetlinkSocket,
        reach: &Reach,
        local: &BTreeSet<Ipv4Addr>,
        addresses: &BTreeSet<Ipv4Addr>,
    ) -> Result<()> {
        Kind::ALL.into_iter().filter(|kind| !reach.is_lost(*kind)).try_for_each(|kind| {
            let wanted = reach.entries_of(kind, local, addresses);
            self.link(kind).extend(socket, &wanted)
        })
    }

    /// Removes the ways to these addresses that are not wanted.
    pub(super) fn trim_some(
        &mut self,
        socket: &mut NetlinkSocket,
        reach: &Reach,
        local: &BTreeSet<Ipv4Addr>,
        addresses: &BTreeSet<Ipv4Addr>,
    ) -> Result<()> {
        let both = reach.with_twins(addresses);
        Kind::ALL.into_iter().try_for_each(|kind| {
            let wanted = reach.entries_of(kind, local, addresses);
            self.link(kind).trim_some(socket, &both, &wanted)
        })
    }

    /// Removes those that are not wanted.
    pub(super) fn trim(
        &mut self,
        socket: &mut NetlinkSocket,
        reach: &Reach,
        local: &BTreeSet<Ipv4Addr>,
    ) -> Result<()> {
        for kind in Kind::ALL {
            self.link(kind).trim(socket, reach.device(kind), &reach.entries(kind, local))?;
        }
        Ok(())
    }

    /// Removes all of it.
    pub(super) fn remove(&mut self, socket: &mut NetlinkSocket) -> Result<()> {
        self.seal.stop();
        self.faults.clear();
        Kind::ALL.into_iter().try_for_each(|kind| self.link(kind).remove(socket))
    }

    /// What cannot be had of what `reach` wants, and why.
    pub(super) fn faults(&self, reach: &Reach) -> Vec<String> {
        let keyless = reach.keyless().map(|(number, address)| {
            format!("no packets of encrypted networks go to node {number} at {address}: managers know no key of it; does it run a version that has one?", number = number.value())
        });
        self.faults.values().cloned().chain(keyless).collect()
    }

    /// Whether another try may help.
    pub(super) fn are_broken(&self) -> bool {
        !self.faults.is_empty() || self.seal.is_broken()
    }

    /// Whether there is anything to look after.
    pub(super) fn need_care(&self) -> bool {
        self.are_broken() || self.seal.is_used()
    }

    fn tell(&mut self, reach: &Reach) {
        let faults: BTreeSet<String> = self.faults(reach).into_iter().collect();
        for fault in faults.difference(&self.told) {
            tracing::error!("{fault}; trying again");
        }
        for fault in self.told.difference(&faults) {
            tracing::info!(was = fault, "the way to other nodes is there again");
        }
        self.told = faults;
    }

    fn link(&mut self, kind: Kind) -> &mut Tunnel {
        match kind {
            Kind::Plain => &mut self.plain,
            Kind::Sealed => &mut self.sealed,
        }
    }
}
