//! Containers' places in the host's network.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use skep_model::PublishedPort;

use super::Host;
use super::links;
use super::own_table::OwnTable;
use super::range::Range;
use super::ruleset::{EGRESS, OWN, SOURCES};
use crate::attachment::Address;
use crate::conntrack::Stale;
use crate::family::{Family, octets};
use crate::nft::{Batch, Element, elements};
use crate::{NetworkError, Result};

/// One container's link and what hangs on it.
#[derive(Clone, Debug)]
pub(crate) struct Plug {
    pub(crate) index: u32,
    pub(crate) link: String,
    pub(crate) addresses: Vec<Address>,
    pub(crate) egress_source: Option<Ipv4Addr>,
    pub(crate) published: Vec<PublishedPort>,
}

impl Plug {
    /// Its addresses of a family, as they are in packets, and whether each is of an internal network.
    fn octets(&self, family: Family) -> impl Iterator<Item = (Vec<u8>, bool)> {
        let both =
            self.addresses.iter().flat_map(|entry| entry.both().zip(std::iter::repeat(entry.internal)));
        both.filter(move |(address, _)| Family::of(*address) == family)
            .map(|(address, internal)| (octets(address), internal))
    }

    fn sources(&self, family: Family) -> Vec<Element> {
        let key = |address: Vec<u8>| [self.index.to_ne_bytes().as_slice(), &address].concat();
        self.octets(family).map(|(address, _)| Element::Key(key(address))).collect()
    }

    fn own(&self, family: Family) -> Vec<Element> {
        self.octets(family).map(|(address, _)| Element::Key(address.repeat(2))).collect()
    }

    fn egress(&self, family: Family) -> Vec<Element> {
        let outside = self.egress_source.is_some();
        let addresses = self.octets(family).filter(|(_, internal)| outside && !internal);
        addresses.map(|(address, _)| Element::Key(address)).collect()
    }

    /// Adds the container to the sets of addresses.
    pub(super) fn add_elements(&self, batch: &mut Batch) {
        let family = batch.family();
        batch.add(&SOURCES, &self.sources(family));
        batch.add(&OWN, &self.own(family));
        batch.add(&EGRESS, &self.egress(family));
    }

    fn remove_elements(&self, batch: &mut Batch) {
        let family = batch.family();
        batch.remove(&SOURCES, &self.sources(family));
        batch.remove(&OWN, &self.own(family));
        batch.remove(&EGRESS, &self.egress(family));
    }
}

impl Host {
    /// Makes the container's link, or, to `adopt`, takes over the one that is there; true when it did.
    ///
    /// Without `adopt` a link that is there is that of a former run, whose namespace is still dying.
    pub(crate) fn plug(
        &mut self,
        container: &str,
        wanted: Plug,
        namespace: BorrowedFd<'_>,
        adopt: bool,
    ) -> Result<(bool, u32)> {
        if !adopt {
            self.unplug(container)?;
        }
        self.remember(container)?;
        let mut found = links::find(&mut self.route, &wanted.link)?;
        if let Some(index) = found
            && !adopt
        {
            self.remove_link(index)?;
            found = None;
        }
        let index = match found {
            Some(index) => index,
            None => self.make_link(&wanted, namespace)?,
        };
        let plug = Plug { index, ..wanted };
        let done = self.register(container, plug);
        match (done, found) {
            (Ok(()), _) => Ok((found.is_some(), index)),
            // A container that runs keeps its link, whatever else is wrong.
            (Err(NetworkError::Port(taken)), Some(_)) => {
                tracing::warn!(container, %taken, "a port of a running container is not published");
                Ok((true, index))
            }
            (Err(error), Some(_)) => Err(error),
            (Err(error), None) => {
                self.unplug(container)?;
                self.remove_link(index)?;
                Err(error)
            }
        }
    }

    /// Waits until a link whose far end just came up can send. The kernel makes that so in the background, and drops
    /// what is sent before; it does it at once when it is asked about the link.
    pub(crate) fn settle(&mut self, link: &str) -> Result<()> {
        links::find(&mut self.route, link).map(drop)
    }

    fn make_link(&mut self, wanted: &Plug, namespace: BorrowedFd<'_>) -> Result<u32> {
        let mac = links::container_mac(&wanted.addresses);
        let pair = links::make_pair(&wanted.link, mac, self.mtu, namespace);
        self.route.all(&[pair], &[])?;
        let missing = NetworkError::Answer { action: format!("find the link {}", wanted.link) };
        let index = links::find(&mut self.route, &wanted.link)?.ok_or(missing)?;
        // A kernel without IPv6 refuses, and makes none up.
        self.route.each(&[links::without_own_ipv6(index)])?;
        Ok(index)
    }

