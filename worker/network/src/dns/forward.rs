//! Questions that are not ours, passed on as they are.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::UPSTREAM_TIMEOUT;

/// The host's DNS servers, in the order to ask them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upstreams(pub(crate) Vec<SocketAddr>);

impl Upstreams {
    /// The first answer that comes; none when no server gives one.
    pub(crate) async fn ask(&self, query: &[u8], tcp: bool) -> Option<Vec<u8>> {
        for server in &self.0 {
            let attempt =
                async { if tcp { by_tcp(*server, query).await } else { by_udp(*server, query).await } };
            match timeout(UPSTREAM_TIMEOUT, attempt).await {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::debug!(%server, %error, "a DNS server did not answer"),
                Err(_) => tracing::debug!(%server, "a DNS server took too long"),
            }
        }
        None
    }
}

async fn by_udp(server: SocketAddr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut answer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut answer).await?;
        // A response to this query, not a stray or forged one.
        if length >= 12 && answer[..2] == query[..2] && answer[2] & 0x80 != 0 {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn by_tcp(server: SocketAddr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).map_err(std::io::Error::other)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(query);
    stream.write_all(&bytes).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
