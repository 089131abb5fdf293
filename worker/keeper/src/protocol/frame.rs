//! Frames on a stream socket, with descriptors.
#![expect(unsafe_code, reason = "received descriptors arrive as numbers")]

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest message in bytes: a list of some ten thousand records fits.
const LENGTH_MAX: usize = 16 << 20;
/// Most descriptors with one message: the kernel's limit (SCM_MAX_FD).
pub(super) const DESCRIPTORS_MAX: usize = 253;
const HEADER: usize = 4;

/// What was received and not yet taken.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

impl Frames {
    /// Receives once. `Ok(false)`: the other side has closed. On a non-blocking socket: `WouldBlock`.
    pub(crate) fn receive(&mut self, socket: impl AsFd) -> io::Result<bool> {
        let mut buffer = [0_u8; 16 * 1024];
        let mut space = nix::cmsg_space!([RawFd; DESCRIPTORS_MAX]);
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let fd = socket.as_fd().as_raw_fd();
        let message = recvmsg::<()>(fd, &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(numbers) = control {
                // SAFETY: the kernel has just made these descriptors for us alone.
                self.descriptors.extend(numbers.into_iter().map(|n| unsafe { OwnedFd::from_raw_fd(n) }));
            }
        }
        let length = message.bytes;
        self.bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
        Ok(length > 0)
    }

    /// Whether nothing is left to take.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next whole message with the descriptors that have come, or `None`.
    ///
    /// # Errors
    /// What is wrong with the bytes; the connection is then of no more use.
    pub(crate) fn take<T: DeserializeOwned>(&mut self) -> Result<Option<(T, Vec<OwnedFd>)>, String> {
        let Some(header) = self.bytes.first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_le_bytes(*header) as usize;
        if length > LENGTH_MAX {
            return Err(format!("a message of {length} bytes"));
        }
        let Some(body) = self.bytes.get(HEADER..HEADER + length) else { return Ok(None) };
        let message = postcard::from_bytes(body).map_err(|error| format!("unreadable message: {error}"))?;
        self.bytes.drain(..HEADER + length);
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
        Ok(Some((message, std::mem::take(&mut self.descriptors))))
    }
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    frames: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    sent_of_first: usize,
    length: usize,
}

impl Outgoing {
    /// Adds a message.
    ///
    /// # Errors
    /// If it is too long or has too many descriptors.
    pub(crate) fn push<T: Serialize>(
        &mut self,
        message: &T,
        descriptors: Vec<OwnedFd>,
    ) -> Result<(), String> {
        let body = postcard::to_stdvec(message).map_err(|error| error.to_string())?;
        let length = u32::try_from(body.len()).ok().filter(|n| *n as usize <= LENGTH_MAX);
        let length = length.ok_or_else(|| format!("a message of {} bytes", body.len()))?;
        if descriptors.len() > DESCRIPTORS_MAX {
            return Err(format!(
                "{} descriptors, at most {DESCRIPTORS_MAX} can be passed",
                descriptors.len()
            ));
        }
        let mut frame = length.to_le_bytes().to_vec();
        frame.extend(body);
        self.length += frame.len();
        self.frames.push_back((frame, descriptors));
        Ok(())
    }

    /// Bytes still to be sent.
    pub(crate) fn len(&self) -> usize {
        self.length - self.sent_of_first
    }

    /// Whether all is sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Sends until all is sent or the socket takes no more (`WouldBlock`, on a non-blocking socket).
    pub(crate) fn send(&mut self, socket: impl AsFd) -> io::Result<()> {
        while let Some((frame, descriptors)) = self.frames.front() {
            let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
            let rights = [ControlMessage::ScmRights(&numbers)];
            let first = self.sent_of_first == 0 && !numbers.is_empty();
            let control = if first { &rights[..] } else { &[] };
            let rest = [IoSlice::new(frame.get(self.sent_of_first..).unwrap_or_default())];
            let flags = MsgFlags::MSG_NOSIGNAL;
            match sendmsg::<()>(socket.as_fd().as_raw_fd(), &rest, control, flags, None) {
                Ok(sent) => self.sent_of_first += sent,
                Err(nix::errno::Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if self.sent_of_first >= frame.len() {
                self.length -= frame.len();
                self.sent_of_first = 0;
                self.frames.pop_front();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn messages_and_descriptors_arrive_in_pieces_and_together() {
        let (left, right) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"inside").unwrap();
        let mut out = Outgoing::default();
        out.push(&"x".repeat(50_000), vec![file.into()]).unwrap();
        out.push(&"second", Vec::new()).unwrap();
        let sender = std::thread::spawn(move || out.send(&left).unwrap());
        let mut frames = Frames::default();
        let mut found: Vec<(String, Vec<OwnedFd>)> = Vec::new();
        while frames.receive(&right).unwrap() {
            while let Some(message) = frames.take().unwrap() {
                found.push(message);
            }
        }
        sender.join().unwrap();
        assert_eq!((found[0].0.len(), found[1].0.as_str()), (50_000, "second"));
        let mut file = std::fs::File::from(found.remove(0).1.remove(0));
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "inside");
    }

    #[test]
    fn nonsense_is_refused() {
        let mut frames = Frames { bytes: vec![255; 8], descriptors: Vec::new() };
        assert!(frames.take::<String>().is_err());
        let mut frames = Frames { bytes: vec![1, 0, 0, 0, 9], descriptors: Vec::new() };
        assert!(frames.take::<String>().is_err());
    }
}
