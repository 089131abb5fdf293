//! What containers do to those who run them.

use std::thread;
use std::time::Duration;

use crate::connection::Answer;

/// Memory is taken in pieces of this size.
const PIECE_BYTES: usize = 4 << 20;

/// Ends the process at once, with 1 unless the text is another code.
pub(crate) fn crash(code: Option<&str>) -> Answer {
    end(code.and_then(|text| text.parse().ok()).unwrap_or(1))
}

/// Ends the process with this code.
#[expect(clippy::exit, reason = "to end is what is asked for, and nothing is to be cleaned up")]
pub(crate) fn end(code: i32) -> ! {
    std::process::exit(code)
}

/// Takes memory until the kernel kills the process.
pub(crate) fn take_memory() -> Answer {
    let mut taken = Vec::new();
    loop {
        // Written to, or the kernel would not give it.
        taken.push(vec![1_u8; PIECE_BYTES]);
        thread::sleep(Duration::from_millis(1));
    }
}
