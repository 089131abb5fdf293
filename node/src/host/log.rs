use std::sync::Arc;

use futures::StreamExt;
use skep_api::{HostError, HostErrorKind, LogLine, LogOptions, LogOrigin, LogStream};
use skep_engine::{Engine, EngineError, LogLines, LogRequest};

use super::container;

/// A container's log as a stream.
pub(super) async fn read(
    engine: &Arc<Engine>,
    reference: &str,
    options: LogOptions,
) -> Result<LogStream, HostError> {
    let LogOptions { since_ns, until_ns, tail, follow, next_run } = options;
    let request = LogRequest { since_ns, until_ns, tail, follow, next_run };
    let lines = engine.logs(reference, request).await.map_err(container::refused)?;
    Ok(futures::stream::unfold(Some(lines), next).boxed())
}

/// The next line; after an error there is none.
async fn next(lines: Option<LogLines>) -> Option<(Result<LogLine, HostError>, Option<LogLines>)> {
    let mut lines = lines?;
    match lines.next().await {
        Ok(line) => line.map(|line| (Ok(shown(line)), Some(lines))),
        Err(error) => Some((Err(failed(&error)), None)),
    }
}

fn shown(line: skep_engine::LogLine) -> LogLine {
    let mut text = line.bytes;
    if !line.partial {
        text.push(b'\n');
    }
    LogLine { at_ns: line.timestamp_ns, origin: origin(line.stream), text: text.into() }
}

/// Where it was written, in the API's words.
pub(super) fn origin(stream: skep_engine::LogOrigin) -> LogOrigin {
    match stream {
        skep_engine::LogOrigin::Stdout => LogOrigin::Stdout,
        skep_engine::LogOrigin::Stderr => LogOrigin::Stderr,
    }
}

fn failed(error: &EngineError) -> HostError {
    HostError::new(HostErrorKind::Internal, error)
}
