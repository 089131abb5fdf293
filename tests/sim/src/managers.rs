//! The managers and their lives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_log::{Disk, Key, MemoryDisk};
use skep_manager::{Core, LeaderCalls};
use skep_model::ClusterId;
use skep_raft::sim::Inline;
use skep_raft::{Options as RaftOptions, Timings, Transport};
use skep_runtime::sim::{Gate, Life, spawn_outside};
use skep_runtime::{Env, Random};

use crate::calls::SimCalls;
use crate::chance::Chance;
use crate::clock::SkewedClock;
use crate::disk::FaultyDisk;
use crate::site::Site;
use crate::tier::Tier;
use crate::transport::SimTransport;
use crate::wire::{self, Arrivals, Port};
use crate::world::World;

/// The simulated swarm.
pub(crate) const CLUSTER: ClusterId = ClusterId::new(0x5eed);

/// All managers.
#[derive(Debug)]
pub(crate) struct Managers {
    all: Mutex<Vec<Node>>,
    chance: Chance,
    /// Raised by each recovery.
    epoch: AtomicU64,
}

#[derive(Debug)]
struct Node {
    raft_id: u64,
    disk: MemoryDisk,
    /// Open while the disk has room.
    room: Gate,
    clock: SkewedClock,
    life: Life,
    /// Where the life listens, on the wire tier.
    port: Port,
    /// Nothing of the last life is left: its end is noted a moment after it.
    down: bool,
    /// Counts lives.
    starts: u64,
    /// In which epoch it lives.
    epoch: u64,
    core: Option<Arc<Core>>,
}

/// What a life begins with.
struct Beginning {
    life: Life,
    disk: MemoryDisk,
    clock: SkewedClock,
    raft_id: u64,
    arrivals: Arrivals,
}

/// A manager that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) site: Site,
    pub(crate) raft_id: u64,
    /// Which of its lives this is.
    pub(crate) start: u64,
    /// The epoch in which it lives.
    pub(crate) epoch: u64,
    pub(crate) life: Life,
    pub(crate) core: Arc<Core>,
}

impl Managers {
    /// So many managers that have not started.
    pub(crate) fn new(count: usize, chance: Chance) -> Self {
        let node = |index: usize| {
            let life = Life::new(0);
            life.kill();
            Node {
                raft_id: 1 + index as u64,
                disk: MemoryDisk::default(),
                room: Gate::default(),
                clock: SkewedClock::new(),
                life,
                port: Port::default(),
                down: true,
                starts: 0,
                epoch: 0,
                core: None,
            }
        };
        let all = Mutex::new((0..count).map(node).collect());
        Self { all, chance, epoch: AtomicU64::new(0) }
    }

    /// How many there are, running or not.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Where the member of Raft with this id is.
    pub(crate) fn site_of(&self, raft_id: u64) -> Option<Site> {
        self.lock().iter().position(|node| node.raft_id == raft_id).map(Site::Manager)
    }

    /// A manager's id in Raft.
    pub(crate) fn raft_id(&self, index: usize) -> u64 {
        self.lock().get(index).map_or(0, |node| node.raft_id)
    }

    /// A manager's clock.
    pub(crate) fn clock(&self, index: usize) -> Option<SkewedClock> {
        self.lock().get(index).map(|node| node.clock.clone())
    }

    /// The room on a manager's disk.
    pub(crate) fn room(&self, index: usize) -> Gate {
        self.lock().get(index).map(|node| node.room.clone()).unwrap_or_default()
    }

    /// A manager's life, whether it runs or not.
    pub(crate) fn life(&self, index: usize) -> Option<Life> {
        self.lock().get(index).map(|node| node.life.clone())
    }

    /// Where a manager listens, if it lives.
    pub(crate) fn port(&self, site: Site) -> Option<Port> {
        let Site::Manager(index) = site else { return None };
        let all = self.lock();
        all.get(index).filter(|node| !node.life.is_doomed()).map(|node| node.port.clone())
    }

    /// A manager's present life and what runs in it, if it runs (as this member of Raft).
    pub(crate) fn running(&self, site: Site, raft_id: Option<u64>) -> Option<(Life, Arc<Core>)> {
        let found = self.all_running().into_iter().find(|running| running.site == site)?;
        raft_id.is_none_or(|id| id == found.raft_id).then_some((found.life, found.core))
    }

    /// All managers that run.
    pub(crate) fn all_running(&self) -> Vec<Running> {
        let all = self.lock();
        let running = all.iter().enumerate().filter_map(|(index, node)| {
            let core = node.core.clone().filter(|_| !node.life.is_doomed())?;
            let (raft_id, start, epoch) = (node.raft_id, node.starts, node.epoch);
            Some(Running { site: Site::Manager(index), raft_id, start, epoch, life: node.life.clone(), core })
        });
        running.collect()
    }

    /// The manager that leads, as far as it knows itself; of several the one with the highest term.
    pub(crate) fn leader(&self) -> Option<Running> {
        let leading = |running: Running| {
            let leadership = running.core.raft().leadership();
            leadership.is_self.then_some((leadership.term, running))
        };
        let all = self.all_running().into_iter().filter_map(leading);
        all.max_by_key(|(term, _)| *term).map(|(_, running)| running)
    }

