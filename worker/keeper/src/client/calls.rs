//! One method per request.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::link::{Link, late};
use super::{Attached, Events};
use crate::config::{ContainerConfig, ProcessConfig, Resources};
use crate::protocol::{Answer, Record, Request};
use crate::{Error, Result};

/// A blocking client: one request at a time. After [`Error::Timeout`], [`Error::Io`] or [`Error::Protocol`] the
/// connection is of no more use: connect again. Every method also fails with [`Error::Refused`] if the keeper says no.
#[derive(Debug)]
pub struct Client {
    link: Link,
    socket: PathBuf,
    timeout: Duration,
}

/// A process that was begun in a container.
#[derive(Debug)]
pub struct StartedExec {
    /// Number for [`Client::wait_exec`] and [`Client::kill_exec`].
    pub exec: u64,
    /// Process id on the node.
    pub pid: i32,
    /// With a terminal: the side to read from and write to. Set its size with `TIOCSWINSZ`.
    pub terminal: Option<OwnedFd>,
}

impl Client {
    /// Connects to the keeper at `socket`; each later answer may take `timeout`.
    ///
    /// # Errors
    /// If no keeper listens there, or one of another protocol version.
    pub fn connect(socket: &Path, timeout: Duration) -> Result<Self> {
        Ok(Self { link: Link::connect(socket, timeout)?, socket: socket.to_owned(), timeout })
    }

    /// Process id of the keeper.
    #[must_use]
    pub fn keeper_pid(&self) -> i32 {
        self.link.keeper_pid()
    }

    /// Makes a container up to just before its command; returns the process id of its first process, by whose
    /// `/proc/<pid>/ns/net` it can now be given a network.
    ///
    /// # Errors
    /// See [`crate::FailureKind`]; nothing is left behind.
    pub fn create(&mut self, config: &ContainerConfig) -> Result<i32> {
        match self.call("Create", Request::Create(Box::new(config.clone())), Vec::new())? {
            (Answer::Created { pid }, _) => Ok(pid),
            _ => unexpected("Create"),
        }
    }

    /// Runs a created container's command.
    ///
    /// # Errors
    /// If it cannot be run: the container is then Exited with code 127 or 126.
    pub fn start(&mut self, id: &str) -> Result<()> {
        self.done("Start", Request::Start { id: id.into() }, Vec::new())
    }

    /// Signals the first process, or with `all` every process.
    ///
    /// # Errors
    /// If the container has ended.
    pub fn kill(&mut self, id: &str, signal: i32, all: bool) -> Result<()> {
        self.done("Kill", Request::Kill { id: id.into(), signal, all }, Vec::new())
    }

    /// Stops all processes where they are.
    ///
    /// # Errors
    /// If the container does not run.
    pub fn pause(&mut self, id: &str) -> Result<()> {
        self.done("Pause", Request::Pause { id: id.into() }, Vec::new())
    }

    /// Lets a paused container go on.
    ///
    /// # Errors
    /// If it is not paused.
    pub fn resume(&mut self, id: &str) -> Result<()> {
        self.done("Resume", Request::Resume { id: id.into() }, Vec::new())
    }

    /// Runs another process in a running container. `stdio` is for one without a terminal; `None`: `/dev/null`.
    ///
    /// # Errors
    /// If the command is not there, or the container does not run.
    pub fn exec(
        &mut self,
        id: &str,
        process: &ProcessConfig,
        stdio: Option<[OwnedFd; 3]>,
    ) -> Result<StartedExec> {
        let request = Request::Exec { id: id.into(), process: Box::new(process.clone()) };
        let descriptors = stdio.map(Vec::from).unwrap_or_default();
        match self.call("Exec", request, descriptors)? {
            (Answer::ExecStarted { exec, pid }, fds) => {
                Ok(StartedExec { exec, pid, terminal: fds.into_iter().next() })
            }
            _ => unexpected("Exec"),
        }
    }

    /// Waits for an exec's end, at most `timeout`; gives its exit code. It is told once.
    ///
    /// # Errors
    /// [`Error::Timeout`]; the connection is then of no more use, but another one may wait again.
    pub fn wait_exec(&mut self, exec: u64, timeout: Duration) -> Result<i32> {
        let before = std::mem::replace(&mut self.timeout, timeout);
        let answer = self.call("WaitExec", Request::WaitExec { exec }, Vec::new());
        self.timeout = before;
        match answer? {
            (Answer::ExecExited(exit), _) => Ok(exit.exit_code),
            _ => unexpected("WaitExec"),
        }
    }

    /// Signals an exec's process.
    ///
    /// # Errors
    /// If it has ended.
    pub fn kill_exec(&mut self, exec: u64, signal: i32) -> Result<()> {
        self.done("KillExec", Request::KillExec { exec, signal }, Vec::new())
    }

    /// Sets the size of a container's terminal.
    ///
    /// # Errors
    /// If it has none.
    pub fn resize(&mut self, id: &str, rows: u16, columns: u16) -> Result<()> {
        self.done("Resize", Request::Resize { id: id.into(), rows, columns }, Vec::new())
    }

