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
use super::ruleset::{EGRESS, OWN, SAME, SOURCES, SUBNETS, TABLE, subnet_elements};
use crate::attachment::Address;
use crate::conntrack::Stale;
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
    fn sources(&self) -> Vec<Element> {
        let key = |entry: &Address| [self.index.to_ne_bytes(), entry.address.octets()].concat();
        self.addresses.iter().map(|entry| Element::Key(key(entry))).collect()
    }

    fn own(&self) -> Vec<Element> {
        let key = |entry: &Address| [entry.address.octets(), entry.address.octets()].concat();
        self.addresses.iter().map(|entry| Element::Key(key(entry))).collect()
    }

    fn egress(&self) -> Vec<Element> {
        let outside = self.egress_source.is_some();
        let addresses = self.addresses.iter().filter(|entry| outside && !entry.internal);
        addresses.map(|entry| Element::Key(entry.address.octets().to_vec())).collect()
    }

    /// Adds the container to the sets of addresses.
    pub(super) fn add_elements(&self, batch: &mut Batch) {
        batch.add(&SOURCES, &self.sources());
        batch.add(&OWN, &self.own());
        batch.add(&EGRESS, &self.egress());
    }

    fn remove_elements(&self, batch: &mut Batch) {
        batch.remove(&SOURCES, &self.sources());
        batch.remove(&OWN, &self.own());
        batch.remove(&EGRESS, &self.egress());
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
        let mut batch = Batch::new(TABLE);
        if let Some(former) = self.containers.get(container) {
            former.remove_elements(&mut batch);
        }
        plug.add_elements(&mut batch);
        let new: BTreeSet<_> = plug.addresses.iter().map(|entry| entry.subnet).collect();
        let new: Vec<_> = new.difference(&self.subnets).copied().collect();
        let (plain, pairs) = subnet_elements(new.iter());
        batch.add(&SUBNETS, &plain);
        batch.add(&SAME, &pairs);
        batch.commit(&mut self.filter)?;
        self.subnets.extend(new);
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
        let mut batch = Batch::new(TABLE);
        plug.remove_elements(&mut batch);
        if let Err(error) = batch.commit(&mut self.filter) {
            tracing::warn!(%error, container, "the sets of addresses are not as they were left; filling them anew");
            self.refill()?;
        }
        if !plug.published.is_empty() {
            self.refresh_ports()?;
        }
        let addresses = plug.addresses.iter().map(|entry| entry.address);
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
        let plugs = || self.containers.values();
        let wanted = [
            (&SOURCES, plugs().flat_map(Plug::sources).collect::<BTreeSet<_>>()),
            (&OWN, plugs().flat_map(Plug::own).collect()),
            (&EGRESS, plugs().flat_map(Plug::egress).collect()),
        ];
        let mut batch = Batch::new(TABLE);
        for (set, wanted) in &wanted {
            let there = elements(&mut self.filter, TABLE, set)?;
            batch.remove(set, &there.difference(wanted).cloned().collect::<Vec<_>>());
            batch.add(set, &wanted.difference(&there).cloned().collect::<Vec<_>>());
        }
        batch.commit(&mut self.filter)
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
