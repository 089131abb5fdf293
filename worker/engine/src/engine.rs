use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_durable::Database;
use skep_image::ImageStore;
use skep_keeper::protocol::Record;
use skep_model::{GenericResource, Labels};
use skep_network::{Network, namespace_of, upstreams_of_host};
use skep_runtime::{Env, Latest};
use tokio::sync::Semaphore;

use crate::container::{Container, ContainerInfo, ContainerState, Phase};
use crate::contents::Contents;
use crate::descriptors::KeeperStore;
use crate::directory::{Directories, StoredContainer};
use crate::error::EngineError;
use crate::event::{EngineEvent, EngineEvents};
use crate::exits;
use crate::keeper::{Keeper, KeeperOptions};
use crate::logs::{LogLines, LogRequest};
use crate::places::{self, KnownNetworks};
use crate::plain::LocalAddresses;
use crate::registry::Registry;
use crate::volumes::Volumes;

/// Containers that are made at the same time: more would only wait for the same CPUs.
const MADE_AT_ONCE: usize = 4;
/// Largest packet on the containers' links; hosts' links of 1500 bytes leave room for the tunnel's 50.
const MTU_BYTES: u32 = 1450;

/// What an engine needs.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Time and random numbers.
    pub env: Env,
    /// The node's images.
    pub images: ImageStore,
    /// Where containers' files are.
    pub data_root: PathBuf,
    /// Where sockets and state are that a restart of the machine may lose.
    pub exec_root: PathBuf,
    /// The program that is run as `keeper`.
    pub binary: PathBuf,
    /// Tells this daemon's cgroups from another daemon's on the same machine.
    pub instance: String,
    /// The daemon's labels.
    pub labels: Labels,
    /// The node's database.
    pub database: Database,
    /// What the operator says that the node has.
    pub generic: Vec<GenericResource>,
    /// Where it says what happens.
    pub events: EngineEvents,
}

/// The containers of this node.
#[derive(Debug)]
pub struct Engine {
    pub(crate) env: Env,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) images: ImageStore,
    pub(crate) network: Network,
    pub(crate) registry: Registry,
    pub(crate) directories: Directories,
    pub(crate) data_root: PathBuf,
    pub(crate) making: Semaphore,
    pub(crate) cgroup_parent: String,
    pub(crate) labels: Labels,
    pub(crate) generic: Vec<GenericResource>,
    pub(crate) search: String,
    pub(crate) volumes: Volumes,
    pub(crate) contents: Contents,
    known_networks: Mutex<KnownNetworks>,
    local_addresses: Mutex<LocalAddresses>,
    /// Counts the ends of attachments.
    attachments: Latest<u64>,
    pub(crate) events: EngineEvents,
}

impl Engine {
    /// Finds the keeper (or starts it), the containers that run, and their network.
    ///
    /// # Errors
    /// When the keeper, the network or the disk cannot be used.
    pub async fn open(options: EngineOptions) -> Result<Arc<Self>, EngineError> {
        let EngineOptions {
            env,
            images,
            data_root,
            exec_root,
            binary,
            instance,
            labels,
            database,
            generic,
            events,
        } = options;
        std::fs::create_dir_all(&exec_root)
            .map_err(EngineError::file(format!("create {}", exec_root.display())))?;
        let cgroup_parent = format!("skep/{instance}");
        let directory = exec_root.clone();
        let keeper = KeeperOptions { binary, directory, cgroup_parent: cgroup_parent.clone() };
        let keeper = Arc::new(Keeper::new(keeper));
        let records = keeper.call(|client| client.list()).await?;
        let store = Arc::new(KeeperStore { keeper: Arc::clone(&keeper) });
        let network = skep_network::Options {
            directory: exec_root.join("network"),
            dns_upstreams: upstreams_of_host(),
            mtu: MTU_BYTES,
            descriptors: store,
        };
        let engine = Arc::new(Self {
            network: Network::open(network).await?,
            directories: Directories::open(data_root.join("containers"))?,
            volumes: Volumes::open(data_root.join("volumes"), &database)?,
            contents: Contents::new(exec_root.join("contents")),
            data_root,
            registry: Registry::default(),
            making: Semaphore::new(MADE_AT_ONCE),
            search: search_of_host(),
            known_networks: Mutex::default(),
            local_addresses: Mutex::default(),
            attachments: Latest::new(0),
            events,
            env,
            keeper,
            images,
            cgroup_parent,
            labels,
            generic,
        });
        engine.adopt(&records).await?;
        let there = engine.registry.all().iter().map(|container| container.info.id.clone()).collect();
        engine.contents.sweep(&there)?;
        exits::start(&engine, Arc::clone(&engine.keeper)).map_err(EngineError::file("start a thread"))?;
        Ok(engine)
    }

