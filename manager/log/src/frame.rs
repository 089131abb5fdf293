//! One record's bytes in a segment.
//!
//! ```text
//! 0 length of body 4 | 4 crc32 of all that follows and of the length 4 | 8 durable 4 | 12 kind 1 | 13 index 8 | 21 body
//! ```
//! Numbers are little endian; the body is the encrypted payload and its tag. `durable` is how much of the segment was
//! synced when the record was written. Recovery needs it: a sound record behind a broken one proves damage only if it
//! was written after the broken one had been synced. Records of one batch reach a disk in any order.

use crate::cipher::{Cipher, TAG};
use crate::error::Error;

/// Length of what stands before the body, in bytes.
pub(crate) const FRAME: usize = 21;

/// One record of the log. The kind is the owner's business; the index continues the log by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the payload is, in the owner's terms.
    pub kind: u8,
    /// The record's place in the log.
    pub index: u64,
    /// What is stored.
    pub payload: Vec<u8>,
}

/// A record that was found sound.
pub(crate) struct Found {
    pub(crate) record: Record,
    /// How many bytes it takes in the segment.
    pub(crate) length: usize,
    /// How much of the segment was synced when it was written.
    pub(crate) durable: u32,
}

/// Adds a record to `out`. `first` is the segment's first index: records are numbered from there for their nonces.
pub(crate) fn write(
    out: &mut Vec<u8>,
    cipher: &Cipher,
    first: u64,
    durable: u32,
    record: &Record,
) -> Result<(), Error> {
    let start = out.len();
    let length = u32::try_from(record.payload.len() + TAG).map_err(|_| Error::TooLarge {
        index: record.index,
        bytes: record.payload.len(),
        max: u32::MAX as usize - TAG,
    })?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&durable.to_le_bytes());
    out.push(record.kind);
    out.extend_from_slice(&record.index.to_le_bytes());
    out.extend_from_slice(&record.payload);
    let (head, body) = out[start..].split_at_mut(FRAME);
    let tag = cipher.seal(record.index - first, &authenticated(head), body)?;
    out.extend_from_slice(&tag);
    let crc = checksum(&out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    Ok(())
}

/// Reads the record that starts at the first of `bytes`; `Err` says what is wrong with it.
pub(crate) fn read(bytes: &[u8], cipher: &Cipher, first: u64, index: u64) -> Result<Found, &'static str> {
    let Some(head) = bytes.first_chunk::<FRAME>() else {
        return Err("the file ends within a record's header");
    };
    let length = word(head, 0) as usize;
    if length < TAG {
        return Err("a record's length is impossible");
    }
    let Some(whole) = bytes.get(..FRAME + length) else {
        return Err("the file ends within a record");
    };
    if found_index(head) != index {
        return Err("a record has another index than its place");
    }
    if checksum(whole) != word(head, 4) {
        return Err("a record's checksum is wrong");
    }
    let Some(payload) = cipher.open(index - first, &authenticated(head), &whole[FRAME..]) else {
        return Err("a record's authentication failed");
    };
    let record = Record { kind: head[12], index, payload };
    Ok(Found { record, length: whole.len(), durable: word(head, 8) })
}

/// Whether a sound record that was written after byte `at` of the segment had been synced stands somewhere behind it.
pub(crate) fn synced_behind(
    bytes: &[u8],
    at: usize,
    cipher: &Cipher,
    first: u64,
    index: u64,
) -> Option<usize> {
    let most = index.saturating_add((bytes.len() / FRAME) as u64);
    (at + 1..bytes.len().saturating_sub(FRAME + TAG - 1)).find(|&offset| {
        let Some(head) = bytes[offset..].first_chunk::<FRAME>() else { return false };
        let durable = word(head, 8) as usize;
        let found = found_index(head);
        durable > at
            && durable <= offset
            && found >= index
            && found <= most
            && read(&bytes[offset..], cipher, first, found).is_ok()
    })
}

/// What the tag covers besides the payload: everything in the frame but the checksum.
fn authenticated(head: &[u8]) -> [u8; FRAME - 4] {
    let mut out = [0; FRAME - 4];
    out[..4].copy_from_slice(&head[..4]);
    out[4..].copy_from_slice(&head[8..FRAME]);
    out
}

fn checksum(whole: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&whole[..4]);
    hasher.update(&whole[8..]);
    hasher.finalize()
}

fn word(head: &[u8; FRAME], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn found_index(head: &[u8; FRAME]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&head[13..FRAME]);
    u64::from_le_bytes(bytes)
}
