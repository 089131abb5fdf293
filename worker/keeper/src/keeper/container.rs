//! What the keeper holds of one container.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::Failure;
use crate::config::ContainerConfig;
use crate::log::{LogWriter, Splitter};
use crate::protocol::{Record, Status};
use crate::runtime::{Channel, Place, Stdio};
use crate::time::now_ns;

/// One container.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) record: Record,
    pub(super) place: Place,
    /// The first process.
    pub(super) pidfd: Option<OwnedFd>,
    /// Its reports until the command runs.
    pub(super) channel: Option<(Channel, u64)>,
    pub(super) stdout: Option<Output>,
    pub(super) stderr: Option<Output>,
    pub(super) input: Option<Input>,
    pub(super) terminal: Option<OwnedFd>,
    pub(super) log: LogWriter,
    /// Why the command did not run, until the process has ended.
    pub(super) failure: Option<Failure>,
    /// "Go" has been said.
    pub(super) starting: bool,
    /// Connection that waits for Create or Start.
    pub(super) waiting: Option<u64>,
    /// To be deleted when its process has ended, and who waits for that.
    pub(super) deleting: bool,
    pub(super) delete_waiting: Vec<u64>,
}

/// An output being read.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) fd: OwnedFd,
    pub(super) token: u64,
    pub(super) splitter: Splitter,
}

/// Standard input being written.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) fd: OwnedFd,
    pub(super) pending: Vec<u8>,
    /// Token while waiting for room.
    pub(super) token: Option<u64>,
    /// Close when all is written.
    pub(super) closing: bool,
}

/// The keeper's ends of a container's pipes.
pub(super) struct Ends {
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

impl Container {
    /// A container whose child has just begun.
    pub(super) fn new(config: &ContainerConfig, pid: i32, pidfd: OwnedFd, log: LogWriter) -> Self {
        let place = Place::of(config);
        let record = Record {
            id: config.id.clone(),
            pid,
            status: Status::Creating,
            created_ns: now_ns(),
            started_ns: None,
            finished_ns: None,
            exit_code: None,
            signal: None,
            oom_killed: false,
            error: None,
            warnings: Vec::new(),
            cgroup: place.cgroup.clone(),
            log_bytes_lost: 0,
        };
        let mut container = Self::restored(record, place, log);
        container.pidfd = Some(pidfd);
        container
    }

    /// A container with nothing open but its log.
    pub(super) fn restored(record: Record, place: Place, log: LogWriter) -> Self {
        Self {
            record,
            place,
            pidfd: None,
            channel: None,
            stdout: None,
            stderr: None,
            input: None,
            terminal: None,
            log,
            failure: None,
            starting: false,
            waiting: None,
            deleting: false,
            delete_waiting: Vec::new(),
        }
    }

    /// Whether its process has not ended.
    pub(super) fn alive(&self) -> bool {
        self.record.status != Status::Exited && self.pidfd.is_some()
    }

    /// The record as it is now.
    pub(super) fn record(&self) -> Record {
        Record { log_bytes_lost: self.log.lost(), ..self.record.clone() }
    }
}

/// Pipes for a container without a terminal, `/dev/null` for what is not wanted.
pub(super) fn stdio(terminal: bool, stdin_open: bool) -> io::Result<(Stdio, Ends)> {
    let null = || File::options().read(true).write(true).open("/dev/null").map(OwnedFd::from);
    if terminal {
        let stdio = Stdio { stdin: null()?, stdout: null()?, stderr: null()? };
        return Ok((stdio, Ends { stdin: None, stdout: None, stderr: None }));
    }
    let pipe = || pipe_with(PipeFlags::CLOEXEC);
    let (stdout_read, stdout) = pipe()?;
    let (stderr_read, stderr) = pipe()?;
    let (stdin, stdin_write) = match stdin_open {
        true => pipe().map(|(read, write)| (read, Some(write)))?,
        false => (null()?, None),
    };
    for fd in [Some(&stdout_read), Some(&stderr_read), stdin_write.as_ref()].into_iter().flatten() {
        rustix::fs::fcntl_setfl(fd, OFlags::NONBLOCK)?;
    }
    let ends = Ends { stdin: stdin_write, stdout: Some(stdout_read), stderr: Some(stderr_read) };
    Ok((Stdio { stdin, stdout, stderr }, ends))
}
