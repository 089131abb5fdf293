use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::agents::Agents;
use crate::chance::Chance;
use crate::events::Events;
use crate::faults::Faults;
use crate::history::Histories;
use crate::ledger::Ledger;
use crate::managers::Managers;
use crate::network::Network;
use crate::options::Options;
use crate::plant::Plant;
use crate::sessions::Sessions;
use crate::tier::Tier;

/// The streams of random numbers under one seed.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Stream {
    Network = 1,
    Faults,
    ManagerLives,
    AgentLives,
    Nemesis,
    Crashes,
    Clients = 100,
    Rivals = 200,
}

/// A whole cluster: its nodes, what is between them, and what became of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) tier: Tier,
    pub(crate) plant: Option<Plant>,
    pub(crate) events: Events,
    pub(crate) network: Network,
    pub(crate) faults: Arc<Faults>,
    pub(crate) managers: Managers,
    pub(crate) agents: Agents,
    pub(crate) sessions: Sessions,
    pub(crate) ledger: Ledger,
    pub(crate) histories: Histories,
    crashes: Chance,
    violation: Mutex<Option<String>>,
    /// Managers that stay down when they die.
    held: Mutex<BTreeSet<usize>>,
    /// Managers that have to become other members of Raft.
    owed: Mutex<BTreeMap<usize, u64>>,
    over: AtomicBool,
}

impl World {
    /// A world whose nodes have not started.
    pub(crate) fn new(options: &Options) -> Arc<Self> {
        let stream = |stream: Stream| Chance::new(options.seed, stream as u64);
        Arc::new(Self {
            seed: options.seed,
            tier: options.tier,
            plant: options.plant,
            events: Events::new(options.keep_all),
            network: Network::new(stream(Stream::Network)),
            faults: Arc::new(Faults::new(stream(Stream::Faults))),
            managers: Managers::new(options.managers, stream(Stream::ManagerLives)),
            agents: Agents::new(options.agents, stream(Stream::AgentLives)),
            sessions: Sessions::default(),
            ledger: Ledger::default(),
            histories: Histories::default(),
            crashes: stream(Stream::Crashes),
            violation: Mutex::default(),
            held: Mutex::default(),
            owed: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// A stream of random numbers of its own.
    pub(crate) fn stream(&self, stream: Stream, number: u64) -> Chance {
        Chance::new(self.seed, stream as u64 + number)
    }

    /// An invariant does not hold: only the first one counts.
    pub(crate) fn violate(&self, what: &str) {
        let mut violation = self.violation.lock().unwrap_or_else(PoisonError::into_inner);
        if violation.is_none() {
            self.events.note(format_args!("VIOLATION {what}"));
            *violation = Some(what.to_owned());
        }
    }

    /// What does not hold, if anything.
    pub(crate) fn violation(&self) -> Option<String> {
        self.violation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long a node that died is down: often shorter than an election.
    pub(crate) fn down_time(&self) -> Duration {
        match self.crashes.below(3) {
            0 => self.crashes.millis(1, 40),
            1 => self.crashes.millis(40, 800),
            _ => self.crashes.millis(800, 6_000),
        }
    }

    /// Decides what a crash leaves of the unsynced.
    pub(crate) fn crash_seed(&self) -> u64 {
        self.crashes.number()
    }

    /// Keeps a manager down after its death, or lets it come back by itself.
    pub(crate) fn hold(&self, manager: usize, held: bool) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held {
            all.insert(manager)
        } else {
            all.remove(&manager)
        };
    }

    /// Whether a manager that died comes back by itself.
    pub(crate) fn comes_back(&self, manager: usize) -> bool {
        !self.is_over() && !self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(&manager)
    }

    /// Whether no replacement of a manager is under way.
    pub(crate) fn members_settled(&self) -> bool {
        self.owed().is_empty()
    }

    /// Notes that a manager has to become this member of Raft.
    pub(crate) fn owe(&self, manager: usize, raft_id: u64) {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).insert(manager, raft_id);
    }

    /// The manager is the member that it should be.
    pub(crate) fn paid(&self, manager: usize) {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).remove(&manager);
    }

    /// The managers that have to become other members, and which.
    pub(crate) fn owed(&self) -> BTreeMap<usize, u64> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the run is at its end.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends every node.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.managers.end();
        self.agents.end();
    }
}
