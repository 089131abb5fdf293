//! A state as large as a swarm's ever is reaches a new member.

#[cfg(test)]
mod lab;

#[cfg(test)]
mod tests {
    use skep_log::MemoryDisk;

    use super::lab::{Cluster, LIMIT, address, until};

    /// As large as a command may be.
    const LINE_BYTES: usize = 4 << 20;
    /// Together 200 MiB.
    const LINES: usize = 50;

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hundred_megabytes_reach_a_new_member() {
        let mut cluster = Cluster { small_snapshots: true, ..Cluster::default() };
        cluster.grow(1).await;
        for _ in 0..LINES {
            cluster.write(&"x".repeat(LINE_BYTES)).await;
        }
        let first = cluster.managers[&1].node.clone();
        until("a snapshot of all of it", async || {
            // Asked again and again: while an earlier one is being taken it is not heard.
            first.snapshot().await.unwrap();
            let metrics = first.metrics();
            (metrics.snapshot == metrics.applied && metrics.purged.is_some()).then_some(())
        })
        .await;
        cluster.start(2, MemoryDisk::default()).await;
        first.add_learner(2, &address(2), LIMIT).await.unwrap();
        // Which waits for a minute.
        cluster.all_equal(LINES).await;
        assert!(cluster.managers[&2].node.metrics().snapshot.is_some(), "as a snapshot");
    }
}
