//! What of a host keeps services from working: for `skep doctor`. Each file looks at one thing; what is found wrong is judged
//! apart from the looking.

mod dns;
mod firewall;
mod kernel;
mod ports;

use std::net::SocketAddr;
use std::sync::Arc;

use skep_model::Finding;

use crate::conntrack_room;
use crate::host::HostThread;

/// Looks at what a host needs that is in no swarm, in the calling thread's network namespace. Takes at most a few seconds.
pub async fn check_host(upstreams: &[SocketAddr]) -> Vec<Finding> {
    let (mut found, kernel) = tokio::join!(dns::check(upstreams), kernel::check());
    found.extend(kernel);
    found.extend(firewall::check_rules());
    found.extend(conntrack_room::room().and_then(conntrack_room::judge));
    found
}

/// Looks at what a member of a swarm needs besides.
pub(crate) async fn check_member(host: &Arc<HostThread>) -> Vec<Finding> {
    let known =
        host.call(|host| Ok((host.check_services(), host.published(), firewall::check_settings()))).await;
    let (mut found, published, settings) = known.unwrap_or_default();
    found.extend(settings);
    found.extend(ports::check(published).await);
    found
}

/// What is found where nothing of another node's arrives.
pub(crate) fn check_unheard() -> Vec<Finding> {
    firewall::check_input()
}
