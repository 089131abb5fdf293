//! Managers in one process over an in-memory network and disks that lose what was not synced.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use skep_log::{Key, MemoryDisk};
use skep_raft::testing::MemoryNetwork;
use skep_raft::{Options, ProposeError, RaftNode, SnapshotWriter, StateMachine};

pub(crate) const CLUSTER: u128 = 0xC0FFEE;
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Every command in order.
#[derive(Default)]
pub(crate) struct Ledger(pub(crate) Mutex<Vec<String>>);

impl Ledger {
    pub(crate) fn all(&self) -> Vec<String> {
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
        Box::new(move |writer: &mut dyn Write| lines.iter().try_for_each(|line| writeln!(writer, "{line}")))
    }

    fn restore(&self, reader: &mut dyn Read) -> std::io::Result<()> {
        let mut text = String::new();
        reader.read_to_string(&mut text)?;
        *self.0.lock().unwrap() = text.lines().map(str::to_owned).collect();
        Ok(())
    }
}

pub(crate) struct Manager {
    pub(crate) node: RaftNode,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) disk: MemoryDisk,
}

#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) network: MemoryNetwork,
    pub(crate) managers: BTreeMap<u64, Manager>,
    pub(crate) small_snapshots: bool,
    pub(crate) seed: u64,
}

pub(crate) fn options(id: u64, disk: &MemoryDisk) -> Options {
    let mut options = Options::new(id, Arc::new(disk.clone()), Key::new(1, [5; 32]), CLUSTER);
    // Patient, since other tests share the machine.
    options.timings.election_min_ms = 800;
    options.timings.election_max_ms = 1600;
    options
}

pub(crate) fn address(id: u64) -> String {
    format!("manager-{id}:2377")
}

impl Cluster {
    pub(crate) async fn of(count: u64) -> Self {
        let mut cluster = Self::default();
        cluster.grow(count).await;
        cluster
    }

    pub(crate) async fn grow(&mut self, count: u64) {
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

    pub(crate) async fn start(&mut self, id: u64, disk: MemoryDisk) {
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
    pub(crate) async fn crash(&mut self, id: u64) -> MemoryDisk {
        let manager = self.managers.remove(&id).unwrap();
        self.network.detach(id);
        self.seed += 1;
        let disk = manager.disk.crash(self.seed);
        manager.node.shutdown().await;
        disk
    }

    /// Waits for a leader that can commit.
    pub(crate) async fn leader(&self) -> u64 {
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

    pub(crate) async fn write(&self, text: &str) {
        until("a write", async || put(&self.managers[&self.leader().await].node, text).await).await;
    }

    pub(crate) async fn write_many(&self, range: std::ops::Range<u32>) {
        let writes = range.map(|number| async move { self.write(&format!("line {number}")).await });
        futures::future::join_all(writes).await;
    }

    pub(crate) async fn all_equal(&self, lines: usize) {
        until("equal states", async || {
            let states: Vec<_> = self.managers.values().map(|manager| manager.ledger.all()).collect();
            states.iter().all(|state| state.len() == lines && *state == states[0]).then_some(())
        })
        .await;
    }
}

/// Proposes a line; none when nothing was taken: just after an election another member may still be elected.
pub(crate) async fn put(node: &RaftNode, line: &str) -> Option<()> {
    match node.propose(line.as_bytes(), LIMIT).await {
        Ok(_) => Some(()),
        Err(ProposeError::NotLeader { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
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
