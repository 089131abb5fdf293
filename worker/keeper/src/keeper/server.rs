//! The process: its state and its loop.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::connection::Connection;
use super::container::Container;
use super::execs::Exec;
use super::sources::{Source, Sources};
use super::{Options, seal, socket, upgrade};
use crate::cgroup;
use crate::config::is_cgroup_path;
use crate::protocol::{Answer, ExecExit};
use crate::runtime::{LinuxRuntime, Place, Runtime};
use crate::{Error, Result};

/// How often, in milliseconds, control groups that are still busy are tried again.
const RETRY_MS: u16 = 5;
/// How long that is done before it is an error.
const RETRY_FOR: Duration = Duration::from_secs(20);
/// How long the start waits for processes left by a killed keeper to die.
const STALE_FOR: Duration = Duration::from_secs(5);

/// All that the keeper knows.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) options: Options,
    pub(super) runtime: LinuxRuntime,
    pub(super) lock: File,
    pub(super) listener: UnixListener,
    pub(super) signals: SignalFd,
    pub(super) sources: Sources,
    pub(super) containers: BTreeMap<String, Container>,
    pub(super) execs: BTreeMap<u64, Exec>,
    /// Ends of execs that nobody has waited for yet, newest last.
    pub(super) ended_execs: VecDeque<ExecExit>,
    pub(super) connections: BTreeMap<u64, Connection>,
    /// Connections that have been answered and have sent more.
    pub(super) ready: Vec<u64>,
    pub(super) held: BTreeMap<String, Vec<OwnedFd>>,
    pub(super) removals: Vec<Removal>,
    /// The keeper ends when all containers are gone; the connections wait for it.
    pub(super) ending: Option<Vec<u64>>,
    pub(super) number: u64,
    pub(super) buffer: Vec<u8>,
}

/// Control groups on their way out.
#[derive(Debug)]
pub(super) struct Removal {
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) answers: Vec<(u64, Answer)>,
    pub(super) since: Instant,
}

/// Runs a keeper until it is told to end. Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP in this process, which must have
/// no other thread. SIGTERM and SIGINT act as a forced Shutdown, SIGHUP reopens all logs.
///
/// # Errors
/// If another keeper has the socket, or the socket, signals or epoll cannot be had.
pub fn run(options: Options) -> Result<()> {
    if !upgrade::is_successor() {
        drop(socket::lock(&options.socket)?);
    }
    seal::run_sealed();
    let _ = rustix::thread::set_name(c"skep-keeper");
    let mut keeper = match upgrade::inherited()? {
        Some(saved) => upgrade::restore(options, saved)?,
        None => Keeper::start(options)?,
    };
    keeper.serve_forever()?;
    let _ = fs::remove_file(&keeper.options.socket);
    for parent in &keeper.options.cgroup_parents {
        cgroup::remove_parents(keeper.runtime.hierarchies(), parent);
    }
    if let Some(path) = &keeper.options.pid_file {
        let _ = fs::remove_file(path);
    }
    // The lock file stays: removing it would let two keepers lock two files of one name.
    Ok(())
}

impl Keeper {
    fn start(options: Options) -> Result<Self> {
        let lock = socket::lock(&options.socket)?;
        let runtime = LinuxRuntime::new().map_err(|e| Error::io("control groups", e))?;
        if let Some(parent) = options.cgroup_parents.iter().find(|parent| !is_cgroup_path(parent)) {
            // The root of all groups would be emptied otherwise.
            return Err(Error::Protocol(format!(
                "cgroup parent {parent:?} is not a relative path of plain names"
            )));
        }
        for parent in &options.cgroup_parents {
            let left = cgroup::remove_children(runtime.hierarchies(), parent, STALE_FOR);
            if let Some(path) = left.first() {
                let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
                return Err(Error::io(
                    format!("removing the abandoned control group {}", path.display()),
                    busy,
                ));
            }
        }
        let listener = socket::listen(&options.socket)?;
        Self::with(options, runtime, lock, listener)
    }

