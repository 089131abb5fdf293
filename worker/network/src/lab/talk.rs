//! Servers and clients in namespaces.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use tokio::io::AsyncWriteExt;

use super::{PATIENCE, inside};

/// Answers each connection to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet(namespace: &OwnedFd, port: u16, name: &str) {
    let listener = inside(namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, peer)) = listener.accept().await {
            let _ = stream.write_all(format!("{name} {}", peer.ip()).as_bytes()).await;
        }
    });
}

/// Answers each datagram to the port in the namespace with the name.
pub(crate) fn echo(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, false);
}

fn answer_datagrams(namespace: &OwnedFd, port: u16, name: &str, greet: bool) {
    let socket = inside(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    socket.set_nonblocking(true).unwrap();
    let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Ok((_, peer)) = socket.recv_from(&mut [0; 64]).await {
            let answer = if greet { format!("{name} {}", peer.ip()) } else { name.clone() };
            let _ = socket.send_to(answer.as_bytes(), peer).await;
        }
    });
}

/// Answers each datagram to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet_datagrams(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, true);
}

/// Connects from the namespace and reads to the end.
pub(crate) fn ask(namespace: &OwnedFd, address: Ipv4Addr, port: u16) -> io::Result<String> {
    inside(namespace, || {
        let target = SocketAddrV4::new(address, port).into();
        let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
}

/// Sends a datagram from the namespace and waits for the answer.
pub(crate) fn ask_datagram(namespace: &OwnedFd, address: Ipv4Addr, port: u16) -> io::Result<String> {
    exchange(&datagrams_to(namespace, address, port)?)
}

/// A socket of the namespace for datagrams to this address, all from one port.
pub(crate) fn datagrams_to(namespace: &OwnedFd, address: Ipv4Addr, port: u16) -> io::Result<UdpSocket> {
    let socket = inside(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)))?;
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
