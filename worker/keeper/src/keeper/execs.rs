//! Further processes in containers.

use std::fs::File;
use std::os::fd::OwnedFd;

use nix::sys::epoll::EpollFlags;

use super::connection::Mode;
use super::server::Keeper;
use super::sources::Source;
use crate::config::ProcessConfig;
use crate::error::Step;
use crate::protocol::{Answer, Event, ExecExit, Status};
use crate::runtime::{Channel, Received, Report, Runtime, Stdio};
use crate::{Failure, FailureKind};

/// Ends of execs kept for those who wait late.
const ENDED_MAX: usize = 1024;

/// One further process.
#[derive(Debug)]
pub(super) struct Exec {
    pub(super) id: String,
    /// Process id on the node, once known.
    pub(super) pid: Option<i32>,
    channel: Option<(Channel, u64)>,
    terminal: Option<OwnedFd>,
    failure: Option<Failure>,
    /// Connection that waits for the start.
    waiting: Option<u64>,
    /// Connections that wait for the end.
    end_waiting: Vec<u64>,
    /// It has ended, while its start was not yet known.
    exit_code: Option<i32>,
}

impl Keeper {
    /// Begins a process in the container `id`; `number` is answered when its command runs.
    pub(super) fn exec(
        &mut self,
        number: u64,
        id: &str,
        process: &ProcessConfig,
        descriptors: Vec<OwnedFd>,
    ) -> Result<(), Failure> {
        let stdio = stdio_of(descriptors)?;
        let container = self.container(id)?;
        if container.record.status != Status::Running {
            let status = container.record.status;
            return Err(Failure::state(format!("container {id} is {status:?}, not Running")));
        }
        let ended = || Failure::state(format!("container {id} has ended"));
        let init = container.pidfd.as_ref().ok_or_else(ended)?.try_clone();
        let init = init.step(FailureKind::System, || "descriptor")?;
        let place = container.place.clone();
        let child = self.runtime.exec(&place, &init, process, stdio)?;
        let exec = self.next_number();
        let token = self
            .sources
            .add(&child.channel, EpollFlags::EPOLLIN, Source::ExecReport(exec))
            .step(FailureKind::System, || "epoll")?;
        let channel = Some((child.channel, token));
        let id = id.to_owned();
        let waiting = Some(number);
        let started = Exec {
            id,
            pid: None,
            channel,
            terminal: None,
            failure: None,
            waiting,
            end_waiting: Vec::new(),
            exit_code: None,
        };
        self.execs.insert(exec, started);
        Ok(())
    }

    /// Reports of an exec.
    pub(super) fn on_exec_reports(&mut self, number: u64) {
        while let Some(exec) = self.execs.get_mut(&number) {
            let Some((channel, token)) = &exec.channel else { return };
            match channel.receive() {
                Received::Nothing => return,
                Received::Report(Report::Process(pid), _) => exec.pid = Some(pid),
                Received::Report(Report::Terminal, fd) => exec.terminal = fd,
                Received::Report(Report::Failed(failure), _) => exec.failure = Some(failure),
                Received::Report(Report::Warning(text), _) => {
                    let id = exec.id.clone();
                    if let Some(container) = self.containers.get_mut(&id) {
                        container.record.warnings.push(text);
                    }
                }
                Received::Report(Report::Ready, _) => {}
                Received::End => {
                    self.sources.remove(channel, *token);
                    exec.channel = None;
                    return self.exec_begun(number);
                }
            }
        }
    }

    /// The command runs, or will not.
    fn exec_begun(&mut self, number: u64) {
        let Some(exec) = self.execs.get_mut(&number) else { return };
        let waiting = exec.waiting.take();
        let (answer, descriptors) = match (&exec.failure, exec.pid) {
            (None, Some(pid)) => {
                (Answer::ExecStarted { exec: number, pid }, exec.terminal.take().into_iter().collect())
            }
            (failure, _) => {
                let ended = || Failure::state(format!("container {} has ended", exec.id));
                (Answer::Refused(failure.clone().unwrap_or_else(ended)), Vec::new())
            }
        };
        let refused = matches!(answer, Answer::Refused(_));
        let exit_code = exec.exit_code;
        if refused {
            self.execs.remove(&number);
        }
        if let Some(connection) = waiting {
            self.answer(connection, &answer, descriptors);
        }
        if let (false, Some(code)) = (refused, exit_code) {
            self.exec_ended(number, code);
        }
    }

