//! A node without a machine, for tests of the API and of its clients.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use skep_model::{CallPiece, Diagnosis, Inquiry, NodeCall, NodeId, PlainSpec, Protocol, TaskId};
use skep_rest::{
    ContainerInspect, ContainerSummary, DeletedImage, Event, ImageInspect, ImageSummary, SwarmInit, SwarmJoin,
};
use skep_runtime::Line;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::error::{HostError, HostErrorKind};
use crate::facts::HostFacts;
use crate::host::{Console, Host, LogStream, SwarmState, Upload, WaitCondition};
use crate::log_line::{LogLine, LogOptions, LogOrigin};

/// Everything that the fake host answers with; tests change it as they like.
#[derive(Clone, Debug)]
pub struct FakeNode {
    /// What the machine is.
    pub facts: HostFacts,
    /// Its place in a swarm.
    pub swarm: SwarmState,
    /// Why reads of the swarm's state fail, if they do.
    pub barrier: Option<HostError>,
    /// What is wrong.
    pub diagnosis: Diagnosis,
    /// Ports that other processes use, and who.
    pub ports: BTreeMap<u16, String>,
    /// Its containers; one is inspected by what its summary says.
    pub containers: Vec<ContainerSummary>,
    /// Containers of tasks.
    pub tasks: BTreeMap<TaskId, String>,
    /// Logs by container.
    pub logs: BTreeMap<String, Vec<LogLine>>,
    /// What other nodes say when they are asked; those that are not here do not answer.
    pub others: BTreeMap<NodeId, Vec<CallPiece>>,
    /// Its images.
    pub images: Vec<ImageSummary>,
}

/// A node without a machine.
#[derive(Debug)]
pub struct FakeHost {
    node: Mutex<FakeNode>,
    events: broadcast::Sender<Event>,
    lines: broadcast::Sender<(String, LogLine)>,
}

impl Default for FakeHost {
    fn default() -> Self {
        let node = FakeNode {
            facts: HostFacts {
                hostname: "fake".into(),
                architecture: "x86_64".into(),
                ..HostFacts::default()
            },
            swarm: SwarmState::Inactive,
            barrier: None,
            diagnosis: Diagnosis::default(),
            ports: BTreeMap::new(),
            containers: Vec::new(),
            tasks: BTreeMap::new(),
            logs: BTreeMap::new(),
            others: BTreeMap::new(),
            images: Vec::new(),
        };
        Self { node: Mutex::new(node), events: broadcast::channel(1024).0, lines: broadcast::channel(1024).0 }
    }
}

impl FakeHost {
    /// What it answers with.
    pub fn node(&self) -> MutexGuard<'_, FakeNode> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody who listens.
    pub fn happens(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// A container writes a line; those that follow its log see it.
    pub fn writes(&self, container: &str, line: LogLine) {
        self.node().logs.entry(container.to_owned()).or_default().push(line.clone());
        let _ = self.lines.send((container.to_owned(), line));
    }

    /// Brings a container into a state; false when it was in it.
    fn turn(&self, reference: &str, state: &str) -> Result<bool, HostError> {
        let id = self.container(reference)?.id;
        let mut node = self.node();
        let Some(container) = node.containers.iter_mut().find(|container| container.id == id) else {
            return Ok(false);
        };
        let changed = container.state != state;
        container.state = state.into();
        Ok(changed)
    }

    fn image_named(&self, reference: &str) -> Result<ImageSummary, HostError> {
        let node = self.node();
        let fits = |image: &&ImageSummary| {
            image.id == reference || image.repo_tags.iter().any(|tag| tag == reference)
        };
        let found = node.images.iter().find(fits).cloned();
        found.ok_or_else(|| missing(format!("No such image: {reference}")))
    }
}

fn missing(message: String) -> HostError {
    HostError::new(HostErrorKind::NotFound, message)
}

async fn read(archive: Upload) -> Result<Vec<u8>, HostError> {
    let read: Result<Vec<Bytes>, _> = archive.try_collect().await;
    let read = read.map_err(|error| HostError::new(HostErrorKind::Invalid, error))?;
    Ok(read.concat())
}

#[async_trait]
impl Host for FakeHost {
    fn facts(&self) -> HostFacts {
        self.node().facts.clone()
    }

    fn swarm(&self) -> SwarmState {
        self.node().swarm.clone()
    }

    async fn swarm_init(&self, request: SwarmInit) -> Result<String, HostError> {
        match self.swarm() {
            SwarmState::Inactive => Ok(format!("node of {}", request.advertise_addr)),
            _ => Err(HostError::new(HostErrorKind::NotInSwarm, "This node is already part of a swarm.")),
        }
    }

