//! One line of a log file in the format of the Kubernetes container runtime interface:
//! `2016-10-06T00:17:09.669794202Z stdout P content` (P: the line goes on in the next one, F: its end).

use serde::{Deserialize, Serialize};

use crate::time::{parse_rfc3339, write_rfc3339};

/// Which of a process's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output, and everything from a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line, or part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the keeper read it, in nanoseconds since 1970.
    pub timestamp_ns: u64,
    /// Where it came from.
    pub stream: Stream,
    /// What was written, without the newline.
    pub bytes: Vec<u8>,
    /// Whether no newline follows: the line goes on, or the output ended in the middle of it.
    pub partial: bool,
}

impl LogLine {
    /// Reads a line of a file, without its newline; `None` if it has another format.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut fields = text.splitn(4, |c| *c == b' ');
        let timestamp_ns = parse_rfc3339(fields.next()?)?;
        let stream = match fields.next()? {
            b"stdout" => Stream::Stdout,
            b"stderr" => Stream::Stderr,
            _ => return None,
        };
        // Tags may follow the first one after colons.
        let partial = match fields.next()?.split(|c| *c == b':').next()? {
            b"P" => true,
            b"F" => false,
            _ => return None,
        };
        Some(Self { timestamp_ns, stream, bytes: fields.next()?.to_vec(), partial })
    }
}

/// Appends a line in file format to `out`.
pub(super) fn write_line(timestamp_ns: u64, stream: Stream, bytes: &[u8], partial: bool, out: &mut Vec<u8>) {
    write_rfc3339(timestamp_ns, out);
    out.extend_from_slice(match (stream, partial) {
        (Stream::Stdout, false) => b" stdout F ",
        (Stream::Stdout, true) => b" stdout P ",
        (Stream::Stderr, false) => b" stderr F ",
        (Stream::Stderr, true) => b" stderr P ",
    });
    out.extend_from_slice(bytes);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_garbage() {
        let mut text = Vec::new();
        write_line(5_000_000_001, Stream::Stderr, b"a b  c", true, &mut text);
        assert_eq!(text, b"1970-01-01T00:00:05.000000001Z stderr P a b  c\n");
        let line = LogLine::parse(&text[..text.len() - 1]).unwrap();
        assert_eq!((line.timestamp_ns, line.stream, line.partial), (5_000_000_001, Stream::Stderr, true));
        assert_eq!(line.bytes, b"a b  c");
        for bad in ["", "x", "1970-01-01T00:00:05Z stdout", "1970-01-01T00:00:05Z stdin F x"] {
            assert_eq!(LogLine::parse(bad.as_bytes()), None);
        }
        assert_eq!(LogLine::parse(b"1970-01-01T00:00:05Z stdout F ").unwrap().bytes, b"");
    }
}
