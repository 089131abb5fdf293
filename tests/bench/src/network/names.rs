use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_millis(500);
const HEAD_BYTES: usize = 12;
const TYPE_A_CLASS_IN: [u8; 4] = [0, 1, 0, 1];

/// The IPv4 addresses of a name, in order, as the container's own server (127.0.0.11) says, asked from the namespace of the thread;
/// none when it does not know the name.
pub(crate) fn addresses(name: &str) -> io::Result<Vec<Ipv4Addr>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect((Ipv4Addr::new(127, 0, 0, 11), 53))?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.send(&question(name))?;
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes)?;
    let mut found = answers(bytes.get(..length).unwrap_or_default())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer"))?;
    found.sort();
    Ok(found)
}

/// A message that asks for the addresses (RFC 1035, 4.1).
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap_or_default());
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(TYPE_A_CLASS_IN);
    message
}

fn answers(message: &[u8]) -> Option<Vec<Ipv4Addr>> {
    let count = u16::from_be_bytes(message.get(6..8)?.try_into().ok()?);
    let mut at = after_name(message, HEAD_BYTES)? + 4;
    let mut found = Vec::new();
    for _ in 0..count {
        at = after_name(message, at)?;
        let length = usize::from(u16::from_be_bytes(message.get(at + 8..at + 10)?.try_into().ok()?));
        let data = message.get(at + 10..at + 10 + length)?;
        if message.get(at..at + 4)? == TYPE_A_CLASS_IN {
            found.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?));
        }
        at += 10 + length;
    }
    Some(found)
}

/// Where a name ends: with an empty label, or a pointer.
fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*message.get(at)?) {
            0 => return Some(at + 1),
            length if length >= 0xc0 => return Some(at + 2),
            length => at += 1 + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_behind_names_and_pointers() {
        let mut message = question("tasks.web");
        message[7] = 2;
        for last in [1, 2] {
            message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, last]);
        }
        let wanted = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
        assert_eq!(answers(&message), Some(wanted.to_vec()));
        assert_eq!(answers(&message[..message.len() - 1]), None);
        assert_eq!(answers(&question("x")), Some(Vec::new()));
    }
}
