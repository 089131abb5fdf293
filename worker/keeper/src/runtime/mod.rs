//! Making and running containers with plain kernel calls, behind one small trait.

mod channel;
mod exec;
mod fill;
mod finish;
mod init;
mod linux;
mod mounts;
mod overlay;
mod paths;
mod profile;
mod root;
mod seccomp;
mod spawn;
mod standard;
mod sys;
mod terminal;
mod traits;
mod user;

pub(crate) use channel::{Channel, Received, Report};
pub(crate) use finish::{environment, execute};
pub use linux::{LinuxRuntime, stats};
pub(crate) use profile::oci_seccomp;
pub(crate) use sys::{make_mount_readonly, reset_signals};
pub use traits::{Child, Place, Runtime, Stdio};
pub(crate) use user::{Identity, resolve_user};

pub use crate::cgroup::Statistics;
