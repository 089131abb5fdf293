use std::os::unix::fs::MetadataExt;

use skep_model::{EndpointService, EndpointTable};

use super::{Node, eventually};

impl Node {
    /// What managers tell this node when network 1 is encrypted.
    pub(crate) fn sealed_table(
        &self,
        version: u64,
        nodes: &[&Self],
        services: &[EndpointService],
    ) -> EndpointTable {
        let mut table = self.table(version, nodes, services.to_vec());
        table.networks[0].encrypted = true;
        table
    }

    /// How many keys of its own the node keeps.
    pub(crate) fn keys_on_disk(&self) -> usize {
        std::fs::read_to_string(self.state().join("tunnel-keys")).unwrap().lines().count()
    }

    /// How many threads of the test's process are in the node's namespace and seal or open.
    pub(crate) fn seal_threads(&self) -> usize {
        let own = self.namespace_id();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let seals = |task: &std::fs::DirEntry| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let namespace = std::fs::metadata(task.path().join("ns/net")).map(|it| it.ino()).ok();
            name.starts_with("skep-seal") && namespace == Some(own)
        };
        tasks.filter(seals).count()
    }

    fn namespace_id(&self) -> u64 {
        std::fs::File::from(self.namespace.try_clone().unwrap()).metadata().unwrap().ino()
    }
}

/// Makes all nodes follow tables with these services, in which network 1 is encrypted.
pub(crate) async fn follow_sealed(version: u64, nodes: &[&Node], services: &[EndpointService]) {
    for node in nodes {
        node.network.apply(&node.sealed_table(version, nodes, services)).await.unwrap();
    }
}

/// Waits until there is a session between every two of these nodes.
pub(crate) async fn connected(nodes: &[&Node]) {
    connected_by(nodes, false).await;
}

/// The same, by the newest keys of all.
pub(crate) async fn connected_by(nodes: &[&Node], newest: bool) {
    for node in nodes {
        eventually(async || {
            let report = node.network.tunnel_report().await.unwrap();
            let done = report.sealed.iter().filter(|peer| peer.connected && (peer.newest || !newest)).count();
            done == nodes.len() - 1
        })
        .await;
    }
}
