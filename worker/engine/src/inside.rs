//! Programs that are run in a container beside its own process.

use std::os::fd::{AsFd, OwnedFd};
use std::pin::pin;
use std::time::Duration;

use skep_keeper::config::ProcessConfig;
use skep_model::limits;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::engine::Engine;
use crate::error::EngineError;

/// Most bytes that are read after the program has ended: what it started may go on writing.
const LEFT_MAX: usize = 64 << 10;

/// How a program ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Its exit code; none when it was killed for taking too long.
    pub(crate) exit_code: Option<i32>,
    /// The last bytes that it wrote, of both outputs.
    output: Vec<u8>,
}

impl Ended {
    /// What it wrote, without the space around it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).trim().to_owned()
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
        let over = self.output.len().saturating_sub(limits::HEALTH_OUTPUT_BYTES_MAX);
        self.output.drain(..over);
    }
}

impl Engine {
    /// Runs a program in a running container to its end; it is killed when it takes longer than `limit`.
    ///
    /// # Errors
    /// When it cannot be started, e.g. because it is not there.
    pub(crate) async fn run_in(
        &self,
        container: &str,
        process: &ProcessConfig,
        limit: Duration,
    ) -> Result<Ended, EngineError> {
        let (mut output, written) = pipe().map_err(EngineError::file("make a pipe"))?;
        let (id, process) = (container.to_owned(), process.clone());
        let started = self.keeper.call(move |client| client.exec(&id, &process, Some(written))).await?;
        let exec = started.exec;
        let mut over = pin!(self.keeper.call(move |client| client.wait_exec(exec, limit)));
        let (mut ended, mut buffer, mut open) = (Ended::default(), [0; 4096], true);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut over => break outcome,
                read = output.read(&mut buffer), if open => match read {
                    Ok(length) if length > 0 => ended.keep(buffer.get(..length).unwrap_or_default()),
                    _ => open = false,
                },
            }
        };
        match outcome {
            Ok(code) => ended.exit_code = Some(code),
            Err(EngineError::Keeper(skep_keeper::Error::Timeout { .. })) => {
                let killed = self.keeper.call(move |client| client.kill_exec(exec, nix::libc::SIGKILL)).await;
                if let Err(error) = killed {
                    tracing::debug!(container, %error, "a program that took too long had ended");
                }
            }
            Err(error) => return Err(error),
        }
        let mut left = LEFT_MAX;
        // Not by the runtime, which may not have heard yet that there is something to read.
        while let Ok(length @ 1..) = nix::unistd::read(output.as_fd(), &mut buffer) {
            ended.keep(buffer.get(..length).unwrap_or_default());
            left = left.saturating_sub(length);
            if left == 0 {
                break;
            }
        }
        Ok(ended)
    }
}

/// The end that is read, and the program's three descriptors.
fn pipe() -> std::io::Result<(Receiver, [OwnedFd; 3])> {
    let (reader, writer) = std::io::pipe()?;
    let nothing = std::fs::File::open("/dev/null")?;
    let written = [nothing.into(), writer.try_clone()?.into(), writer.into()];
    Ok((Receiver::from_owned_fd(reader.into())?, written))
}
