//! Pumping output into logs and to attached clients, and input from them.

use nix::sys::epoll::EpollFlags;
use rustix::io::Errno;

use super::connection::Mode;
use super::server::Keeper;
use super::sources::Source;
use crate::log::{LogWriter, Stream};
use crate::protocol::Event;
use crate::time::now_ns;

/// Bytes of input that may wait for a container to read them; whoever sends more waits, too.
const INPUT_MAX: usize = 256 << 10;

/// What reading once gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pumped {
    /// Something; there may be more.
    Some,
    /// Nothing now.
    Nothing,
    /// Nothing ever again.
    End,
}

impl Keeper {
    /// An output has something, or its end.
    pub(super) fn on_output(&mut self, id: &str, stream: Stream) {
        if self.pump(id, stream) == Pumped::End {
            self.close_output(id, stream);
        }
    }

    /// Reads everything that is left, then closes the output.
    pub(super) fn drain(&mut self, id: &str, stream: Stream) {
        // The kernel holds at most a megabyte or so of a pipe; the bound is against a pipe that somebody outside
        // still fills.
        for _ in 0..256 {
            if self.pump(id, stream) != Pumped::Some {
                break;
            }
        }
        self.close_output(id, stream);
    }

    /// Reads once.
    fn pump(&mut self, id: &str, stream: Stream) -> Pumped {
        let Some(container) = self.containers.get_mut(id) else { return Pumped::End };
        let output = match stream {
            Stream::Stdout => &mut container.stdout,
            Stream::Stderr => &mut container.stderr,
        };
        let Some(output) = output else { return Pumped::End };
        let length = match rustix::io::read(&output.fd, &mut self.buffer[..]) {
            Err(Errno::INTR) => return Pumped::Some,
            Err(Errno::AGAIN) => return Pumped::Nothing,
            // The last process has closed a terminal.
            Ok(0) | Err(_) => return Pumped::End,
            Ok(length) => length,
        };
        let bytes = self.buffer.get(..length).unwrap_or_default();
        let mut batch = Vec::with_capacity(length + 64);
        let now = now_ns();
        output
            .splitter
            .push(bytes, |line, partial| LogWriter::format(&mut batch, now, stream, line, partial));
        if !batch.is_empty() {
            container.log.write(&batch);
        }
        if self.connections.values().any(|c| attached_to(&c.mode, id)) {
            let event = Event::Output { stream, bytes: bytes.to_vec() };
            self.publish(&event, |mode| attached_to(mode, id));
        }
        Pumped::Some
    }

    fn close_output(&mut self, id: &str, stream: Stream) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let output = match stream {
            Stream::Stdout => container.stdout.take(),
            Stream::Stderr => container.stderr.take(),
        };
        let Some(mut output) = output else { return };
        self.sources.remove(&output.fd, output.token);
        let mut batch = Vec::new();
        output.splitter.finish(|rest| LogWriter::format(&mut batch, now_ns(), stream, rest, true));
        if !batch.is_empty() {
            container.log.write(&batch);
        }
    }

    /// Writes input to a container; `false` if so much waits for it that no more is to be read for it.
    pub(super) fn input(&mut self, id: &str, bytes: &[u8], close: bool) -> bool {
        let Some(input) = self.containers.get_mut(id).and_then(|c| c.input.as_mut()) else { return true };
        input.pending.extend_from_slice(bytes);
        input.closing |= close;
        self.on_input_room(id);
        let waiting = self.containers.get(id).and_then(|c| c.input.as_ref()).map(|input| input.pending.len());
        waiting.is_none_or(|waiting| waiting < INPUT_MAX)
    }

    /// Whoever waited to send input goes on.
    pub(super) fn resume_input(&mut self, id: &str) {
        let attached = self.connections.iter().filter(|(_, c)| attached_to(&c.mode, id));
        let numbers: Vec<u64> = attached.map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| self.set_paused_input(number, false));
    }

    /// Writes what waits, as far as the container takes it.
    pub(super) fn on_input_room(&mut self, id: &str) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let terminal = container.terminal.is_some();
        let Some(input) = &mut container.input else { return };
        while !input.pending.is_empty() {
            match rustix::io::write(&input.fd, &input.pending) {
                Ok(written) => drop(input.pending.drain(..written)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if input.token.is_none() {
                        let source = Source::Input(id.to_owned());
                        input.token = self.sources.add(&input.fd, EpollFlags::EPOLLOUT, source).ok();
                    }
                    return;
                }
                Err(_) => {
                    input.pending.clear();
                    input.closing = true;
                }
            }
        }
        if let Some(token) = input.token.take() {
            self.sources.remove(&input.fd, token);
        }
        // The end of a terminal's input is a character, typed by the client.
        if input.closing && !terminal {
            container.input = None;
        }
        self.resume_input(id);
    }
}

fn attached_to(mode: &Mode, id: &str) -> bool {
    matches!(mode, Mode::Attached(attached) if attached == id)
}
