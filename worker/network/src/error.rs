//! What can go wrong with a host's network.

use std::io;
use std::net::SocketAddrV4;

use nix::errno::Errno;

use crate::PortInUse;

/// The result of this crate's calls.
pub type Result<T> = std::result::Result<T, NetworkError>;

/// A failure of the host's network; the text is for the person who reads it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A netlink socket could not be made or used.
    #[error("netlink: cannot {action}: {source}; is CAP_NET_ADMIN there?")]
    Netlink {
        /// What was tried.
        action: &'static str,
        /// The kernel's word.
        source: Errno,
    },
    /// The kernel refused one message.
    #[error("the kernel refused to {action}: {source}")]
    Refused {
        /// What the refused message was to do.
        action: String,
        /// The kernel's word.
        source: Errno,
    },
    /// The kernel answered with something that cannot be read.
    #[error("the kernel's answer to `{action}` makes no sense")]
    Answer {
        /// What was asked.
        action: String,
    },
    /// A namespace could not be entered.
    #[error("cannot enter the network namespace: {source}; has the container ended?")]
    Namespace {
        /// The reason.
        source: io::Error,
    },
    /// A file of the kernel's settings or of our state could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// Read, write or remove.
        action: &'static str,
        /// Which file.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// A socket for a container's DNS could not be made.
    #[error("cannot open the DNS listener of container {container}: {source}")]
    Listener {
        /// The container's id.
        container: String,
        /// The reason.
        source: io::Error,
    },
    /// A container's id cannot name a file.
    #[error("`{0}` is no container id: letters, digits, `-`, `_` and `.` only")]
    Container(String),
    /// The socket for encrypted networks could not be had.
    #[error("cannot exchange packets of encrypted networks at {at} (UDP): {source}")]
    Sealed {
        /// This host's address, and the port.
        at: SocketAddrV4,
        /// The reason.
        source: io::Error,
    },
    /// Another process has a port that the container wants.
    #[error(transparent)]
    Port(#[from] PortInUse),
    /// A table that only says what is different came first.
    #[error("there is no endpoint table that version {0} could change")]
    NothingToChange(u64),
    /// The network was closed, or its thread has ended.
    #[error("the network is closed")]
    Closed,
}
