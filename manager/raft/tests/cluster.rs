//! Managers in one process over an in-memory network and disks that lose what was not synced.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Read, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use skep_log::{Disk, Key, MemoryDisk, RealDisk};
    use skep_raft::testing::MemoryNetwork;
    use skep_raft::{
        ChangeError, Leadership, MessageKind, OpenError, Options, ProposeError, RaftMessage, RaftNode,
        ReadError, Role, SnapshotWriter, StateMachine, become_only_member, begin_with,
    };

    const CLUSTER: u128 = 0xC0FFEE;
    const LIMIT: Duration = Duration::from_secs(10);

    /// Every command in order.
    #[derive(Default)]
    struct Ledger(Mutex<Vec<String>>);

    impl Ledger {
        fn all(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    impl StateMachine for Ledger {
        fn apply(&self, _index: u64, _term: u64, command: &[u8]) -> Vec<u8> {
            let mut lines = self.0.lock().unwrap();
            lines.push(String::from_utf8(command.to_vec()).unwrap());
            lines.len().to_string().into_bytes()
        }

        fn snapshot(&self) -> SnapshotWriter {
            let lines = self.all();
            Box::new(move |writer: &mut dyn Write| {
                lines.iter().try_for_each(|line| writeln!(writer, "{line}"))
            })
        }

        fn restore(&self, reader: &mut dyn Read) -> std::io::Result<()> {
            let mut text = String::new();
            reader.read_to_string(&mut text)?;
            *self.0.lock().unwrap() = text.lines().map(str::to_owned).collect();
            Ok(())
        }
    }

    struct Manager {
        node: RaftNode,
        ledger: Arc<Ledger>,
        disk: MemoryDisk,
    }

    #[derive(Default)]
    struct Cluster {
        network: MemoryNetwork,
        managers: BTreeMap<u64, Manager>,
        small_snapshots: bool,
        seed: u64,
    }

    fn options(id: u64, disk: &MemoryDisk) -> Options {
        let mut options = Options::new(id, Arc::new(disk.clone()), Key::new(1, [5; 32]), CLUSTER);
        // Patient, since other tests share the machine.
        options.timings.election_min_ms = 800;
        options.timings.election_max_ms = 1600;
        options
    }

    fn address(id: u64) -> String {
        format!("manager-{id}:2377")
    }

    impl Cluster {
        async fn of(count: u64) -> Self {
            let mut cluster = Self::default();
            cluster.grow(count).await;
            cluster
        }

        async fn grow(&mut self, count: u64) {
            for id in 1..=count {
                self.start(id, MemoryDisk::default()).await;
            }
            let first = &self.managers[&1].node;
            first.bootstrap(&address(1)).await.unwrap();
            self.leader().await;
            for id in 2..=count {
                // On a machine that stalls, leadership may move between two calls.
                until("a new member", async || {
                    let leader = &self.managers[&self.leader().await].node;
                    leader.add_learner(id, &address(id), LIMIT).await.ok()?;
                    leader.promote(id, LIMIT).await.ok()
                })
                .await;
            }
        }

        async fn start(&mut self, id: u64, disk: MemoryDisk) {
            let mut options = options(id, &disk);
            if self.small_snapshots {
                options.timings.snapshot_entries = 40;
                options.timings.kept_entries = 5;
            }
            let ledger = Arc::new(Ledger::default());
            let node = RaftNode::open(options, ledger.clone(), self.network.transport()).await.unwrap();
            self.network.attach(id, node.clone());
            self.managers.insert(id, Manager { node, ledger, disk });
        }

        /// Ends a manager as a power cut would, and answers with what is left of its disk.
        async fn crash(&mut self, id: u64) -> MemoryDisk {
            let manager = self.managers.remove(&id).unwrap();
            self.network.detach(id);
            self.seed += 1;
            let disk = manager.disk.crash(self.seed);
            manager.node.shutdown().await;
            disk
        }

        /// Waits for a leader that can commit.
        async fn leader(&self) -> u64 {
            until("a leader", async || {
                for (id, manager) in &self.managers {
                    if manager.node.linearizable(LIMIT).await.is_ok() {
                        return Some(*id);
                    }
                }
                None
            })
            .await
        }

        async fn write(&self, text: &str) {
            let leader = self.leader().await;
            self.managers[&leader].node.propose(text.as_bytes(), LIMIT).await.unwrap();
        }

        async fn write_many(&self, range: std::ops::Range<u32>) {
            let node = &self.managers[&self.leader().await].node;
            let writes = range.map(|number| async move {
                node.propose(format!("line {number}").as_bytes(), LIMIT).await.unwrap();
            });
            futures::future::join_all(writes).await;
        }

        async fn all_equal(&self, lines: usize) {
            until("equal states", async || {
                let states: Vec<_> = self.managers.values().map(|manager| manager.ledger.all()).collect();
                states.iter().all(|state| state.len() == lines && *state == states[0]).then_some(())
            })
            .await;
        }
    }

    async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = check().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("no {what}"))
    }

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
        let new = until("another leader", async || {
            let others = cluster.managers.iter().filter(|(id, _)| **id != leader);
            others.into_iter().find(|(_, manager)| manager.node.is_leader()).map(|(id, _)| *id)
        })
        .await;
        cluster.managers[&new].node.propose(b"after", LIMIT).await.unwrap();
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
        assert!(matches!(refused, Err(ProposeError::NotLeader { .. })));
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
            body: vec![1, 2, 3],
        };
        let epoch = node.receive(&message).await;
        message.cluster = 7;
        let other = first.receive(&message).await;
        message.cluster = CLUSTER;
        let garbled = first.receive(&message).await;
        assert!(epoch != other && other != garbled && epoch != garbled);
        assert_eq!((ledger.all().len(), node.metrics().term), (0, 0), "nothing of another epoch is taken");
        node.shutdown().await;
        cluster.managers.insert(2, Manager { node, ledger, disk });
        let disk = cluster.crash(2).await;
        cluster.start(2, disk).await;
        cluster.all_equal(1).await;
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
