//! One connection to a keeper.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::protocol::{Answer, Frames, Outgoing, Request, VERSION};
use crate::{Error, Result};

/// A connection over which Hello has been said.
#[derive(Debug)]
pub(super) struct Link {
    stream: UnixStream,
    frames: Frames,
    keeper_pid: i32,
}

impl Link {
    /// Connects and compares versions.
    pub(super) fn connect(socket: &Path, timeout: Duration) -> Result<Self> {
        let failed = |e| Error::io(format!("connecting to the keeper at {}", socket.display()), e);
        let stream = UnixStream::connect(socket).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let mut link = Self { stream, frames: Frames::default(), keeper_pid: 0 };
        let deadline = Instant::now() + timeout;
        link.send(&Request::Hello { version: VERSION }, Vec::new(), deadline)?;
        match link.receive(Some(deadline))? {
            Some((Answer::Hello { version: VERSION, pid }, _)) => link.keeper_pid = pid,
            Some((Answer::Hello { version, .. }, _)) => {
                return Err(Error::Version { ours: VERSION, theirs: version });
            }
            Some(_) => return Err(Error::Protocol("not a keeper's greeting".into())),
            None => return Err(late("Hello", timeout)),
        }
        Ok(link)
    }

    /// The same connection once more, to send on while it is received from.
    pub(super) fn sender(&self) -> Result<UnixStream> {
        self.stream.try_clone().map_err(|error| Error::io("copying a connection to the keeper", error))
    }

    /// Process id of the keeper.
    pub(super) fn keeper_pid(&self) -> i32 {
        self.keeper_pid
    }

    /// Sends a request.
    pub(super) fn send(&self, request: &Request, descriptors: Vec<OwnedFd>, deadline: Instant) -> Result<()> {
        let mut out = Outgoing::default();
        out.push(request, descriptors).map_err(Error::Protocol)?;
        loop {
            match out.send(&self.stream) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::OUT, Some(deadline))? {
                        return Err(Error::Protocol("the keeper takes no requests".into()));
                    }
                }
                Err(error) => return Err(Error::io("sending to the keeper", error)),
            }
        }
    }

    /// The next message; `None` when the deadline passes first.
    pub(super) fn receive(&mut self, deadline: Option<Instant>) -> Result<Option<(Answer, Vec<OwnedFd>)>> {
        loop {
            if let Some(message) = self.frames.take().map_err(Error::Protocol)? {
                return Ok(Some(message));
            }
            match self.frames.receive(&self.stream) {
                Ok(true) => {}
                Ok(false) => return Err(Error::Protocol("the keeper has closed the connection".into())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::IN, deadline)? {
                        return Ok(None);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("receiving from the keeper", error)),
            }
        }
    }

    fn wait(&self, flags: PollFlags, deadline: Option<Instant>) -> Result<bool> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| rustix::event::Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(&self.stream, flags)], left.as_ref()) {
            Ok(0) => Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(Error::io("waiting for the keeper", error)),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The answer did not come in time.
pub(super) fn late(request: &'static str, timeout: Duration) -> Error {
    Error::Timeout { request, millis: timeout.as_millis() }
}
