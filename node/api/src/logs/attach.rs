//! A container's output as it comes, from before its start to its end.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use super::answer::LogForm;
use super::merge::{Merge, Source};
use super::request::LogRequest;
use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::version::ApiVersion;

/// `POST /containers/{id}/attach`. Docker's clients take the connection over (101); others read a body that goes on.
pub(crate) async fn attach(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
    request: Request,
) -> Result<Response, Refusal> {
    params.refuse("stdin", "standard input of containers (stdin=1)")?;
    let container = api.host.container(&reference)?;
    let wanted = LogRequest::attached(&params, api.env.now(), params.flag("logs"))?;
    let lines = api.host.container_logs(&container.id, wanted.options).await?;
    let form = LogForm { request: wanted, version, terminal: false };
    let lines = Merge::ending(vec![Source::new("", lines)]);
    if !request.headers().contains_key(header::UPGRADE) {
        return Ok(form.answer(&api, lines));
    }
    let pieces = form.pieces(&api, lines);
    let taken = hyper::upgrade::on(request);
    let copying = async move {
        match taken.await {
            Ok(connection) => copy(TokioIo::new(connection), pieces).await,
            Err(error) => tracing::debug!(%error, "a client did not take its connection over"),
        }
    };
    api.env.spawn("attached", copying).detach();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    Ok(response)
}

/// Until there is no more, or nobody reads any more.
async fn copy(mut connection: impl tokio::io::AsyncWrite + Unpin, pieces: impl Stream<Item = Bytes>) {
    let mut pieces = Box::pin(pieces);
    while let Some(piece) = pieces.next().await {
        if connection.write_all(&piece).await.is_err() {
            return;
        }
    }
    // The client may be gone.
    let _ = connection.shutdown().await;
}
