//! The small first process of a container that asks for one (Docker's `--init`): it starts the command, passes on every signal
//! that it gets, waits for orphans, and ends as the command ends. A program by itself has none of this as process 1.
#![expect(unsafe_code, reason = "fork, and signals that no crate has a name for")]

use std::process::ExitCode;

use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, setpgid};

use crate::runtime::{execute, reset_signals};

/// The first argument by which the keeper's program becomes it.
pub const FIRST_PROCESS_ARGUMENT: &str = "docker-init";

/// Runs the command and ends as it does. The process must have a single thread.
pub fn first_process_main(command: &[String]) -> ExitCode {
    let all = SigSet::all();
    // Blocked signals wait until they are asked for; none can be blocked for want of a mask.
    let _ = all.thread_set_mask();
    // SAFETY: there is one thread, so the child may do anything.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => ExitCode::from(attend(child)),
        Ok(ForkResult::Child) => begin(command),
        Err(error) => say(&format!("starting a process: {error}"), 125),
    }
}

/// In the child: the command in a group of its own, which has the terminal if there is one.
fn begin(command: &[String]) -> ExitCode {
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    let stdin = std::io::stdin();
    if rustix::termios::isatty(&stdin) {
        // SIGTTOU is blocked still, so this does not stop us.
        let _ = rustix::termios::tcsetpgrp(&stdin, rustix::process::getpgrp());
    }
    // Rust's own start has SIGPIPE ignored, and the command would inherit that.
    reset_signals();
    let failure = execute(command);
    say(&failure.message, u8::try_from(failure.kind.exit_code()).unwrap_or(125))
}

/// Passes signals on until the command has ended; gives its exit code.
fn attend(child: Pid) -> u8 {
    loop {
        match next_signal() {
            libc::SIGCHLD => {
                if let Some(code) = reap(child) {
                    return code;
                }
            }
            // They tell of this process's own use of the terminal.
            libc::SIGTTIN | libc::SIGTTOU => {}
            // SAFETY: takes numbers only; the child is not yet reaped, so it is nobody else's number.
            signal if signal > 0 => drop(unsafe { libc::kill(child.as_raw(), signal) }),
            _ => {}
        }
    }
}

fn next_signal() -> i32 {
    // SAFETY: a full set is valid; nothing is to be told of the signal.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigwaitinfo(&raw const all, std::ptr::null_mut())
    }
}

/// Waits for all that have ended; the exit code if the command is among them.
fn reap(child: Pid) -> Option<u8> {
    let mut code = None;
    loop {
        let (pid, ended) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, code),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
            Ok(WaitStatus::StillAlive) | Err(_) => return code,
            Ok(_) => continue,
        };
        if pid == child {
            code = Some(u8::try_from(ended).unwrap_or(u8::MAX));
        }
    }
}

fn say(message: &str, code: u8) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{FIRST_PROCESS_ARGUMENT}: {message}");
    ExitCode::from(code)
}
