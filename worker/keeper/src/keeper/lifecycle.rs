//! A container's way from Create to Delete.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use nix::sys::epoll::EpollFlags;

use super::container::{Container, Input, Output, stdio};
use super::server::{Keeper, Removal};
use super::sources::Source;
use crate::config::ContainerConfig;
use crate::error::Step;
use crate::log::{LogWriter, Splitter, Stream};
use crate::protocol::{Answer, Status};
use crate::runtime::{Child, Received, Report, Runtime};
use crate::time::now_ns;
use crate::{Failure, FailureKind};

impl Keeper {
    /// Begins a container; `number` is answered when its child is ready.
    pub(super) fn create(&mut self, number: u64, config: &ContainerConfig) -> Result<(), Failure> {
        if self.ending.is_some() {
            return Err(Failure::state("the keeper is ending"));
        }
        config.check()?;
        let below = |parent: &String| {
            config
                .cgroup_parent
                .strip_prefix(parent.as_str())
                .is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        if !self.options.cgroup_parents.iter().any(below) {
            let message = format!("cgroup parent {} is not this keeper's", config.cgroup_parent);
            return Err(Failure::new(FailureKind::Config, message));
        }
        if self.containers.contains_key(&config.id) || self.removals.iter().any(|r| r.id == config.id) {
            return Err(Failure::new(FailureKind::AlreadyExists, format!("container {} exists", config.id)));
        }
        let system = FailureKind::System;
        let log = LogWriter::open(config.log.clone())
            .step(system, || format!("log file {}", config.log.path.display()))?;
        let (stdio, ends) =
            stdio(config.process.terminal, config.process.stdin_open).step(system, || "pipes")?;
        let created = self.runtime.create(config, stdio);
        let Child { pid, channel, pidfd } = created.inspect_err(|_| self.discard_groups(config))?;
        let mut container = Container::new(config, pid, pidfd, log);
        container.waiting = Some(number);
        let source = Source::Report(config.id.clone());
        let wired = self.sources.add(&channel, EpollFlags::EPOLLIN, source).and_then(|token| {
            container.channel = Some((channel, token));
            container.stdout = self.output(&config.id, Stream::Stdout, ends.stdout)?;
            container.stderr = self.output(&config.id, Stream::Stderr, ends.stderr)?;
            container.input =
                ends.stdin.map(|fd| Input { fd, pending: Vec::new(), token: None, closing: false });
            Ok(())
        });
        if let Err(error) = wired {
            container.failure = Err::<(), _>(error).step(system, || "epoll").err();
            container.channel = None;
        }
        self.containers.insert(config.id.clone(), container);
        Ok(())
    }

    /// Groups of a container that did not come to be.
    fn discard_groups(&mut self, config: &ContainerConfig) {
        let place = crate::runtime::Place::of(config);
        self.removals.push(Removal {
            id: config.id.clone(),
            place,
            answers: Vec::new(),
            since: Instant::now(),
        });
    }

    /// Waits for an output.
    pub(super) fn output(
        &mut self,
        id: &str,
        stream: Stream,
        fd: Option<OwnedFd>,
    ) -> io::Result<Option<Output>> {
        let Some(fd) = fd else { return Ok(None) };
        let token = self.sources.add(&fd, EpollFlags::EPOLLIN, Source::Output(id.to_owned(), stream))?;
        Ok(Some(Output { fd, token, splitter: Splitter::default() }))
    }

    /// Says "go"; `number` is answered when the command runs.
    pub(super) fn start_container(&mut self, number: u64, id: &str) -> Result<(), Failure> {
        let container = self.container(id)?;
        match container.record.status {
            Status::Created if !container.starting => {}
            status => return Err(Failure::state(format!("container {id} is {status:?}, not Created"))),
        }
        let gone = || Failure::state(format!("container {id} has ended before its start"));
        let (channel, _) = container.channel.as_ref().ok_or_else(gone)?;
        channel.go().map_err(|_| gone())?;
        container.starting = true;
        container.waiting = Some(number);
        Ok(())
    }

    /// Reports of a container's first process.
    pub(super) fn on_reports(&mut self, id: &str) {
        while let Some(container) = self.containers.get_mut(id) {
            let Some((channel, token)) = &container.channel else { return };
            match channel.receive() {
                Received::Nothing => return,
                Received::Report(Report::Warning(text), _) => container.record.warnings.push(text),
                Received::Report(Report::Failed(failure), _) => container.failure = Some(failure),
                Received::Report(Report::Terminal, Some(fd)) => self.take_terminal(id, fd),
                Received::Report(Report::Ready, _) => {
                    container.record.status = Status::Created;
                    let pid = container.record.pid;
                    if let Some(number) = container.waiting.take() {
                        self.answer(number, &Answer::Created { pid }, Vec::new());
                    }
                }
                Received::Report(Report::Process(_) | Report::Terminal, _) => {}
                Received::End => {
                    self.sources.remove(channel, *token);
                    container.channel = None;
                    if container.starting && container.failure.is_none() {
                        container.record.status = Status::Running;
                        container.record.started_ns = Some(now_ns());
                        if let Some(number) = container.waiting.take() {
                            self.answer(number, &Answer::Done, Vec::new());
                        }
                    }
                    return;
                }
            }
        }
    }

    fn take_terminal(&mut self, id: &str, fd: OwnedFd) {
        let wire = || -> io::Result<(OwnedFd, OwnedFd)> {
            rustix::fs::fcntl_setfl(&fd, rustix::fs::OFlags::NONBLOCK)?;
            Ok((fd.try_clone()?, fd.try_clone()?))
        };
        let Ok((input, output)) = wire() else { return };
        let Ok(output) = self.output(id, Stream::Stdout, Some(output)) else { return };
        if let Some(container) = self.containers.get_mut(id) {
            container.terminal = Some(fd);
            container.input = Some(Input { fd: input, pending: Vec::new(), token: None, closing: false });
            container.stdout = output;
        }
    }

    /// Ends a container's life for good: now if its process is gone, else when it has been killed.
    pub(super) fn delete(&mut self, id: &str) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.deleting = true;
        if container.alive() {
            if let Some(pidfd) = &container.pidfd {
                let _ = self.runtime.kill(&container.place, pidfd, libc::SIGKILL, false);
                let _ = self.runtime.kill(&container.place, pidfd, libc::SIGKILL, true);
            }
            return;
        }
        let waiting = std::mem::take(&mut container.delete_waiting);
        self.remove_groups(id, waiting.into_iter().map(|number| (number, Answer::Done)).collect());
    }

