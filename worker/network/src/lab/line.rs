use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket, sockopt,
};

use super::{Cell, PATIENCE, inside};

/// A connection that stays: each line sent comes back with the server's name before it.
pub(crate) struct Line {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Line {
    /// Serves one connection in the cell, at its port, and opens it from the client to the target.
    pub(crate) fn open(
        client: &OwnedFd,
        (address, published): (impl Into<IpAddr>, u16),
        (cell, port): (&Cell, u16),
    ) -> Self {
        let target = SocketAddr::new(address.into(), published);
        Self::serve(cell, port, 1);
        inside(client, || Self::over(TcpStream::connect_timeout(&target, PATIENCE).unwrap()))
    }

    /// Serves so many connections.
    pub(crate) fn serve(cell: &Cell, port: u16, connections: usize) {
        let listener = inside(&cell.namespace, || TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap());
        for _ in 0..connections {
            let (listener, name) = (listener.try_clone().unwrap(), cell.id.clone());
            std::thread::spawn(move || {
                let (stream, _) = listener.accept().unwrap();
                drop(listener);
                let mut writer = stream.try_clone().unwrap();
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    writeln!(writer, "{name} {line}").unwrap();
                }
            });
        }
    }

    /// Opens one to the target from a port of the client's own, which may have others elsewhere.
    pub(crate) fn from_port(client: &OwnedFd, own: u16, (address, port): (Ipv4Addr, u16)) -> Self {
        inside(client, || {
            let stream = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
            setsockopt(&stream, sockopt::ReuseAddr, &true).unwrap();
            bind(stream.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, own)).unwrap();
            let [a, b, c, d] = address.octets();
            connect(stream.as_raw_fd(), &SockaddrIn::new(a, b, c, d, port)).unwrap();
            Self::over(stream.into())
        })
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { reader: BufReader::new(stream.try_clone().unwrap()), writer: stream }
    }

    /// Sends `hello` and gives what comes back.
    pub(crate) fn exchange(&mut self) -> io::Result<String> {
        self.send("hello")
    }

    /// Sends a line and gives what comes back.
    pub(crate) fn send(&mut self, line: &str) -> io::Result<String> {
        writeln!(self.writer, "{line}")?;
        let mut answer = String::new();
        self.reader.read_line(&mut answer)?;
        Ok(answer)
    }
}
