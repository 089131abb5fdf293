use std::path::PathBuf;

use skep_model::GenericResource;

/// How a daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonOptions {
    /// Directory of what is kept.
    pub data_root: PathBuf,
    /// Directory of what a restart of the machine may lose.
    pub exec_root: PathBuf,
    /// Sockets to serve the API on, `unix:///path`.
    pub hosts: Vec<String>,
    /// File for the daemon's process id.
    pub pidfile: PathBuf,
    /// The daemon's labels, `key=value`.
    pub labels: Vec<String>,
    /// What the operator says that the node has.
    pub generic: Vec<GenericResource>,
    /// From which level on is logged.
    pub log_level: String,
    /// True when log lines are JSON objects.
    pub log_json: bool,
    /// True when debug messages are on, whatever the level.
    pub debug: bool,
}
