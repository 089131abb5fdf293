//! What users ask of one node for as long as they watch: logs, commands in containers.

use crate::{CallId, Hook, TaskId};

/// Asks a node for something that goes on for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum NodeCall {
    /// The log of a task's container.
    Logs(TaskId, LogQuery),
    /// A command in a task's container.
    Exec(TaskId, ExecSpec),
}

/// A call as its node hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct AskedCall {
    /// Names it.
    pub id: CallId,
    /// What is asked for.
    pub call: NodeCall,
}

/// Which lines of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct LogQuery {
    /// Not older than this, nanoseconds since the epoch; 0 for all.
    pub since_ns: u64,
    /// Not newer than this; 0 for all.
    pub until_ns: u64,
    /// Only this many of the last ones.
    pub tail: Option<u64>,
    /// Wait for more while the container runs.
    pub follow: bool,
}

/// A command in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ExecSpec {
    /// What is run, as whom and where.
    pub command: Hook,
    /// True when it has a terminal.
    pub tty: bool,
    /// True when it reads what is sent to it.
    pub stdin: bool,
}

/// A piece of what goes to and fro in a call. What comes from the node ends with `Exit`, `Failed`, or of a log with nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum CallPiece {
    /// The node is at it.
    Begun,
    /// A line of a log.
    Line {
        /// When it was written, nanoseconds since the epoch.
        at_ns: u64,
        /// True when it was written to the standard error.
        stderr: bool,
        /// The line with its end.
        text: Vec<u8>,
    },
    /// What a command writes.
    Output {
        /// True when it was written to the standard error.
        stderr: bool,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// What a command reads.
    Input(Vec<u8>),
    /// It reads nothing more.
    InputEnd,
    /// The size of its terminal.
    Resize {
        /// Lines.
        rows: u16,
        /// Characters in a line.
        columns: u16,
    },
    /// How it ended.
    Exit(i32),
    /// It could not be done.
    Failed {
        /// True when there is no such container on the node.
        missing: bool,
        /// Why.
        reason: String,
    },
}
