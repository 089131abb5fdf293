//! The common beginning of every child: own descriptors, default signals, and a way to report failure.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::channel::{Channel, Report};
use super::sys::{self, Side};
use super::traits::{Child, Stdio};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// Number of the child's end of its channel.
pub(super) const CHANNEL: i32 = 3;
/// Longest message of a failure in bytes.
const MESSAGE_MAX: usize = 4096;
/// Number of the extra descriptor given to [`spawn`].
pub(super) const EXTRA: i32 = 4;

/// Begins a child that runs `body`; the child never returns from here. Its descriptors are 0 to 2 from `stdio`, its
/// channel and `extra`; all others are closed.
pub(super) fn spawn(
    flags: libc::c_int,
    group: Option<BorrowedFd<'_>>,
    stdio: &Stdio,
    extra: Option<BorrowedFd<'_>>,
    body: impl FnOnce(&Channel) -> Result<Infallible, Failure>,
) -> Result<Child, Failure> {
    let system = FailureKind::System;
    let (keeper_end, child_end) = Channel::pair().step(system, || "socket pair")?;
    match sys::clone3(flags | libc::CLONE_PIDFD, group).step(system, || "starting a process (clone3)")? {
        Side::Parent(pid, Some(pidfd)) => Ok(Child { pid, channel: keeper_end, pidfd }),
        Side::Parent(_, None) => Err(Failure::new(system, "clone3 gave no pidfd")),
        Side::Child => {
            let mut descriptors =
                vec![stdio.stdin.as_fd(), stdio.stdout.as_fd(), stdio.stderr.as_fd(), child_end.as_fd()];
            descriptors.extend(extra);
            if sys::arrange_descriptors(&descriptors).is_err() {
                sys::exit_now(125);
            }
            let channel = Channel::from_fd(sys::arranged(CHANNEL));
            run(&channel, body)
        }
    }
}

/// Runs the rest of a child's life: reports what `body` failed with, and ends.
pub(super) fn run(channel: &Channel, body: impl FnOnce(&Channel) -> Result<Infallible, Failure>) -> ! {
    sys::reset_signals();
    let outcome = catch_unwind(AssertUnwindSafe(|| body(channel)));
    let mut failure = match outcome {
        Ok(Ok(never)) => match never {},
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(FailureKind::System, "the runtime has a defect: it panicked in the child"),
    };
    let code = failure.kind.exit_code();
    // A message may hold a command of any length; a report may not.
    let end = failure.message.floor_char_boundary(MESSAGE_MAX);
    failure.message.truncate(end);
    channel.send(&Report::Failed(failure), None);
    sys::exit_now(code)
}
