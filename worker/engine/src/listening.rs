//! A task counts as running once its servers listen, so that no client is sent to a port that refuses it.

use std::collections::BTreeSet;
use std::time::Duration;

use skep_model::{EndpointSpec, Protocol};
use skep_network::{Listeners, NetworkError, namespace_of};
use skep_runtime::Env;

/// Longest wait: a server that listens only later, or never, is on its own from then on, as all are in Docker Swarm from the start.
const LIMIT: Duration = Duration::from_secs(30);
/// First wait between two looks; it doubles up to the longest.
const LOOK_FIRST: Duration = Duration::from_millis(1);
/// Longest such wait: what a task's start may be noticed late.
const LOOK_LONGEST: Duration = Duration::from_millis(100);

/// The ports in the task that a server has to listen on: those of TCP that are published.
pub(crate) fn ports(endpoint: &EndpointSpec) -> BTreeSet<u16> {
    let published = endpoint.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
    published.map(|port| port.target).collect()
}

/// Waits until there are servers on all of the ports in the network of a process, or it has run for as long as that is waited for.
pub(crate) async fn until_listening(
    env: &Env,
    container: &str,
    pid: i32,
    runs: Duration,
    ports: &BTreeSet<u16>,
) {
    let Some(left) = LIMIT.checked_sub(runs) else { return };
    match env.timeout(left, all_listen(env, pid, ports)).await {
        Ok(Ok(())) => {}
        // The process is gone, or the kernel does not tell: nothing to wait for.
        Ok(Err(error)) => tracing::debug!(container, %error, "whether its servers listen is not known"),
        Err(_) => tracing::warn!(
            container,
            ?ports,
            "nothing listens on all of the task's published ports after {} s; it counts as running now, and connections to it \
             may be refused",
            LIMIT.as_secs()
        ),
    }
}

async fn all_listen(env: &Env, pid: i32, ports: &BTreeSet<u16>) -> Result<(), NetworkError> {
    let mut listeners = Listeners::open(namespace_of(pid)?).await?;
    let mut wait = LOOK_FIRST;
    while !ports.is_subset(&listeners.ports()?) {
        env.sleep(wait).await;
        wait = (wait * 2).min(LOOK_LONGEST);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use skep_model::{PortConfig, PortMode};

    use super::*;

    #[test]
    fn servers_of_published_tcp_ports_are_waited_for() {
        let port = |protocol, target| PortConfig {
            protocol,
            target,
            published: 8080,
            mode: PortMode::Ingress,
            address: None,
        };
        let ports = |ports| super::ports(&EndpointSpec { ports, ..EndpointSpec::default() });
        assert_eq!(ports(vec![port(Protocol::Tcp, 80), port(Protocol::Udp, 53)]), BTreeSet::from([80]));
        assert!(ports(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn the_wait_ends_with_the_server_the_process_or_the_time() {
        let env = Env::real();
        let own = std::process::id().cast_signed();
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let here = BTreeSet::from([server.local_addr().unwrap().port()]);
        assert_eq!(all_listen(&env, own, &here).await.map_err(|error| error.to_string()), Ok(()));
        // Nobody can listen on port 0.
        let nobody = BTreeSet::from([0]);
        assert!(all_listen(&env, -1, &nobody).await.is_err(), "there is no such process");
        let waited = env.timeout(Duration::from_millis(50), all_listen(&env, own, &nobody)).await;
        assert!(waited.is_err(), "it is waited for");
        until_listening(&env, "late", own, LIMIT, &nobody).await;
    }
}
