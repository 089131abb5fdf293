//! Two ends that speak to each other.

use tokio::sync::mpsc;

/// One end of a line: what is said at the one is heard at the other, in order. An end that is dropped is noticed at the other.
#[derive(Debug)]
pub struct Line<T> {
    /// What the other end says.
    pub heard: mpsc::Receiver<T>,
    /// Says something to the other end; waits while too much is not heard yet.
    pub said: mpsc::Sender<T>,
}

impl<T> Line<T> {
    /// Both ends of a new line, on which so many pieces may be under way in each direction.
    pub fn new(pieces: usize) -> (Self, Self) {
        let (said, heard_there) = mpsc::channel(pieces);
        let (said_there, heard) = mpsc::channel(pieces);
        (Self { heard, said }, Self { heard: heard_there, said: said_there })
    }
}
