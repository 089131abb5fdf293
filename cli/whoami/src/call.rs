use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::connection::Answer;
use crate::lookup;

const TIMEOUT: Duration = Duration::from_secs(5);
/// No more of an answer is shown.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Asks another server: `http://name[:port]/path`.
pub(crate) fn call(url: &str) -> Answer {
    match ask(url) {
        Ok((status, body)) => (200, format!("Called: {url}\nStatus: {status}\n{body}")),
        Err(error) => (502, format!("Called: {url}\nError: {error}\n")),
    }
}

fn ask(url: &str) -> io::Result<(String, String)> {
    let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text.to_owned());
    let rest = url.strip_prefix("http://").ok_or_else(|| invalid("write ?url=http://name:port/path"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| invalid("the port is not a number"))?),
        None => (authority, 80),
    };
    let address = SocketAddr::from((lookup::address(name)?, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let path = if path.is_empty() { "/" } else { path };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| invalid("it does not answer in HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}
