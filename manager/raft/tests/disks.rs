//! Disks that are full, wrong, damaged, emptied, or put back to an earlier state.

#[cfg(test)]
mod lab;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use skep_log::{Disk, Key, MemoryDisk};
    use skep_raft::testing::MemoryNetwork;
    use skep_raft::{OpenError, Options, ProposeError, RaftNode};

    use super::lab::{Cluster, LIMIT, Ledger, options, until};

    /// A member whose disk was put back: it is found out by a leader's message, by a candidate's, and by its own files.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_with_an_older_disk_is_found_out() {
        let mut cluster = Cluster::of(3).await;
        cluster.write_many(0..20).await;
        cluster.all_equal(20).await;
        let leader = cluster.leader().await;
        let (second, third) = (leader % 3 + 1, (leader + 1) % 3 + 1);
        let disk = cluster.crash(second).await;
        let older = disk.copy();
        cluster.start(second, disk).await;
        cluster.write_many(20..60).await;
        cluster.all_equal(60).await;
        drop(cluster.crash(second).await);
        cluster.start(second, older.copy()).await;
        let put_back = cluster.managers[&second].node.clone();
        let acknowledged = tokio::time::timeout(LIMIT, put_back.disk_lost()).await.unwrap();
        assert!(acknowledged > put_back.metrics().last_log.unwrap());
        drop(cluster.crash(second).await);
        // The others know of it without the leader that it had told.
        drop(cluster.crash(leader).await);
        cluster.start(second, older).await;
        let put_back = cluster.managers[&second].node.clone();
        tokio::time::timeout(LIMIT, put_back.disk_lost()).await.unwrap();
        let alone = cluster.managers[&third].node.linearizable(Duration::from_secs(1)).await;
        assert!(alone.is_err(), "a disk that is older must not make a majority");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_with_an_empty_disk_is_found_out() {
        let mut cluster = Cluster::of(3).await;
        cluster.write_many(0..20).await;
        cluster.all_equal(20).await;
        let leader = cluster.leader().await;
        let second = leader % 3 + 1;
        drop(cluster.crash(second).await);
        cluster.start(second, MemoryDisk::default()).await;
        let emptied = cluster.managers[&second].node.clone();
        tokio::time::timeout(LIMIT, emptied.disk_lost()).await.unwrap();
        assert_eq!(emptied.metrics().last_log, None, "nothing was taken");
        cluster.write("the others go on").await;
        let mut options = options(second, &MemoryDisk::default());
        options.begun = true;
        let error = refused(options).await;
        assert!(matches!(error, OpenError::Emptied { .. }) && error.is_loss(), "{error}");
    }

    /// Nobody is suspected who only crashed, whoever leads and whatever was cut off.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_that_only_crashed_is_not_suspected() {
        let mut cluster = Cluster { small_snapshots: true, ..Cluster::default() };
        cluster.grow(3).await;
        for round in 0..6 {
            cluster.write_many(round * 30..round * 30 + 30).await;
            let id = u64::from(round) % 3 + 1;
            let disk = cluster.crash(id).await;
            cluster.start(id, disk).await;
        }
        cluster.all_equal(180).await;
        for manager in cluster.managers.values() {
            let lost = tokio::time::timeout(Duration::from_millis(50), manager.node.disk_lost()).await;
            assert!(lost.is_err());
        }
    }

    async fn refused(options: Options) -> OpenError {
        let network = MemoryNetwork::default();
        RaftNode::open(options, Arc::new(Ledger::default()), network.transport()).await.unwrap_err()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn wrong_directories_and_lost_snapshots_are_refused() {
        let mut cluster = Cluster { small_snapshots: true, ..Cluster::default() };
        cluster.grow(1).await;
        cluster.write_many(0..100).await;
        until("a purge", async || cluster.managers[&1].node.metrics().purged).await;
        let disk = cluster.crash(1).await;
        assert!(matches!(refused(options(2, &disk)).await, OpenError::OtherOwner { .. }));
        let mut wrong = options(1, &disk);
        wrong.keys = Key::new(1, [6; 32]).into();
        assert!(matches!(refused(wrong).await, OpenError::Log(skep_log::Error::WrongKey { .. })));
        let sound = disk.content("snapshot").unwrap();
        let mut bytes = sound.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        disk.overwrite("snapshot", bytes);
        assert!(matches!(refused(options(1, &disk)).await, OpenError::Log(skep_log::Error::Damaged { .. })));
        disk.remove("snapshot").unwrap();
        assert!(matches!(refused(options(1, &disk)).await, OpenError::SnapshotMissing { .. }));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_stops_the_manager_and_says_so() {
        let cluster = Cluster::of(1).await;
        cluster.write("one").await;
        let manager = &cluster.managers[&1];
        manager.disk.fill_up_after(Some(0));
        let error = manager.node.propose(b"two", LIMIT).await.unwrap_err();
        assert!(matches!(error, ProposeError::Storage(_) | ProposeError::Unknown), "{error:?}");
        let stopped = until("the end", async || manager.node.propose(b"three", LIMIT).await.err()).await;
        assert!(matches!(stopped, ProposeError::Storage(_)), "{stopped:?}");
        assert!(manager.node.metrics().failure.is_some());
    }
}
