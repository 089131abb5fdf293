//! Logs of containers on other nodes. A node that does not answer holds up no other: what it would have said is missing, and a line
//! in its place says so.

use futures::stream::{self, StreamExt};
use skep_model::{CallPiece, LogQuery, NodeCall, NodeState, Task, TaskState};
use skep_store::View;

use crate::api::Api;
use crate::error::{HostError, HostErrorKind};
use crate::host::LogStream;
use crate::log_line::{LogLine, LogOptions, LogOrigin};

/// The log of a task's container on another node; none when there is none, or not yet.
pub(super) fn open(api: &Api, view: &View, task: &Task, options: LogOptions) -> Option<LogStream> {
    let node = view.node(task.node?)?;
    if task.status.state < TaskState::Starting {
        return None;
    }
    let (api, id, name) = (api.clone(), node.id, node.description.hostname.clone());
    if node.status.state == NodeState::Down {
        let marker = marker(&api, &format!("node {name} is down, and its lines are missing"));
        return Some(stream::iter([Ok(marker)]).boxed());
    }
    let LogOptions { since_ns, until_ns, tail, follow, .. } = options;
    let call = NodeCall::Logs(task.id, LogQuery { since_ns, until_ns, tail, follow });
    let lines = async move {
        match api.host.node_call(id, call).await {
            Ok(line) => {
                let pieces =
                    stream::unfold(line, |mut line| async move { Some((line.heard.recv().await?, line)) });
                pieces.filter_map(move |piece| std::future::ready(shown(&api, &name, piece))).boxed()
            }
            // Its container was removed, or was never made.
            Err(error) if error.kind == HostErrorKind::NotFound => stream::empty().boxed(),
            Err(error) => {
                let marker = marker(&api, &format!("lines of node {name} are missing: {error}"));
                stream::iter([Ok(marker)]).boxed()
            }
        }
    };
    Some(stream::once(lines).flatten().boxed())
}

fn shown(api: &Api, name: &str, piece: CallPiece) -> Option<Result<LogLine, HostError>> {
    match piece {
        CallPiece::Line { at_ns, stderr, text } => {
            let origin = if stderr { LogOrigin::Stderr } else { LogOrigin::Stdout };
            Some(Ok(LogLine { at_ns, origin, text: text.into() }))
        }
        CallPiece::Failed { reason, .. } => {
            Some(Ok(marker(api, &format!("further lines of node {name} are missing: {reason}"))))
        }
        _ => None,
    }
}

/// A line in the place of those that are missing.
fn marker(api: &Api, text: &str) -> LogLine {
    LogLine {
        at_ns: api.env.now().as_nanos(),
        origin: LogOrigin::Stderr,
        text: format!("skep: {text}\n").into(),
    }
}
