//! Lines as bytes: Docker's stdcopy frames (reference/swarm-features.md, 8.7).

use bytes::{BufMut, Bytes, BytesMut};
use skep_model::Timestamp;
use skep_rest::rfc3339;

use super::request::LogRequest;
use crate::error::HostError;
use crate::log_line::{LogLine, LogOrigin};

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const SYSTEM_ERROR: u8 = 3;
/// Bytes of a frame before its text: the origin, three zeros, the length.
const HEADER_BYTES: usize = 8;

/// What stands before the text of a line.
pub(crate) fn prefixed(request: &LogRequest, attributes: &str, line: &LogLine) -> Bytes {
    if !request.timestamps && !request.details {
        return line.text.clone();
    }
    let mut text = BytesMut::new();
    if request.timestamps {
        text.put_slice(rfc3339(Timestamp::from_nanos(line.at_ns)).as_bytes());
        text.put_u8(b' ');
    }
    if request.details {
        text.put_slice(attributes.as_bytes());
        text.put_u8(b' ');
    }
    text.put_slice(&line.text);
    text.freeze()
}

/// A text in a frame of its origin.
pub(crate) fn framed(origin: LogOrigin, text: &[u8]) -> Bytes {
    match origin {
        LogOrigin::Stdout => frame(STDOUT, text),
        LogOrigin::Stderr => frame(STDERR, text),
    }
}

/// Why a log broke off; clients show it as an error of the daemon.
pub(crate) fn failure(error: &HostError) -> Bytes {
    frame(SYSTEM_ERROR, format!("Error grabbing logs: {error}\n").as_bytes())
}

fn frame(kind: u8, text: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + text.len());
    out.put_slice(&[kind, 0, 0, 0]);
    out.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    out.put_slice(text);
    out.freeze()
}