    /// Changes limits: those that `resources` gives.
    ///
    /// # Errors
    /// If the kernel refuses one; those before it hold.
    pub fn update(&mut self, id: &str, resources: &Resources) -> Result<()> {
        let request = Request::Update { id: id.into(), resources: Box::new(resources.clone()) };
        self.done("Update", request, Vec::new())
    }

    /// Removes a container that does not run, or with `force` any; returns when its control groups are gone.
    ///
    /// # Errors
    /// If it runs, or its groups cannot be removed.
    pub fn delete(&mut self, id: &str, force: bool) -> Result<()> {
        self.done("Delete", Request::Delete { id: id.into(), force }, Vec::new())
    }

    /// Records of all containers.
    ///
    /// # Errors
    /// Only those of the connection.
    pub fn list(&mut self) -> Result<Vec<Record>> {
        self.records("List", Request::List)
    }

    /// Record of one container.
    ///
    /// # Errors
    /// If there is none.
    pub fn inspect(&mut self, id: &str) -> Result<Record> {
        let records = self.records("Inspect", Request::Inspect { id: id.into() })?;
        records.into_iter().next().map_or_else(|| unexpected("Inspect"), Ok)
    }

    /// Opens a further connection that carries events, beginning with the containers that have already ended.
    ///
    /// # Errors
    /// Those of connecting.
    pub fn subscribe(&self) -> Result<Events> {
        let mut other = Self::connect(&self.socket, self.timeout)?;
        other.done("Subscribe", Request::Subscribe, Vec::new())?;
        Ok(Events::new(other.link))
    }

    /// Opens a further connection that carries a running container's output and input.
    ///
    /// # Errors
    /// If the container has ended.
    pub fn attach(&self, id: &str) -> Result<Attached> {
        let mut other = Self::connect(&self.socket, self.timeout)?;
        other.done("Attach", Request::Attach { id: id.into() }, Vec::new())?;
        Ok(Attached::new(other.link, self.timeout))
    }

    /// Parks copies of descriptors (at most 253) with the keeper, in place of those held under `name` before.
    ///
    /// # Errors
    /// If a descriptor cannot be copied.
    pub fn hold_descriptors(&mut self, name: &str, descriptors: &[BorrowedFd<'_>]) -> Result<()> {
        let copies: std::io::Result<Vec<OwnedFd>> =
            descriptors.iter().map(|fd| fd.try_clone_to_owned()).collect();
        let copies = copies.map_err(|e| Error::io("copying descriptors", e))?;
        self.done("HoldDescriptors", Request::HoldDescriptors { name: name.into() }, copies)
    }

    /// Copies of the descriptors held under `name`, in order; the keeper goes on holding them.
    ///
    /// # Errors
    /// If none are.
    pub fn take_descriptors(&mut self, name: &str) -> Result<Vec<OwnedFd>> {
        match self.call("TakeDescriptors", Request::TakeDescriptors { name: name.into() }, Vec::new())? {
            (Answer::Descriptors, fds) => Ok(fds),
            _ => unexpected("TakeDescriptors"),
        }
    }

    /// Lets the keeper close the descriptors held under `name`.
    ///
    /// # Errors
    /// Only those of the connection.
    pub fn drop_descriptors(&mut self, name: &str) -> Result<()> {
        self.done("DropDescriptors", Request::DropDescriptors { name: name.into() }, Vec::new())
    }

    /// Closes and opens a container's log file, after it was moved.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn reopen_log(&mut self, id: &str) -> Result<()> {
        self.done("ReopenLog", Request::ReopenLog { id: id.into() }, Vec::new())
    }

    /// Makes the keeper become the program at `binary`. All other connections are closed; this one goes on.
    ///
    /// # Errors
    /// If it cannot be run, or a container is just being started.
    pub fn upgrade(&mut self, binary: &Path) -> Result<()> {
        self.done("Upgrade", Request::Upgrade { binary: binary.to_owned() }, Vec::new())
    }

    /// Ends the keeper; with `force` it kills and removes all containers first.
    ///
    /// # Errors
    /// If containers run and `force` is not given.
    pub fn shutdown(&mut self, force: bool) -> Result<()> {
        self.done("Shutdown", Request::Shutdown { force }, Vec::new())
    }

    fn records(&mut self, name: &'static str, request: Request) -> Result<Vec<Record>> {
        match self.call(name, request, Vec::new())? {
            (Answer::Records(records), _) => Ok(records),
            _ => unexpected(name),
        }
    }

    fn done(&mut self, name: &'static str, request: Request, descriptors: Vec<OwnedFd>) -> Result<()> {
        match self.call(name, request, descriptors)? {
            (Answer::Done, _) => Ok(()),
            _ => unexpected(name),
        }
    }

    fn call(
        &mut self,
        name: &'static str,
        request: Request,
        descriptors: Vec<OwnedFd>,
    ) -> Result<(Answer, Vec<OwnedFd>)> {
        let deadline = Instant::now() + self.timeout;
        self.link.send(&request, descriptors, deadline)?;
        match self.link.receive(Some(deadline))? {
            Some((Answer::Refused(failure), _)) => Err(failure.into()),
            Some(answer) => Ok(answer),
            None => Err(late(name, self.timeout)),
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

fn unexpected<T>(name: &str) -> Result<T> {
    Err(Error::Protocol(format!("the answer to {name} is not one to it")))
}
