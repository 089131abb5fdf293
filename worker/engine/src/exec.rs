//! Commands that users run in containers.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::Shared;
use rustix::termios::{Winsize, tcsetwinsize};
use skep_model::{CallPiece, ExecSpec};
use skep_runtime::{Env, Line};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::programs::hook_process;

/// Pieces that may be under way in each direction.
const PIECES_QUEUED: usize = 16;
/// How long one call to the keeper waits for the end; then it is asked again. It holds a thread, for which the daemon's end would wait.
const WAIT_AT_ONCE: Duration = Duration::from_secs(2);
/// How long the next output is still waited for when the command has ended: what it started may keep its outputs open.
const LEFT_OUTPUT_WAIT: Duration = Duration::from_millis(500);
/// Bytes of each output that are still shown then: the most that a pipe holds (pipe(7), pipe-max-size). What it started may go on
/// writing.
const LEFT_OUTPUT_BYTES_MAX: usize = 1 << 20;
/// Bytes of output that are read at once.
const OUTPUT_BYTES: usize = 16 * 1024;
/// What a terminal takes for the end of the input (Ctrl-D).
const END_OF_INPUT: u8 = 4;

/// Ready when the command has ended.
type Ended = Shared<oneshot::Receiver<()>>;

/// This side of a command's standard input and output.
struct Ends {
    /// What it reads; none without a standard input.
    input: Option<Sender>,
    /// What it writes, and whether that is its standard error.
    outputs: Vec<(bool, Receiver)>,
    /// Its terminal, to set its size.
    terminal: Option<OwnedFd>,
}

impl Engine {
    /// Runs a command in a running container; gives the line to it. When the line is dropped it goes on, but nobody reads what it
    /// writes.
    ///
    /// # Errors
    /// When there is no such container, it does not run, or the command cannot be run.
    pub async fn exec(
        self: &Arc<Self>,
        reference: &str,
        spec: &ExecSpec,
    ) -> Result<Line<CallPiece>, EngineError> {
        let container = self.registry.find(reference)?;
        let mut process = hook_process(&spec.command, &container.info.programs.base);
        process.terminal = spec.tty;
        let (ends, given) = if spec.tty { (None, None) } else { piped(spec.stdin)? };
        let id = container.info.id.clone();
        let started = self
            .keeper
            .call(move |client| client.exec(&id, &process, given))
            .await
            .map_err(EngineError::of_start)?;
        let ends = match (ends, started.terminal) {
            (Some(ends), _) => ends,
            (None, Some(terminal)) => on_terminal(terminal)?,
            (None, None) => return Err(EngineError::Invalid("the keeper gave no terminal".into())),
        };
        let (own, there) = Line::new(PIECES_QUEUED);
        let engine = Arc::clone(self);
        let exec = started.exec;
        self.env.spawn("exec", async move { engine.attend(exec, ends, there).await }).detach();
        Ok(own)
    }

    /// Carries both ways until the command has ended.
    async fn attend(&self, exec: u64, ends: Ends, line: Line<CallPiece>) {
        let Line { heard, said } = line;
        let Ends { input, outputs, terminal } = ends;
        let mut typing = std::pin::pin!(async {
            type_in(heard, input, terminal).await;
            std::future::pending::<()>().await
        });
        let (end, no_more) = oneshot::channel::<()>();
        let mut showing = std::pin::pin!(show_all(&self.env, outputs, said.clone(), no_more.shared()));
        let mut ended = std::pin::pin!(self.exec_ended(exec));
        let mut shown = false;
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = ended.as_mut() => break outcome,
                () = typing.as_mut() => {}
                () = showing.as_mut(), if !shown => shown = true,
            }
        };
        drop(end);
        if !shown {
            showing.await;
        }
        let last = match outcome {
            Ok(code) => CallPiece::Exit(code),
            Err(error) => CallPiece::Failed { missing: false, reason: error.to_string() },
        };
        // Nobody listens any more when it cannot be said.
        let _ = said.send(last).await;
    }

    async fn exec_ended(&self, exec: u64) -> Result<i32, EngineError> {
        loop {
            match self.keeper.call(move |client| client.wait_exec(exec, WAIT_AT_ONCE)).await {
                Err(EngineError::Keeper(skep_keeper::Error::Timeout { .. })) => {}
                ended => return ended,
            }
        }
    }
}

