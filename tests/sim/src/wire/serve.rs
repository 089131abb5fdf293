//! The port of one life of a manager.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use futures::StreamExt;
use skep_identity::{Peer, TlsPeer};
use skep_manager::{Core, wire};
use skep_model::{NodeRole, Timestamp};
use skep_runtime::sim::Life;
use tonic::codegen::http::header::DATE;
use tonic::codegen::http::{HeaderValue, Response};
use tonic::transport::Server;
use tower::util::MapResponseLayer;

use super::accepted::Accepted;
use super::agent_calls::AgentCalls;
use super::port::Arrivals;
use super::raft_calls::RaftCalls;
use super::reception::Reception;
use crate::birth;
use crate::managers::CLUSTER;
use crate::membership::node_id;
use crate::site::Site;
use crate::world::World;

/// When all answers are from: hyper would ask the real clock, and dates differ in the bytes that they take.
const DATE_OF_ALL: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// Serves a manager's core to all who arrive, until its life ends.
pub(crate) fn serve(world: &Arc<World>, life: &Life, site: Site, core: &Core, arrivals: Arrivals) {
    let reception = Reception::new(world, life, site);
    let dispatcher = AgentCalls::new(wire::dispatcher(core, CLUSTER), reception.clone());
    let raft = RaftCalls::new(wire::raft(core, CLUSTER), reception);
    let routes = wire::routes(dispatcher, raft);
    let (own, lived) = (Arc::downgrade(world), life.clone());
    let arrivals =
        futures::stream::unfold(arrivals, async |mut arrivals| Some((arrivals.recv().await?, arrivals)));
    let connections = arrivals.map(move |arrival| {
        let peer = own.upgrade().and_then(|world| peer(&world, arrival.from));
        // Whoever does not wait any more has closed its end too.
        let _ = arrival.taken.send(());
        Ok::<_, Infallible>(Accepted::new(arrival.pipe, peer.unwrap_or_default(), lived.clone()))
    });
    let dated = MapResponseLayer::new(|mut answer: Response<_>| {
        answer.headers_mut().insert(DATE, HeaderValue::from_static(DATE_OF_ALL));
        answer
    });
    let serving = Server::builder().layer(dated).add_routes(routes).serve_with_incoming(connections);
    let world = Arc::downgrade(world);
    life.spawn(async move {
        let served = serving.await;
        if let Some(world) = world.upgrade() {
            world.violate(&format!("{site} does not serve its port any more: {served:?}"));
        }
    });
}

/// What the certificate of a node shows, and from where it connects.
fn peer(world: &World, from: Site) -> Option<TlsPeer> {
    let (node, role, host) = match from {
        Site::Manager(index) => (node_id(index), NodeRole::Manager, birth::manager_host(index)),
        Site::Agent(index) => (world.agents.node(index), NodeRole::Worker, birth::agent_host(index)),
    };
    let peer = Peer { node, role, cluster: CLUSTER, not_after: Timestamp::from_nanos(u64::MAX) };
    Some(TlsPeer { peer: Some(peer), address: Some(host.parse::<IpAddr>().ok()?) })
}
