use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use nix::errno::Errno;

use super::local_rule::put_behind_gates;
use super::{Device, Entry, Found, Kind, Number, entries};
use crate::Result;
use crate::family::Family;
use crate::host::links;
use crate::netlink::NetlinkSocket;

/// What the kernel says when that which shall go is gone: of routes, of neighbours and rules, with its link.
const GONE: [Errno; 3] = [Errno::ESRCH, Errno::ENOENT, Errno::ENODEV];

/// A link to other nodes, with what leads into it, as it is in the kernel.
#[derive(Debug)]
pub(crate) struct Tunnel {
    kind: Kind,
    /// The link, and what we know to hang on it; none until it was looked for, or when there is none.
    link: Option<Found>,
    entries: BTreeSet<Entry>,
}

impl Tunnel {
    /// Nothing, until it is looked for.
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, link: None, entries: BTreeSet::new() }
    }

    /// The end of the tunnel that is there.
    pub(crate) fn device(&self) -> Option<Device> {
        self.link.and_then(|link| link.device)
    }

    /// The index of its link; none without.
    pub(crate) fn index(&self) -> Option<u32> {
        self.link.map(|link| link.index)
    }

    /// Looks at what is there, which may have changed behind our back: links are deleted by people, rules by other
    /// programs that manage the host's network. A link that is as it was keeps what hung on it.
    pub(crate) fn look(&mut self, socket: &mut NetlinkSocket) -> Result<()> {
        let found = Found::look(socket, self.kind)?;
        match found {
            Some(link) if found != self.link => self.entries = entries::read(socket, self.kind, link.index)?,
            Some(_) => {
                self.entries.retain(|entry| !entry.is_rule());
                self.entries.extend(entries::rules(socket, self.kind)?);
            }
            None => self.entries = entries::rules(socket, self.kind)?,
        }
        self.link = found;
        Ok(())
    }

    /// Makes the link anew when it is not as `device` wants it, and readies it for IPv6 if that is wanted; gives its index. Nothing
    /// is done without.
    pub(crate) fn ensure(
        &mut self,
        socket: &mut NetlinkSocket,
        device: Option<Device>,
        ipv6: bool,
    ) -> Result<Option<u32>> {
        self.look(socket)?;
        let Some(device) = device else { return Ok(None) };
        let index = match self.link {
            Some(link) if link.device == Some(device) => link.index,
            _ => self.remake(socket, device)?,
        };
        if ipv6 {
            socket.all(&device.ready_for_ipv6(index), &[])?;
        }
        Ok(Some(index))
    }

    /// Adds what is missing on the link that is there.
    pub(crate) fn extend(&mut self, socket: &mut NetlinkSocket, wanted: &BTreeSet<Entry>) -> Result<()> {
        let Some(Found { index, .. }) = self.link else { return Ok(()) };
        let missing: Vec<_> = wanted.difference(&self.entries).copied().collect();
        let messages: Vec<_> = missing.iter().map(|entry| entry.add(self.kind, index)).collect();
        // Of rules alone the same may be there twice, unless that is refused.
        socket.all(&messages, &[Errno::EEXIST])?;
        if missing.contains(&Entry::Gate(Family::V6)) {
            put_behind_gates(socket)?;
        }
        self.entries.extend(missing);
        Ok(())
    }

    /// Removes what is not wanted, and without a `device` all.
    pub(crate) fn trim(
        &mut self,
        socket: &mut NetlinkSocket,
        device: Option<Device>,
        wanted: &BTreeSet<Entry>,
    ) -> Result<()> {
        let index = self.link.map_or(0, |link| link.index);
        let extra = self.entries.iter().rev().filter(|entry| !wanted.contains(entry));
        let extra = extra.filter(|entry| !has_replaced(wanted, entry));
        let messages: Vec<_> = extra.map(|entry| entry.remove(self.kind, index)).collect();
        socket.all(&messages, &GONE)?;
        self.entries.retain(|entry| wanted.contains(entry));
        if device.is_none() {
            self.remove_link(socket)?;
        }
        Ok(())
    }

    /// Removes what leads to these addresses and is not wanted.
    pub(crate) fn trim_some(
        &mut self,
        socket: &mut NetlinkSocket,
        addresses: &BTreeSet<IpAddr>,
        wanted: &BTreeSet<Entry>,
    ) -> Result<()> {
        let Some(Found { index, .. }) = self.link else { return Ok(()) };
        let there = addresses.iter().flat_map(|address| self.entries.range(Entry::routes_to(*address)));
        let extra: Vec<_> = there.filter(|entry| !wanted.contains(entry)).copied().collect();
        let gone = extra.iter().filter(|entry| !has_replaced(wanted, entry));
        let messages: Vec<_> = gone.map(|entry| entry.remove(self.kind, index)).collect();
        socket.all(&messages, &GONE)?;
        extra.iter().for_each(|entry| {
            self.entries.remove(entry);
        });
        Ok(())
    }

    /// Removes all of it.
    pub(crate) fn remove(&mut self, socket: &mut NetlinkSocket) -> Result<()> {
        self.look(socket)?;
        self.trim(socket, None, &BTreeSet::new())
    }

    fn remake(&mut self, socket: &mut NetlinkSocket, device: Device) -> Result<u32> {
        self.remove_link(socket)?;
        let index = device.make(socket)?;
        self.link = Some(Found { index, device: Some(device) });
        Ok(index)
    }

    fn remove_link(&mut self, socket: &mut NetlinkSocket) -> Result<()> {
        if let Some(link) = self.link.take() {
            socket.all(&[links::delete(link.index)], &[Errno::ENODEV])?;
        }
        // All but the rules hung on the link.
        self.entries.retain(|entry| entry.is_rule());
        Ok(())
    }

    /// The biggest packets that the routes to nodes take, where it is not left to the link, in bytes.
    pub(crate) fn path_mtus(&self) -> BTreeMap<Number, u32> {
        let mtus = self.entries.iter().filter_map(|entry| match entry {
            Entry::Back(Family::V4, number, mtu) if *mtu != 0 => Some((*number, *mtu)),
            _ => None,
        });
        mtus.collect()
    }

    /// What was there when last looked at.
    pub(crate) fn entries(&self) -> &BTreeSet<Entry> {
        &self.entries
    }
}

/// Whether something that is wanted took the entry's place when it was added.
fn has_replaced(wanted: &BTreeSet<Entry>, entry: &Entry) -> bool {
    entry.same_but_size().is_some_and(|same| wanted.range(same).next().is_some())
}
