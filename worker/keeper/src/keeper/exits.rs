//! Processes that have ended.

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::server::Keeper;
use crate::log::Stream;
use crate::protocol::{Answer, Event, Status};
use crate::runtime::Runtime;
use crate::time::now_ns;
use crate::{Failure, FailureKind};

use super::connection::Mode;

impl Keeper {
    /// Takes note of every child that has ended.
    pub(super) fn reap(&mut self) {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
        loop {
            let (pid, code, signal) = match waitpid(Pid::from_raw(-1), Some(flags)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid.as_raw(), code, None),
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    (pid.as_raw(), 128 + signal as i32, Some(signal as i32))
                }
                Ok(WaitStatus::StillAlive) => return,
                Err(nix::errno::Errno::EINTR) => continue,
                // A real-time signal as cause has no name in nix, and gives EINVAL after the child is gone.
                Err(nix::errno::Errno::EINVAL) => {
                    self.find_lost();
                    continue;
                }
                Ok(_) => continue,
                Err(_) => return,
            };
            self.on_exit(pid, code, signal);
        }
    }

    fn on_exit(&mut self, pid: i32, code: i32, signal: Option<i32>) {
        let of_pid = |c: &&super::container::Container| c.pidfd.is_some() && c.record.pid == pid;
        let id = self.containers.values().find(of_pid).map(|c| c.record.id.clone());
        match id {
            Some(id) => self.on_container_exit(&id, code, signal),
            None => self.on_exec_exit(pid, code),
        }
    }

    /// A child ended in a way that waitpid's wrapper cannot tell: whoever is gone now is it.
    fn find_lost(&mut self) {
        let gone = |pid: i32| nix::sys::signal::kill(Pid::from_raw(pid), None).is_err();
        let containers = self.containers.values().filter(|c| c.pidfd.is_some()).map(|c| c.record.pid);
        let execs = self.execs.values().filter_map(|exec| exec.pid);
        let lost: Vec<i32> = containers.chain(execs).filter(|pid| gone(*pid)).collect();
        // Which of the real-time signals it was is not known; the first one stands for them.
        lost.into_iter().for_each(|pid| self.on_exit(pid, 128 + libc::SIGRTMIN(), Some(libc::SIGRTMIN())));
    }

    fn on_container_exit(&mut self, id: &str, code: i32, signal: Option<i32>) {
        self.on_reports(id);
        self.drain(id, Stream::Stdout);
        self.drain(id, Stream::Stderr);
        let Some(container) = self.containers.get_mut(id) else { return };
        container.pidfd = None;
        container.terminal = None;
        if let Some((channel, token)) = container.channel.take() {
            self.sources.remove(&channel, token);
        }
        if let Some(input) = container.input.take()
            && let Some(token) = input.token
        {
            self.sources.remove(&input.fd, token);
        }
        // Nobody reads what they send any more.
        self.resume_input(id);
        let Some(container) = self.containers.get_mut(id) else { return };
        let oom = self.runtime.oom_killed(&container.place);
        let waiting = container.waiting.take();
        let failure = container.failure.take();
        if container.record.status == Status::Creating {
            let failure = failure.unwrap_or_else(|| ended_early(id, code, oom));
            let mut answers: Vec<(u64, Answer)> =
                waiting.map(|number| (number, Answer::Refused(failure))).into_iter().collect();
            answers
                .extend(std::mem::take(&mut container.delete_waiting).into_iter().map(|n| (n, Answer::Done)));
            return self.remove_groups(id, answers);
        }
        let record = &mut container.record;
        record.status = Status::Exited;
        record.finished_ns = Some(now_ns());
        record.exit_code = Some(failure.as_ref().map_or(code, |f| f.kind.exit_code()));
        record.signal = signal;
        record.oom_killed = oom;
        record.error = failure.clone();
        let (record, deleting) = (container.record(), container.deleting);
        if let Some(number) = waiting {
            let failure = failure.unwrap_or_else(|| ended_early(id, code, oom));
            self.answer(number, &Answer::Refused(failure), Vec::new());
        }
        self.publish(&Event::Exited(record), |mode| match mode {
            Mode::Subscribed => true,
            Mode::Attached(attached) => attached == id,
            _ => false,
        });
        if deleting {
            self.delete(id);
        }
    }
}

fn ended_early(id: &str, code: i32, oom: bool) -> Failure {
    if oom {
        let message = format!("container {id}: its memory limit is too small even to start it");
        return Failure::new(FailureKind::Limit, message);
    }
    let message = format!("container {id} ended (code {code}) before its command ran");
    Failure::new(FailureKind::System, message)
}
