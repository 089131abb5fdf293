use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::http::Answer;

/// How long one call may take: importing an image or ten thousand tasks on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A connection that was idle for longer is not used again: servers close such at some time.
const KEPT_MAX: Duration = Duration::from_secs(5);

/// A daemon's API, ours or Docker's, over one connection that is kept: what a call costs the client is the same for both.
#[derive(Debug)]
pub struct Api {
    socket: PathBuf,
    timeout: Duration,
    kept: RefCell<Option<Kept>>,
}

/// A connection that can be used again.
#[derive(Debug)]
struct Kept {
    stream: BufReader<UnixStream>,
    since: Instant,
}

impl Api {
    /// The API behind this socket; nothing is opened yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, timeout: TIMEOUT, kept: RefCell::default() }
    }

    /// The same with another limit for each read of an answer.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Whether the daemon answers.
    pub fn answers(&self) -> bool {
        self.call("GET", "/_ping", "text/plain", b"").is_ok()
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.call("GET", path, "application/json", b"")
    }

    /// `GET path?filters=...`; `path` may have parameters already.
    ///
    /// # Errors
    /// When there is no answer, a refusal, or no list.
    pub fn list(&self, path: &str, filters: &Value) -> Result<Vec<Value>> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let found = self.get(&format!("{path}{sign}filters={}", encoded(&filters.to_string())))?;
        match found {
            Value::Array(items) => Ok(items),
            other => bail!("{path} answers no list: {other}"),
        }
    }

    /// `POST path` with JSON.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call("POST", path, "application/json", body.to_string().as_bytes())
    }

    /// `POST path` with an archive.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub fn upload(&self, path: &str, archive: &[u8]) -> Result<Value> {
        self.call("POST", path, "application/x-tar", archive)
    }

    /// `DELETE path`.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub fn delete(&self, path: &str) -> Result<Value> {
        self.call("DELETE", path, "application/json", b"")
    }

    fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Value> {
        let Answer { status, body } = self.answer(method, path, kind, body)?;
        ensure!(
            (200..300).contains(&status),
            "{method} {path} at {}: {status} {body}",
            self.socket.display()
        );
        Ok(serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Any call, with whatever status it is answered.
    ///
    /// # Errors
    /// When there is no answer. An [`std::io::Error`] of a kind that only connecting has means that nothing was sent.
    pub fn answer(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer> {
        let kept = self.kept.take().filter(|kept| kept.since.elapsed() < KEPT_MAX);
        let mut stream = kept.map_or_else(|| self.connect(), |kept| Ok(kept.stream))?;
        let asked = || format!("{method} {path} at {}", self.socket.display());
        let (status, body) = exchange(&mut stream, method, path, kind, body).with_context(asked)?;
        self.kept.replace(Some(Kept { stream, since: Instant::now() }));
        Ok(Answer { status, body })
    }

    fn connect(&self) -> Result<BufReader<UnixStream>> {
        let stream = UnixStream::connect(&self.socket)
            .with_context(|| format!("connect to {}", self.socket.display()))?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        Ok(BufReader::new(stream))
    }
}

fn exchange(
    stream: &mut BufReader<UnixStream>,
    method: &str,
    path: &str,
    kind: &str,
    body: &[u8],
) -> Result<(u16, String)> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\n").into_bytes();
    request.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    request.extend(body);
    stream.get_mut().write_all(&request)?;
    answer(stream)
}

/// Reads one answer: its status and its body.
fn answer(stream: &mut impl BufRead) -> Result<(u16, String)> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("not an HTTP answer: '{first}'"))?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse()?,
            Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
            Some(_) => {}
        }
    }
    let body = if chunked { chunks(stream)? } else { exactly(stream, length)? };
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(stream)?, 16).context("the size of a chunk")?;
        body.extend(exactly(stream, size)?);
        line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(stream: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut text = String::new();
    ensure!(stream.read_line(&mut text)? > 0, "the connection ended");
    Ok(text.trim_end().to_owned())
}

/// Text as it may stand in a query.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_kinds_are_read() {
        let mut two: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]HTTP/1.1 404 Not Found\r\n\
            Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\nA\r\n\":1}      \r\n0\r\n\r\n";
        assert_eq!(answer(&mut two).unwrap(), (200, "[]".to_owned()));
        assert_eq!(answer(&mut two).unwrap(), (404, "{\"a\":1}      ".to_owned()));
        assert!(answer(&mut two).is_err());
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encoded(r#"{"id":["a-1"]}"#), "%7B%22id%22%3A%5B%22a-1%22%5D%7D");
    }
}