    async fn swarm_join(&self, _request: SwarmJoin) -> Result<(), HostError> {
        Ok(())
    }

    async fn swarm_restore(&self, backup: Upload, _advertise: &str) -> Result<String, HostError> {
        Ok(format!("restored of {} bytes", read(backup).await?.len()))
    }

    async fn swarm_unlock(&self, key: String) -> Result<(), HostError> {
        let refused = |kind, text: &str| Err(HostError::new(kind, text));
        match self.swarm() {
            SwarmState::Locked if key == "SWMKEY-1-right" => {
                self.node().swarm = SwarmState::Inactive;
                Ok(())
            }
            SwarmState::Locked if key.starts_with("SWMKEY-1-") => {
                refused(HostErrorKind::Unauthorized, "swarm could not be unlocked: invalid key provided")
            }
            SwarmState::Locked => refused(HostErrorKind::Invalid, "invalid key string"),
            _ => refused(HostErrorKind::Conflict, "swarm is not locked"),
        }
    }

    async fn swarm_leave(&self, force: bool) -> Result<(), HostError> {
        if !force {
            return Err(HostError::new(HostErrorKind::NotInSwarm, "the last manager: leave with force"));
        }
        self.node().swarm = SwarmState::Inactive;
        Ok(())
    }

    async fn doctor(&self, _inquiry: Inquiry) -> Result<Diagnosis, HostError> {
        Ok(self.node().diagnosis.clone())
    }

    async fn read_barrier(&self) -> Result<(), HostError> {
        self.node().barrier.clone().map_or(Ok(()), Err)
    }

    fn port_in_use(&self, _protocol: Protocol, port: u16) -> Option<String> {
        self.node().ports.get(&port).cloned()
    }

    fn containers(&self) -> Vec<ContainerSummary> {
        self.node().containers.clone()
    }

    fn container(&self, reference: &str) -> Result<ContainerInspect, HostError> {
        let node = self.node();
        let fits = |container: &&ContainerSummary| {
            container.id.starts_with(reference) || container.names.iter().any(|name| &name[1..] == reference)
        };
        let found = node.containers.iter().find(fits);
        let found = found.ok_or_else(|| missing(format!("No such container: {reference}")))?;
        Ok(ContainerInspect {
            id: found.id.clone(),
            name: found.names.first().cloned().unwrap_or_default(),
            config: serde_json::json!({ "Tty": false, "Image": found.image }),
            ..ContainerInspect::default()
        })
    }

    async fn container_create(&self, name: Option<&str>, spec: &PlainSpec) -> Result<String, HostError> {
        let name = format!("/{}", name.unwrap_or("made"));
        let mut node = self.node();
        if node.containers.iter().any(|container| container.names.contains(&name)) {
            return Err(HostError::new(HostErrorKind::Conflict, format!("{name} is in use")));
        }
        let id = format!("id-of{}", name.replace('/', "-"));
        let made = ContainerSummary {
            id: id.clone(),
            names: vec![name],
            image: spec.container.image.clone(),
            state: "created".into(),
            ..ContainerSummary::default()
        };
        node.containers.push(made);
        Ok(id)
    }

    async fn container_start(&self, reference: &str) -> Result<bool, HostError> {
        self.turn(reference, "running")
    }

    async fn container_stop(&self, reference: &str, _grace: Option<Duration>) -> Result<bool, HostError> {
        self.turn(reference, "exited")
    }

    async fn container_restart(&self, reference: &str, _grace: Option<Duration>) -> Result<(), HostError> {
        self.turn(reference, "running").map(drop)
    }

    async fn container_kill(&self, reference: &str, _signal: &str) -> Result<(), HostError> {
        self.turn(reference, "exited").map(drop)
    }

    fn container_wait(
        &self,
        reference: &str,
        _condition: WaitCondition,
    ) -> Result<BoxFuture<'static, i32>, HostError> {
        self.container(reference)?;
        Ok(Box::pin(std::future::ready(7)))
    }

    async fn container_console(&self, reference: &str) -> Result<Console, HostError> {
        self.container(reference)?;
        // It writes what it reads.
        let (input, typed) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
        let echo = |mut typed: tokio::sync::mpsc::Receiver<Vec<u8>>| async move {
            typed.recv().await.map(|bytes| ((LogOrigin::Stdout, Bytes::from(bytes)), typed))
        };
        Ok(Console { output: stream::unfold(typed, echo).boxed(), input })
    }

