use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use skep_manager::ControlApi;
use skep_model::{CallPiece, Diagnosis, Inquiry, NodeCall, NodeId, PlainSpec, Protocol, TaskId};
use skep_rest::{
    ContainerInspect, ContainerSummary, DeletedImage, Event, ImageInspect, ImageSummary, SwarmInit, SwarmJoin,
};
use skep_runtime::Line;

use crate::error::HostError;
use crate::facts::HostFacts;
use crate::log_line::{LogLine, LogOptions, LogOrigin};

/// The body of a request, as it comes in.
pub type Upload = BoxStream<'static, std::io::Result<Bytes>>;
/// Lines of a log, oldest first.
pub type LogStream = BoxStream<'static, Result<LogLine, HostError>>;

/// The node behind the API.
#[async_trait]
pub trait Host: std::fmt::Debug + Send + Sync + 'static {
    /// What the machine and the daemon are.
    fn facts(&self) -> HostFacts;

    /// This node's place in a swarm.
    fn swarm(&self) -> SwarmState;

    /// Starts a swarm with this node as its first manager; answers with the node's id.
    ///
    /// # Errors
    /// When the node is in a swarm already, or an address or port cannot be used.
    async fn swarm_init(&self, request: SwarmInit) -> Result<String, HostError>;

    /// Joins a swarm.
    ///
    /// # Errors
    /// When the node is in a swarm already, no manager lets it in, or an address or port cannot be used.
    async fn swarm_join(&self, request: SwarmJoin) -> Result<(), HostError>;

    /// Makes this node the only manager of the swarm that a backup holds; answers with the node's id.
    ///
    /// # Errors
    /// When the node is in a swarm already, or the backup is none.
    async fn swarm_restore(&self, backup: Upload, advertise: &str) -> Result<String, HostError>;

    /// Lets a locked member go on with its swarm's unlock key.
    ///
    /// # Errors
    /// When the node is not locked, or the key is malformed or the wrong one; nothing has changed then.
    async fn swarm_unlock(&self, key: String) -> Result<(), HostError>;

    /// Leaves the swarm and removes every container of it. Without `force`, only where nothing is lost by it.
    ///
    /// # Errors
    /// When the node is in no swarm, or something is lost by it.
    async fn swarm_leave(&self, force: bool) -> Result<(), HostError>;

    /// Says what is wrong: has all nodes look at themselves and at each other, or asks what they noted, as `inquiry` says. Of a
    /// node that cannot ask managers, or is in no swarm, that host alone, of whose ways to others nothing is noted.
    ///
    /// # Errors
    /// When the daemon is shutting down.
    async fn doctor(&self, inquiry: Inquiry) -> Result<Diagnosis, HostError>;

    /// Waits until this manager's state holds everything that was acknowledged before the call.
    ///
    /// # Errors
    /// When no manager leads or no majority answers.
    async fn read_barrier(&self) -> Result<(), HostError>;

    /// Why the port of this host cannot be published, if another process uses it: who, and what to do.
    fn port_in_use(&self, protocol: Protocol, port: u16) -> Option<String>;

    /// Every container of this node, newest first; `status` is for people and up to date.
    fn containers(&self) -> Vec<ContainerSummary>;

    /// A container by id, unique start of its id, or name.
    ///
    /// # Errors
    /// When there is none, or several ids start so.
    fn container(&self, reference: &str) -> Result<ContainerInspect, HostError>;

    /// The id of the container that runs, or ran, the task on this node.
    fn task_container(&self, task: TaskId) -> Option<String>;

    /// Reads a container's log.
    ///
    /// # Errors
    /// When there is no such container, or its log cannot be read.
    async fn container_logs(&self, reference: &str, options: LogOptions) -> Result<LogStream, HostError>;

    /// Asks another node of the swarm for something that goes on for a while; gives the line to it once it is at it. Who drops the
    /// line ends the call.
    ///
    /// # Errors
    /// When the node cannot be asked, or says no: `NotFound` when it has no such container.
    async fn node_call(&self, node: NodeId, call: NodeCall) -> Result<Line<CallPiece>, HostError>;

    /// Makes a container that is no task's; answers with its id. It is not started.
    ///
    /// # Errors
    /// When the spec is wrong, the name is taken, there is no such image, or this node has no engine.
    async fn container_create(&self, name: Option<&str>, spec: &PlainSpec) -> Result<String, HostError>;

    /// Starts such a container, its places on networks first; false when it ran already.
    ///
    /// # Errors
    /// When there is no such container, a network or port is not to be had, or its command cannot be run.
    async fn container_start(&self, reference: &str) -> Result<bool, HostError>;

    /// Stops a container, within the grace period if one is given, else within its own; false when it did not run.
    ///
    /// # Errors
    /// When there is no such container, or it does not end.
    async fn container_stop(&self, reference: &str, grace: Option<Duration>) -> Result<bool, HostError>;

    /// Stops a container that is no task's, and starts it again.
    ///
    /// # Errors
    /// Those of both.
    async fn container_restart(&self, reference: &str, grace: Option<Duration>) -> Result<(), HostError>;

    /// Sends a signal to a container, SIGKILL if none is named.
    ///
    /// # Errors
    /// When there is no such container or signal, or it does not run.
    async fn container_kill(&self, reference: &str, signal: &str) -> Result<(), HostError>;

    /// What comes with a container's exit code when it has ended, or is gone.
    ///
    /// # Errors
    /// When there is no such container.
    fn container_wait(
        &self,
        reference: &str,
        condition: WaitCondition,
    ) -> Result<BoxFuture<'static, i32>, HostError>;

    /// Attaches to a container with a terminal or an open standard input: now if it runs, else with its next start.
    ///
    /// # Errors
    /// When there is no such container, or it has neither.
    async fn container_console(&self, reference: &str) -> Result<Console, HostError>;

    /// Sets the size of a container's terminal.
    ///
    /// # Errors
    /// When there is no such container, it does not run, or it has no terminal.
    async fn container_resize(&self, reference: &str, rows: u16, columns: u16) -> Result<(), HostError>;

    /// Removes a container that is no task's.
    ///
    /// # Errors
    /// When there is no such container, or it runs and `force` is not set.
    async fn container_remove(&self, reference: &str, force: bool) -> Result<(), HostError>;

    /// Removes those of these containers that are no task's and do not run; answers with their ids.
    ///
    /// # Errors
    /// When something of one of them stays.
    async fn containers_prune(&self, wanted: Vec<String>) -> Result<Vec<String>, HostError>;

    /// The node's images, newest first.
    ///
    /// # Errors
    /// When the image store cannot be read.
    async fn images(&self) -> Result<Vec<ImageSummary>, HostError>;

    /// An image by name, id or unique start of its id.
    ///
    /// # Errors
    /// When there is none.
    async fn image(&self, reference: &str) -> Result<ImageInspect, HostError>;

    /// Gives an image one more name.
    ///
    /// # Errors
    /// When there is no such image, or the name is malformed.
    async fn image_tag(&self, source: &str, target: &str) -> Result<(), HostError>;

    /// Takes a name from an image; its last name goes with its files.
    ///
    /// # Errors
    /// When there is no such image, or a container uses it and `force` is not set.
    async fn image_remove(&self, reference: &str, force: bool) -> Result<Vec<DeletedImage>, HostError>;

    /// Reads an archive of images (docker or OCI form); answers with the names, or ids, that were loaded.
    ///
    /// # Errors
    /// When the archive is damaged; nothing is kept of it then.
    async fn image_load(&self, archive: Upload) -> Result<Vec<String>, HostError>;

    /// Makes an image of a root file system's tar; answers with its id. `changes` are lines in Dockerfile form.
    ///
    /// # Errors
    /// When the archive or a change is wrong; nothing is kept of it then.
    async fn image_import(
        &self,
        archive: Upload,
        name: Option<&str>,
        changes: &[String],
    ) -> Result<String, HostError>;

    /// What happens on this node and, on managers, in the swarm, from now on.
    fn events(&self) -> BoxStream<'static, Event>;
}