    /// Whether containers of this host have IPv6.
    pub fn has_ipv6(&self) -> bool {
        self.network.has_ipv6()
    }

    /// All containers, by id.
    pub fn containers(&self) -> Vec<Arc<Container>> {
        self.registry
            .all()
            .into_iter()
            .filter(|container| container.state.get().phase > Phase::Making)
            .collect()
    }

    /// A container by id, name or unique start of its id.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn container(&self, reference: &str) -> Result<Arc<Container>, EngineError> {
        self.registry.find(reference)
    }

    /// Reads a container's log.
    ///
    /// # Errors
    /// When there is no such container, or its log cannot be read.
    pub async fn logs(&self, id: &str, request: LogRequest) -> Result<LogLines, EngineError> {
        let container = self.registry.find(id)?;
        if !container.info.logs {
            return Err(EngineError::State("configured logging driver does not support reading".into()));
        }
        let path = self.log_path(&container.info.id);
        LogLines::open(path, container, request).await
    }

    /// Where a container's log is.
    pub fn log_path(&self, id: &str) -> PathBuf {
        self.directories.of(id).path("container.log")
    }

    /// Whether a container uses the image, and which.
    pub fn image_user(&self, image_id: &str) -> Option<String> {
        let using = |container: &Arc<Container>| container.info.image_id == image_id;
        self.registry
            .all()
            .iter()
            .find(|container| using(container))
            .map(|container| container.info.id.clone())
    }

    /// Removes every container, the keeper, and all of the network: the host is as it was. The engine is of no use after.
    ///
    /// # Errors
    /// The first thing that could not be removed; the rest is.
    pub async fn wipe(self: &Arc<Self>) -> Result<(), EngineError> {
        let mut first: Result<(), EngineError> = Ok(());
        for container in self.registry.all() {
            let _turn = container.turn.lock().await;
            let removed = self.destroy(&container.info.id).await;
            first = first.and(removed);
        }
        let closed = self.network.close().await.map_err(EngineError::from);
        first = first.and(closed);
        let stopped = self.keeper.retire().await;
        first.and(stopped)
    }

    /// Ends the keeper and takes the network down if no container is left; otherwise all of it runs on.
    ///
    /// # Errors
    /// When something cannot be taken down.
    pub async fn retire(&self) -> Result<(), EngineError> {
        let running = |container: &Arc<Container>| match container.state.get().phase {
            Phase::Exited => false,
            Phase::Running => true,
            Phase::Making | Phase::Created => container.info.plain.is_none(),
        };
        if self.registry.all().iter().any(running) {
            return Ok(());
        }
        self.network.close().await?;
        self.keeper.retire().await
    }

    pub(crate) fn networks(&self) -> MutexGuard<'_, KnownNetworks> {
        self.known_networks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the container if it runs, and removes all of it.
    pub(crate) async fn destroy(self: &Arc<Self>, id: &str) -> Result<(), EngineError> {
        let (name, directory) = (id.to_owned(), self.directories.of(id));
        let deleted = self.keeper.call(move |client| client.delete(&name, true)).await;
        ignore_missing(deleted)?;
        self.network.detach(id).await?;
        let (engine, name) = (Arc::clone(self), id.to_owned());
        let removed = tokio::task::spawn_blocking(move || {
            directory.remove()?;
            engine.contents.remove(&name)
        });
        removed.await.map_err(|_| EngineError::Stopped)??;
        if let Some(container) = self.registry.remove(id) {
            container.state.update(|state| state.removed = true);
            self.announce("destroy", &container);
            self.local_addresses().set(&container.info.networks, false);
            self.leave_volumes(&container.info).await?;
            if container.info.plain.as_ref().is_some_and(|plain| plain.attachment.is_some()) {
                self.attachments_changed();
            }
        }
        Ok(())
    }

    /// An attachment of this node came to its end, or may have been made in vain.
    pub fn attachments_changed(&self) {
        self.attachments.update(|count| *count += 1);
    }

    /// Counts the ends of attachments; to be waited for.
    pub fn ended_attachments(&self) -> Latest<u64> {
        self.attachments.clone()
    }

    pub(crate) fn local_addresses(&self) -> MutexGuard<'_, LocalAddresses> {
        self.local_addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A container ended: the record says how. Called by the thread that reads the keeper's events.
    pub(crate) fn exited(self: &Arc<Self>, record: &Record) {
        let Some(container) = self.registry.get(&record.id) else { return };
        self.note_end(&container, ContainerState::of(record));
        let engine = Arc::clone(self);
        self.env.spawn("tidy", async move { engine.tidy(&container).await }).detach();
    }

    /// Brings what is known in line with what the keeper has.
    pub(crate) fn reconcile(self: &Arc<Self>, records: &[Record]) {
        let now = self.env.now().as_nanos();
        for container in self.registry.all() {
            let state = container.state.get();
            // The keeper has a plain container only from its start on.
            let at_keeper = state.phase == Phase::Running
                || (state.phase == Phase::Created && container.info.plain.is_none());
            if !at_keeper {
                continue;
            }
            if !records.iter().any(|record| record.id == container.info.id) {
                self.note_end(&container, state.lost(now));
            }
        }
        for record in records.iter().filter(|record| self.registry.get(&record.id).is_none()) {
            let (engine, id) = (Arc::clone(self), record.id.clone());
            tracing::info!(container = id, "nobody knows this container; it is removed");
            let remove = async move {
                if let Err(error) = engine.destroy(&id).await {
                    tracing::warn!(container = id, %error, "an unknown container was not removed");
                }
            };
            self.env.spawn("unknown", remove).detach();
        }
    }

    pub(crate) fn announce(&self, action: &'static str, container: &Container) {
        let mut attributes: BTreeMap<String, String> = container.info.labels.clone();
        attributes.insert("image".into(), container.info.image.clone());
        attributes.insert("name".into(), container.info.name.clone());
        if let Some(code) = container.state.get().exit_code {
            attributes.insert("exitCode".into(), code.to_string());
        }
        let id = container.info.id.clone();
        let event =
            EngineEvent { kind: "container", action, id, attributes, at_ns: self.env.now().as_nanos() };
        self.events.announce(event);
    }

    fn note_end(&self, container: &Container, state: ContainerState) {
        if container.state.get().phase == Phase::Exited {
            return;
        }
        let stored = StoredContainer { info: container.info.clone(), ended: Some(state.clone()) };
        if let Err(error) = self.directories.of(&container.info.id).write(&stored) {
            tracing::warn!(%error, "how a container ended is not on disk");
        }
        let oom = state.oom_killed;
        container.state.set(state);
        if oom {
            self.announce("oom", container);
        }
        self.announce("die", container);
    }

    /// Takes over what a former daemon left.
    async fn adopt(self: &Arc<Self>, records: &[Record]) -> Result<(), EngineError> {
        let (mut live, mut rest) = (BTreeSet::new(), Vec::new());
        let now = self.env.now().as_nanos();
        for StoredContainer { info, ended } in self.directories.load()? {
            let record = records.iter().find(|record| record.id == info.id);
            let (state, end) = found(&info, ended, record, now);
            let container = self.registry.insert(info, state);
            if let Some(end) = end {
                self.note_end(&container, end);
            }
            let pid = container.state.get().pid.and_then(|pid| i32::try_from(pid).ok());
            let Some(pid) = pid else {
                rest.push(container);
                continue;
            };
            self.local_addresses().set(&container.info.networks, true);
            if container.state.get().phase == Phase::Running {
                self.watch_health(&container, true);
            }
            let id = container.info.id.clone();
            match self.readopt(&container, pid).await {
                Ok(()) => drop(live.insert(id)),
                Err(error) => tracing::warn!(container = id, %error, "its network was not found again"),
            }
        }
        self.network.collect(&live).await?;
        for container in rest.iter().filter(|container| container.info.plain.is_some()) {
            self.settle_plain(container).await;
        }
        Ok(())
    }

    async fn readopt(&self, container: &Container, pid: i32) -> Result<(), EngineError> {
        if container.info.on_host_network() {
            return Ok(());
        }
        let attachment = places::attachment(&container.info, namespace_of(pid)?);
        self.network.readopt(attachment).await?;
        Ok(())
    }
}