    async fn container_resize(&self, reference: &str, _rows: u16, _columns: u16) -> Result<(), HostError> {
        self.container(reference).map(drop)
    }

    async fn container_remove(&self, reference: &str, force: bool) -> Result<(), HostError> {
        let id = self.container(reference)?.id;
        let mut node = self.node();
        if !force && node.containers.iter().any(|one| one.id == id && one.state == "running") {
            return Err(HostError::new(HostErrorKind::Conflict, "container is running"));
        }
        node.containers.retain(|container| container.id != id);
        Ok(())
    }

    async fn containers_prune(&self, wanted: Vec<String>) -> Result<Vec<String>, HostError> {
        let goes =
            |container: &ContainerSummary| container.state != "running" && wanted.contains(&container.id);
        let mut node = self.node();
        let gone = node.containers.iter().filter(|one| goes(one)).map(|one| one.id.clone()).collect();
        node.containers.retain(|container| !goes(container));
        Ok(gone)
    }

    fn task_container(&self, task: TaskId) -> Option<String> {
        self.node().tasks.get(&task).cloned()
    }

    async fn container_logs(&self, reference: &str, options: LogOptions) -> Result<LogStream, HostError> {
        // Before the lines are taken, or one between would be missed.
        let mut later = BroadcastStream::new(self.lines.subscribe());
        let mut lines = self.node().logs.get(reference).cloned().unwrap_or_default();
        lines.retain(|line| {
            line.at_ns >= options.since_ns && (options.until_ns == 0 || line.at_ns <= options.until_ns)
        });
        let tail = options.tail.and_then(|tail| usize::try_from(tail).ok()).unwrap_or(lines.len());
        let kept = lines.split_off(lines.len().saturating_sub(tail));
        let past = stream::iter(kept.into_iter().map(Ok));
        if !options.follow {
            return Ok(past.boxed());
        }
        let own = reference.to_owned();
        let later = stream::poll_fn(move |context| later.poll_next_unpin(context)).filter_map(move |line| {
            let line = line.ok().filter(|(container, _)| *container == own).map(|(_, line)| Ok(line));
            std::future::ready(line)
        });
        Ok(past.chain(later).boxed())
    }

    async fn node_call(&self, node: NodeId, _call: NodeCall) -> Result<Line<CallPiece>, HostError> {
        let says = self.node().others.get(&node).cloned();
        let says = says.ok_or_else(|| HostError::new(HostErrorKind::Unavailable, "it does not answer"))?;
        let (own, there) = Line::new(says.len() + 1);
        for piece in says {
            let said = there.said.try_send(piece);
            said.map_err(|error| HostError::new(HostErrorKind::Internal, error))?;
        }
        Ok(own)
    }

    async fn images(&self) -> Result<Vec<ImageSummary>, HostError> {
        Ok(self.node().images.clone())
    }

    async fn image(&self, reference: &str) -> Result<ImageInspect, HostError> {
        let found = self.image_named(reference)?;
        Ok(ImageInspect { id: found.id, repo_tags: found.repo_tags, ..ImageInspect::default() })
    }

    async fn image_tag(&self, source: &str, target: &str) -> Result<(), HostError> {
        let found = self.image_named(source)?;
        let mut node = self.node();
        let image = node.images.iter_mut().find(|image| image.id == found.id);
        image.into_iter().for_each(|image| image.repo_tags.push(target.to_owned()));
        Ok(())
    }

    async fn image_remove(&self, reference: &str, force: bool) -> Result<Vec<DeletedImage>, HostError> {
        let found = self.image_named(reference)?;
        if !force && self.containers().iter().any(|container| container.image_id == found.id) {
            return Err(HostError::new(HostErrorKind::Conflict, "a container uses the image"));
        }
        self.node().images.retain(|image| image.id != found.id);
        Ok(vec![DeletedImage { untagged: Some(reference.to_owned()), deleted: None }])
    }

    async fn image_load(&self, archive: Upload) -> Result<Vec<String>, HostError> {
        let text = String::from_utf8(read(archive).await?);
        let text = text.map_err(|error| HostError::new(HostErrorKind::Invalid, error))?;
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    async fn image_import(
        &self,
        archive: Upload,
        name: Option<&str>,
        changes: &[String],
    ) -> Result<String, HostError> {
        let bytes = read(archive).await?.len();
        Ok(format!("sha256:{bytes}-{}-{}", name.unwrap_or("none"), changes.join("+")))
    }

    fn events(&self) -> BoxStream<'static, Event> {
        BroadcastStream::new(self.events.subscribe())
            .filter_map(|event| std::future::ready(event.ok()))
            .boxed()
    }
}
