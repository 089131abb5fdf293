//! Connecting to managers.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use skep_manager::LeaderCalls;
use skep_raft::Transport;
use skep_runtime::sim::Life;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;
use tonic::transport::Channel;

use super::in_life::InLife;
use super::pipe;
use super::port::Arrival;
use crate::birth;
use crate::site::Site;
use crate::world::World;

/// HTTP/2 remembers streams that it has reset for some real time, which differs from run to run. So it never forgets them,
const REMEMBERED: Duration = Duration::from_secs(1_000_000);
/// but for those above so many.
const REMEMBERED_MAX: usize = 1_000;

/// A manager's way to the others, in one of its lives.
pub(crate) fn transport(
    world: &Arc<World>,
    life: &Life,
    from: Site,
) -> impl Transport + LeaderCalls + 'static + use<> {
    let (world, life) = (Arc::downgrade(world), life.clone());
    skep_manager::wire::transport(move |address| channel(&world, &life, from, address))
}

/// A channel of a node's life to the manager at an address, which connects as the product's does: at the first call, and again
/// after a loss.
pub(super) fn channel(world: &Weak<World>, life: &Life, from: Site, address: &str) -> Channel {
    let (world, address) = (Weak::clone(world), address.to_owned());
    let connect = tower::service_fn(move |_| connect(Weak::clone(&world), from, address.clone()));
    skep_identity::endpoint()
        .http2_reset_stream_duration(REMEMBERED)
        .http2_max_concurrent_reset_streams(REMEMBERED_MAX)
        .executor(InLife(life.clone()))
        .connect_with_connector_lazy(connect)
}

/// The way there, the wait until the manager takes the connection, and the way back.
async fn connect(world: Weak<World>, from: Site, address: String) -> io::Result<TokioIo<DuplexStream>> {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let (network, to) = {
        let world = world.upgrade().ok_or_else(refused)?;
        let to = birth::manager_at(&address, world.managers.count());
        (world.network.clone(), to.ok_or_else(refused)?)
    };
    if !network.bytes(from, to).await {
        return Err(late());
    }
    let port = world.upgrade().and_then(|world| world.managers.port(to)).unwrap_or_default();
    let (own, pipe) = pipe::join(&network, from, to);
    let (taken, waiting) = oneshot::channel();
    let listens = port.knock(Arrival { from, pipe, taken });
    if listens && waiting.await.is_err() {
        // It died before it came to it.
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    match (network.bytes(to, from).await, listens) {
        (false, _) => Err(late()),
        (true, false) => Err(refused()),
        (true, true) => Ok(TokioIo::new(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[tokio::test(start_paused = true)]
    async fn who_is_down_refuses() {
        let world = World::new(&Options::new(1));
        let connected = connect(Arc::downgrade(&world), Site::Agent(0), birth::address(0)).await;
        assert_eq!(connected.err().unwrap().kind(), io::ErrorKind::ConnectionRefused);
    }
}
