//! A container's standard input and terminal, on this one.

use std::io::{IsTerminal, Read};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustix::termios::{OptionalActions, Termios, Winsize, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::attached::{Asked, Session, show};
use crate::client::{Client, Frames, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 16 * 1024;
/// Ctrl-P and Ctrl-Q, one after the other, leave the container alone, as Docker's do.
const DETACH: [u8; 2] = [16, 17];

/// The connection, and this side's terminal.
pub(super) struct Console {
    connection: TokioIo<Upgraded>,
    session: Session,
}

/// How a console was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The container ended.
    Ended,
    /// The container runs on.
    Detached,
}

impl Console {
    /// Attaches to a container that is not started yet.
    pub(super) async fn open(client: &Client, path: &str, session: Session) -> Result<Self, Failure> {
        let query = Query::new(format!("{path}/attach"))
            .with("stream", "1")
            .with("stdout", "1")
            .with("stderr", "1")
            .with_flag("stdin", session.types);
        Ok(Self { connection: client.take_over(query.as_str()).await?, session })
    }

    /// Over a connection that was taken over already.
    pub(super) fn over(connection: TokioIo<Upgraded>, session: Session) -> Self {
        Self { connection, session }
    }

    /// Carries both ways until what runs has ended. Without something to be asked with, what ends this process leaves a command running,
    /// as with Docker.
    pub(super) async fn carry(
        self,
        client: &Client,
        path: &str,
        mut asked: Option<&mut Asked>,
    ) -> Result<Left, Failure> {
        let Session { terminal, types, .. } = self.session;
        let raw = if terminal && types { Raw::enter() } else { None };
        let mut resized =
            signal(SignalKind::window_change()).map_err(|error| Failure::talk("listen", error))?;
        if terminal {
            resize(client, path).await;
        }
        let (reading, writing) = tokio::io::split(self.connection);
        let mut typing = std::pin::pin!(async {
            if types { type_in(writing, terminal).await } else { std::future::pending().await }
        });
        let mut showing = std::pin::pin!(show_all(reading, terminal));
        let left = loop {
            tokio::select! {
                biased;
                Some(asked) = again(asked.as_deref_mut()) => asked.end(client, path).await,
                _ = resized.recv(), if terminal => resize(client, path).await,
                () = typing.as_mut() => break Ok(Left::Detached),
                shown = showing.as_mut() => break shown.map(|()| Left::Ended),
            }
        };
        drop(raw);
        left
    }
}

/// Gives the container's terminal the size of this one; without one it keeps its own.
async fn resize(client: &Client, path: &str) {
    let Ok(Winsize { ws_row, ws_col, .. }) = tcgetwinsize(std::io::stdout()) else { return };
    let query =
        Query::new(format!("{path}/resize")).with("h", ws_row.to_string()).with("w", ws_col.to_string());
    // It may have ended already.
    drop(client.post::<Nothing>(query.as_str(), &Nothing::Null).await);
}

/// Comes back when its user leaves; at the end of the input it waits for the container.
async fn type_in(mut writing: WriteHalf<TokioIo<Upgraded>>, terminal: bool) {
    let mut typed = typed();
    let mut keys = Keys::default();
    while let Some(bytes) = typed.recv().await {
        if terminal && keys.leave(&bytes) {
            return;
        }
        if writing.write_all(&bytes).await.is_err() {
            break;
        }
    }
    // The container has ended, or is told that the input has.
    drop(writing.shutdown().await);
    std::future::pending().await
}

/// Waits until its user asks for the end; for ever when that is not heard here.
async fn again(asked: Option<&mut Asked>) -> Option<&Asked> {
    let Some(asked) = asked else { return std::future::pending().await };
    asked.again().await;
    Some(asked)
}

/// Standard input, read by a thread that may be left behind: a read of a terminal cannot be taken back.
fn typed() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = std::io::stdin().read(&mut buffer) {
            let bytes = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.blocking_send(bytes).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn show_all(mut reading: ReadHalf<TokioIo<Upgraded>>, terminal: bool) -> Result<(), Failure> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut frames = Frames::default();
    loop {
        // The daemon may be killed: how the container ended is asked apart.
        let Ok(length @ 1..) = reading.read(&mut buffer).await else { return Ok(()) };
        let bytes = buffer.get(..length).unwrap_or_default();
        if terminal {
            output::raw(bytes)?;
            continue;
        }
        frames.push(bytes);
        while let Some((channel, bytes)) = frames.next()? {
            show(channel, &bytes)?;
        }
    }
}

/// What was typed of the keys that leave a container.
#[derive(Debug, Default)]
struct Keys(usize);

impl Keys {
    /// Whether the last of them was typed.
    fn leave(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.0 = match (DETACH.get(self.0) == Some(byte), DETACH.first() == Some(byte)) {
                (true, _) => self.0 + 1,
                (false, true) => 1,
                (false, false) => 0,
            };
            if self.0 == DETACH.len() {
                return true;
            }
        }
        false
    }
}

/// This terminal hands each key on as it is; dropping this makes it what it was.
struct Raw(Termios);

impl Raw {
    fn enter() -> Option<Self> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&input, OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_in_a_row_leave() {
        let mut keys = Keys::default();
        assert!(!keys.leave(&[16, 65, 17]) && !keys.leave(&[16, 16]) && keys.leave(&[17]));
    }
}
