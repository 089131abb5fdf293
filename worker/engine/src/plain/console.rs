//! A container's standard input and its output as it comes, for those with a terminal or a standard input of their own.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skep_keeper::client::{Attached, AttachedEvent};
use skep_keeper::log::Stream;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;
use crate::error::EngineError;

/// Pieces of input or output that may wait for whoever is slower.
const PIECES_QUEUED: usize = 16;
/// Pieces of output that are taken before input is looked at again.
const OUTPUT_AT_ONCE: usize = 32;

/// Both ways to and from a container, from before its start to its end.
#[derive(Debug)]
pub struct Console {
    /// What it writes; ends with it.
    pub output: mpsc::Receiver<(Stream, Vec<u8>)>,
    /// What it reads; dropping it is the end of its input.
    pub input: mpsc::Sender<Vec<u8>>,
}

/// Those who wait for a container to be made, to be attached before its process begins.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Vec<oneshot::Sender<Attached>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Attached>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Attaches to a plain container with a terminal or an open standard input: now if it runs, else with its next start.
    ///
    /// # Errors
    /// When there is no such container, or it has neither.
    pub async fn console(self: &Arc<Self>, reference: &str) -> Result<Console, EngineError> {
        let container = self.plain(reference, "attach to")?;
        let process = container.info.plain.as_ref().map(|plain| &plain.config.process);
        if !process.is_some_and(|process| process.terminal || process.stdin_open) {
            return Err(EngineError::State(format!(
                "container {} has no standard input and no terminal: make it with -i or -t",
                container.info.name
            )));
        }
        let (sender, attached) = oneshot::channel();
        let made = {
            let mut waiting = container.waiting.lock();
            waiting.retain(|sender| !sender.is_closed());
            // Whoever starts it says so first, and then looks who waits.
            match container.state.get().pid {
                Some(_) => Some(sender),
                None => {
                    waiting.push(sender);
                    None
                }
            }
        };
        if let Some(sender) = made {
            let id = container.info.id.clone();
            // Whoever gave up meanwhile needs it no more.
            drop(sender.send(self.keeper.call(move |client| client.attach(&id)).await?));
        }
        let (output, lines) = mpsc::channel(PIECES_QUEUED);
        let (typed, input) = mpsc::channel(PIECES_QUEUED);
        let pumping = async move {
            let Ok(attached) = attached.await else { return };
            if let Err(error) = pump(attached, output, input).await {
                tracing::warn!(%error, "a container's input and output broke off");
            }
        };
        self.env.spawn("console", pumping).detach();
        Ok(Console { output: lines, input: typed })
    }

    /// Sets the size of a container's terminal.
    ///
    /// # Errors
    /// When there is no such container, it does not run or has no terminal.
    pub async fn resize(&self, reference: &str, rows: u16, columns: u16) -> Result<(), EngineError> {
        let container = self.registry.find(reference)?;
        let id = container.info.id.clone();
        let resized = self.keeper.call(move |client| client.resize(&id, rows, columns)).await;
        resized.map_err(|error| EngineError::State(format!("cannot resize container {reference}: {error}")))
    }

    /// Attaches those who wait for a container that is made and not started.
    pub(super) async fn attach_waiting(&self, waiting: &Waiting, id: &str) -> Result<(), EngineError> {
        let all = std::mem::take(&mut *waiting.lock());
        for sender in all.into_iter().filter(|sender| !sender.is_closed()) {
            let id = id.to_owned();
            drop(sender.send(self.keeper.call(move |client| client.attach(&id)).await?));
        }
        Ok(())
    }
}

/// Carries both ways until the container has ended or nobody listens.
async fn pump(
    mut attached: Attached,
    output: mpsc::Sender<(Stream, Vec<u8>)>,
    mut input: mpsc::Receiver<Vec<u8>>,
) -> Result<(), EngineError> {
    let mut hand = attached.input()?;
    let failed = || EngineError::file("wait for the keeper");
    // The same connection as the keeper's client has; here only to be waited for.
    let watched = || {
        let copy = attached.as_fd().try_clone_to_owned();
        copy.and_then(|fd| UnixStream::from_std(StdStream::from(fd))).map_err(failed())
    };
    let (readable, writable) = (watched()?, watched()?);
    let (mut open, mut sent) = (true, true);
    loop {
        tokio::select! {
            biased;
            () = output.closed() => {
                // Whoever typed is gone, too.
                hand.push_end()?;
                hand.flush()?;
                return Ok(());
            }
            bytes = input.recv(), if open && sent => {
                match bytes {
                    Some(bytes) => hand.push(&bytes)?,
                    None => {
                        open = false;
                        hand.push_end()?;
                    }
                }
                sent = hand.flush()?;
            }
            ready = writable.writable(), if !sent => {
                ready.map_err(failed())?;
                let flush = || hand.flush().map_err(io::Error::other).and_then(some_or_later);
                sent = unless_later(writable.try_io(Interest::WRITABLE, flush))?.is_some();
            }
            ready = readable.readable() => {
                ready.map_err(failed())?;
                if !deliver(&mut attached, &readable, &output).await? {
                    return Ok(());
                }
            }
        }
    }
}

/// Hands on what has come; false when nothing will come any more, or nobody listens.
async fn deliver(
    attached: &mut Attached,
    readable: &UnixStream,
    output: &mpsc::Sender<(Stream, Vec<u8>)>,
) -> Result<bool, EngineError> {
    for _ in 0..OUTPUT_AT_ONCE {
        let next = || {
            let event = attached.next_event(Some(Duration::ZERO)).map_err(io::Error::other)?;
            event.ok_or_else(|| io::ErrorKind::WouldBlock.into())
        };
        match unless_later(readable.try_io(Interest::READABLE, next))? {
            Some(AttachedEvent::Output(stream, bytes)) => {
                if output.send((stream, bytes)).await.is_err() {
                    return Ok(false);
                }
            }
            Some(AttachedEvent::Exited(_)) => return Ok(false),
            None => break,
        }
    }
    Ok(true)
}

fn some_or_later(done: bool) -> io::Result<()> {
    if done { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
}

fn unless_later<T>(result: io::Result<T>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(EngineError::file("talk to the keeper")(error)),
    }
}