    /// A keeper without containers on an open socket.
    pub(super) fn with(
        options: Options,
        runtime: LinuxRuntime,
        lock: File,
        listener: UnixListener,
    ) -> Result<Self> {
        let mut mask = SigSet::empty();
        for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            mask.add(signal);
        }
        mask.thread_block().map_err(|e| Error::io("blocking signals", e))?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let signals = SignalFd::with_flags(&mask, flags).map_err(|e| Error::io("signalfd", e))?;
        let mut sources = Sources::new().map_err(|e| Error::io("epoll", e))?;
        let input = EpollFlags::EPOLLIN;
        sources.add(&listener, input, Source::Listener).map_err(|e| Error::io("epoll", e))?;
        sources.add(&signals, input, Source::Signals).map_err(|e| Error::io("epoll", e))?;
        if let Some(path) = &options.pid_file {
            let pid = format!("{}\n", std::process::id());
            fs::write(path, pid).map_err(|e| Error::io(format!("pid file {}", path.display()), e))?;
        }
        Ok(Self {
            options,
            runtime,
            lock,
            listener,
            signals,
            sources,
            containers: BTreeMap::new(),
            execs: BTreeMap::new(),
            ended_execs: VecDeque::new(),
            connections: BTreeMap::new(),
            ready: Vec::new(),
            held: BTreeMap::new(),
            removals: Vec::new(),
            ending: None,
            number: 1,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// A number not used before, for connections and execs.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn serve_forever(&mut self) -> Result<()> {
        loop {
            if self.ended() {
                return Ok(());
            }
            let timeout = (!self.removals.is_empty()).then_some(RETRY_MS);
            let events = self.sources.wait(timeout).map_err(|e| Error::io("epoll", e))?;
            for (source, flags) in events {
                self.on_event(source, flags);
            }
            self.retry_removals();
            while let Some(number) = self.ready.pop() {
                self.serve(number);
            }
        }
    }

    fn on_event(&mut self, source: Source, flags: EpollFlags) {
        match source {
            Source::Listener => self.accept(),
            Source::Signals => self.on_signals(),
            Source::Connection(number) => self.on_connection(number, flags),
            Source::Report(id) => self.on_reports(&id),
            Source::ExecReport(exec) => self.on_exec_reports(exec),
            Source::Output(id, stream) => self.on_output(&id, stream),
            Source::Input(id) => self.on_input_room(&id),
        }
    }

    fn on_signals(&mut self) {
        while let Ok(Some(info)) = self.signals.read_signal() {
            match Signal::try_from(info.ssi_signo.cast_signed()) {
                Ok(Signal::SIGTERM | Signal::SIGINT) => self.begin_ending(None),
                Ok(Signal::SIGHUP) => {
                    self.containers.values_mut().for_each(|container| drop(container.log.reopen()));
                }
                _ => {}
            }
        }
        self.reap();
    }

    /// Kills and removes everything; the loop ends when nothing is left.
    pub(super) fn begin_ending(&mut self, waiting: Option<u64>) {
        self.ending.get_or_insert_default().extend(waiting);
        let ids: Vec<String> = self.containers.keys().cloned().collect();
        ids.iter().for_each(|id| self.delete(id));
    }

    fn ended(&mut self) -> bool {
        if self.ending.is_none() || !self.containers.is_empty() || !self.removals.is_empty() {
            return false;
        }
        for number in self.ending.take().unwrap_or_default() {
            self.answer(number, &Answer::Done, Vec::new());
        }
        true
    }

    /// Removes control groups, or leaves them for the next round.
    pub(super) fn retry_removals(&mut self) {
        let mut left = Vec::new();
        for removal in std::mem::take(&mut self.removals) {
            let outcome = self.runtime.delete(&removal.place);
            let patient = removal.since.elapsed() < RETRY_FOR;
            match outcome {
                Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy && patient => {
                    left.push(removal)
                }
                outcome => self.removed(removal, outcome),
            }
        }
        self.removals.extend(left);
    }
}
