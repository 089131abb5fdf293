//! Names to addresses. The C library's own resolver loads libraries at run time, which an image that holds one static binary
//! does not have.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

const TRIES: u32 = 2;
const TIMEOUT: Duration = Duration::from_secs(2);
/// An answer over UDP without extensions is not longer (RFC 1035, 4.2.1).
const MESSAGE_BYTES: usize = 512;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;

/// An IPv4 address of this name, from /etc/hosts or the name servers in /etc/resolv.conf.
pub(crate) fn address(name: &str) -> io::Result<Ipv4Addr> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    if let Some(address) = in_hosts(&fs::read_to_string("/etc/hosts").unwrap_or_default(), name) {
        return Ok(address);
    }
    let (servers, search) = resolvers(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
    let names =
        std::iter::once(name.to_owned()).chain(search.iter().map(|domain| format!("{name}.{domain}")));
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("no server knows the name {name}"));
    for name in names {
        for server in &servers {
            match ask(*server, &name) {
                Ok(Some(address)) => return Ok(address),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

fn in_hosts(text: &str, name: &str) -> Option<Ipv4Addr> {
    text.lines().find_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    })
}

fn resolvers(text: &str) -> (Vec<SocketAddr>, Vec<String>) {
    let (mut servers, mut search) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                servers.extend(
                    words.next().and_then(|word| word.parse().ok()).map(|ip| SocketAddr::new(ip, 53)),
                );
            }
            Some("search") => search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    (servers, search)
}

fn ask(server: SocketAddr, name: &str) -> io::Result<Option<Ipv4Addr>> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    // Another question's answer cannot come to a fresh socket; the port is the id, so to say.
    let id = socket.local_addr()?.port();
    let question = question(id, name)?;
    let mut buffer = [0; MESSAGE_BYTES];
    let mut result = Ok(0);
    for _ in 0..TRIES {
        socket.send(&question)?;
        result = socket.recv(&mut buffer);
        if result.is_ok() {
            break;
        }
    }
    let answer = buffer.get(..result?).unwrap_or_default();
    Ok(first_address(answer, id))
}

/// RFC 1035, 4.1: header, then one question.
fn question(id: u16, name: &str) -> io::Result<Vec<u8>> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length));
        message
            .push(length.ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("'{name}' is no name"))
            })?);
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(TYPE_A.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    Ok(message)
}

/// The first address among the answers; none when there is none, or the message is not one.
fn first_address(message: &[u8], id: u16) -> Option<Ipv4Addr> {
    let word = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let (questions, answers) = (word(4)?, word(6)?);
    if word(0)? != id {
        return None;
    }
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(message, at)? + 4;
    }
    for _ in 0..answers {
        at = after_name(message, at)?;
        let (kind, length) = (word(at)?, usize::from(word(at + 8)?));
        let data = message.get(at + 10..at + 10 + length)?;
        if let (TYPE_A, Ok(octets)) = (kind, <[u8; 4]>::try_from(data)) {
            return Some(octets.into());
        }
        at += 10 + length;
    }
    None
}

fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            pointer if pointer >= 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_read_as_the_resolver_does() {
        assert_eq!(
            in_hosts("127.0.0.1 localhost\n10.0.0.7\tBack b # x\n", "back"),
            Some([10, 0, 0, 7].into())
        );
        assert_eq!(in_hosts("::1 localhost\n# 1.2.3.4 back\n", "back"), None);
        let (servers, search) = resolvers("nameserver 127.0.0.11\nsearch a.b c\noptions ndots:0\n");
        assert_eq!(
            (servers, search),
            (vec!["127.0.0.11:53".parse().unwrap()], vec!["a.b".to_owned(), "c".to_owned()])
        );
    }

    #[test]
    fn a_server_is_asked() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; MESSAGE_BYTES];
            let (length, client) = server.recv_from(&mut buffer).unwrap();
            let mut answer = buffer[..length].to_vec();
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 2]);
            // An alias first, then its address; both name the question by a pointer.
            answer.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12]);
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 1, 2, 3]);
            server.send_to(&answer, client).unwrap();
        });
        assert_eq!(ask(address, "back.example").unwrap(), Some([10, 1, 2, 3].into()));
        answering.join().unwrap();
        assert!(question(1, "").is_err() && question(1, &"a".repeat(64)).is_err());
    }

    proptest! {
        #[test]
        fn no_answer_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            first_address(&bytes, 0);
        }
    }
}
