//! TLS 1.3 between nodes, both sides with a certificate of the same root.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;
use tonic::transport::{Channel, Endpoint};

use crate::certificate::SERVER_NAME;
use crate::{IdentityError, LiveIdentity, NodeIdentity, Peer};

/// How often an idle connection is probed, so that a dead peer is noticed.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// How long a probe may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The server's side: a client may come without a certificate (joiners do), but one of another root is refused.
///
/// # Errors
/// When the identity cannot be used.
pub(crate) fn server_config(identity: &NodeIdentity) -> Result<Arc<ServerConfig>, IdentityError> {
    let unusable = IdentityError::unusable("node certificate");
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots(identity)?), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| unusable(&error))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable(&error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain()?, identity.key()?)
        .map_err(|error| unusable(&error))?;
    // A resumed session would keep an old certificate alive past its renewal.
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// The client's side: with the node's certificate, to a server of the same root.
pub(crate) fn client_config(identity: &NodeIdentity) -> Result<Arc<ClientConfig>, IdentityError> {
    let unusable = IdentityError::unusable("node certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots(identity)?)
        .with_client_auth_cert(identity.chain()?, identity.key()?)
        .map_err(|error| unusable(&error))?;
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// A channel to the manager at `address` (`host:port`), which connects at the first call and again after a loss, each time
/// with the certificate that the node has then.
pub fn client_channel(identity: &LiveIdentity, address: String) -> Channel {
    let identity = identity.clone();
    channel(address, move || identity.client())
}

/// A channel that asks for its TLS configuration each time it connects.
pub(crate) fn channel(
    address: String,
    config: impl Fn() -> Arc<ClientConfig> + Send + Sync + 'static,
) -> Channel {
    let connect = tower::service_fn(move |_| {
        let (connector, address) = (TlsConnector::from(config()), address.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(TokioIo::new(connector.connect(server_name(), stream).await?))
        }
    });
    endpoint().connect_with_connector_lazy(connect)
}

/// How long connecting to a manager may take and how a connection to it is probed, whatever carries it.
pub fn endpoint() -> Endpoint {
    // The address is only a name for HTTP here; who connects knows where to go.
    Endpoint::from_static("http://swarm-manager")
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
}

pub(crate) fn server_name() -> ServerName<'static> {
    // Only fails for names that are none, which this is not; an empty address would be refused by the handshake.
    ServerName::try_from(SERVER_NAME).unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()))
}

fn roots(identity: &NodeIdentity) -> Result<RootCertStore, IdentityError> {
    let mut roots = RootCertStore::empty();
    for root in identity.roots()? {
        roots.add(root).map_err(|error| IdentityError::unusable("root certificate")(&error))?;
    }
    Ok(roots)
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsPeer {
    /// Who it is; nobody known when it came without a certificate.
    pub peer: Option<Peer>,
    /// Its address, as the connection shows it.
    pub address: Option<IpAddr>,
}

/// A server's connection that knows its peer.
#[derive(Debug)]
pub struct TlsConnection {
    stream: TlsStream<TcpStream>,
    peer: TlsPeer,
}

impl TlsConnection {
    /// Wraps a connection whose handshake is done.
    pub fn new(stream: TlsStream<TcpStream>) -> Self {
        let certificates = stream.get_ref().1.peer_certificates();
        let peer = certificates.and_then(|chain| chain.first()).and_then(|leaf| Peer::of(leaf).ok());
        let address = stream.get_ref().0.peer_addr().ok().map(|address| address.ip());
        Self { stream, peer: TlsPeer { peer, address } }
    }
}

impl Connected for TlsConnection {
    type ConnectInfo = TlsPeer;

    fn connect_info(&self) -> TlsPeer {
        self.peer
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, join_tokens, new_root};
    use skep_model::{ClusterId, NodeId, NodeRole, limits};
    use skep_runtime::Env;

    #[test]
    fn a_signed_certificate_says_who_the_node_is() {
        let env = Env::real();
        let root = new_root(env.now()).unwrap();
        let authority = Authority::open(&root).unwrap();
        let (key_pem, request) = NodeIdentity::request().unwrap();
        let who = (ClusterId::new(5), NodeId::new(6), NodeRole::Manager);
        let certificate_pem =
            authority.sign(&request, who, env.now(), limits::NODE_CERTIFICATE_VALIDITY).unwrap();
        let identity = NodeIdentity { certificate_pem, key_pem, root_pem: root.certificate_pem.clone() };
        let peer = identity.peer().unwrap();
        assert_eq!((peer.cluster, peer.node, peer.role), who);
        assert!(peer.not_after > env.now());
        server_config(&identity).unwrap();
        let tokens = join_tokens(&root.certificate_pem, 1, 2).unwrap();
        assert_eq!(tokens.worker.len(), "SWMTKN-1-".len() + 50 + 1 + 25);
        assert!(authority.sign(b"nonsense", who, env.now(), Duration::from_secs(60)).is_err());
    }
}