    /// Ends a manager's life as a power cut does.
    pub(crate) fn crash(&self, index: usize) {
        if let Some(life) = self.life(index) {
            life.kill();
        }
    }

    /// Whether nothing is left of the last lives.
    pub(crate) fn all_down(&self) -> bool {
        self.lock().iter().all(|node| node.down)
    }

    /// Whether nothing is left of a manager's last life.
    pub(crate) fn is_down(&self, index: usize) -> bool {
        self.lock().get(index).is_none_or(|node| node.down)
    }

    /// A manager's files as they are on its disk.
    pub(crate) fn files(&self, index: usize) -> RaftOptions {
        let found = self.lock().get(index).map(|node| (node.raft_id, node.disk.clone()));
        let (raft_id, disk) = found.unwrap_or_default();
        raft_options(raft_id, Arc::new(disk))
    }

    /// The swarm's epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// A recovery begins the next epoch.
    pub(crate) fn raise_epoch(&self) -> u64 {
        self.epoch.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes a manager that is down a fresh member: a new id in Raft and an empty disk.
    pub(crate) fn renew(&self, index: usize, raft_id: u64) {
        if let Some(node) = self.lock().get_mut(index) {
            node.raft_id = raft_id;
            node.disk = MemoryDisk::default();
        }
    }

    /// Ends all of them.
    pub(crate) fn end(&self) {
        let lives: Vec<Life> = self.lock().iter().map(|node| node.life.clone()).collect();
        lives.iter().for_each(Life::kill);
        let cores: Vec<_> = self.lock().iter_mut().filter_map(|node| node.core.take()).collect();
        drop(cores);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life; none when the old one is not over and done with.
    fn begin(&self, index: usize) -> Option<Beginning> {
        let mut all = self.lock();
        let node = all.get_mut(index).filter(|node| node.down)?;
        node.down = false;
        node.starts += 1;
        node.epoch = self.epoch();
        node.life = Life::new(self.chance.number());
        let (port, arrivals) = Port::open();
        node.port = port;
        let (life, disk, clock) = (node.life.clone(), node.disk.clone(), node.clock.clone());
        Some(Beginning { life, disk, clock, raft_id: node.raft_id, arrivals })
    }

    fn attach(&self, index: usize, core: Core) {
        if let Some(node) = self.lock().get_mut(index) {
            node.core = Some(Arc::new(core));
        }
    }

    /// What is left after a life: the disk without what was not synced.
    fn detach(&self, index: usize, seed: u64) {
        let mut all = self.lock();
        let Some(node) = all.get_mut(index) else { return };
        node.disk = node.disk.crash(seed);
        node.down = true;
        let core = node.core.take();
        drop(all);
        drop(core);
    }
}

fn raft_options(raft_id: u64, disk: Arc<dyn Disk>) -> RaftOptions {
    let mut options = RaftOptions::new(raft_id, disk, Key::new(0, [7; 32]), CLUSTER.value());
    options.timings =
        Timings { snapshot_entries: 80, kept_entries: 15, segment_bytes: 16 << 10, ..Timings::default() };
    options
}

fn ways(world: &Arc<World>, life: &Life, site: Site) -> (Arc<dyn Transport>, Arc<dyn LeaderCalls>) {
    match world.tier {
        Tier::Messages => (Arc::new(SimTransport::new(world, site)), Arc::new(SimCalls::new(world, site))),
        Tier::Wire => {
            let transport = Arc::new(wire::transport(world, life, site));
            (Arc::clone(&transport) as _, transport)
        }
    }
}

/// Starts a manager that is down. When it dies it is started again, unless it is taken out.
pub(crate) fn start(world: &Arc<World>, index: usize) {
    let Some(Beginning { life, disk, clock, raft_id, arrivals }) = world.managers.begin(index) else {
        return;
    };
    let site = Site::Manager(index);
    world.events.note(format_args!("{site} starts as member {raft_id}"));
    let room = world.managers.room(index);
    let disk = FaultyDisk::new(disk, life.clone(), room.clone(), Arc::clone(&world.faults), world.plant);
    let mut options = raft_options(raft_id, Arc::new(disk));
    options.epoch = world.managers.epoch();
    options.spawner = Arc::new(Inline::new(room));
    let env = Env::new(Arc::new(clock), Random::seeded(world.managers.chance.number()));
    let (transport, calls) = ways(world, &life, site);
    let opening = life.spawn(async move { Core::open(env, options, transport, calls).await });
    let (own, opened) = (Arc::clone(world), life.clone());
    spawn_outside(async move {
        match opening.await {
            Ok(Ok(core)) if !opened.is_doomed() => {
                if own.tier == Tier::Wire {
                    wire::serve(&own, &opened, site, &core, arrivals);
                }
                own.managers.attach(index, core);
            }
            Ok(Err(error)) if !opened.is_doomed() => {
                own.violate(&format!("{site} cannot start: {error}"));
            }
            _ => {}
        }
    });
    let world = Arc::clone(world);
    spawn_outside(async move {
        life.ended().await;
        world.events.note(format_args!("{site} is down"));
        world.managers.detach(index, world.crash_seed());
        tokio::time::sleep(world.down_time()).await;
        if world.comes_back(index) {
            start(&world, index);
        }
    });
}
