use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::failure::Failure;

/// Bytes before each frame: channel, three zeros, length as big-endian u32 (Docker's stdcopy).
const HEADER_BYTES: usize = 8;
/// Largest frame that is believed.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Out,
    Error,
}

/// The content type of what a terminal wrote: there are no frames.
const RAW: &str = "application/vnd.docker.raw-stream";

/// Takes pieces off a log stream.
pub(crate) struct LogReader {
    body: Incoming,
    frames: Frames,
    raw: bool,
}

impl LogReader {
    /// Of a body with frames.
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, frames: Frames::default(), raw: false }
    }

    /// Of an answer whose content type says whether it has frames.
    pub(crate) fn of(answer: Response<Incoming>) -> Self {
        let raw = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == RAW);
        Self { raw, ..Self::new(answer.into_body()) }
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<(Channel, Bytes)>, Failure> {
        loop {
            let piece = if self.raw { self.frames.lines() } else { self.frames.next()? };
            if piece.is_some() {
                return Ok(piece);
            }
            match self.body.frame().await {
                None if self.raw => return Ok(self.frames.rest()),
                None => return Ok(None),
                Some(Err(error)) => return Err(Failure::talk("the log broke off", error)),
                Some(Ok(frame)) => self.frames.push(&frame.into_data().unwrap_or_default()),
            }
        }
    }
}

/// Docker's frames, or whole lines, as they come out of a stream of bytes.
#[derive(Default)]
pub(crate) struct Frames(BytesMut);

impl Frames {
    /// Takes what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The whole lines of what has no frames.
    fn lines(&mut self) -> Option<(Channel, Bytes)> {
        let end = self.0.iter().rposition(|&byte| byte == b'\n')?;
        Some((Channel::Out, self.0.split_to(end + 1).freeze()))
    }

    /// What is left of what has no frames; none when nothing is.
    fn rest(&mut self) -> Option<(Channel, Bytes)> {
        let rest = self.0.split().freeze();
        (!rest.is_empty()).then_some((Channel::Out, rest))
    }

    /// The next whole frame.
    pub(crate) fn next(&mut self) -> Result<Option<(Channel, Bytes)>, Failure> {
        let Some(&[kind, _, _, _, a, b, c, d]) = self.0.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if kind > 3 || length > FRAME_BYTES_MAX {
            return Err(Failure::talk("the log cannot be read", "it is not a multiplexed stream"));
        }
        if self.0.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        self.0.advance(HEADER_BYTES);
        let payload = self.0.split_to(length).freeze();
        match kind {
            0 | 1 => Ok(Some((Channel::Out, payload))),
            2 => Ok(Some((Channel::Error, payload))),
            _ => Err(Failure::Daemon {
                status: 500,
                message: String::from_utf8_lossy(&payload).trim().to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole() {
        let mut frames = Frames::default();
        frames.push(&[1, 0, 0, 0, 0, 0]);
        assert!(frames.next().unwrap().is_none());
        frames.push(b"\0\x03on");
        assert!(frames.next().unwrap().is_none());
        frames.push(b"e\x02\0\0\0\0\0\0\x01x");
        assert_eq!(frames.next().unwrap(), Some((Channel::Out, Bytes::from_static(b"one"))));
        assert_eq!(frames.next().unwrap(), Some((Channel::Error, Bytes::from_static(b"x"))));
        assert!(frames.next().unwrap().is_none());
    }

    #[test]
    fn what_a_terminal_wrote_comes_in_whole_lines() {
        let mut frames = Frames::default();
        frames.push(b"one\r\ntw");
        assert_eq!(frames.lines(), Some((Channel::Out, Bytes::from_static(b"one\r\n"))));
        assert_eq!(frames.lines(), None);
        frames.push(b"o\r\nthree\nfo");
        assert_eq!(frames.lines(), Some((Channel::Out, Bytes::from_static(b"two\r\nthree\n"))));
        assert_eq!(frames.rest(), Some((Channel::Out, Bytes::from_static(b"fo"))));
        assert_eq!(frames.rest(), None);
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let mut frames = Frames::default();
        frames.push(b"plain text");
        assert!(frames.next().is_err());
        let mut frames = Frames::default();
        frames.push(b"\x03\0\0\0\0\0\0\x03bad");
        assert!(frames.next().unwrap_err().to_string().contains("bad"));
    }
}