/// How a former daemon's container is now, and its end, if it came while no daemon ran.
fn found(
    info: &ContainerInfo,
    ended: Option<ContainerState>,
    record: Option<&Record>,
    now_ns: u64,
) -> (ContainerState, Option<ContainerState>) {
    let running = ContainerState { phase: Phase::Running, ..ContainerState::default() };
    let created = || ContainerState { phase: Phase::Created, ..ContainerState::default() };
    match (ended, record.map(ContainerState::of)) {
        (Some(ended), _) => (ended, None),
        (None, Some(end)) if end.phase == Phase::Exited => (running, Some(end)),
        // A start that a former daemon did not finish is none.
        (None, Some(state)) if info.plain.is_some() && state.phase != Phase::Running => (created(), None),
        (None, Some(state)) => (state, None),
        (None, None) if info.plain.as_ref().is_some_and(|plain| !plain.started) => (created(), None),
        (None, None) => (running.clone(), Some(running.lost(now_ns))),
    }
}

/// A container that is not there is as good as removed.
pub(crate) fn ignore_missing(result: Result<(), EngineError>) -> Result<(), EngineError> {
    match result {
        Err(EngineError::Keeper(skep_keeper::Error::Refused(failure)))
            if failure.kind == skep_keeper::FailureKind::NotFound =>
        {
            Ok(())
        }
        other => other,
    }
}

