use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use crate::protocol::{Outgoing, Request};
use crate::{Error, Result};

/// The way to an attached container's standard input, without ever waiting: the caller does, until the socket has room.
#[derive(Debug)]
pub struct AttachedInput {
    stream: UnixStream,
    out: Outgoing,
}

impl AttachedInput {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream, out: Outgoing::default() }
    }

    /// Queues bytes.
    ///
    /// # Errors
    /// If they are too many for one message.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.push(&Request::Input(bytes.to_vec()), Vec::new()).map_err(Error::Protocol)
    }

    /// Queues the end of the input.
    ///
    /// # Errors
    /// Never in fact.
    pub fn push_end(&mut self) -> Result<()> {
        self.out.push(&Request::CloseInput, Vec::new()).map_err(Error::Protocol)
    }

    /// Sends what is queued; false when the socket has no room for the rest now.
    ///
    /// # Errors
    /// If the keeper is gone.
    pub fn flush(&mut self) -> Result<bool> {
        match self.out.send(&self.stream) {
            Ok(()) => Ok(self.out.is_empty()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(Error::io("sending to the keeper", error)),
        }
    }
}

impl AsFd for AttachedInput {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
