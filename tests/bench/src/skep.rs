use anyhow::Result;
use skep_harness::Host;

use crate::daemon::{Daemon, Start};
use crate::group::Group;

/// Our daemon on a host of its own, as `skep daemon` starts it, without debug messages.
pub(crate) fn start() -> Result<Daemon> {
    let host = Host::new();
    let mut command = host.command();
    // Said as arguments, so that the harness finds its processes by their command lines.
    command.arg("daemon").arg("--data-root").arg(host.path("data")).arg("--exec-root").arg(host.path("run"));
    let (socket, log) = (host.socket(), host.path("daemon.log"));
    let group = Group::new("skep")?;
    Daemon::start(Start { name: "Skep", command, socket, log, group, place: Box::new(host) })
}
