use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use crate::http::Answer;
use crate::namespace::Namespaces;

/// How long an answer is waited for, and how many times: datagrams may be lost.
const TIMEOUT: Duration = Duration::from_secs(1);
const TRIES: usize = 3;
/// No answer is longer.
const ANSWER_BYTES_MAX: usize = 1500;

/// A socket for datagrams to one address; to conntrack each is a client of its own.
#[derive(Debug)]
pub struct Datagrams {
    socket: UdpSocket,
}

impl Datagrams {
    /// Opens it inside the namespace of this file. What comes from another address is not heard.
    ///
    /// # Errors
    /// When there is no way to the address.
    pub fn open(namespace: &Path, address: SocketAddr) -> io::Result<Self> {
        let socket = Namespaces::inside(namespace, || {
            let any: IpAddr = match address {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            let socket = UdpSocket::bind((any, 0))?;
            socket.connect(address)?;
            io::Result::Ok(socket)
        })?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { socket })
    }

    /// This end of it.
    ///
    /// # Errors
    /// When it has none.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sends a datagram until it is answered, three times at most; the status is 200 as there is none.
    ///
    /// # Errors
    /// When none is answered.
    pub fn ask(&self) -> io::Result<Answer> {
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        for _ in 0..TRIES {
            let mut bytes = [0; ANSWER_BYTES_MAX];
            match self.socket.send(b"who?").and_then(|_| self.socket.recv(&mut bytes)) {
                Ok(length) => {
                    let body = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    return Ok(Answer { status: 200, body });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