    fn register(&mut self, container: &str, plug: Plug) -> Result<()> {
        links::configure_host(&mut self.route, plug.index, &plug.addresses)?;
        let (mut batches, mut frames) = (Vec::new(), Vec::new());
        for table in &self.tables {
            let mut batch = Batch::new(table.name());
            if let Some(former) = self.containers.get(container) {
                former.remove_elements(&mut batch);
            }
            plug.add_elements(&mut batch);
            let range = |entry: &Address| Range::of(table.family, entry.subnet, entry.subnet6);
            let mut frame = table.frame.clone();
            frame.subnets.extend(plug.addresses.iter().filter_map(range));
            frame.difference(&table.frame, &mut batch);
            batches.push(batch);
            frames.push(frame);
        }
        Batch::commit_all(batches, &mut self.filter)?;
        for (table, frame) in self.tables.iter_mut().zip(frames) {
            table.frame = frame;
        }
        let (published, addresses) = (plug.published.clone(), plug.addresses.clone());
        self.containers.insert(container.to_owned(), plug);
        self.lead_again(&addresses)?;
        if published.is_empty() {
            return Ok(());
        }
        let refused = self.refresh_ports()?;
        let of_ours =
            |port: &PublishedPort, protocol, number| port.protocol == protocol && port.published == number;
        let mine = refused
            .into_iter()
            .find(|taken| published.iter().any(|port| of_ours(port, taken.protocol, taken.port)));
        mine.map_or(Ok(()), |taken| Err(taken.into()))
    }

    /// Takes the container out of routes and sets; its link dies with its namespace.
    pub(crate) fn unplug(&mut self, container: &str) -> Result<()> {
        self.disremember(container)?;
        let Some(plug) = self.containers.remove(container) else { return Ok(()) };
        let addresses = plug.addresses.iter().flat_map(Address::both);
        let routes: Vec<_> = addresses.map(|address| links::delete_route(plug.index, address)).collect();
        // The link, and its routes with it, may be gone already.
        self.route.all(&routes, &[Errno::ESRCH, Errno::ENODEV])?;
        self.lead_again(&plug.addresses)?;
        let removal = |table: &OwnTable| {
            let mut batch = Batch::new(table.name());
            plug.remove_elements(&mut batch);
            batch
        };
        if let Err(error) = Batch::commit_all(self.tables.iter().map(removal), &mut self.filter) {
            tracing::warn!(%error, container, "the sets of addresses are not as they were left; filling them anew");
            self.refill()?;
        }
        if !plug.published.is_empty() {
            self.refresh_ports()?;
        }
        let addresses = plug.addresses.iter().flat_map(Address::both);
        let targets = addresses.filter(|address| self.served.remove(address)).collect();
        self.stale.extend(Stale { targets, ..Stale::default() });
        Ok(())
    }

    /// Removes what is left of containers that are neither alive nor attached; gives their ids where known.
    pub(crate) fn collect(&mut self, live: &BTreeSet<String>) -> Result<Vec<String>> {
        for container in self.containers.keys().cloned().collect::<Vec<_>>() {
            if !live.contains(&container) {
                self.unplug(&container)?;
            }
        }
        let names: BTreeSet<_> = live.iter().map(|container| links::link_name(container)).collect();
        for link in links::ours(&mut self.route)? {
            if !names.contains(&link.name) {
                self.remove_link(link.index)?;
            }
        }
        self.refill()?;
        let gone: Vec<_> = self.remembered()?.into_iter().filter(|id| !live.contains(id)).collect();
        for container in &gone {
            self.disremember(container)?;
        }
        Ok(gone)
    }

    /// Deletes a link; one that is gone already is no error.
    pub(crate) fn remove_link(&mut self, index: u32) -> Result<()> {
        self.route.all(&[links::delete(index)], &[Errno::ENODEV])
    }

    /// Every container that ever was attached and not detached, by this daemon or one before.
    pub(crate) fn remembered(&self) -> Result<Vec<String>> {
        let path = self.directory.join("containers");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(file("read", path, source)),
        };
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// Makes the sets of addresses hold just the attached containers.
    fn refill(&mut self) -> Result<()> {
        let mut batches = Vec::new();
        for table in &self.tables {
            let of_all = |elements: fn(&Plug, Family) -> Vec<Element>| -> BTreeSet<Element> {
                self.containers.values().flat_map(|plug| elements(plug, table.family)).collect()
            };
            let mut batch = Batch::new(table.name());
            for (set, wanted) in [
                (&SOURCES, of_all(Plug::sources)),
                (&OWN, of_all(Plug::own)),
                (&EGRESS, of_all(Plug::egress)),
            ] {
                let there = elements(&mut self.filter, table.name(), set)?;
                batch.remove(set, &there.difference(&wanted).cloned().collect::<Vec<_>>());
                batch.add(set, &wanted.difference(&there).cloned().collect::<Vec<_>>());
            }
            batches.push(batch);
        }
        Batch::commit_all(batches, &mut self.filter)
    }

    fn remember(&self, container: &str) -> Result<()> {
        let directory = self.directory.join("containers");
        fs::create_dir_all(&directory).map_err(|source| file("make", directory.clone(), source))?;
        let path = directory.join(container);
        fs::write(&path, "").map_err(|source| file("write", path, source))
    }

    fn disremember(&self, container: &str) -> Result<()> {
        let path = self.directory.join("containers").join(container);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(file("remove", path, source)),
            _ => Ok(()),
        }
    }
}

fn file(action: &'static str, path: PathBuf, source: std::io::Error) -> NetworkError {
    NetworkError::File { action, path: path.display().to_string(), source }
}