/// Our ends of three pipes, and the command's.
fn piped(stdin: bool) -> Result<(Option<Ends>, Option<[OwnedFd; 3]>), EngineError> {
    let failed = EngineError::file("make a pipe");
    let made = || -> io::Result<(Ends, [OwnedFd; 3])> {
        let (out, out_there) = io::pipe()?;
        let (error, error_there) = io::pipe()?;
        let (input, input_there): (Option<OwnedFd>, OwnedFd) = if stdin {
            let (there, own) = io::pipe()?;
            (Some(own.into()), there.into())
        } else {
            (None, std::fs::File::open("/dev/null")?.into())
        };
        let input = input.map(Sender::from_owned_fd).transpose()?;
        let reader = |end: io::PipeReader| Receiver::from_owned_fd(end.into());
        let outputs = vec![(false, reader(out)?), (true, reader(error)?)];
        let ends = Ends { input, outputs, terminal: None };
        Ok((ends, [input_there, out_there.into(), error_there.into()]))
    };
    let (ends, given) = made().map_err(failed)?;
    Ok((Some(ends), Some(given)))
}

/// Our ends of a terminal.
fn on_terminal(terminal: OwnedFd) -> Result<Ends, EngineError> {
    let made = || -> io::Result<Ends> {
        rustix::io::ioctl_fionbio(&terminal, true)?;
        // A terminal is read and written, and waited for, as a pipe is.
        let output = Receiver::from_owned_fd_unchecked(terminal.try_clone()?)?;
        let input = Sender::from_owned_fd_unchecked(terminal.try_clone()?)?;
        Ok(Ends { input: Some(input), outputs: vec![(false, output)], terminal: Some(terminal) })
    };
    made().map_err(EngineError::file("use a terminal"))
}

/// Hands on what is said to the command, until nobody says more.
async fn type_in(mut heard: mpsc::Receiver<CallPiece>, mut input: Option<Sender>, terminal: Option<OwnedFd>) {
    while let Some(piece) = heard.recv().await {
        match piece {
            CallPiece::Input(bytes) => {
                if let Some(open) = &mut input
                    && open.write_all(&bytes).await.is_err()
                {
                    input = None;
                }
            }
            CallPiece::InputEnd => match (&terminal, input.take()) {
                (Some(_), Some(mut open)) => {
                    // It reads nothing more anyway when this fails.
                    let _ = open.write_all(&[END_OF_INPUT]).await;
                    input = Some(open);
                }
                (_, ended) => drop(ended),
            },
            CallPiece::Resize { rows, columns } => {
                let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                if let Some(terminal) = &terminal
                    && let Err(error) = tcsetwinsize(terminal, size)
                {
                    tracing::debug!(%error, "a terminal keeps its size");
                }
            }
            _ => {}
        }
    }
    // Whoever typed is gone: a terminal stays open for what is still written.
    if terminal.is_some() {
        std::future::pending().await
    }
}

/// Says what is written until all outputs have ended, or nobody listens.
async fn show_all(env: &Env, outputs: Vec<(bool, Receiver)>, said: mpsc::Sender<CallPiece>, ended: Ended) {
    let each =
        outputs.into_iter().map(|(stderr, output)| show(env, stderr, output, said.clone(), ended.clone()));
    futures::future::join_all(each).await;
}

async fn show(env: &Env, stderr: bool, mut output: Receiver, said: mpsc::Sender<CallPiece>, ended: Ended) {
    let mut buffer = vec![0; OUTPUT_BYTES];
    let mut left = LEFT_OUTPUT_BYTES_MAX;
    while left > 0 {
        let read = tokio::select! {
            biased;
            read = output.read(&mut buffer) => read,
            () = left_waited(env, ended.clone()) => return,
        };
        // A terminal that nobody has open any more fails instead of ending.
        let Ok(length @ 1..) = read else { return };
        if ended.clone().now_or_never().is_some() {
            left = left.saturating_sub(length);
        }
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        // However long its reader takes: nothing of what the command wrote is lost.
        if said.send(CallPiece::Output { stderr, bytes }).await.is_err() {
            return;
        }
    }
}

async fn left_waited(env: &Env, ended: Ended) {
    // The sender says nothing: it goes.
    let _ = ended.await;
    env.sleep(LEFT_OUTPUT_WAIT).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_misses_nothing_of_a_command_that_has_ended() {
        const WRITTEN: usize = 60_000;
        let env = Env::real();
        // What the command started keeps its output open.
        let (mut writing, reading) = tokio::net::unix::pipe::pipe().unwrap();
        writing.write_all(&vec![b'x'; WRITTEN]).await.unwrap();
        let (end, ended) = oneshot::channel();
        drop(end);
        let (said, mut heard) = mpsc::channel(1);
        let showing = async { show_all(&env, vec![(false, reading)], said, ended.shared()).await };
        let reading = async {
            let mut bytes = 0;
            while let Some(CallPiece::Output { bytes: piece, .. }) = heard.recv().await {
                bytes += piece.len();
                env.sleep(20 * LEFT_OUTPUT_WAIT).await;
            }
            bytes
        };
        assert_eq!(tokio::join!(showing, reading).1, WRITTEN);
        drop(writing);
    }
}
