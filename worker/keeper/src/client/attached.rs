//! A running container's output and input.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::attached_input::AttachedInput;
use super::link::Link;
use crate::log::Stream;
use crate::protocol::{Answer, Event, Record, Request};
use crate::{Error, Result};

/// A connection to a container's output and input.
#[derive(Debug)]
pub struct Attached {
    link: Link,
    timeout: Duration,
}

/// What comes over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachedEvent {
    /// Output, as it was written.
    Output(Stream, Vec<u8>),
    /// The container has ended; all its output has come.
    Exited(Record),
}

impl Attached {
    pub(super) fn new(link: Link, timeout: Duration) -> Self {
        Self { link, timeout }
    }

    /// The next event, or `None` if there is none within `timeout` (`None`: waits for good).
    ///
    /// # Errors
    /// If the keeper is gone.
    pub fn next_event(&mut self, timeout: Option<Duration>) -> Result<Option<AttachedEvent>> {
        match self.link.receive(timeout.map(|timeout| Instant::now() + timeout))? {
            Some((Answer::Event(Event::Output { stream, bytes }), _)) => {
                Ok(Some(AttachedEvent::Output(stream, bytes)))
            }
            Some((Answer::Event(Event::Exited(record)), _)) => Ok(Some(AttachedEvent::Exited(record))),
            Some(_) => Err(Error::Protocol("not an event".into())),
            None => Ok(None),
        }
    }

    /// A hand for the container's standard input alone, for those who send while they wait for output.
    ///
    /// # Errors
    /// If descriptors are short.
    pub fn input(&self) -> Result<AttachedInput> {
        Ok(AttachedInput::new(self.link.sender()?))
    }

    /// Writes to the container's standard input.
    ///
    /// # Errors
    /// If the keeper is gone, or has given up because the container does not read.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.link.send(&Request::Input(bytes.to_vec()), Vec::new(), Instant::now() + self.timeout)
    }

    /// Closes the container's standard input (a terminal's end is a typed character instead).
    ///
    /// # Errors
    /// If the keeper is gone.
    pub fn close_input(&self) -> Result<()> {
        self.link.send(&Request::CloseInput, Vec::new(), Instant::now() + self.timeout)
    }
}

impl AsFd for Attached {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}
