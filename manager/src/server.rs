//! The port for members: TLS, then gRPC.

use std::net::SocketAddr;
use std::time::Duration;

use skep_identity::{LiveIdentity, TlsConnection};
use skep_runtime::{Env, Shutdown};
use skep_wire::v1::ca_server::CaServer as CaService;
use skep_wire::v1::dispatcher_server::{Dispatcher, DispatcherServer as DispatcherService};
use skep_wire::v1::raft_server::{Raft, RaftServer as RaftService};
use skep_wire::v1::relay_server::RelayServer as RelayService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::ca::CaServer;
use crate::connection::Connection;
use crate::dispatcher::DispatcherServer;
use crate::raft_server::RaftServer;
use crate::relay::RelayServer;
use crate::transport::MESSAGE_BYTES_MAX;

/// How long a peer may take for its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections whose handshake is done and that wait to be served.
const CONNECTIONS_QUEUED: usize = 16;
/// Wait after an accept that failed, e.g. because the process has too many files open.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What is served on the port.
pub(crate) struct Services {
    pub(crate) dispatcher: DispatcherServer,
    pub(crate) raft: RaftServer,
    pub(crate) ca: CaServer,
    pub(crate) relay: RelayServer,
}

/// Serves until `shutdown`, which also ends the connections.
pub(crate) async fn serve(
    env: Env,
    listener: TcpListener,
    identity: LiveIdentity,
    services: Services,
    shutdown: Shutdown,
) -> Result<(), tonic::transport::Error> {
    let (ready, connections) = mpsc::channel(CONNECTIONS_QUEUED);
    let _accepting = env.spawn("accept", accept(env.clone(), listener, identity, ready));
    let routes = routes(services.dispatcher, services.raft)
        .add_service(CaService::new(services.ca))
        .add_service(RelayService::new(services.relay));
    let ending = shutdown.clone();
    let connections = ReceiverStream::new(connections)
        .map(move |connection| Ok::<_, std::io::Error>(Connection::new(connection, ending.clone())));
    let server = Server::builder().tcp_nodelay(true).add_routes(routes);
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        served = server.serve_with_incoming(connections) => served,
    }
}

/// Where the calls of agents and managers go, whatever connections they come by.
pub(crate) fn routes(dispatcher: impl Dispatcher, raft: impl Raft) -> Routes {
    let dispatcher = DispatcherService::new(dispatcher).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let raft = RaftService::new(raft)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    Routes::new(dispatcher).add_service(raft)
}

/// Accepts connections; each handshake runs by itself, so that a slow peer holds nobody up.
async fn accept(env: Env, listener: TcpListener, identity: LiveIdentity, ready: mpsc::Sender<TlsConnection>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // With the certificate that the node has now.
                let acceptor = TlsAcceptor::from(identity.server());
                let (ready, limit) = (ready.clone(), env.clone());
                let greet = async move { greet(&limit, stream, address, acceptor, ready).await };
                env.spawn("handshake", greet).detach();
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                env.sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn greet(
    env: &Env,
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<TlsConnection>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%address, %error, "nodelay");
    }
    match env.timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        // Nobody serves any more when the receiver is gone.
        Ok(Ok(stream)) => drop(ready.send(TlsConnection::new(stream)).await),
        // Whoever only looks whether somebody is there.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            tracing::debug!(%address, "a peer went away");
        }
        Ok(Err(error)) => tracing::info!(%address, %error, "a peer was refused"),
        Err(late) => tracing::info!(%address, %late, "a peer did not finish its handshake"),
    }
}
