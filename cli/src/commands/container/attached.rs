//! A container's output on this terminal, and what is typed here in it, from before its start to its end.

use std::io::IsTerminal;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use skep_rest::ExitResult;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::console;
use crate::client::{Channel, Client, LogReader, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Exit codes of shells have a byte.
const CODES: i32 = 256;

/// How a container is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// It goes as soon as it has ended.
    pub(super) removes: bool,
    /// It has a terminal.
    pub(super) terminal: bool,
    /// What is typed here goes to it.
    pub(super) types: bool,
}

impl Session {
    /// Refuses to hand a terminal on that there is none of, in Docker's words.
    pub(super) fn check(self) -> Result<(), Failure> {
        if self.terminal && self.types && !std::io::stdin().is_terminal() {
            return Err(Failure::Asked("the input device is not a TTY".into()));
        }
        Ok(())
    }
}

/// Starts a container and shows what it writes; fails with its exit code if that is not 0. Ctrl-C stops it, another one kills it; a
/// terminal's is the container's own.
pub(super) async fn start(client: &Client, id: &str, session: Session) -> Result<(), Failure> {
    let path = format!("/containers/{id}");
    // Before the start: a container may have ended, and be gone, with the next call.
    let condition = if session.removes { "removed" } else { "next-exit" };
    let wait = Query::new(format!("{path}/wait")).with("condition", condition);
    if session.terminal || session.types {
        let console = console::Console::open(client, &path, session).await?;
        let ended = client.begin(wait.as_str()).await?;
        client.post::<Nothing>(&format!("{path}/start"), &Nothing::Null).await?;
        let mut asked = Asked::new()?;
        return match console.carry(client, &path, Some(&mut asked)).await? {
            console::Left::Ended => finished(ended, client, &path, &mut asked).await,
            console::Left::Detached => Ok(()),
        };
    }
    let attach =
        Query::new(format!("{path}/attach")).with("stream", "1").with("stdout", "1").with("stderr", "1");
    let mut lines = LogReader::new(client.begin(attach.as_str()).await?);
    let ended = client.begin(wait.as_str()).await?;
    client.post::<Nothing>(&format!("{path}/start"), &Nothing::Null).await?;
    let mut asked = Asked::new()?;
    loop {
        tokio::select! {
            biased;
            () = asked.again() => asked.end(client, &path).await,
            line = lines.next() => match line? {
                Some((channel, bytes)) => show(channel, &bytes)?,
                None => break,
            },
        }
    }
    finished(ended, client, &path, &mut asked).await
}

/// Writes a piece where it belongs.
pub(super) fn show(channel: Channel, bytes: &[u8]) -> Result<(), Failure> {
    match channel {
        Channel::Out => output::raw(bytes),
        Channel::Error => output::raw_error(bytes),
    }
}

/// Waits for the end.
async fn finished(ended: Incoming, client: &Client, path: &str, asked: &mut Asked) -> Result<(), Failure> {
    let mut ended = std::pin::pin!(ended.collect());
    let answer = loop {
        tokio::select! {
            biased;
            () = asked.again() => asked.end(client, path).await,
            answer = ended.as_mut() => break answer,
        }
    };
    let broke_off = || "waiting for the container broke off";
    let bytes = answer.map_err(|error| Failure::talk(broke_off(), error))?.to_bytes();
    let result: ExitResult = serde_json::from_slice(&bytes)
        .map_err(|_| Failure::talk(broke_off(), "the daemon ends; the container runs on"))?;
    match u8::try_from(result.status_code.rem_euclid(CODES)) {
        Ok(0) | Err(_) => Ok(()),
        Ok(code) => Err(Failure::Ended(code)),
    }
}

/// How often this process was asked to end.
pub(super) struct Asked {
    signals: (Signal, Signal),
    count: u32,
}

impl Asked {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::talk("listen for signals", error));
        let signals = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(Self { signals, count: 0 })
    }

    pub(super) async fn again(&mut self) {
        tokio::select! {
            biased;
            _ = self.signals.0.recv() => {}
            _ = self.signals.1.recv() => {}
        }
        self.count += 1;
    }

    /// In the background, so that what the container still writes is seen; a container that does not run needs nothing.
    pub(super) async fn end(&self, client: &Client, path: &str) {
        let call = if self.count == 1 { "stop" } else { "kill" };
        let (client, path) = (client.clone(), format!("{path}/{call}"));
        tokio::spawn(async move {
            if let Err(failure) = client.post::<Nothing>(&path, &Nothing::Null).await
                && !matches!(failure, Failure::Daemon { status: 404 | 409, .. })
            {
                output::failure(&failure);
            }
        });
    }
}
