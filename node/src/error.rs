use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The daemon cannot start, or not go on.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// It needs root's rights.
    #[error("the daemon needs root's rights for namespaces, mounts and cgroups: start it with sudo")]
    NotRoot,
    /// An option is wrong.
    #[error("{0}")]
    Option(String),
    /// Another daemon has the pid file.
    #[error("another skep daemon (process {pid}) runs with the pid file {}; stop it, or give this one its own --pidfile, --exec-root and --data-root", path.display())]
    Running {
        /// The file.
        path: PathBuf,
        /// What it says.
        pid: String,
    },
    /// Another daemon has the socket.
    #[error("another daemon listens on {}; stop it, or give this one another socket with --host", path.display())]
    SocketInUse {
        /// The socket.
        path: PathBuf,
    },
    /// A file or directory cannot be used.
    #[error("{what}: {source}")]
    File {
        /// What was done, to which file.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The node's database cannot be used.
    #[error("the node's database: {0}")]
    Database(#[from] skep_durable::Error),
    /// The node's own records cannot be understood.
    #[error("the node's records in {} cannot be read ({reason}); they are of another version of skep, or damaged", path.display())]
    Records {
        /// The database's directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The member's keys cannot be used.
    #[error("{0}")]
    Keys(String),
    /// The image store cannot be used.
    #[error("the image store: {0}")]
    Images(#[from] skep_image::Error),
}

impl DaemonError {
    pub(crate) fn file(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let what = format!("{what} {}", path.display());
        move |source| Self::File { what, source }
    }
}
