//! Into a swarm that is there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use skep_api::{HostError, HostErrorKind};
use skep_identity::NodeIdentity;
use skep_manager::ca::Joiner;
use skep_manager::ca::client::{self, CaCallError};
use skep_model::limits;
use skep_rest::SwarmJoin;

use crate::address;
use crate::init::{already_member, internal, invalid, remove_raft};
use crate::keys::Secrets;
use crate::leave;
use crate::member::Member;
use crate::membership::Membership;
use crate::node::{Node, Standing};

/// How long a join waits until the swarm knows the new node as ready, and a new manager has caught up; it goes on without.
const READY_TIMEOUT: Duration = Duration::from_secs(15);

/// Joins the swarm whose manager the request names.
pub(crate) async fn join(node: &Node, request: SwarmJoin) -> Result<(), HostError> {
    let _alone = node.changing.lock().await;
    if !matches!(node.standing(), Standing::Outside) {
        return Err(already_member());
    }
    let data_path = address::data_path(&request.data_path_addr, &address::of_host()).map_err(invalid)?;
    if request.remote_addrs.is_empty() {
        return Err(invalid("at least one address of a manager is needed to join"));
    }
    remove_raft(&node.ground)?;
    let (membership, manager) = admitted(node, &request, data_path).await?;
    let membership = membership.with_data_path(&request.data_path_addr);
    node.records.keep(&membership).map_err(internal)?;
    enter_new(node, membership).await.map_err(|error| {
        internal(format!("{error}. The swarm knows this node already: remove it there with \"skep node rm\""))
    })?;
    tracing::info!(manager, "this node joined a swarm");
    until_ready(node).await;
    Ok(())
}

/// Starts as the member that the records say; if that fails, nothing is left of it.
pub(crate) async fn enter_new(node: &Node, membership: Membership) -> Result<(), HostError> {
    let ids = membership.ids().map_err(internal)?;
    match Member::start(&node.ground, membership, ids).await {
        Ok(member) => node.enter(member),
        Err(error) => {
            if let Err(left) = leave::finish(node).await {
                tracing::warn!(%left, "what was left of a member that could not start was not removed");
            }
            return Err(internal(error));
        }
    }
    Ok(())
}

/// Asks the managers in turn; gives what the node is from now on, and who let it in.
async fn admitted(
    node: &Node,
    request: &SwarmJoin,
    data_path: Option<Ipv4Addr>,
) -> Result<(Membership, String), HostError> {
    let (key_pem, csr) = NodeIdentity::request().map_err(internal)?;
    let mut refusals = Vec::new();
    for remote in &request.remote_addrs {
        let remote = with_port(remote);
        let addresses = match addresses(request, &remote).await {
            Ok(addresses) => addresses,
            Err(AddressError::Wrong(text)) => return Err(invalid(text)),
            Err(AddressError::Call(error)) => {
                refusals.push(error.to_string());
                continue;
            }
        };
        let joiner = Joiner {
            token: request.join_token.clone(),
            request: csr.clone(),
            description: node.facts.description(node.ground.engine.labels.clone(), data_path),
            availability: request.availability().map_err(invalid)?,
            address: addresses.1.to_string(),
        };
        let held = held(addresses.0);
        let answer = client::join(&remote, &joiner).await;
        drop(held);
        match answer {
            Ok((cluster, id, certified)) => {
                let secrets = Secrets::new(key_pem, node.env.random().bytes());
                node.ground.keys.create(secrets, None).map_err(internal)?;
                return Ok((Membership::new((cluster, id), certified, addresses), remote));
            }
            Err(error @ (CaCallError::OtherSwarm { .. } | CaCallError::Identity(_))) => {
                return Err(invalid(error));
            }
            Err(error) => refusals.push(error.to_string()),
        }
    }
    Err(HostError::new(HostErrorKind::Unavailable, refusals.join("; ")))
}

/// Holds the port for members while a manager looks whether it reaches this node there. Only a manager needs it, and only the
/// answer tells what this node becomes: a port that is taken is its own refusal later.
fn held(listen: SocketAddr) -> Option<TcpListener> {
    let bound = TcpListener::bind(listen);
    bound.inspect_err(|error| tracing::debug!(%listen, %error, "the port for members is not free")).ok()
}

enum AddressError {
    Wrong(String),
    Call(CaCallError),
}

/// Where this node listens, and where others reach it: by default, at the address that it reaches the manager from.
async fn addresses(request: &SwarmJoin, remote: &str) -> Result<(SocketAddr, SocketAddr), AddressError> {
    let host = address::of_host();
    let listen = address::listen(&request.listen_addr, &host).map_err(AddressError::Wrong)?;
    if !request.advertise_addr.is_empty() || !listen.ip().is_unspecified() {
        let advertise =
            address::advertise(&request.advertise_addr, listen, &host).map_err(AddressError::Wrong)?;
        return Ok((listen, advertise));
    }
    let own = client::local_address_towards(remote).await.map_err(AddressError::Call)?;
    Ok((listen, (own, listen.port()).into()))
}

fn with_port(address: &str) -> String {
    if let Ok(ip) = address.parse::<IpAddr>() {
        return SocketAddr::new(ip, limits::CLUSTER_PORT_DEFAULT).to_string();
    }
    let has_port = address.rsplit_once(':').is_some_and(|(host, port)| {
        (!host.contains(':') || host.ends_with(']')) && port.parse::<u16>().is_ok()
    });
    if has_port { address.to_owned() } else { format!("{address}:{}", limits::CLUSTER_PORT_DEFAULT) }
}

/// Waits until managers have spoken to this node, and until its own manager knows what they know and has its vote.
pub(crate) async fn until_ready(node: &Node) {
    let Some((swarm, quorum)) =
        node.member(|member| (member.swarm.clone(), member.manager.as_ref().map(|manager| manager.quorum())))
    else {
        return;
    };
    let ready = async {
        swarm.wait_for(Option::is_some).await;
        match quorum {
            Some(quorum) => {
                let current = quorum.read_barrier(READY_TIMEOUT).await.is_ok();
                if current {
                    quorum.until_voting().await;
                }
                current
            }
            None => true,
        }
    };
    if !node.env.timeout(READY_TIMEOUT, ready).await.unwrap_or(false) {
        tracing::warn!("this node has joined, but is not ready yet");
    }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn the_port_of_managers_is_the_default() {
        assert_eq!(with_port("10.0.0.1"), "10.0.0.1:2377");
        assert_eq!(with_port("10.0.0.1:99"), "10.0.0.1:99");
        assert_eq!(with_port("manager"), "manager:2377");
        assert_eq!(with_port("[fd00::1]:5"), "[fd00::1]:5");
        assert_eq!(with_port("fd00::1"), "[fd00::1]:2377");
    }
}
