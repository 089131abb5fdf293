use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::host::Upload;
use crate::refusal::Refusal;

/// How much of a body is read on only to let a refusal through: Docker's client shows no answer that comes while it still
/// writes.
const DRAINED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A body as it comes in, of which the rest can still be read when whoever reads it gave up.
#[derive(Clone, Debug)]
pub(crate) struct Incoming(Arc<Mutex<BodyDataStream>>);

impl Incoming {
    /// All of this body.
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body.into_data_stream())))
    }

    /// For whoever reads it.
    pub(crate) fn upload(&self) -> Upload {
        self.clone().map(|piece| piece.map_err(std::io::Error::other)).boxed()
    }

    /// The outcome, once a client that is refused has sent what it has to send.
    pub(crate) async fn settle<T, E: Into<Refusal>>(mut self, outcome: Result<T, E>) -> Result<T, Refusal> {
        match outcome {
            Ok(done) => Ok(done),
            Err(refused) => {
                let mut read = 0;
                while let Some(Ok(piece)) = self.next().await {
                    read += piece.len();
                    if read > DRAINED_BYTES_MAX {
                        break;
                    }
                }
                Err(refused.into())
            }
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }
}
