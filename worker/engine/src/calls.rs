//! What users ask of this node for as long as they watch.

use std::sync::Arc;

use skep_model::{CallPiece, ExecSpec, LogQuery, NodeCall, TaskId};
use skep_runtime::Line;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::logs::LogRequest;
use crate::recipe;

impl Engine {
    /// Does it until it is done, or nobody listens any more.
    pub(crate) async fn serve(self: &Arc<Self>, call: NodeCall, mut line: Line<CallPiece>) {
        let done = match call {
            NodeCall::Logs(task, query) => self.serve_logs(task, query, &line).await,
            NodeCall::Exec(task, spec) => self.serve_exec(task, &spec, &mut line).await,
        };
        if let Err(error) = done {
            let missing = matches!(error, EngineError::NoContainer(_));
            // Nobody listens any more when it cannot be said.
            let _ = line.said.send(CallPiece::Failed { missing, reason: error.to_string() }).await;
        }
    }

    async fn serve_logs(
        self: &Arc<Self>,
        task: TaskId,
        query: LogQuery,
        line: &Line<CallPiece>,
    ) -> Result<(), EngineError> {
        let LogQuery { since_ns, until_ns, tail, follow } = query;
        let request = LogRequest { since_ns, until_ns, tail, follow, next_run: false };
        let mut lines = self.logs(&recipe::container_id(task), request).await?;
        if line.said.send(CallPiece::Begun).await.is_err() {
            return Ok(());
        }
        loop {
            let next = tokio::select! {
                biased;
                () = line.said.closed() => return Ok(()),
                next = lines.next() => next?,
            };
            let Some(next) = next else { return Ok(()) };
            if line.said.send(piece(next)).await.is_err() {
                return Ok(());
            }
        }
    }
}

impl Engine {
    async fn serve_exec(
        self: &Arc<Self>,
        task: TaskId,
        spec: &ExecSpec,
        line: &mut Line<CallPiece>,
    ) -> Result<(), EngineError> {
        let mut own = self.exec(&recipe::container_id(task), spec).await?;
        if line.said.send(CallPiece::Begun).await.is_err() {
            return Ok(());
        }
        let Line { heard, said } = line;
        // Each way goes on by itself: a command that reads nothing until its output is taken must not wait for its input.
        let typing = async {
            while let Some(piece) = heard.recv().await {
                // A command that has ended reads no more, but its last words may still be under way.
                if own.said.send(piece).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await
        };
        let showing = async {
            while let Some(piece) = own.heard.recv().await {
                if said.send(piece).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            biased;
            () = said.closed() => {}
            () = showing => {}
            () = typing => {}
        }
        Ok(())
    }
}

fn piece(line: skep_keeper::log::LogLine) -> CallPiece {
    let mut text = line.bytes;
    if !line.partial {
        text.push(b'\n');
    }
    let stderr = line.stream == skep_keeper::log::Stream::Stderr;
    CallPiece::Line { at_ns: line.timestamp_ns, stderr, text }
}
