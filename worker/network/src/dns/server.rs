//! Serving one container's DNS sockets.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::answer::{Decision, decide};
use super::{Asker, Directory, IDLE_TIMEOUT, IN_FLIGHT, Upstreams};

/// The biggest query that is read by UDP.
const QUERY_BYTES: usize = 4096;

/// A served listener; serving ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[derive(Debug)]
struct Server {
    asker: Asker,
    directory: Arc<Directory>,
    upstreams: Arc<Upstreams>,
    in_flight: Arc<Semaphore>,
}

/// Serves the sockets that [`super::open_listener`] made, on the current runtime.
pub(crate) fn serve(
    sockets: Vec<OwnedFd>,
    asker: Asker,
    directory: Arc<Directory>,
    upstreams: Arc<Upstreams>,
) -> io::Result<Serving> {
    let mut sockets = sockets.into_iter();
    let (Some(udp), Some(tcp)) = (sockets.next(), sockets.next()) else {
        return Err(io::Error::other("a DNS listener is two sockets"));
    };
    let udp = UdpSocket::from_std(udp.into())?;
    let tcp = TcpListener::from_std(tcp.into())?;
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
    let server = Arc::new(Server { asker, directory, upstreams, in_flight });
    let datagrams = tokio::spawn(serve_udp(Arc::clone(&server), Arc::new(udp)));
    Ok(Serving { tasks: [datagrams, tokio::spawn(serve_tcp(server, tcp))] })
}

async fn serve_udp(server: Arc<Server>, socket: Arc<UdpSocket>) {
    server.directory.wait().await;
    while socket.readable().await.is_ok() {
        while let Some((query, client, failure)) = server.next_foreign(&socket) {
            let Ok(permit) = Arc::clone(&server.in_flight).try_acquire_owned() else {
                let _ = socket.try_send_to(&failure, client);
                continue;
            };
            let (server, socket) = (Arc::clone(&server), Arc::clone(&socket));
            tokio::spawn(async move {
                let answer = server.upstreams.ask(&query, false).await.unwrap_or(failure);
                // A client that went away needs no answer.
                let _ = socket.send_to(&answer, client).await;
                drop(permit);
            });
        }
    }
}

impl Server {
    /// Answers what is ours until there is nothing to read, or a query (with its sender and the answer in case of
    /// failure) that must be passed on. The buffer lives on the stack for no longer than that.
    fn next_foreign(&self, socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr, Vec<u8>)> {
        let mut buffer = [0; QUERY_BYTES];
        loop {
            let (length, client) = socket.try_recv_from(&mut buffer).ok()?;
            let query = &buffer[..length];
            match decide(query, false, &self.asker, &self.directory) {
                // A full send buffer loses the answer, as any network may.
                Decision::Reply(answer) => drop(socket.try_send_to(&answer, client)),
                Decision::Forward { failure } => return Some((query.to_vec(), client, failure)),
                Decision::Ignore => {}
            }
        }
    }

    async fn answer_tcp(&self, query: &[u8]) -> Option<Vec<u8>> {
        match decide(query, true, &self.asker, &self.directory) {
            Decision::Reply(answer) => Some(answer),
            Decision::Forward { failure } => Some(self.upstreams.ask(query, true).await.unwrap_or(failure)),
            Decision::Ignore => None,
        }
    }

    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let Ok(length) = timeout(IDLE_TIMEOUT, stream.read_u16()).await else { return Ok(()) };
            let mut query = vec![0; usize::from(length?)];
            timeout(IDLE_TIMEOUT, stream.read_exact(&mut query)).await??;
            let Some(answer) = self.answer_tcp(&query).await else { return Ok(()) };
            let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
            let mut bytes = length.to_be_bytes().to_vec();
            bytes.extend_from_slice(&answer);
            timeout(IDLE_TIMEOUT, stream.write_all(&bytes)).await??;
        }
    }
}

async fn serve_tcp(server: Arc<Server>, listener: TcpListener) {
    server.directory.wait().await;
    loop {
        let Ok(permit) = Arc::clone(&server.in_flight).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    // A broken conversation is the container's own affair.
                    let _ = server.converse(stream).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, say: give others time to close some.
                tracing::warn!(%error, "cannot accept a DNS connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}
