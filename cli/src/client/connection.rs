use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::TryStreamExt;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skep_rest::{API_VERSION, DEFAULT_HOST, ErrorMessage};
use tokio::io::AsyncRead;
use tokio::net::UnixStream;

use super::logs::LogReader;
use crate::failure::Failure;
use crate::output;

type Body = BoxBody<Bytes, std::io::Error>;

/// Where the daemon is and how to talk to it. Each call has a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    host: String,
    socket: PathBuf,
    debug: bool,
}

impl Client {
    /// A client for `unix://PATH`; the default socket when nothing is given.
    pub(crate) fn new(host: Option<&str>, debug: bool) -> Result<Self, Failure> {
        let host = host.filter(|host| !host.is_empty()).unwrap_or(DEFAULT_HOST);
        let socket = socket_of(host)?;
        Ok(Self { host: host.to_owned(), socket, debug })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether a daemon answers.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        self.call(Method::GET, "/_ping", Body::default(), None).await.map(drop)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.json(Method::GET, path, None).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.json(Method::POST, path, Some(encoded(body)?)).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.json(Method::PUT, path, Some(encoded(body)?)).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.json(Method::DELETE, path, None).await
    }

    /// An answer that goes on for a while.
    pub(crate) async fn stream(&self, path: &str) -> Result<Incoming, Failure> {
        Ok(self.call(Method::GET, &versioned(path), Body::default(), None).await?.into_body())
    }

    /// A log, whose form its content type tells.
    pub(crate) async fn log(&self, path: &str) -> Result<LogReader, Failure> {
        Ok(LogReader::of(self.call(Method::GET, &versioned(path), Body::default(), None).await?))
    }

    /// The same of a call that does something.
    pub(crate) async fn begin(&self, path: &str) -> Result<Incoming, Failure> {
        Ok(self.call(Method::POST, &versioned(path), Body::default(), None).await?.into_body())
    }

    /// Takes the connection of a call over: what is written goes to the other side, and what comes is from there.
    pub(crate) async fn take_over(&self, path: &str) -> Result<TokioIo<Upgraded>, Failure> {
        self.upgraded(path, Body::default()).await
    }

    /// The same of a call with a body.
    pub(crate) async fn take_over_with(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<TokioIo<Upgraded>, Failure> {
        self.upgraded(path, Full::new(encoded(body)?).map_err(|never| match never {}).boxed()).await
    }

    async fn upgraded(&self, path: &str, body: Body) -> Result<TokioIo<Upgraded>, Failure> {
        let path = versioned(path);
        let failed = |error: &dyn std::fmt::Display| Failure::talk(format!("POST {path}"), error);
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        tokio::spawn(connection.with_upgrades());
        let request = Request::builder().method(Method::POST).uri(&path).header(header::HOST, "skep");
        let request = request.header(header::CONNECTION, "Upgrade").header(header::UPGRADE, "tcp");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(body).map_err(|error| failed(&error))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(response).await);
        }
        Ok(TokioIo::new(hyper::upgrade::on(response).await.map_err(|error| failed(&error))?))
    }

    /// Sends an archive; the answer tells how it goes on.
    pub(crate) async fn upload(&self, path: &str, body: Body) -> Result<Incoming, Failure> {
        let kind = Some("application/x-tar");
        Ok(self.call(Method::POST, &versioned(path), body, kind).await?.into_body())
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<T, Failure> {
        let kind = body.as_ref().map(|_| "application/json");
        let body =
            body.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed()).unwrap_or_default();
        let response = self.call(method, &versioned(path), body, kind).await?;
        let bytes =
            response.into_body().collect().await.map_err(|error| self.broken(path, error))?.to_bytes();
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(text).map_err(|error| self.broken(path, error))
    }

    fn broken(&self, path: &str, reason: impl std::fmt::Display) -> Failure {
        Failure::talk(format!("the daemon's answer to {path} cannot be read"), reason)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Body,
        kind: Option<&str>,
    ) -> Result<Response<Incoming>, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let doing = || format!("{method} {path}");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::talk(doing(), error))?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method.clone()).uri(path).header(header::HOST, "skep");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.body(body).map_err(|error| Failure::talk(doing(), error))?;
        let response = sender.send_request(request).await.map_err(|error| Failure::talk(doing(), error))?;
        if self.debug {
            output::warning(&format!("{method} {path}: {}", response.status()));
        }
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        Err(refused(response).await)
    }

    fn unreachable(&self, error: &std::io::Error) -> Failure {
        let host = self.host.clone();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::NotRunning { host },
            ErrorKind::PermissionDenied => Failure::Denied { host },
            _ => Failure::talk(format!("cannot connect to the Skep daemon at {host}"), error),
        }
    }
}

fn socket_of(host: &str) -> Result<PathBuf, Failure> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Ok(path.into()),
        _ => Err(Failure::Asked(format!(
            "'{host}' is not a host that can be connected to: write unix:///path/to/skep.sock"
        ))),
    }
}

fn versioned(path: &str) -> String {
    format!("/v{API_VERSION}{path}")
}

fn encoded(body: &impl Serialize) -> Result<Bytes, Failure> {
    let bytes = serde_json::to_vec(body).map_err(|error| Failure::talk("cannot write the request", error))?;
    Ok(bytes.into())
}

async fn refused(response: Response<Incoming>) -> Failure {
    let status = response.status();
    let bytes = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let message = match serde_json::from_slice::<ErrorMessage>(&bytes) {
        Ok(error) => error.message,
        Err(_) if bytes.is_empty() => status.to_string(),
        Err(_) => String::from_utf8_lossy(&bytes).trim().to_owned(),
    };
    Failure::Daemon { status: status.as_u16(), message }
}

/// A body that is read from a file or pipe as it is sent.
pub(crate) fn body_from(reader: impl AsyncRead + Send + Sync + 'static) -> Body {
    BodyExt::boxed(StreamBody::new(tokio_util::io::ReaderStream::new(reader).map_ok(Frame::data)))
}

/// Standard input as a body, as it is sent.
///
/// # Errors
/// When there is no standard input.
pub(crate) fn body_from_stdin() -> Result<Body, Failure> {
    let failed = |error| Failure::file(Path::new("standard input"), error);
    let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
    Ok(body_from(tokio::fs::File::from_std(input.into())))
}

/// Nothing, where an answer has no body or none that matters.
pub(crate) type Nothing = Value;
