//! What a child was told is stored, written to a pipe before anything else happens.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};

/// Marks the lines of the harness among whatever else the test binary prints.
const MARK: &str = "acknowledged ";

/// The child's end: call [`Acks::tell`] after the store said that something is stored.
#[derive(Clone, Copy, Debug)]
pub struct Acks {
    _private: (),
}

impl Acks {
    pub(crate) fn new() -> Self {
        Self { _private: () }
    }

    /// Tells that `number` of `stream` is stored. Numbers of one stream grow; streams may be told by several threads.
    ///
    /// # Panics
    /// When the parent is gone, which ends the child.
    pub fn tell(&self, stream: u64, number: u64) {
        // One write per line, so that lines of several threads do not mix.
        let line = format!("{MARK}{stream} {number}\n");
        let written = std::io::stdout().lock().write_all(line.as_bytes());
        assert!(written.is_ok(), "the parent is gone");
    }
}

/// Reads until the pipe ends, calling `first` when the first line has come; answers with the last number of each
/// stream.
pub(crate) fn collect(pipe: impl Read, mut first: impl FnMut()) -> BTreeMap<u64, u64> {
    let mut last = BTreeMap::new();
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let Some((_, told)) = line.split_once(MARK) else { continue };
        let Some((stream, number)) = told.split_once(' ') else { continue };
        if let (Ok(stream), Ok(number)) = (stream.parse(), number.parse()) {
            if last.is_empty() {
                first();
            }
            last.insert(stream, number);
        }
    }
    last
}
