use std::time::Duration;

use sha2::{Digest, Sha256};
use skep_rest::{ClusterInfo, Node, Swarm};

use super::board::Board;
use crate::client::Client;
use crate::failure::Failure;

/// Between two looks.
const POLL_PERIOD: Duration = Duration::from_millis(200);
/// Nodes that are named when they are waited for.
const NAMES_MAX: usize = 3;

/// Waits until every node that is there has a certificate of the swarm's new root and trusts that one alone. A node that is down
/// is not waited for.
///
/// # Errors
/// When the daemon does not answer.
pub(crate) async fn root_rotated(client: &Client, quiet: bool) -> Result<(), Failure> {
    let mut board = Board::new(quiet);
    loop {
        let swarm = client.get::<Swarm>("/swarm").await?.cluster;
        let nodes = client.get::<Option<Vec<Node>>>("/nodes").await?.unwrap_or_default();
        let progress = RootProgress::of(&swarm, &nodes);
        board.show_lines(progress.lines())?;
        if progress.done() {
            return Ok(());
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

/// How far the nodes are.
struct RootProgress {
    digest: String,
    rotating: bool,
    nodes: usize,
    away: usize,
    /// Those that have no certificate of the new root yet.
    without_certificate: Vec<String>,
    /// Those that do not trust the new root yet.
    without_trust: Vec<String>,
}

impl RootProgress {
    fn of(swarm: &ClusterInfo, nodes: &[Node]) -> Self {
        let wanted = &swarm.tls_info;
        let (there, away): (Vec<&Node>, Vec<&Node>) =
            nodes.iter().partition(|node| matches!(node.status.state.as_str(), "ready" | "unknown"));
        let names = |lacks: &dyn Fn(&Node) -> bool| -> Vec<String> {
            there.iter().filter(|node| lacks(node)).map(|node| node.description.hostname.clone()).collect()
        };
        let digest = Sha256::digest(&wanted.trust_root);
        Self {
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            rotating: swarm.root_rotation_in_progress,
            nodes: there.len(),
            away: away.len(),
            without_certificate: names(&|node| !node.description.tls_info.same_issuer(wanted)),
            without_trust: names(&|node| node.description.tls_info.trust_root != wanted.trust_root),
        }
    }

    fn done(&self) -> bool {
        !self.rotating && self.without_certificate.is_empty() && self.without_trust.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        // Until every node has its certificate, the old root is the one that is trusted.
        let trusting = if self.rotating { 0 } else { self.nodes - self.without_trust.len() };
        let waiting = if self.rotating { &Vec::new() } else { &self.without_trust };
        let away = match self.away {
            0 => String::new(),
            1 => " (1 node is down: it follows when it comes back)".to_owned(),
            count => format!(" ({count} nodes are down: they follow when they come back)"),
        };
        let certified = self.nodes - self.without_certificate.len();
        vec![
            format!("desired root digest: sha256:{}", self.digest),
            format!(
                "rotated TLS certificates: {certified}/{} nodes{}{away}",
                self.nodes,
                waiting_for(&self.without_certificate)
            ),
            format!("rotated CA certificates: {trusting}/{} nodes{}", self.nodes, waiting_for(waiting)),
        ]
    }
}

fn waiting_for(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names if names.len() <= NAMES_MAX => format!(", waiting for {}", names.join(", ")),
        names => format!(", waiting for {} and others", names[..NAMES_MAX].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_rest::TlsInfo;

    fn tls(root: &str, issuer: &str) -> TlsInfo {
        TlsInfo {
            trust_root: root.into(),
            cert_issuer_subject: "s".into(),
            cert_issuer_public_key: issuer.into(),
        }
    }

    fn node(name: &str, state: &str, tls_info: TlsInfo) -> Node {
        let mut node = Node::default();
        node.description.hostname = name.into();
        node.description.tls_info = tls_info;
        node.status.state = state.into();
        node
    }

    fn swarm(tls_info: TlsInfo, rotating: bool) -> ClusterInfo {
        ClusterInfo { tls_info, root_rotation_in_progress: rotating, ..ClusterInfo::default() }
    }

    #[test]
    fn nodes_are_counted_and_named() {
        let mut nodes = vec![
            node("one", "ready", tls("old", "new")),
            node("two", "ready", tls("old", "old")),
            node("three", "down", tls("old", "old")),
        ];
        let during = RootProgress::of(&swarm(tls("old", "new"), true), &nodes);
        let lines = during.lines();
        assert!(lines[0].starts_with("desired root digest: sha256:"), "{lines:?}");
        assert_eq!(
            lines[1..],
            [
                "rotated TLS certificates: 1/2 nodes, waiting for two (1 node is down: it follows when it comes back)",
                "rotated CA certificates: 0/2 nodes"
            ]
        );
        assert!(!during.done());
        nodes[1] = node("two", "ready", tls("new", "new"));
        let after = RootProgress::of(&swarm(tls("new", "new"), false), &nodes);
        assert!(!after.done());
        assert_eq!(after.lines()[2], "rotated CA certificates: 1/2 nodes, waiting for one");
        nodes[0] = node("one", "ready", tls("new", "new"));
        assert!(RootProgress::of(&swarm(tls("new", "new"), false), &nodes).done());
    }
}
