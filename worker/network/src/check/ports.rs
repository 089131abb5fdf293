use std::io::ErrorKind;
use std::time::Duration;

use skep_model::{Check, Finding};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::host::Published;

/// How long a connection on this host may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Ports that are tried; a host with more has the same rules for all of them.
const TRIED: usize = 200;

/// Connects to every published TCP port of this host that leads to a task.
pub(super) async fn check(published: Vec<Published>) -> Vec<Finding> {
    let mut trying = JoinSet::new();
    for port in published.into_iter().take(TRIED) {
        trying.spawn(async move {
            let connecting = TcpStream::connect((port.address, port.port));
            let error = match timeout(PATIENCE, connecting).await {
                Ok(Ok(_)) => return None,
                Ok(Err(error)) => error.kind(),
                Err(_) => ErrorKind::TimedOut,
            };
            Some(judge(&port, error))
        });
    }
    trying.join_all().await.into_iter().flatten().collect()
}

fn judge(Published { service, port, target, .. }: &Published, error: ErrorKind) -> Finding {
    let finding = |what: &str| {
        Finding::fault(Check::Ports, format!("the published TCP port {port} of the service {service} {what}"))
    };
    match error {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => finding("refuses connections")
            .cause(format!("no program in the task that was asked listens on port {target} at all its addresses"))
            .fix(format!(
                "have the program listen on 0.0.0.0:{target}, or publish the port that it does listen on; see \"skep service \
                 logs {service}\""
            )),
        ErrorKind::TimedOut => finding("does not answer")
            .cause("packets to the task, or its answers, are lost: between nodes, or by a firewall of this host")
            .fix("mend the ways between nodes that are named here; look for other programs' rules with \"nft list ruleset\""),
        other => finding(&format!("cannot be connected to: {other}"))
            .cause("this host has no way to the task")
            .fix("restart the daemon of this host, which makes its network anew"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn web(port: u16) -> Published {
        Published { service: "shop_web".into(), address: Ipv4Addr::LOCALHOST.into(), port, target: 80 }
    }

    #[tokio::test]
    async fn a_port_that_is_answered_is_no_fault_and_one_that_refuses_is() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(check(vec![web(port)]).await, []);
        drop(listener);
        let found = check(vec![web(port)]).await;
        let [finding] = &found[..] else { panic!("{found:?}") };
        assert!(finding.failed.contains(&format!("{port} of the service shop_web refuses")), "{finding}");
        assert!(finding.fix.contains("0.0.0.0:80"), "{finding}");
        assert!(judge(&web(1), ErrorKind::TimedOut).failed.contains("does not answer"));
    }
}
