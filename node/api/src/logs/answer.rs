use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};

use super::frame::{failure, framed, prefixed};
use super::request::LogRequest;
use crate::api::Api;
use crate::body::streamed;
use crate::error::HostError;
use crate::log_line::LogLine;
use crate::version::ApiVersion;

const RAW: &str = "application/vnd.docker.raw-stream";
const MULTIPLEXED: &str = "application/vnd.docker.multiplexed-stream";

/// How lines are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogForm {
    /// What was asked for.
    pub(crate) request: LogRequest,
    /// What the client speaks.
    pub(crate) version: ApiVersion,
    /// Whether the container has a terminal: then there are no frames.
    pub(crate) terminal: bool,
}

impl LogForm {
    /// Lines as an answer, until they end or the daemon shuts down.
    pub(crate) fn answer(
        self,
        api: &Api,
        lines: impl Stream<Item = Result<(Arc<str>, LogLine), HostError>> + Send + 'static,
    ) -> Response {
        streamed(self.content_type(), self.pieces(api, lines))
    }

    /// Lines as they are written, until they end or the daemon shuts down.
    pub(super) fn pieces(
        self,
        api: &Api,
        lines: impl Stream<Item = Result<(Arc<str>, LogLine), HostError>> + Send + 'static,
    ) -> impl Stream<Item = Bytes> + Send + 'static {
        let ended = Box::pin(api.shutdown.clone().cancelled_owned());
        lines.filter_map(move |line| std::future::ready(self.piece(line))).take_until(ended)
    }

    pub(super) fn content_type(&self) -> &'static str {
        if self.terminal || self.version < ApiVersion::MULTIPLEXED { RAW } else { MULTIPLEXED }
    }

    fn piece(&self, line: Result<(Arc<str>, LogLine), HostError>) -> Option<Bytes> {
        let (attributes, line) = match line {
            Ok(read) => read,
            Err(error) => return Some(failure(&error)),
        };
        if !self.request.wants(&line) {
            return None;
        }
        let text = prefixed(&self.request, &attributes, &line);
        Some(if self.terminal { text } else { framed(line.origin, &text) })
    }
}
