//! The daemon: worker and, while its role says so, manager, behind the API's socket.
//!
//! ```text
//! daemon.rs        from options to a running node and back: sockets, signals, shutdown
//!   ├─ pidfile.rs, sockets.rs, places.rs   what a daemon has on its host
//!   ├─ process.rs   signals and the allocator
//!   └─ node.rs     outside a swarm, or a member of one
//!        ├─ membership.rs   what a member keeps on disk; keys/ what nobody else may know, and its lock
//!        ├─ member.rs       engine, manager and worker of a member, started and stopped together
//!        ├─ init.rs, join.rs, leave.rs   into a swarm and out of it
//!        ├─ follow.rs, certificate.rs   renews its certificate, becomes a manager or stops being one
//!        ├─ recover.rs, restore.rs   goes on without the other managers, or from a backup
//!        ├─ address.rs      where others reach this node
//!        └─ host/           the node as the API sees it
//! ```

mod address;
mod attachments;
mod certificate;
mod daemon;
mod error;
mod follow;
mod host;
mod init;
mod join;
mod keys;
mod leave;
mod member;
mod membership;
mod node;
mod old_log;
mod options;
mod pidfile;
mod places;
mod process;
mod recover;
mod restore;
mod sockets;

pub use daemon::run;
pub use error::DaemonError;
pub use options::DaemonOptions;
