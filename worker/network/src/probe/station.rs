use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skep_model::limits::PROBE_PORT;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::packet::{Packet, answer, digest, question};
use super::socket::set_checksum;
use crate::host::tunnel::Number;

/// The biggest packet that is read.
const PACKET_BYTES: usize = 65_536;
/// The header of an IPv4 packet without options, and that of ICMP.
const IP_BYTES: usize = 20;
const ICMP_BYTES: usize = 8;

/// A packet to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Try {
    /// Its bytes, IPv4's header included.
    pub(super) size: u32,
    /// Whether it has a UDP checksum.
    pub(super) checked: bool,
}

/// What became of a packet that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) round_trip: Duration,
    /// Whether its content arrived as it was sent.
    pub(super) intact: bool,
}

/// Answers other nodes' questions, and asks them.
#[derive(Debug)]
pub(crate) struct Station {
    shared: Arc<Shared>,
    receiving: [JoinHandle<()>; 2],
}

#[derive(Debug)]
struct Shared {
    inside: UdpSocket,
    outside: UdpSocket,
    /// The same socket within the tunnel, to send; locked while an option of it differs from what others want.
    sender: Mutex<std::net::UdpSocket>,
    /// The same socket outside, to send.
    echoes: std::net::UdpSocket,
    waiting: Mutex<HashMap<u64, UnboundedSender<Came>>>,
    heard: Mutex<HashMap<Ipv4Addr, Instant>>,
}

/// An answer that came.
#[derive(Debug)]
struct Came {
    id: u64,
    /// Of what arrived at the other end; none for an echo.
    digest: Option<u64>,
    at: Instant,
}

impl Drop for Station {
    fn drop(&mut self) {
        self.receiving.iter().for_each(JoinHandle::abort);
    }
}

impl Station {
    /// Serves these sockets (see `socket.rs`) on the current runtime.
    pub(crate) fn start(inside: std::net::UdpSocket, outside: std::net::UdpSocket) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            sender: Mutex::new(inside.try_clone()?),
            echoes: outside.try_clone()?,
            inside: UdpSocket::from_std(inside)?,
            outside: UdpSocket::from_std(outside)?,
            waiting: Mutex::default(),
            heard: Mutex::default(),
        });
        let receiving = [
            tokio::spawn(receive_inside(Arc::clone(&shared))),
            tokio::spawn(receive_outside(Arc::clone(&shared))),
        ];
        Ok(Self { shared, receiving })
    }

    /// Sends these packets to a node, and waits until all are answered, but not longer than `patience`.
    pub(super) async fn burst(&self, to: Number, tries: &[Try], patience: Duration) -> Vec<Option<Answered>> {
        let target = SocketAddr::from((to.hop(), PROBE_PORT));
        let sent = tries.iter().map(|packet| {
            let id = random();
            (id, question(id, packet.size as usize), packet.checked)
        });
        let sent: Vec<_> = sent.collect();
        let send = |(_, bytes, checked): &(u64, Vec<u8>, bool)| self.shared.send(bytes, target, *checked);
        let came = self.exchange(&sent, send, |(id, _, _)| *id, patience).await;
        let answered = came.into_iter().zip(&sent).map(|(came, (_, bytes, _))| {
            let (came, round_trip) = came?;
            Some(Answered { round_trip, intact: came.digest == Some(digest(bytes)) })
        });
        answered.collect()
    }

    /// Whether a host answers ICMP echoes outside the tunnel; a few are sent.
    pub(super) async fn echoes(&self, address: Ipv4Addr, count: usize, patience: Duration) -> bool {
        let sent: Vec<u64> = (0..count).map(|_| random()).collect();
        let send = |id: &u64| {
            let _ = self.shared.echoes.send_to(&echo_request(*id), (address, 0));
        };
        for id in sent {
            let came = self.exchange(&[id], send, |id| *id, patience).await;
            if came.iter().any(Option::is_some) {
                return true;
            }
        }
        false
    }

    /// Whether a question of that node came within the last so much time.
    pub(super) fn has_heard(&self, from: Number, within: Duration) -> bool {
        self.shared.heard().get(&from.hop()).is_some_and(|at| at.elapsed() <= within)
    }

    async fn exchange<T>(
        &self,
        sent: &[T],
        send: impl Fn(&T),
        id: impl Fn(&T) -> u64,
        patience: Duration,
    ) -> Vec<Option<(Came, Duration)>> {
        let (sender, mut answers) = unbounded_channel();
        self.shared.waiting().extend(sent.iter().map(|packet| (id(packet), sender.clone())));
        drop(sender);
        let began: Vec<Instant> = sent
            .iter()
            .map(|packet| {
                let now = Instant::now();
                send(packet);
                now
            })
            .collect();
        let mut came: Vec<Option<(Came, Duration)>> = sent.iter().map(|_| None).collect();
        // The channel ends with the last answer: nobody waits for more.
        let collect = async {
            while let Some(answer) = answers.recv().await {
                if let Some(at) = sent.iter().position(|packet| id(packet) == answer.id) {
                    let round_trip = answer.at.saturating_duration_since(began[at]);
                    came[at] = Some((answer, round_trip));
                }
            }
        };
        // What did not come by then is lost.
        let _ = timeout(patience, collect).await;
        let mut waiting = self.shared.waiting();
        sent.iter().for_each(|packet| drop(waiting.remove(&id(packet))));
        drop(waiting);
        came
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, UnboundedSender<Came>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<Ipv4Addr, Instant>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What cannot be sent counts as lost.
    fn send(&self, bytes: &[u8], target: SocketAddr, checked: bool) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let switched = if checked { Ok(()) } else { set_checksum(&*sender, false) };
        if switched.is_ok() {
            let _ = sender.send_to(bytes, target);
        }
        if !checked && let Err(error) = set_checksum(&*sender, true) {
            tracing::warn!(%error, "probes go on without checksums");
        }
    }

    fn take(&self, id: u64, digest: Option<u64>) {
        if let Some(waiting) = self.waiting().remove(&id) {
            // Whoever asked may have gone.
            let _ = waiting.send(Came { id, digest, at: Instant::now() });
        }
    }
}

