use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use skep_model::{
    AttachmentId, EndpointNetwork, EndpointTable, NetworkId, NodeId, Object, Peer, ServiceId, Task, TaskState,
};
use skep_store::{Event, Store, View, Watch};

use super::changing::Changing;
use super::compute::{self, attached_id, networks_of};
use super::entry::{Audience, Entry};
use super::told::Told;

/// All endpoints, kept up with the store: a change costs what it touches, once for all sessions.
#[derive(Debug, Default)]
pub(in crate::dispatcher) struct Book {
    pages: Mutex<Option<Pages>>,
}

#[derive(Debug)]
struct Pages {
    watch: Watch,
    view: View,
    /// Counts the changes of the pages; each session knows up to which it was told.
    revision: u64,
    services: Changing<ServiceId, Entry>,
    audiences: Changing<ServiceId, Audience>,
    networks: Changing<NetworkId, EndpointNetwork>,
    peers: Changing<NodeId, Peer>,
}

/// What a look at the store has to look at again.
#[derive(Debug, Default)]
struct Touched {
    services: BTreeSet<ServiceId>,
    networks: BTreeSet<NetworkId>,
    nodes: BTreeSet<NodeId>,
    /// The swarm's settings, by which all networks may be encrypted.
    cluster: bool,
}

impl Book {
    /// What the node does not know yet, which it counts as told from now on; and the version of the store up to which it then
    /// knows everything.
    pub(in crate::dispatcher) fn news(
        &self,
        store: &Store,
        node: NodeId,
        told: &mut Told,
    ) -> (Option<EndpointTable>, u64) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = pages.get_or_insert_with(|| Pages::new(store));
        pages.catch_up(store);
        (pages.news(node, told), pages.watch.seen())
    }
}

impl Pages {
    fn new(store: &Store) -> Self {
        let view = store.view();
        let mut pages = Self {
            watch: store.watch(view.version()),
            view,
            revision: 0,
            services: Changing::default(),
            audiences: Changing::default(),
            networks: Changing::default(),
            peers: Changing::default(),
        };
        pages.look_at(&pages.all());
        pages
    }

    /// Everything that there is, or was.
    fn all(&self) -> Touched {
        let view = &self.view;
        Touched {
            services: view
                .services()
                .map(|service| service.id)
                .chain(view.attachments().map(|attachment| attached_id(attachment.id)))
                .chain(self.services.keys())
                .collect(),
            networks: view.networks().map(|network| network.id).chain(self.networks.keys()).collect(),
            nodes: view.nodes().map(|node| node.id).chain(self.peers.keys()).collect(),
            cluster: true,
        }
    }

    fn catch_up(&mut self, store: &Store) {
        let mut touched = Touched::default();
        let lost = loop {
            match self.watch.ready() {
                Ok(Some(commit)) => commit.events.iter().for_each(|event| touched.note(event)),
                Ok(None) => break false,
                Err(_behind) => break true,
            }
        };
        self.view = store.view();
        if lost {
            self.watch = store.watch(self.view.version());
            touched = self.all();
        }
        // A node takes its tasks' services along.
        for node in &touched.nodes {
            touched.services.extend(self.view.node_tasks(*node).map(|task| task.service));
            touched.services.extend(self.view.node_attachments(*node).map(|own| attached_id(own.id)));
        }
        if touched.cluster {
            touched.networks.extend(self.view.networks().map(|network| network.id));
        }
        self.look_at(&touched);
    }

    fn look_at(&mut self, touched: &Touched) {
        let (view, revision) = (&self.view, self.revision + 1);
        let mut changed = false;
        for id in &touched.nodes {
            let peer = view.node(*id).and_then(|node| compute::peer(node));
            changed |= self.peers.set(revision, *id, peer);
        }
        for id in &touched.networks {
            changed |= self.networks.set(revision, *id, compute::endpoint_network(view, *id));
        }
        let reached = |node| self.peers.get(node).is_some();
        for id in &touched.services {
            let (entry, audience) = match view.service(*id) {
                Some(service) => {
                    (Some(compute::entry(view, service, reached)), Some(compute::audience(service)))
                }
                None => {
                    let attached = view.attachment(AttachmentId::new(id.value()));
                    let entry = attached.and_then(|own| compute::attached_entry(view, own, reached));
                    (entry, attached.map(|own| compute::attached_audience(own)))
                }
            };
            changed |= self.services.set(revision, *id, entry);
            changed |= self.audiences.set(revision, *id, audience);
        }
        if changed {
            self.revision = revision;
        }
    }

    /// The node and how many others it has, as ends of the tunnel; nothing for a node that is alone, or is not reached itself.
    fn own(&self, node: NodeId) -> Option<Peer> {
        self.peers.get(node).copied().filter(|_| self.peers.len() > 1)
    }

