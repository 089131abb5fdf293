use std::net::SocketAddr;

use skep_model::{Check, Finding};
use tokio::task::JoinSet;

use crate::dns::Upstreams;

/// Who is responsible for the root: every resolver knows. An id, one question with recursion, the root, NS, IN.
const QUERY: [u8; 17] = [0x73, 0x6b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// Asks every server.
pub(super) async fn check(upstreams: &[SocketAddr]) -> Vec<Finding> {
    let mut asking = JoinSet::new();
    for server in upstreams.iter().copied() {
        asking.spawn(async move { (server, Upstreams(vec![server]).ask(&QUERY, false).await.is_some()) });
    }
    let mut answers = asking.join_all().await;
    answers.sort_unstable();
    judge(&answers).into_iter().collect()
}

/// What is wrong when these answered, and these did not.
fn judge(answers: &[(SocketAddr, bool)]) -> Option<Finding> {
    let silent: Vec<String> =
        answers.iter().filter(|(_, came)| !came).map(|(server, _)| server.to_string()).collect();
    if silent.is_empty() {
        return None;
    }
    let names = silent.join(", ");
    let fix =
        "correct the nameserver lines of /etc/resolv.conf, or let UDP port 53 out, and restart the daemon";
    Some(if silent.len() == answers.len() {
        Finding::fault(
            Check::Dns,
            format!(
                "no DNS server of this host answers ({names}): containers find no names outside the swarm"
            ),
        )
        .cause("the servers are down, are not reached from here, or a firewall blocks UDP port 53")
        .fix(fix)
    } else {
        Finding::warning(Check::Dns, format!("the DNS server {names} does not answer; others do, later"))
            .cause("it is down, is not reached from here, or a firewall blocks UDP port 53")
            .fix(fix)
    })
}

#[cfg(test)]
mod tests {
    use skep_model::Severity;

    use super::*;

    #[test]
    fn all_silent_servers_are_a_fault_and_some_a_warning() {
        let [one, two] = ["10.0.0.1:53", "10.0.0.2:53"].map(|text| text.parse().unwrap());
        assert_eq!(judge(&[]), None);
        assert_eq!(judge(&[(one, true), (two, true)]), None);
        let some = judge(&[(one, false), (two, true)]).unwrap();
        assert!(some.severity == Severity::Warning && some.failed.contains("10.0.0.1:53"), "{some}");
        let all = judge(&[(one, false), (two, false)]).unwrap();
        assert!(all.severity == Severity::Fault && all.failed.contains("10.0.0.2:53"), "{all}");
    }

    #[tokio::test]
    async fn a_server_is_asked_for_something_that_it_can_answer() {
        let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let mut bytes = [0; 512];
            let (length, from) = server.recv_from(&mut bytes).await.unwrap();
            bytes[2] |= 0x80;
            server.send_to(&bytes[..length], from).await.unwrap();
            hickory_proto::op::Message::from_vec(&bytes[..length]).unwrap()
        });
        assert!(check(&[address]).await.is_empty());
        let asked = answering.await.unwrap();
        assert_eq!(asked.queries[0].name().to_string(), ".");
    }
}
