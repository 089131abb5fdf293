use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use crate::identity;
use crate::server::{say_error, shown};

/// After an error, which is mostly that of a client that is gone; a socket that always fails must not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(1);

/// Answers each datagram, whatever is in it, to where it came from.
pub(crate) fn answer_all(socket: &UdpSocket, task: Option<&str>) {
    let mut datagram = [0];
    loop {
        let answered = socket.recv_from(&mut datagram).and_then(|(_, client)| {
            let text = format!("{}Client: {}\n", identity::lines(task), shown(client));
            socket.send_to(text.as_bytes(), client)
        });
        if let Err(error) = answered {
            say_error(&format!("a datagram was not answered: {error}"));
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_datagram_is_answered_to_its_sender() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || answer_all(&server, Some("web.1")));
        for text in ["", "more than one byte"] {
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            client.send_to(text.as_bytes(), address).unwrap();
            let mut bytes = [0; 512];
            let (length, from) = client.recv_from(&mut bytes).unwrap();
            let answer = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let own = format!("Client: {}", client.local_addr().unwrap());
            assert_eq!(from, address);
            for line in ["Task: web.1", &own] {
                assert!(answer.lines().any(|seen| seen == line), "{line} is missing in {answer}");
            }
            assert!(answer.starts_with("Hostname: "), "{answer}");
        }
    }
}
