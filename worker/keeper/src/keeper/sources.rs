//! What the loop waits for: an epoll set and what each of its tokens means.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::log::Stream;

/// Something that the loop waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// New connections.
    Listener,
    /// SIGCHLD and the signals that end the keeper.
    Signals,
    /// A client.
    Connection(u64),
    /// Reports of a container's first process.
    Report(String),
    /// Reports of an exec.
    ExecReport(u64),
    /// Output of a container.
    Output(String, Stream),
    /// Room for input of a container.
    Input(String),
}

/// The epoll set.
#[derive(Debug)]
pub(super) struct Sources {
    epoll: Epoll,
    by_token: BTreeMap<u64, Source>,
    next: u64,
}

impl Sources {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, by_token: BTreeMap::new(), next: 1 })
    }

    /// Waits for `fd`; gives the token to remove it by.
    pub(super) fn add(&mut self, fd: impl AsFd, flags: EpollFlags, source: Source) -> io::Result<u64> {
        let token = self.next;
        self.next += 1;
        self.epoll.add(fd, EpollEvent::new(flags, token))?;
        self.by_token.insert(token, source);
        Ok(token)
    }

    /// Changes what is waited for.
    pub(super) fn change(&self, fd: impl AsFd, flags: EpollFlags, token: u64) {
        let _ = self.epoll.modify(fd, &mut EpollEvent::new(flags, token));
    }

    /// Waits for `fd` no more.
    pub(super) fn remove(&mut self, fd: impl AsFd, token: u64) {
        self.by_token.remove(&token);
        let _ = self.epoll.delete(fd);
    }

    /// What has happened within `timeout_ms` (`None`: however long it takes).
    pub(super) fn wait(&self, timeout_ms: Option<u16>) -> io::Result<Vec<(Source, EpollFlags)>> {
        let mut events = [EpollEvent::empty(); 64];
        let timeout = timeout_ms.map_or(EpollTimeout::NONE, EpollTimeout::from);
        let count = match self.epoll.wait(&mut events, timeout) {
            Err(nix::errno::Errno::EINTR) => 0,
            answer => answer?,
        };
        let known = |event: &EpollEvent| Some((self.by_token.get(&event.data())?.clone(), event.events()));
        Ok(events.get(..count).unwrap_or_default().iter().filter_map(known).collect())
    }
}
