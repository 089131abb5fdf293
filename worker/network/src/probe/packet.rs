//! Questions and answers as bytes.

/// What a question starts with; an id of 8 bytes and bytes that depend on it follow.
const QUESTION: [u8; 4] = *b"skq1";
/// What an answer starts with; the question's id and the digest of what arrived follow, 8 bytes each.
const ANSWER: [u8; 4] = *b"ska1";
/// IPv4's and UDP's headers before it.
const HEADERS: usize = 28;

/// A packet of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// To be answered.
    Question {
        /// Which one it is.
        id: u64,
    },
    /// An answer.
    Answer {
        /// To which question.
        id: u64,
        /// The digest of what arrived.
        digest: u64,
    },
}

impl Packet {
    /// From a datagram; none when it is neither.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|chunk| u64::from_be_bytes(*chunk));
        match *bytes.first_chunk()? {
            QUESTION => Some(Self::Question { id: number(4)? }),
            ANSWER => Some(Self::Answer { id: number(4)?, digest: number(12)? }),
            _ => None,
        }
    }
}

/// A question that makes an IPv4 packet of `size` bytes, the headers included. Its content looks random, and depends on the id.
pub(super) fn question(id: u64, size: usize) -> Vec<u8> {
    let length = size.saturating_sub(HEADERS).max(12);
    let mut bytes = [&QUESTION[..], &id.to_be_bytes()].concat();
    let mut state = id;
    while bytes.len() < length {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The answer to a question that arrived as these bytes.
pub(super) fn answer(id: u64, arrived: &[u8]) -> Vec<u8> {
    [&ANSWER[..], &id.to_be_bytes(), &digest(arrived).to_be_bytes()].concat()
}

/// FNV-1a: it finds what networks do to bytes; nobody needs to be kept from forging it.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_its_size_and_is_answered_by_its_id() {
        for size in [64, 333, 1450] {
            let bytes = question(7, size);
            assert_eq!(bytes.len() + HEADERS, size);
            assert_eq!(Packet::read(&bytes), Some(Packet::Question { id: 7 }));
            let back = answer(7, &bytes);
            assert_eq!(Packet::read(&back), Some(Packet::Answer { id: 7, digest: digest(&bytes) }));
        }
        assert_ne!(question(7, 64)[12..], question(8, 64)[12..]);
    }

    #[test]
    fn one_byte_that_differs_is_found() {
        let mut bytes = question(7, 1450);
        let sent = digest(&bytes);
        bytes[1000] ^= 1;
        assert_ne!(digest(&bytes), sent);
    }

    #[test]
    fn what_is_no_packet_of_ours_is_none() {
        for bytes in [&b""[..], b"skq1", b"ska1\0\0\0\0\0\0\0\x01", b"GET / HTTP/1.1\r\n\r\n"] {
            assert_eq!(Packet::read(bytes), None);
        }
    }
}
