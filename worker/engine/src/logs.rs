//! Reading and following a container's log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_keeper::log::{LogLine, LogOptions, LogReader};

use crate::container::{Container, Phase};
use crate::error::EngineError;

/// How often a followed log is looked at: often enough to feel live, seldom enough to cost nothing.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);
/// Lines that are read at a time.
const LINES_AT_ONCE: usize = 256;

/// Which lines of a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogRequest {
    /// Not older than this, nanoseconds since the epoch; 0 for all.
    pub since_ns: u64,
    /// Not newer than this; 0 for all.
    pub until_ns: u64,
    /// Only the last ones.
    pub tail: Option<u64>,
    /// Wait for more while the container runs.
    pub follow: bool,
    /// With `follow`: of a container that does not run, wait for its next run and follow that.
    pub next_run: bool,
}

/// A log that is being read.
pub struct LogLines {
    reader: Option<LogReader>,
    waiting: std::collections::VecDeque<LogLine>,
    container: Arc<Container>,
    request: LogRequest,
    /// When the container had ended at the beginning; 0 when it had not.
    ended_before_ns: u64,
    ended: bool,
}

impl std::fmt::Debug for LogLines {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LogLines").field("container", &self.container.info.id).finish_non_exhaustive()
    }
}

impl LogLines {
    pub(crate) async fn open(
        path: PathBuf,
        container: Arc<Container>,
        request: LogRequest,
    ) -> Result<Self, EngineError> {
        let options = LogOptions {
            since_ns: (request.since_ns != 0).then_some(request.since_ns),
            until_ns: (request.until_ns != 0).then_some(request.until_ns),
            tail: request.tail.map(|lines| usize::try_from(lines).unwrap_or(usize::MAX)),
        };
        let ended_before_ns = container.state.get().finished_ns;
        let opened = tokio::task::spawn_blocking(move || LogReader::open(&path, options));
        let reader = match opened.await.map_err(|_| EngineError::Stopped)? {
            Ok(reader) => Some(reader),
            // A container that was never started has no log.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(EngineError::file("open the log")(error)),
        };
        let ended = reader.is_none();
        Ok(Self {
            reader,
            waiting: std::collections::VecDeque::new(),
            container,
            request,
            ended_before_ns,
            ended,
        })
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn next(&mut self) -> Result<Option<LogLine>, EngineError> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            // Asked before reading: what the container wrote before it ended is then read.
            let (version, over) = self.is_over();
            if !self.read_more().await? {
                self.ended = over;
                if !over {
                    // An end is noticed at once.
                    let changed = self.container.state.changed(version);
                    let _ = tokio::time::timeout(FOLLOW_INTERVAL, changed).await;
                }
            }
        }
    }

    /// Whether nothing more will be written that is asked for; with the version of the state that says so.
    fn is_over(&self) -> (u64, bool) {
        let (version, state) = self.container.state.get_versioned();
        let later = !self.request.next_run || state.finished_ns != self.ended_before_ns;
        let ended = state.removed || (state.phase == Phase::Exited && later);
        (version, !self.request.follow || ended)
    }

    async fn read_more(&mut self) -> Result<bool, EngineError> {
        let Some(mut reader) = self.reader.take() else { return Ok(false) };
        let read = tokio::task::spawn_blocking(move || {
            let mut lines = std::collections::VecDeque::new();
            while lines.len() < LINES_AT_ONCE {
                match reader.next_line()? {
                    Some(line) => lines.push_back(line),
                    None => break,
                }
            }
            Ok::<_, std::io::Error>((reader, lines))
        });
        let (reader, lines) =
            read.await.map_err(|_| EngineError::Stopped)?.map_err(EngineError::file("read the log"))?;
        self.reader = Some(reader);
        self.waiting = lines;
        Ok(!self.waiting.is_empty())
    }
}
