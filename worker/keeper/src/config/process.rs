//! A process of a container: its first one, or one run in it later.

use serde::{Deserialize, Serialize};

/// What is run, as whom, with which rights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessConfig {
    /// Command and arguments; a command without `/` is looked for in the container's `PATH`.
    pub args: Vec<String>,
    /// `NAME=value`. `PATH`, `HOME` (and `HOSTNAME`, and `TERM` with a terminal) get Docker's values if missing.
    pub env: Vec<String>,
    /// Working directory, made if missing; empty: `/`.
    pub cwd: String,
    /// `name`, `uid`, `name:group`, `uid:gid`, looked up inside the container; empty: root.
    pub user: String,
    /// More groups, by name or number.
    pub additional_groups: Vec<String>,
    /// Whether the process gets a terminal (its output is then all `stdout`).
    pub terminal: bool,
    /// Whether standard input stays open for Attach; otherwise it is `/dev/null`.
    pub stdin_open: bool,
    /// Capabilities.
    pub capabilities: Capabilities,
    /// Whether set-user-ID programs give nothing.
    pub no_new_privileges: bool,
    /// Limits of the process.
    pub rlimits: Vec<Rlimit>,
    /// File mode creation mask; `None`: 022.
    pub umask: Option<u32>,
    /// Preference of the kernel when memory is short, -1000 to 1000.
    pub oom_score_adj: Option<i32>,
    /// Whether a small first process passes signals on to it and adopts orphans (of a container's own process).
    pub init: bool,
}

impl ProcessConfig {
    /// `args` as root with the default capabilities.
    pub fn new<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        Self { args: args.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Capabilities relative to the default set; names with or without `CAP_`, `ALL` for every one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Added to the default ones.
    pub add: Vec<String>,
    /// Taken away (`ALL`: only what `add` names stays).
    pub drop: Vec<String>,
    /// Every capability the keeper has, no matter what `add` and `drop` say.
    pub privileged: bool,
}

/// A limit of setrlimit(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    /// Name without `RLIMIT_`, in any case: `nofile`.
    pub name: String,
    /// What holds at first; `u64::MAX`: no limit.
    pub soft: u64,
    /// How far the process may raise it; `u64::MAX`: no limit.
    pub hard: u64,
}