    /// A child that is no container's first process has ended: an exec, or the process between.
    pub(super) fn on_exec_exit(&mut self, pid: i32, code: i32) {
        let by_pid = |keeper: &Self| keeper.execs.iter().find(|(_, e)| e.pid == Some(pid)).map(|(n, _)| *n);
        let mut found = by_pid(self);
        if found.is_none() {
            let starting: Vec<u64> =
                self.execs.iter().filter(|(_, e)| e.channel.is_some()).map(|(n, _)| *n).collect();
            starting.into_iter().for_each(|number| self.on_exec_reports(number));
            found = by_pid(self);
        }
        let Some(number) = found else { return };
        self.on_exec_reports(number);
        let Some(exec) = self.execs.get_mut(&number) else { return };
        if exec.channel.is_some() {
            exec.exit_code = Some(code);
            return;
        }
        self.exec_ended(number, code);
    }

    fn exec_ended(&mut self, number: u64, exit_code: i32) {
        let Some(exec) = self.execs.remove(&number) else { return };
        let exit = ExecExit { id: exec.id, exec: number, exit_code };
        if exec.end_waiting.is_empty() {
            self.ended_execs.push_back(exit.clone());
            if self.ended_execs.len() > ENDED_MAX {
                self.ended_execs.pop_front();
            }
        }
        for connection in exec.end_waiting {
            self.answer(connection, &Answer::ExecExited(exit.clone()), Vec::new());
        }
        self.publish(&Event::ExecExited(exit), |mode| *mode == Mode::Subscribed);
    }

    /// Answers `connection` when the exec has ended.
    pub(super) fn wait_exec(&mut self, connection: u64, number: u64) -> Result<(), Failure> {
        if let Some(at) = self.ended_execs.iter().position(|exit| exit.exec == number) {
            if let Some(exit) = self.ended_execs.remove(at) {
                self.answer(connection, &Answer::ExecExited(exit), Vec::new());
            }
            return Ok(());
        }
        self.running_exec(number)?.end_waiting.push(connection);
        Ok(())
    }

    /// Signals an exec's process.
    pub(super) fn kill_exec(&mut self, number: u64, signal: i32) -> Result<(), Failure> {
        let pid = self.running_exec(number)?.pid;
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        let signal = rustix::process::Signal::from_named_raw(signal);
        let (Some(pid), Some(signal)) = (pid, signal) else {
            return Err(Failure::new(
                FailureKind::Config,
                "this signal does not exist, or the process is not there yet",
            ));
        };
        // The process is our child and not yet reaped: its number cannot mean another one.
        let sent = match signal {
            // Once it leads its session, what it started goes with it.
            rustix::process::Signal::KILL => rustix::process::kill_process_group(pid, signal)
                .or_else(|_| rustix::process::kill_process(pid, signal)),
            other => rustix::process::kill_process(pid, other),
        };
        sent.step(FailureKind::System, || format!("exec {number}"))
    }

    fn running_exec(&mut self, number: u64) -> Result<&mut Exec, Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("exec {number} is not known to the keeper"));
        self.execs.get_mut(&number).ok_or_else(missing)
    }

    /// Forgets what was run in a container that goes.
    pub(super) fn forget_execs(&mut self, id: &str) {
        self.ended_execs.retain(|exit| exit.id != id);
    }
}

/// An exec that another keeper began.
pub(super) fn inherited(id: String, pid: i32) -> Exec {
    Exec {
        id,
        pid: Some(pid),
        channel: None,
        terminal: None,
        failure: None,
        waiting: None,
        end_waiting: Vec::new(),
        exit_code: None,
    }
}

/// The descriptors that came along, or `/dev/null` three times.
fn stdio_of(descriptors: Vec<OwnedFd>) -> Result<Stdio, Failure> {
    let null = || {
        let file = File::options().read(true).write(true).open("/dev/null");
        file.map(OwnedFd::from).step(FailureKind::System, || "/dev/null")
    };
    match <[OwnedFd; 3]>::try_from(descriptors) {
        Ok([stdin, stdout, stderr]) => Ok(Stdio { stdin, stdout, stderr }),
        Err(none) if none.is_empty() => Ok(Stdio { stdin: null()?, stdout: null()?, stderr: null()? }),
        Err(some) => Err(Failure::new(
            FailureKind::Config,
            format!("exec takes 3 descriptors or none, not {}", some.len()),
        )),
    }
}
