//! A manager's gRPC over connections that somebody else makes (feature `testing`): the simulator's are pipes in memory.

use skep_model::ClusterId;
use skep_raft::Transport;
use skep_wire::v1::dispatcher_server::Dispatcher;
use skep_wire::v1::raft_server::Raft;
use tonic::service::Routes;
use tonic::transport::Channel;

use crate::dispatcher::DispatcherServer;
use crate::raft_server::RaftServer;
use crate::transport::GrpcTransport;
use crate::{Core, LeaderCalls, server};

/// A manager's way to the others, through one channel to each, which `connect` makes.
pub fn transport(connect: impl Fn(&str) -> Channel + Send + Sync + 'static) -> impl Transport + LeaderCalls {
    GrpcTransport::over(connect, || 0)
}

/// What receives the messages of other managers. The caller is the `TlsPeer` that the connection gives.
pub fn raft(core: &Core, cluster: ClusterId) -> impl Raft + use<> {
    RaftServer::new(core.raft().clone(), core.authorizer(cluster))
}

/// What receives the calls of agents. The caller is the `TlsPeer` that the connection gives.
pub fn dispatcher(core: &Core, cluster: ClusterId) -> impl Dispatcher + use<> {
    DispatcherServer::new(core.slot().clone(), core.authorizer(cluster))
}

/// Where the calls of agents and managers go, with the limits of the product's port.
pub fn routes(dispatcher: impl Dispatcher, raft: impl Raft) -> Routes {
    server::routes(dispatcher, raft)
}