/// The host's search domains, which containers get too.
fn search_of_host() -> String {
    let file = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    file.lines().find_map(|line| line.strip_prefix("search ")).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use skep_keeper::config::{ContainerConfig, LogConfig, ProcessConfig, RootFs};
    use skep_keeper::protocol::Status;

    use super::*;
    use crate::plain::{Plain, StoredNetwork};

    fn info(started: Option<bool>) -> ContainerInfo {
        let none = PathBuf::new;
        let root = RootFs { lower: Vec::new(), upper: none(), work: none(), readonly: false };
        let log = LogConfig { path: none(), size_max_bytes: 0, files_max: 1 };
        let plain = started.map(|started| {
            Box::new(Plain {
                config: ContainerConfig::new("one", root, ProcessConfig::new(["true"]), log),
                network: StoredNetwork::Bridge,
                ports: Vec::new(),
                auto_remove: false,
                started,
                attachment: None,
            })
        });
        ContainerInfo { plain, ..ContainerInfo::default() }
    }

    fn record(status: Status) -> Record {
        Record {
            id: "one".into(),
            pid: 7,
            status,
            created_ns: 1,
            started_ns: Some(2),
            finished_ns: None,
            exit_code: Some(3),
            signal: None,
            oom_killed: false,
            error: None,
            warnings: Vec::new(),
            cgroup: String::new(),
            log_bytes_lost: 0,
        }
    }

    #[test]
    fn what_a_former_daemon_left_is_known() {
        let known = |started, status: Option<Status>| {
            let (state, end) = found(&info(started), None, status.map(record).as_ref(), 9);
            (state.phase, end.and_then(|end| end.exit_code))
        };
        for started in [None, Some(true)] {
            assert_eq!(known(started, Some(Status::Running)), (Phase::Running, None));
            assert_eq!(known(started, Some(Status::Exited)), (Phase::Running, Some(3)));
            assert_eq!(known(started, None), (Phase::Running, Some(137)), "it was killed with its keeper");
        }
        assert_eq!(known(None, Some(Status::Created)), (Phase::Created, None));
        assert_eq!(known(Some(false), None), (Phase::Created, None), "a plain one may not have been started");
        let (state, end) = found(&info(Some(true)), None, Some(&record(Status::Created)), 9);
        assert_eq!((state.phase, state.pid, end), (Phase::Created, None, None), "half a start is none");
        let ended = ContainerState { phase: Phase::Exited, exit_code: Some(5), ..ContainerState::default() };
        assert_eq!(found(&info(Some(true)), Some(ended.clone()), None, 9), (ended, None));
    }
}
