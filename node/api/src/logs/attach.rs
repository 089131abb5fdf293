//! A container's output as it comes, from before its start to its end, and its input.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Sender;

use super::answer::LogForm;
use super::frame::framed;
use super::merge::{Merge, Source};
use super::request::LogRequest;
use crate::api::Api;
use crate::body::streamed;
use crate::host::Console;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::version::ApiVersion;

/// Bytes of input that are read at once.
const TYPED_BYTES: usize = 16 * 1024;

/// `POST /containers/{id}/attach`. Docker's clients take the connection over (101), and type on it; others read a body that goes on.
pub(crate) async fn attach(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
    request: Request,
) -> Result<Response, Refusal> {
    let container = api.host.container(&reference)?;
    let has = |key: &str| container.config.get(key).and_then(Value::as_bool).unwrap_or_default();
    let (terminal, types) = (has("Tty"), params.flag("stdin"));
    if types && !has("OpenStdin") {
        let message = format!("container {reference} has no standard input: make it with -i");
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    if types && !request.headers().contains_key(header::UPGRADE) {
        let message =
            "standard input goes over a connection that the client takes over: send \"Upgrade: tcp\"";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    }
    let wanted = LogRequest::attached(&params, api.env.now(), params.flag("logs"))?;
    let form = LogForm { request: wanted, version, terminal };
    let (pieces, input) = if terminal || types {
        params
            .refuse("logs", "what a container with a terminal or a standard input wrote before (logs=1)")?;
        let Console { output, input } = api.host.container_console(&container.id).await?;
        let output = output.filter(move |(origin, _)| std::future::ready(wanted.wants_origin(*origin)));
        let shown = output.map(move |(origin, bytes)| if terminal { bytes } else { framed(origin, &bytes) });
        (shown.boxed(), types.then_some(input))
    } else {
        let lines = api.host.container_logs(&container.id, wanted.options).await?;
        (form.pieces(&api, Merge::ending(vec![Source::new("", lines)])).boxed(), None)
    };
    if !request.headers().contains_key(header::UPGRADE) {
        return Ok(streamed(form.content_type(), pieces));
    }
    let (taken, shutdown) = (hyper::upgrade::on(request), api.shutdown.clone());
    let copying = async move {
        let copied = async {
            match taken.await {
                Ok(connection) => carry(TokioIo::new(connection), pieces, input).await,
                Err(error) => tracing::debug!(%error, "a client did not take its connection over"),
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = copied => {}
        }
    };
    api.env.spawn("attached", copying).detach();
    Ok(taken_over(form.content_type()))
}

/// The answer after which the connection is the client's.
pub(crate) fn taken_over(kind: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Until there is no more output, or nobody reads it any more. The end of the client's input is not the end of its interest.
async fn carry(
    connection: impl AsyncRead + AsyncWrite,
    pieces: BoxStream<'static, Bytes>,
    input: Option<Sender<Vec<u8>>>,
) {
    let (reading, writing) = tokio::io::split(connection);
    let typing = async {
        type_in(reading, input).await;
        std::future::pending::<()>().await
    };
    tokio::select! {
        biased;
        () = typing => {}
        () = copy(writing, pieces) => {}
    }
}

async fn type_in(mut reading: impl AsyncRead + Unpin, input: Option<Sender<Vec<u8>>>) {
    let Some(input) = input else { return };
    let mut buffer = vec![0; TYPED_BYTES];
    while let Ok(length @ 1..) = reading.read(&mut buffer).await {
        let typed = buffer.get(..length).unwrap_or_default().to_vec();
        if input.send(typed).await.is_err() {
            return;
        }
    }
}

async fn copy(mut writing: impl AsyncWrite + Unpin, mut pieces: BoxStream<'static, Bytes>) {
    while let Some(piece) = pieces.next().await {
        if writing.write_all(&piece).await.is_err() {
            return;
        }
    }
    // The client may be gone.
    let _ = writing.shutdown().await;
}
