use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};

use crate::error::HostError;
use crate::host::LogStream;
use crate::log_line::LogLine;

/// One container's log.
pub(crate) struct Source {
    /// What `details` says of each line.
    pub(crate) attributes: Arc<str>,
    /// Its lines.
    pub(crate) lines: LogStream,
    head: Option<LogLine>,
}

impl Source {
    /// A log whose lines come from there.
    pub(crate) fn new(attributes: impl Into<Arc<str>>, lines: LogStream) -> Self {
        Self { attributes: attributes.into(), lines, head: None }
    }
}

/// Lines of several logs, the oldest of those at hand first. Logs that end are read to their ends in exact order; those that
/// are followed do not hold up each other.
pub(crate) struct Merge {
    sources: Vec<Source>,
    newcomers: Option<BoxStream<'static, Source>>,
    live: bool,
}

impl Merge {
    /// Of these logs, which all have an end.
    pub(crate) fn ending(sources: Vec<Source>) -> Self {
        Self { sources, newcomers: None, live: false }
    }

    /// Of these logs and those that come later, which are followed.
    pub(crate) fn live(sources: Vec<Source>, newcomers: BoxStream<'static, Source>) -> Self {
        Self { sources, newcomers: Some(newcomers), live: true }
    }

    fn welcome(&mut self, context: &mut Context<'_>) {
        while let Some(newcomers) = &mut self.newcomers {
            match newcomers.poll_next_unpin(context) {
                Poll::Ready(Some(source)) => self.sources.push(source),
                Poll::Ready(None) => self.newcomers = None,
                Poll::Pending => return,
            }
        }
    }

    /// Has the next line of each log at hand; true when some are still waited for.
    fn fill(&mut self, context: &mut Context<'_>) -> Result<bool, HostError> {
        let mut waiting = self.newcomers.is_some();
        let mut index = 0;
        while let Some(source) = self.sources.get_mut(index) {
            if source.head.is_none() {
                match source.lines.poll_next_unpin(context) {
                    Poll::Ready(Some(line)) => source.head = Some(line?),
                    Poll::Ready(None) => {
                        self.sources.remove(index);
                        continue;
                    }
                    Poll::Pending => waiting = true,
                }
            }
            index += 1;
        }
        Ok(waiting)
    }

    fn oldest(&mut self) -> Option<(Arc<str>, LogLine)> {
        let with_head = self.sources.iter_mut().filter(|source| source.head.is_some());
        let oldest = with_head.min_by_key(|source| source.head.as_ref().map(|line| line.at_ns))?;
        Some((Arc::clone(&oldest.attributes), oldest.head.take()?))
    }
}

impl Stream for Merge {
    type Item = Result<(Arc<str>, LogLine), HostError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.welcome(context);
        let waiting = match self.fill(context) {
            Ok(waiting) => waiting,
            Err(error) => {
                // What broke off has no order any more: nothing follows it.
                self.sources.clear();
                self.newcomers = None;
                return Poll::Ready(Some(Err(error)));
            }
        };
        if waiting && !self.live {
            return Poll::Pending;
        }
        match self.oldest() {
            Some(line) => Poll::Ready(Some(Ok(line))),
            None if waiting => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}