/// Both ways to and from a container.
pub struct Console {
    /// What it writes, as it comes; ends with it.
    pub output: BoxStream<'static, (LogOrigin, Bytes)>,
    /// What it reads; dropping it is the end of its input.
    pub input: tokio::sync::mpsc::Sender<Vec<u8>>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Console").finish_non_exhaustive()
    }
}

/// What of a container is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCondition {
    /// That it does not run.
    NotRunning,
    /// Its next end.
    NextExit,
    /// That it is removed.
    Removed,
}

/// This node's place in a swarm.
#[derive(Clone, Debug)]
pub enum SwarmState {
    /// It is in none.
    Inactive,
    /// It is a member that is not ready yet.
    Starting(NodeId),
    /// It is a member that waits for its unlock key.
    Locked,
    /// It is a member that cannot work, and why.
    Error(NodeId, String),
    /// It is a member.
    Member(Box<Member>),
}

/// A member of a swarm.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its node id.
    pub node: NodeId,
    /// Its address for other members, without a port.
    pub address: String,
    /// Where its end of the tunnel to other nodes is.
    pub data_path: String,
    /// Where managers are reached, `address:port`.
    pub managers: Vec<String>,
    /// What users want done; on managers.
    pub control: Option<ControlApi>,
    /// The manager that leads, as far as it is known.
    pub leader: Option<NodeId>,
    /// The ids in Raft of the managers that have a vote, as far as this manager knows.
    pub voters: BTreeSet<u64>,
}
