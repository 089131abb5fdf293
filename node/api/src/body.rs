use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Largest JSON body that is read: a stack of many services is some hundred kilobytes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body in JSON; an empty one gives the default, as with Docker.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        Self::read(request.into_body()).await
    }
}

impl<T: DeserializeOwned + Default> JsonBody<T> {
    /// Reads a body.
    pub(crate) async fn read(body: Body) -> Result<Self, Refusal> {
        let read = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let bytes = read.map_err(unreadable)?.to_bytes();
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        let value = serde_json::from_slice(&bytes);
        value
            .map(Self)
            .map_err(|error| Refusal::malformed(format!("invalid JSON in the request's body: {error}")))
    }
}

fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> Refusal {
    if error.is::<LengthLimitError>() {
        return Refusal::malformed(format!("the request's body has more than {BODY_BYTES_MAX} bytes"));
    }
    Refusal::malformed(format!("the request's body cannot be read: {error}"))
}

/// An answer that goes on for a while.
pub(crate) fn streamed(kind: &'static str, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(pieces.map(Ok::<_, std::convert::Infallible>));
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

/// Lines of JSON, each with its line end.
pub(crate) fn json_line(value: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.extend_from_slice(b"\r\n");
    line.into()
}