    fn news(&self, node: NodeId, told: &mut Told) -> Option<EndpointTable> {
        let own = self.own(node);
        let networks = networks_of(&self.view, node);
        let tunnel_port = compute::tunnel_port(&self.view);
        let since = told.revision.filter(|revision| {
            let remembered = self.services.remembers(*revision)
                && self.audiences.remembers(*revision)
                && self.networks.remembers(*revision)
                && self.peers.remembers(*revision);
            remembered && own.is_some() == told.own.is_some()
        });
        let same = told.networks == networks && told.own == own && told.tunnel_port == tunnel_port;
        if since == Some(self.revision) && same {
            return None;
        }
        let version = self.watch.seen();
        let mut table = EndpointTable { version, own, tunnel_port, ..EndpointTable::default() };
        match since {
            None => self.whole(node, &networks, &mut table),
            Some(revision) => self.difference(node, revision, (&told.networks, &networks), &mut table),
        }
        let news = since.is_none() || !same || says_anything(&table);
        told.revision = Some(self.revision);
        (told.networks, told.own, told.tunnel_port) = (networks, own, tunnel_port);
        if !news {
            return None;
        }
        told.sent = version;
        Some(table)
    }

    fn whole(&self, node: NodeId, networks: &BTreeSet<NetworkId>, table: &mut EndpointTable) {
        let alone = table.own.is_none();
        let known = self.services.iter().filter(|(id, _)| self.is_told(*id, networks));
        table.services = known.map(|(_, entry)| entry.seen_by(node, alone)).collect();
        table.networks = networks.iter().filter_map(|id| self.networks.get(*id)).cloned().collect();
        if !alone {
            table.peers = self.peers.iter().filter(|(id, _)| *id != node).map(|(_, peer)| *peer).collect();
        }
    }

    fn difference(
        &self,
        node: NodeId,
        revision: u64,
        (before, now): (&BTreeSet<NetworkId>, &BTreeSet<NetworkId>),
        table: &mut EndpointTable,
    ) {
        table.partial = true;
        let alone = table.own.is_none();
        let audience_changed: BTreeSet<_> = self.audiences.since(revision).map(|(id, _)| id).collect();
        let mut services: BTreeSet<ServiceId> = self.services.since(revision).map(|(id, _)| id).collect();
        services.extend(&audience_changed);
        if before != now {
            services.extend(
                self.audiences.keys().filter(|id| self.is_told(*id, before) != self.is_told(*id, now)),
            );
        }
        let (told, not_told): (Vec<_>, Vec<_>) = services.into_iter().partition(|id| self.is_told(*id, now));
        let entries = told.iter().filter_map(|id| self.services.get(*id));
        table.services = entries.map(|entry| entry.seen_by(node, alone)).collect();
        let left = |id: &ServiceId| audience_changed.contains(id) || self.is_told(*id, before);
        table.services_gone = not_told.into_iter().filter(left).chain(self.services.gone(revision)).collect();

        let changed = self.networks.since(revision).map(|(id, _)| id).filter(|id| now.contains(id));
        let added = now.difference(before).copied();
        let networks: BTreeSet<NetworkId> = changed.chain(added).collect();
        table.networks = networks.iter().filter_map(|id| self.networks.get(*id)).cloned().collect();
        let removed = self.networks.gone(revision).filter(|id| before.contains(id));
        table.networks_gone = before.difference(now).copied().chain(removed).collect();
        if !alone {
            let others = self.peers.since(revision).filter(|(id, _)| *id != node);
            table.peers = others.map(|(_, peer)| *peer).collect();
            table.peers_gone = self.peers.gone(revision).filter(|id| *id != node).collect();
        }
    }

    fn is_told(&self, service: ServiceId, networks: &BTreeSet<NetworkId>) -> bool {
        self.audiences.get(service).is_some_and(|audience| audience.includes(networks))
    }
}

fn says_anything(table: &EndpointTable) -> bool {
    !(table.services.is_empty()
        && table.services_gone.is_empty()
        && table.networks.is_empty()
        && table.networks_gone.is_empty()
        && table.peers.is_empty()
        && table.peers_gone.is_empty())
}

impl Touched {
    fn note(&mut self, event: &Event) {
        match (&event.before, &event.after) {
            (Some(Object::Task(before)), Some(Object::Task(after)))
                if !is_reached(before) && !is_reached(after) => {}
            (Some(Object::Task(task)), _) | (None, Some(Object::Task(task))) => {
                self.services.insert(task.service);
            }
            (Some(Object::Service(service)), _) | (None, Some(Object::Service(service))) => {
                self.services.insert(service.id);
            }
            (Some(Object::Attachment(own)), _) | (None, Some(Object::Attachment(own))) => {
                self.services.insert(attached_id(own.id));
            }
            (Some(Object::Network(network)), _) | (None, Some(Object::Network(network))) => {
                self.networks.insert(network.id);
            }
            (Some(Object::Node(node)), _) | (None, Some(Object::Node(node))) => {
                self.nodes.insert(node.id);
            }
            (_, Some(Object::Cluster(_))) => self.cluster = true,
            _ => {}
        }
    }
}

/// Whether the task may be a backend.
fn is_reached(task: &Task) -> bool {
    task.status.state == TaskState::Running
}
