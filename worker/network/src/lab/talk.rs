//! Servers and clients in namespaces.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, listen, setsockopt, socket,
    sockopt,
};
use tokio::io::AsyncWriteExt;

use super::{PATIENCE, inside};

/// Answers each connection to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet(namespace: &OwnedFd, port: u16, name: &str) {
    for any in ANY {
        let bound = inside(namespace, || bound(any, SockType::Stream, port));
        listen(&bound, Backlog::MAXCONN).unwrap();
        let listener = tokio::net::TcpListener::from_std(bound.into()).unwrap();
        let name = name.to_owned();
        tokio::spawn(async move {
            while let Ok((mut stream, peer)) = listener.accept().await {
                let _ = stream.write_all(format!("{name} {}", peer.ip()).as_bytes()).await;
            }
        });
    }
}

/// All addresses of each family.
const ANY: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

/// A socket of the address's family alone, in the calling thread's namespace.
fn bound(address: IpAddr, kind: SockType, port: u16) -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    match address {
        IpAddr::V4(address) => {
            let made = socket(AddressFamily::Inet, kind, flags, None).unwrap();
            setsockopt(&made, sockopt::ReuseAddr, &(kind == SockType::Stream)).unwrap();
            bind(made.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(address, port))).unwrap();
            made
        }
        IpAddr::V6(address) => {
            let made = socket(AddressFamily::Inet6, kind, flags, None).unwrap();
            setsockopt(&made, sockopt::ReuseAddr, &(kind == SockType::Stream)).unwrap();
            setsockopt(&made, sockopt::Ipv6V6Only, &true).unwrap();
            bind(made.as_raw_fd(), &SockaddrIn6::from(SocketAddrV6::new(address, port, 0, 0))).unwrap();
            made
        }
    }
}

/// Answers each datagram to the port in the namespace with the name.
pub(crate) fn echo(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, false);
}

fn answer_datagrams(namespace: &OwnedFd, port: u16, name: &str, greet: bool) {
    for any in ANY {
        let bound = inside(namespace, || bound(any, SockType::Datagram, port));
        let socket = tokio::net::UdpSocket::from_std(bound.into()).unwrap();
        let name = name.to_owned();
        tokio::spawn(async move {
            while let Ok((_, peer)) = socket.recv_from(&mut [0; 64]).await {
                let answer = if greet { format!("{name} {}", peer.ip()) } else { name.clone() };
                let _ = socket.send_to(answer.as_bytes(), peer).await;
            }
        });
    }
}

/// Answers each datagram to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet_datagrams(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, true);
}

/// Connects from the namespace and reads to the end.
pub(crate) fn ask(namespace: &OwnedFd, address: impl Into<IpAddr>, port: u16) -> io::Result<String> {
    let target = SocketAddr::new(address.into(), port);
    inside(namespace, || {
        let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
}

/// Sends a datagram from the namespace and waits for the answer.
pub(crate) fn ask_datagram(namespace: &OwnedFd, address: impl Into<IpAddr>, port: u16) -> io::Result<String> {
    exchange(&datagrams_to(namespace, address, port)?)
}

/// A socket of the namespace for datagrams to this address, all from one port.
pub(crate) fn datagrams_to(
    namespace: &OwnedFd,
    address: impl Into<IpAddr>,
    port: u16,
) -> io::Result<UdpSocket> {
    let address = address.into();
    let any = if address.is_ipv4() { ANY[0] } else { ANY[1] };
    let socket = inside(namespace, || UdpSocket::bind((any, 0)))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect((address, port))?;
    Ok(socket)
}

/// Sends a datagram and waits for the answer.
pub(crate) fn exchange(socket: &UdpSocket) -> io::Result<String> {
    socket.send(b"?")?;
    let mut answer = [0; 64];
    let length = socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

/// Whether the failure came from somebody's answer, not from silence.
pub(crate) fn refused(result: &io::Result<String>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(Errno::ECONNREFUSED as i32))
}

/// Asks by one flow until this is the answer: what is forgotten of a change is so a moment after it.
pub(crate) fn until_answer(socket: &UdpSocket, wanted: &str) {
    let mut last = None;
    for _ in 0..100 {
        match exchange(socket) {
            Ok(answer) if answer == wanted => return,
            other => last = Some(other),
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no answer {wanted}: {last:?}");
}
