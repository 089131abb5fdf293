use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};

/// Asks over a connection of its own, from the namespace of the thread, and gives the body. Any step may take as long as `patience`.
pub(crate) fn ask(address: SocketAddr, patience: Duration) -> io::Result<String> {
    ask_path(address, "/", patience)
}

/// The same for a path.
pub(crate) fn ask_path(address: SocketAddr, path: &str, patience: Duration) -> io::Result<String> {
    let mut stream = connect(address, patience)?;
    // In one piece: two would be two packets.
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) =
        text.split_once("\r\n\r\n").ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    match head.starts_with("HTTP/1.1 200 ") {
        true => Ok(body.to_owned()),
        false => Err(io::Error::other(head.lines().next().unwrap_or_default().to_owned())),
    }
}

/// A connection from the namespace of the thread.
pub(crate) fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Asks over a new connection, and ends it with a reset. A connection that ends in order leaves its pair of ports behind for a minute;
/// after some ten thousand to one address new ones would get a pair that is taken, and wait a second for it.
pub(crate) fn ask_and_reset(address: SocketAddr, patience: Duration) -> io::Result<()> {
    let mut stream = connect(address, patience)?;
    ask_again(&mut stream)?;
    setsockopt(&stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?;
    Ok(())
}

/// The value of a line `Name: value` in a body.
pub(crate) fn line<'a>(body: &'a str, name: &str) -> &'a str {
    body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

/// Asks once more over a connection that is kept, whose answers are shorter than a packet.
pub(crate) fn ask_again(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n")?;
    let mut bytes = [0; 2048];
    let mut filled = 0;
    loop {
        let read = stream.read(bytes.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if complete(bytes.get(..filled).unwrap_or_default()) {
            return Ok(());
        }
    }
}

/// Whether the head says how long the body is, and all of it is there.
fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    length == Some(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        assert!(complete(whole));
        assert!((0..whole.len()).all(|length| !complete(&whole[..length])));
        assert_eq!(line("A: 1\nTask: web.1\n", "Task"), "web.1");
    }
}
