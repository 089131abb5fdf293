//! The messages.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::config::{ContainerConfig, ProcessConfig, Resources};
use crate::log::Stream;

/// What a client asks. Postcard numbers the variants: add new ones at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// First message of every connection.
    Hello {
        /// The client's [`super::VERSION`].
        version: u32,
    },
    /// Makes a container up to just before its command. Answer: `Created`.
    Create(Box<ContainerConfig>),
    /// Runs the command. Answer: `Done` once it runs.
    Start {
        /// Container.
        id: String,
    },
    /// Sends a signal.
    Kill {
        /// Container.
        id: String,
        /// Number of the signal.
        signal: i32,
        /// To every process, not only to the first.
        all: bool,
    },
    /// Stops all processes where they are.
    Pause {
        /// Container.
        id: String,
    },
    /// Lets them go on.
    Resume {
        /// Container.
        id: String,
    },
    /// Runs another process. Without a terminal three descriptors may come along (standard input, output, error);
    /// with one, the answer `ExecStarted` brings its keeper side.
    Exec {
        /// Container.
        id: String,
        /// What to run.
        process: Box<ProcessConfig>,
    },
    /// Waits for the end of an exec. Answer: `ExecExited`; each is told once.
    WaitExec {
        /// Number from `ExecStarted`.
        exec: u64,
    },
    /// Sends a signal to an exec's process.
    KillExec {
        /// Number from `ExecStarted`.
        exec: u64,
        /// Number of the signal.
        signal: i32,
    },
    /// Sets the size of a container's terminal.
    Resize {
        /// Container.
        id: String,
        /// Lines.
        rows: u16,
        /// Characters per line.
        columns: u16,
    },
    /// Changes limits.
    Update {
        /// Container.
        id: String,
        /// The limits to change.
        resources: Box<Resources>,
    },
    /// Forgets a container that has ended, or with `force` kills it first.
    Delete {
        /// Container.
        id: String,
        /// Kill it if it runs.
        force: bool,
    },
    /// All records.
    List,
    /// One record.
    Inspect {
        /// Container.
        id: String,
    },
    /// Makes this connection a stream of events, beginning with those containers that have already ended.
    Subscribe,
    /// Keeps the descriptors that come along under a name, in place of any kept before.
    HoldDescriptors {
        /// Name.
        name: String,
    },
    /// Answer `Descriptors` brings copies of those kept.
    TakeDescriptors {
        /// Name.
        name: String,
    },
    /// Closes those kept; none is no error.
    DropDescriptors {
        /// Name.
        name: String,
    },
    /// Closes and opens a container's log file.
    ReopenLog {
        /// Container.
        id: String,
    },
    /// Makes this connection carry a container's output (events) and input (`Input`, `CloseInput`).
    Attach {
        /// Container.
        id: String,
    },
    /// Bytes for the standard input of the attached container; no answer.
    Input(Vec<u8>),
    /// End of the attached container's standard input; no answer.
    CloseInput,
    /// The keeper becomes the program at this path and keeps everything.
    Upgrade {
        /// Absolute path of the new binary.
        binary: PathBuf,
    },
    /// Ends the keeper. Refused while containers run, unless forced: then it kills and removes all.
    Shutdown {
        /// Kill what runs.
        force: bool,
    },
}

/// What the keeper answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Answer {
    /// To `Hello`.
    Hello {
        /// The keeper's version.
        version: u32,
        /// Its process id.
        pid: i32,
    },
    /// Done as asked.
    Done,
    /// To `Create`.
    Created {
        /// Process id on the node of the container's first process.
        pid: i32,
    },
    /// To `Exec`.
    ExecStarted {
        /// Number for `WaitExec` and `KillExec`.
        exec: u64,
        /// Process id on the node.
        pid: i32,
    },
    /// To `WaitExec`.
    ExecExited(ExecExit),
    /// To `List` and `Inspect`.
    Records(Vec<Record>),
    /// To `TakeDescriptors`; the descriptors come along.
    Descriptors,
    /// On a connection that subscribed or attached.
    Event(Event),
    /// Not done, and why.
    Refused(Failure),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A container ended; all its output is in the log.
    Exited(Record),
    /// An exec ended.
    ExecExited(ExecExit),
    /// Output of the attached container.
    Output {
        /// Which.
        stream: Stream,
        /// What.
        bytes: Vec<u8>,
    },
}

/// How an exec ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecExit {
    /// Container.
    pub id: String,
    /// Number of the exec.
    pub exec: u64,
    /// Exit code; 128 + signal if a signal ended it.
    pub exit_code: i32,
}

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Being prepared; no answer to Create yet.
    Creating,
    /// Waits for Start.
    Created,
    /// Its command runs.
    Running,
    /// Stopped where it is.
    Paused,
    /// Ended.
    Exited,
}

/// What the keeper knows about a container; kept until Delete. Times are wall-clock nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Container.
    pub id: String,
    /// Process id on the node of the first process; after the end it may mean another process.
    pub pid: i32,
    /// Where it is in its life.
    pub status: Status,
    /// When it was created.
    pub created_ns: u64,
    /// When its command began.
    pub started_ns: Option<u64>,
    /// When it ended.
    pub finished_ns: Option<u64>,
    /// Exit code; 128 + signal if a signal ended it.
    pub exit_code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Whether the kernel killed one of its processes for want of memory.
    pub oom_killed: bool,
    /// Why its command did not run.
    pub error: Option<Failure>,
    /// What was asked for and could not be had.
    pub warnings: Vec<String>,
    /// Path of its control groups, for [`crate::runtime::stats`].
    pub cgroup: String,
    /// Bytes of output that could not be written to the log.
    pub log_bytes_lost: u64,
}
