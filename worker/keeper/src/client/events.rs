//! The stream of events.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::link::Link;
use crate::protocol::{Answer, Event};
use crate::{Error, Result};

/// Events of all containers: first one `Exited` for each that had already ended, then each as it happens.
#[derive(Debug)]
pub struct Events {
    link: Link,
}

impl Events {
    pub(super) fn new(link: Link) -> Self {
        Self { link }
    }

    /// The next event, or `None` if there is none within `timeout` (`None`: waits for good).
    ///
    /// # Errors
    /// If the keeper is gone: connect and subscribe again.
    pub fn next_event(&mut self, timeout: Option<Duration>) -> Result<Option<Event>> {
        match self.link.receive(timeout.map(|timeout| Instant::now() + timeout))? {
            Some((Answer::Event(event), _)) => Ok(Some(event)),
            Some(_) => Err(Error::Protocol("not an event".into())),
            None => Ok(None),
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event(None).transpose()
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}
