//! Cuts a stream of bytes into lines, and long lines into parts.

/// Longest part of a line in bytes, as in the CRI format's other users.
pub(crate) const PART_MAX: usize = 16 * 1024;

/// What has come of a line whose end has not.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Takes more bytes; calls `line` with every line (`false`) or part of a long one (`true`) that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8], bool)) {
        while !bytes.is_empty() {
            let room = PART_MAX - self.pending.len();
            let newline = bytes.iter().take(room + 1).position(|c| *c == b'\n');
            let (end, skip, partial) = match newline {
                Some(at) => (at, 1, false),
                None if bytes.len() > room => (room, 0, true),
                None => {
                    self.pending.extend_from_slice(bytes);
                    return;
                }
            };
            if self.pending.is_empty() {
                line(&bytes[..end], partial);
            } else {
                self.pending.extend_from_slice(&bytes[..end]);
                line(&self.pending, partial);
                // A quiet container must not hold on to the memory of one long line.
                self.pending = Vec::new();
            }
            bytes = &bytes[end + skip..];
        }
    }

    /// Gives out what is left when the stream ends.
    pub(crate) fn finish(&mut self, line: impl FnOnce(&[u8])) {
        if !self.pending.is_empty() {
            line(&std::mem::take(&mut self.pending));
        }
    }

    /// The unfinished line, for another keeper to go on with.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Goes on with an unfinished line.
    pub(crate) fn with_pending(pending: Vec<u8>) -> Self {
        Self { pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<(usize, bool)> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        for chunk in chunks {
            splitter.push(chunk, |bytes, partial| found.push((bytes.len(), partial)));
        }
        splitter.finish(|bytes| found.push((bytes.len(), true)));
        found
    }

    #[test]
    fn lines_across_chunks() {
        assert_eq!(lines(&[b"ab\nc", b"d\n\n", b"e"]), [(2, false), (2, false), (0, false), (1, true)]);
    }

    #[test]
    fn long_lines_are_cut_and_exact_ones_not() {
        let long = vec![b'x'; PART_MAX + 5];
        assert_eq!(lines(&[&long, b"\n"]), [(PART_MAX, true), (5, false)]);
        assert_eq!(lines(&[&long[..PART_MAX], b"\n"]), [(PART_MAX, false)]);
    }
}
