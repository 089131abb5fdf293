//! A container's output on this terminal, from before its start to its end.

use http_body_util::BodyExt;
use skep_rest::ExitResult;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::client::{Channel, Client, LogReader, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Exit codes of shells have a byte.
const CODES: i32 = 256;

/// Starts a container and shows what it writes; fails with its exit code if that is not 0. Ctrl-C stops it, another one kills it.
pub(super) async fn start(client: &Client, id: &str, removes: bool) -> Result<(), Failure> {
    let path = format!("/containers/{id}");
    // Both before the start: a container may have ended, and be gone, with the next call.
    let attach =
        Query::new(format!("{path}/attach")).with("stream", "1").with("stdout", "1").with("stderr", "1");
    let mut lines = LogReader::new(client.begin(attach.as_str()).await?);
    let condition = if removes { "removed" } else { "next-exit" };
    let ended =
        client.begin(Query::new(format!("{path}/wait")).with("condition", condition).as_str()).await?;
    client.post::<Nothing>(&format!("{path}/start"), &Nothing::Null).await?;
    let mut asked = Asked::new()?;
    loop {
        tokio::select! {
            biased;
            () = asked.again() => asked.end(client, &path).await,
            line = lines.next() => match line? {
                Some((Channel::Out, bytes)) => output::raw(&bytes)?,
                Some((Channel::Error, bytes)) => output::raw_error(&bytes)?,
                None => break,
            },
        }
    }
    let mut ended = std::pin::pin!(ended.collect());
    let answer = loop {
        tokio::select! {
            biased;
            () = asked.again() => asked.end(client, &path).await,
            answer = ended.as_mut() => break answer,
        }
    };
    let bytes =
        answer.map_err(|error| Failure::talk("waiting for the container broke off", error))?.to_bytes();
    let result: ExitResult = serde_json::from_slice(&bytes).map_err(|_| {
        Failure::talk("waiting for the container broke off", "the daemon ends; the container runs on")
    })?;
    match u8::try_from(result.status_code.rem_euclid(CODES)) {
        Ok(0) | Err(_) => Ok(()),
        Ok(code) => Err(Failure::Ended(code)),
    }
}

/// How often this process was asked to end.
struct Asked {
    signals: (Signal, Signal),
    count: u32,
}

impl Asked {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::talk("listen for signals", error));
        let signals = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(Self { signals, count: 0 })
    }

    async fn again(&mut self) {
        tokio::select! {
            biased;
            _ = self.signals.0.recv() => {}
            _ = self.signals.1.recv() => {}
        }
        self.count += 1;
    }

    /// In the background, so that what the container still writes is seen; a container that does not run needs nothing.
    async fn end(&self, client: &Client, path: &str) {
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