    /// Begins to remove a container's groups; `answers` go out when they are gone, and then the record goes too.
    pub(super) fn remove_groups(&mut self, id: &str, mut answers: Vec<(u64, Answer)>) {
        let Some(container) = self.containers.get(id) else { return };
        if let Some(removal) = self.removals.iter_mut().find(|removal| removal.id == id) {
            removal.answers.append(&mut answers);
            return;
        }
        let place = container.place.clone();
        self.removals.push(Removal { id: id.to_owned(), place, answers, since: Instant::now() });
        self.retry_removals();
    }

    /// A container's groups are gone, or will not go.
    pub(super) fn removed(&mut self, removal: Removal, outcome: io::Result<()>) {
        let refusal =
            outcome.step(FailureKind::System, || format!("removing {}", removal.place.cgroup)).err();
        // On the way out nothing may hold the keeper: what is left goes at the next start.
        if refusal.is_none() || self.ending.is_some() {
            self.containers.remove(&removal.id);
        } else if let Some(container) = self.containers.get_mut(&removal.id) {
            container.deleting = false;
        }
        for (number, answer) in removal.answers {
            let answer = match &refusal {
                Some(failure) if matches!(answer, Answer::Done) => Answer::Refused(failure.clone()),
                _ => answer,
            };
            self.answer(number, &answer, Vec::new());
        }
    }

    /// The container `id`.
    pub(super) fn container(&mut self, id: &str) -> Result<&mut Container, Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("container {id} is not known to the keeper"));
        self.containers.get_mut(id).ok_or_else(missing)
    }
}
