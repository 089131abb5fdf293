use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::namespace::Namespaces;

/// Stands in for the DNS servers that this machine's `/etc/resolv.conf` names, which hosts of a cluster do not reach: knows no name,
/// but says so.
#[derive(Debug)]
pub struct Resolver {
    stop: Arc<AtomicBool>,
    answering: Vec<JoinHandle<()>>,
}

impl Resolver {
    /// Answers the hosts of this cluster until it is dropped.
    ///
    /// # Panics
    /// When an address cannot be had.
    pub fn start(cluster: &Cluster) -> Self {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let named = text.lines().filter_map(|line| line.strip_prefix("nameserver ")?.trim().parse().ok());
        let stop = Arc::new(AtomicBool::new(false));
        let mut answering = Vec::new();
        for server in named {
            let IpAddr::V4(server) = server else { continue };
            for namespace in places(cluster, server) {
                let socket =
                    Namespaces::inside(&namespace, || UdpSocket::bind((server, 53)).expect("a free port"));
                let stop = Arc::clone(&stop);
                answering.push(std::thread::spawn(move || answer(&socket, &stop)));
            }
        }
        Self { stop, answering }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.answering.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// Where the server is reached: on the switch, or on each host itself.
fn places(cluster: &Cluster, server: Ipv4Addr) -> Vec<PathBuf> {
    if server.is_loopback() {
        return (0..cluster.len()).map(|number| cluster.host(number).namespaces().host()).collect();
    }
    cluster.switch().add_address(server);
    vec![cluster.switch().namespace()]
}

fn answer(socket: &UdpSocket, stop: &AtomicBool) {
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let mut bytes = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        if let Ok((length, from)) = socket.recv_from(&mut bytes)
            && length >= 12
        {
            // An answer (QR) that there is no such name (rcode 3).
            bytes[2] |= 0x80;
            bytes[3] = 3;
            drop(socket.send_to(&bytes[..length], from));
        }
    }
}