async fn receive_inside(shared: Arc<Shared>) {
    let mut bytes = vec![0; PACKET_BYTES];
    loop {
        let (length, from) = match shared.inside.recv_from(&mut bytes).await {
            Ok(received) => received,
            Err(error) => {
                // The link is gone or down; a new socket comes with a new link.
                tracing::debug!(%error, "probes cannot be received");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        match Packet::read(&bytes[..length]) {
            Some(Packet::Question { id }) => {
                if let SocketAddr::V4(from) = from {
                    shared.heard().insert(*from.ip(), Instant::now());
                }
                // Without a checksum it arrives also where this node makes wrong ones: that is told by its own probes.
                shared.send(&answer(id, &bytes[..length]), from, false);
            }
            Some(Packet::Answer { id, digest }) => shared.take(id, Some(digest)),
            None => {}
        }
    }
}

async fn receive_outside(shared: Arc<Shared>) {
    let mut bytes = vec![0; PACKET_BYTES];
    loop {
        match shared.outside.recv_from(&mut bytes).await {
            Ok((length, _)) => {
                if let Some(id) = echo_id(&bytes[..length]) {
                    shared.take(id, None);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "ICMP echoes cannot be received");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// An ICMP echo request whose content is the id.
fn echo_request(id: u64) -> Vec<u8> {
    let mut bytes = vec![8, 0, 0, 0, b's', b'k', 0, 1];
    bytes.extend_from_slice(&id.to_be_bytes());
    let words = bytes.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum = words.sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16));
    bytes[2..4].copy_from_slice(&checksum.to_be_bytes()[2..]);
    bytes
}

/// The id in an ICMP echo reply, as a raw socket gives it: with the header of IPv4.
fn echo_id(packet: &[u8]) -> Option<u64> {
    let header = usize::from(packet.first()? & 15) * 4;
    let reply = packet.get(header.max(IP_BYTES)..)?;
    let ours = *reply.first()? == 0 && reply.get(4..ICMP_BYTES)? == [b's', b'k', 0, 1];
    reply.get(ICMP_BYTES..)?.first_chunk().filter(|_| ours).map(|id| u64::from_be_bytes(*id))
}

/// A random number: nobody outside guesses which answers are waited for.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_echo_comes_back() {
        let mut reply = vec![0x45; 20];
        reply.extend(echo_request(0x0123_4567_89ab_cdef));
        assert_eq!(echo_id(&reply), None, "a request is none");
        reply[20] = 0;
        assert_eq!(echo_id(&reply), Some(0x0123_4567_89ab_cdef));
        assert_eq!(echo_id(&reply[..30]), None);
        // With its checksum all of it adds up to nothing.
        let words = echo_request(7);
        let sum: u32 = words.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }
}
