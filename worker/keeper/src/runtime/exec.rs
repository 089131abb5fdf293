//! Another process in a running container: one process joins its groups and namespaces, and makes the one that runs
//! the command (a process only gets into a pid namespace by being born there).

use std::convert::Infallible;

use super::channel::{Channel, Report};
use super::finish::{self, Command};
use super::root::Root;
use super::spawn::{self, EXTRA};
use super::sys::{self, Side};
use super::{terminal, user};
use crate::cgroup::Group;
use crate::error::Step;
use crate::{Failure, FailureKind};

/// Joins the container behind the descriptor [`EXTRA`] and starts the command there.
pub(super) fn run(group: Group<'_>, command: &Command<'_>, channel: &Channel) -> Result<Infallible, Failure> {
    let system = FailureKind::System;
    finish::set_oom_score(command.process, channel);
    group.join_v1()?;
    // Until exec nothing inside the container may look into this process, which comes from outside.
    sys::prctl(libc::PR_SET_DUMPABLE, 0).step(system, || "prctl")?;
    let namespaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWCGROUP;
    sys::enter(sys::arranged(EXTRA), namespaces)
        .step(FailureKind::WrongState, || "entering the container (is it running?)")?;
    match sys::clone3(libc::CLONE_PARENT, None).step(system, || "starting a process (clone3)")? {
        Side::Parent(pid, _) => {
            channel.send(&Report::Process(pid), None);
            sys::exit_now(0)
        }
        Side::Child => spawn::run(channel, |channel| inside(command, channel)),
    }
}

fn inside(command: &Command<'_>, channel: &Channel) -> Result<Infallible, Failure> {
    let system = FailureKind::System;
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
        .step(system, || "parent death signal")?;
    rustix::process::setsid().step(system, || "new session")?;
    let root = Root::current().step(system, || "opening the root")?;
    let identity = user::resolve(&root, &command.process.user, &command.process.additional_groups)?;
    if command.process.terminal {
        let console = terminal::open(&root, false).step(system, || "terminal")?;
        terminal::take(console, channel).step(system, || "terminal")?;
    }
    drop(root);
    finish::become_command(command, &identity, None, channel)
}
