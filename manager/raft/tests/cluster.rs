//! Several managers: members come and go, leaders change.

#[cfg(test)]
mod lab;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::Write;
    use std::sync::Arc;
    use std::time::Duration;

    use skep_log::{Disk, Key, MemoryDisk, RealDisk};
    use skep_raft::testing::MemoryNetwork;
    use skep_raft::{
        ChangeError, Leadership, MessageKind, Options, ProposeError, RaftMessage, RaftNode, ReadError, Role,
        SnapshotWriter, become_only_member, begin_with,
    };

    use super::lab::{CLUSTER, Cluster, LIMIT, Ledger, Manager, address, options, put, until};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_single_manager_keeps_what_it_acknowledged() {
        let mut cluster = Cluster::of(1).await;
        let node = &cluster.managers[&1].node;
        let first = node.propose(b"one", LIMIT).await.unwrap();
        let second = node.propose(b"two", LIMIT).await.unwrap();
        assert_eq!((first.response, second.response), (b"1".to_vec(), b"2".to_vec()));
        assert!(second.index > first.index);
        let large = vec![0; (4 << 20) + 1];
        let refused = node.propose(&large, LIMIT).await;
        assert_eq!(refused, Err(ProposeError::TooLarge { bytes: large.len(), max: 4 << 20 }));
        node.propose(&vec![b'x'; 4 << 20], LIMIT).await.unwrap();
        node.bootstrap("elsewhere:1").await.unwrap();
        assert_eq!(
            node.leadership().leader.unwrap().address,
            address(1),
            "a second bootstrap changes nothing"
        );
        let stopped = node.clone();
        let disk = cluster.crash(1).await;
        assert_eq!(stopped.propose(b"late", LIMIT).await, Err(ProposeError::Stopped));
        cluster.start(1, disk).await;
        cluster.write("four").await;
        let lines = cluster.managers[&1].ledger.all();
        assert_eq!((lines.len(), &*lines[1], &*lines[3]), (4, "two", "four"));
    }

    /// The real disk, its lock and its threads; and a manager that slept alone takes up its clock for a second one.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_manager_on_a_real_disk_restarts_in_the_same_process() {
        let scratch = tempfile::tempdir().unwrap();
        let network = MemoryNetwork::default();
        for round in 1..=3 {
            let disk =
                until("the directory's lock", async || RealDisk::open(scratch.path().join("raft")).ok())
                    .await;
            let options = Options::new(1, Arc::new(disk), Key::new(1, [5; 32]), CLUSTER);
            let ledger = Arc::new(Ledger::default());
            let node = RaftNode::open(options, ledger.clone(), network.transport()).await.unwrap();
            node.bootstrap(&address(1)).await.unwrap();
            until("a write", async || node.propose(b"line", LIMIT).await.ok()).await;
            assert_eq!(ledger.all().len(), round);
            node.snapshot().await.unwrap();
            until("a snapshot", async || node.metrics().snapshot).await;
            node.shutdown().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lone_leader_wakes_up_when_it_gets_company() {
        let mut cluster = Cluster::of(1).await;
        // Long enough for its clock to be stopped and for a lease to pass.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        cluster.write("alone").await;
        cluster.start(2, MemoryDisk::default()).await;
        let first = &cluster.managers[&1].node;
        first.add_learner(2, &address(2), LIMIT).await.unwrap();
        first.promote(2, LIMIT).await.unwrap();
        cluster.all_equal(1).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        cluster.write("together").await;
        cluster.all_equal(2).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn three_managers_replicate_and_followers_name_the_leader() {
        let cluster = Cluster::of(3).await;
        cluster.write_many(0..100).await;
        cluster.all_equal(100).await;
        let leader = cluster.leader().await;
        for (id, manager) in cluster.managers.iter().filter(|(id, _)| **id != leader) {
            let expected = Some((leader, address(leader)));
            let refused = manager.node.propose(b"x", LIMIT).await;
            assert_eq!(refused, Err(ProposeError::NotLeader { leader: expected.clone() }), "{id}");
            assert_eq!(
                manager.node.linearizable(LIMIT).await,
                Err(ReadError::NotLeader { leader: expected })
            );
            assert!(!manager.node.is_leader());
        }
        let metrics = cluster.managers[&leader].node.metrics();
        assert_eq!((metrics.role, metrics.members.len(), metrics.failure), (Role::Leader, 3, None));
        assert!(metrics.members.values().all(|member| member.voter));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_that_nobody_reaches_holds_up_nobody_and_catches_up_later() {
        let mut cluster = Cluster::of(3).await;
        let leader = cluster.leader().await;
        cluster.managers[&leader].node.add_learner(4, &address(4), LIMIT).await.unwrap();
        cluster.write_many(0..50).await;
        cluster.all_equal(50).await;
        cluster.start(4, MemoryDisk::default()).await;
        cluster.all_equal(50).await;
        let leader = cluster.leader().await;
        cluster.managers[&leader].node.promote(4, LIMIT).await.unwrap();
        cluster.write("four").await;
        cluster.all_equal(51).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn crashes_lose_nothing_acknowledged() {
        let mut cluster = Cluster::of(3).await;
        for round in 0..4 {
            cluster.write_many(round * 30..round * 30 + 30).await;
            let leader = cluster.leader().await;
            let disk = cluster.crash(leader).await;
            cluster.write(&format!("without {leader}")).await;
            cluster.start(leader, disk).await;
        }
        cluster.all_equal(124).await;
        // Then all at once.
        let mut disks = BTreeMap::new();
        for id in 1..=3 {
            disks.insert(id, cluster.crash(id).await);
        }
        for (id, disk) in disks {
            cluster.start(id, disk).await;
        }
        cluster.write("again").await;
        cluster.all_equal(125).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_new_learner_gets_a_snapshot_and_keeps_it() {
        let mut cluster = Cluster { small_snapshots: true, ..Cluster::default() };
        cluster.grow(1).await;
        // More than one piece of a snapshot.
        for number in 0..3 {
            cluster.write(&format!("{number}{}", "x".repeat(700_000))).await;
        }
        cluster.write_many(0..200).await;
        until("a purge", async || cluster.managers[&1].node.metrics().purged.filter(|purged| *purged > 10))
            .await;
        cluster.start(2, MemoryDisk::default()).await;
        cluster.managers[&1].node.add_learner(2, &address(2), LIMIT).await.unwrap();
        cluster.all_equal(203).await;
        assert!(cluster.managers[&2].node.metrics().snapshot.is_some());
        assert_eq!(cluster.managers[&2].node.metrics().role, Role::Learner);
        assert!(!cluster.managers[&2].disk.list().unwrap().contains(&"received".to_owned()));
        let disk = cluster.crash(2).await;
        cluster.write_many(200..260).await;
        cluster.start(2, disk).await;
        cluster.managers[&1].node.promote(2, LIMIT).await.unwrap();
        cluster.all_equal(263).await;
        let disk = cluster.crash(1).await;
        cluster.start(1, disk).await;
        cluster.write("end").await;
        cluster.all_equal(264).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_majority_nothing_hangs_and_nothing_is_promised() {
        let cluster = Cluster::of(3).await;
        cluster.write("before").await;
        let leader = cluster.leader().await;
        for other in (1..=3).filter(|id| *id != leader) {
            cluster.network.set_cut(leader, other, true);
        }
        let old = &cluster.managers[&leader].node;
        let outcome = old.propose(b"lost", Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(outcome, ProposeError::Unknown | ProposeError::NotLeader { .. }), "{outcome:?}");
        let read = old.linearizable(Duration::from_secs(3)).await.unwrap_err();
        assert!(matches!(read, ReadError::NoQuorum | ReadError::NotLeader { .. }), "{read:?}");
        until("another leader", async || {
            let mut others = cluster.managers.iter().filter(|(id, _)| **id != leader);
            let (_, new) = others.find(|(_, manager)| manager.node.is_leader())?;
            put(&new.node, "after").await
        })
        .await;
        for other in (1..=3).filter(|id| *id != leader) {
            cluster.network.set_cut(leader, other, false);
        }
        cluster.all_equal(2).await;
        assert_eq!(cluster.managers[&leader].ledger.all(), ["before", "after"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn leadership_is_handed_over_and_watched() {
        let cluster = Cluster::of(3).await;
        let leader = cluster.leader().await;
        let heir = leader % 3 + 1;
        let watched = cluster.managers[&heir].node.clone();
        let mut seen = watched.leadership_changed(&Leadership::default()).await.unwrap();
        cluster.write("one").await;
        cluster.all_equal(1).await;
        cluster.managers[&leader].node.transfer_leader(heir, LIMIT).await.unwrap();
        while !seen.is_self {
            seen = tokio::time::timeout(LIMIT, watched.leadership_changed(&seen)).await.unwrap().unwrap();
        }
        assert_eq!(seen.leader.unwrap().address, address(heir));
        let refused = cluster.managers[&leader].node.transfer_leader(heir, LIMIT).await;
        assert!(matches!(refused, Err(ChangeError::Write(ProposeError::NotLeader { .. }))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn leadership_is_not_handed_to_a_member_without_a_vote() {
        let mut cluster = Cluster::of(1).await;
        cluster.start(2, MemoryDisk::default()).await;
        let node = cluster.managers[&1].node.clone();
        node.add_learner(2, &address(2), LIMIT).await.unwrap();
        for to in [2, 3] {
            let refused = node.transfer_leader(to, LIMIT).await;
            assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
        }
        node.propose(b"goes on", LIMIT).await.unwrap();
        node.promote(2, LIMIT).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn members_leave_one_at_a_time_but_not_the_last() {
        let cluster = Cluster::of(3).await;
        let node = &cluster.managers[&cluster.leader().await].node;
        let others: Vec<u64> = (1..=3).filter(|id| *id != node.metrics().id).collect();
        let (one, two) = tokio::join!(node.remove(others[0], LIMIT), node.remove(others[1], LIMIT));
        one.unwrap();
        two.unwrap();
        until("one member", async || (node.metrics().members.len() == 1).then_some(())).await;
        let refused = node.remove(node.metrics().id, LIMIT).await;
        assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
        let refused = node.promote(99, LIMIT).await;
        assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
        node.propose(b"alone", LIMIT).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_is_left_goes_on_alone_and_the_others_are_fenced() {
        let mut cluster = Cluster::of(3).await;
        cluster.write_many(0..50).await;
        cluster.all_equal(50).await;
        let (second, third) = (cluster.crash(2).await, cluster.crash(3).await);
        let own = cluster.crash(1).await;
        let mut options = options(1, &own);
        become_only_member(&options, &address(1)).unwrap();
        options.epoch = 1;
        let ledger = Arc::new(Ledger::default());
        let node = RaftNode::open(options, ledger.clone(), cluster.network.transport()).await.unwrap();
        cluster.network.attach(1, node.clone());
        until("it leads alone", async || node.linearizable(LIMIT).await.ok()).await;
        assert_eq!(ledger.all().len(), 50, "nothing is lost");
        node.propose(b"after", LIMIT).await.unwrap();
        // The old majority comes back: as soon as it hears of the recovery it knows that it was left behind.
        cluster.start(2, second).await;
        cluster.start(3, third).await;
        let behind = cluster.managers[&2].node.clone();
        assert_eq!(tokio::time::timeout(LIMIT, behind.left_behind()).await.unwrap(), 1);
        assert_eq!(node.later_epoch(), None);
        let nothing = Options::new(9, Arc::new(MemoryDisk::default()), Key::new(1, [5; 32]), CLUSTER);
        assert!(become_only_member(&nothing, &address(9)).is_err(), "there is nothing to go on with");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_state_from_elsewhere_is_where_a_log_begins() {
        let disk = MemoryDisk::default();
        let options = options(1, &disk);
        let state = || -> SnapshotWriter { Box::new(|writer: &mut dyn Write| writeln!(writer, "before")) };
        begin_with(&options, &address(1), 500, state()).unwrap();
        assert!(begin_with(&options, &address(1), 500, state()).is_err(), "it is a log already");
        let (ledger, network) = (Arc::new(Ledger::default()), MemoryNetwork::default());
        let node = RaftNode::open(options.clone(), ledger.clone(), network.transport()).await.unwrap();
        network.attach(1, node.clone());
        until("it leads", async || node.linearizable(LIMIT).await.ok()).await;
        let proposed = node.propose(b"after", LIMIT).await.unwrap();
        assert!(proposed.index > 500);
        node.shutdown().await;
        let again = Arc::new(Ledger::default());
        let node = RaftNode::open(options, again.clone(), network.transport()).await.unwrap();
        network.attach(1, node.clone());
        until("it leads again", async || node.linearizable(LIMIT).await.ok()).await;
        assert_eq!(again.all(), ["before", "after"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn other_clusters_and_epochs_are_refused() {
        let mut cluster = Cluster::of(1).await;
        let disk = MemoryDisk::default();
        let mut options = options(2, &disk);
        options.epoch = 1;
        let ledger = Arc::new(Ledger::default());
        let node = RaftNode::open(options, ledger.clone(), cluster.network.transport()).await.unwrap();
        cluster.network.attach(2, node.clone());
        let first = cluster.managers[&1].node.clone();
        first.add_learner(2, &address(2), LIMIT).await.unwrap();
        cluster.write("one").await;
        let mut message = RaftMessage {
            kind: MessageKind::Append,
            cluster: CLUSTER,
            epoch: 0,
            from: 1,
            to: 2,
            held: 0,
            known: BTreeMap::new(),
            body: vec![1, 2, 3],
        };
        let epoch = node.receive(&message).await;
        message.to = 1;
        message.cluster = 7;
        let other = first.receive(&message).await;
        message.cluster = CLUSTER;
        let garbled = first.receive(&message).await;
        message.to = 3;
        let elsewhere = first.receive(&message).await;
        let answers = BTreeSet::from([epoch, other, garbled, elsewhere]);
        assert_eq!(answers.len(), 4, "each is refused for its own reason");
        assert_eq!((ledger.all().len(), node.metrics().term), (0, 0), "nothing of another epoch is taken");
        node.shutdown().await;
        cluster.managers.insert(2, Manager { node, ledger, disk });
        let disk = cluster.crash(2).await;
        cluster.start(2, disk).await;
        cluster.all_equal(1).await;
    }
}
