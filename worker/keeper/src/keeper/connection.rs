//! A client's connection.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use nix::sys::epoll::EpollFlags;

use super::server::Keeper;
use super::sources::Source;
use crate::protocol::{Answer, Event, Frames, Outgoing};

/// Bytes that a client may leave unread before it is given up.
const BACKLOG_MAX: usize = 64 << 20;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: UnixStream,
    pub(super) token: u64,
    pub(super) frames: Frames,
    pub(super) out: Outgoing,
    pub(super) mode: Mode,
    /// A request is under way; the next one waits.
    pub(super) busy: bool,
    /// Close once all is sent.
    pub(super) closing: bool,
    /// Nothing is read from it until the container has read what waits.
    paused: bool,
    wants_room: bool,
}

/// What a connection is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing yet: the first message must be Hello.
    New,
    /// Requests and answers.
    Requests,
    /// Events.
    Subscribed,
    /// Output and input of a container.
    Attached(String),
}

impl Connection {
    pub(super) fn new(stream: UnixStream, token: u64) -> Self {
        Self {
            stream,
            token,
            frames: Frames::default(),
            out: Outgoing::default(),
            mode: Mode::New,
            busy: false,
            closing: false,
            paused: false,
            wants_room: false,
        }
    }

    fn interest(&self) -> EpollFlags {
        let room = if self.wants_room { EpollFlags::EPOLLOUT } else { EpollFlags::empty() };
        let more = if self.paused { EpollFlags::empty() } else { EpollFlags::EPOLLIN };
        room | more
    }
}

impl Keeper {
    /// Takes all new connections.
    pub(super) fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let peer = rustix::net::sockopt::socket_peercred(&stream);
            let own = rustix::process::geteuid();
            if !peer.is_ok_and(|peer| peer.uid.is_root() || peer.uid == own)
                || stream.set_nonblocking(true).is_err()
            {
                continue;
            }
            let number = self.next_number();
            let source = Source::Connection(number);
            if let Ok(token) = self.sources.add(&stream, EpollFlags::EPOLLIN, source) {
                self.connections.insert(number, Connection::new(stream, token));
            }
        }
    }

    /// Something happened on a connection.
    pub(super) fn on_connection(&mut self, number: u64, flags: EpollFlags) {
        if flags.contains(EpollFlags::EPOLLOUT) {
            self.flush(number);
        }
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if !flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
            return;
        }
        match connection.frames.receive(&connection.stream) {
            Ok(true) => self.serve(number),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(false) | Err(_) => self.close(number),
        }
    }

    /// Works off the requests that have arrived, one at a time.
    pub(super) fn serve(&mut self, number: u64) {
        while let Some(connection) = self.connections.get_mut(&number) {
            if connection.busy || connection.closing || connection.paused {
                return;
            }
            match connection.frames.take() {
                Ok(Some((request, descriptors))) => {
                    connection.busy = true;
                    self.on_request(number, request, descriptors);
                }
                Ok(None) => return,
                Err(_) => return self.close(number),
            }
        }
    }

    /// Answers the request under way; the loop then goes on to the next.
    pub(super) fn answer(&mut self, number: u64, answer: &Answer, descriptors: Vec<OwnedFd>) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.busy = false;
            if !connection.frames.is_empty() {
                self.ready.push(number);
            }
        }
        self.send(number, answer, descriptors);
    }

    /// Sends an event to every connection that `wanted` chooses.
    pub(super) fn publish(&mut self, event: &Event, wanted: impl Fn(&Mode) -> bool) {
        let numbers: Vec<u64> =
            self.connections.iter().filter(|(_, c)| wanted(&c.mode)).map(|(number, _)| *number).collect();
        if !numbers.is_empty() {
            let answer = Answer::Event(event.clone());
            numbers.into_iter().for_each(|number| self.send(number, &answer, Vec::new()));
        }
    }

    /// Queues a message and sends what the socket takes.
    pub(super) fn send(&mut self, number: u64, answer: &Answer, descriptors: Vec<OwnedFd>) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.out.push(answer, descriptors).is_err() || connection.out.len() > BACKLOG_MAX {
            return self.close(number);
        }
        self.flush(number);
    }

    fn flush(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        match connection.out.send(&connection.stream) {
            Ok(()) if connection.closing => return self.close(number),
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return self.close(number),
        }
        let wants_room = !connection.out.is_empty();
        if wants_room != connection.wants_room {
            connection.wants_room = wants_room;
            self.sources.change(&connection.stream, connection.interest(), connection.token);
        }
    }

    /// Reads no more input from a connection, or goes on.
    pub(super) fn set_paused_input(&mut self, number: u64, paused: bool) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.paused != paused {
            connection.paused = paused;
            self.sources.change(&connection.stream, connection.interest(), connection.token);
            self.ready.push(number);
        }
    }

    /// Forgets a connection.
    pub(super) fn close(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            self.sources.remove(&connection.stream, connection.token);
        }
    }
}
