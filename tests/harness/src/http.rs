use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::namespace::Namespaces;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, e.g. 200.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The value of a line `Name: value` in the body.
    pub fn line(&self, name: &str) -> Option<&str> {
        self.body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// All lines `Name: value`.
    pub fn lines(&self) -> BTreeMap<&str, &str> {
        self.body.lines().filter_map(|line| line.split_once(": ")).collect()
    }
}

/// A connection that is kept between requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    over: bool,
}

impl Connection {
    /// Connects from inside the namespace of this file.
    ///
    /// # Errors
    /// When nobody answers there.
    pub fn open(namespace: &Path, address: SocketAddr) -> io::Result<Self> {
        let stream = Namespaces::inside(namespace, || TcpStream::connect_timeout(&address, TIMEOUT))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), over: false })
    }

    /// This end of it.
    ///
    /// # Errors
    /// When it is closed.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().local_addr()
    }

    /// Whether the server said that it answers nothing more on it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is not an answer.
    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        write!(self.stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")?;
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer");
        let first = self.header_line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(malformed)?;
        let mut length = 0;
        loop {
            let line = self.header_line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            self.over |= line == "connection: close";
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| malformed())?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn header_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
