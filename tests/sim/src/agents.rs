//! The agents and their lives; their machines outlive them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_agent::{Agent, AgentOptions, Managers, MemoryStorage};
use skep_executor::fake::{FakeContainer, FakeExecutor};
use skep_model::NodeId;
use skep_runtime::sim::{Life, spawn_outside};
use skep_runtime::{Env, Latest, Random, Shutdown};

use crate::chance::Chance;
use crate::clock::SkewedClock;
use crate::site::Site;
use crate::storage::FaultyStorage;
use crate::tier::Tier;
use crate::upstream::Upstreams;
use crate::wire::GrpcUpstreams;
use crate::world::World;

/// The exit code of a container that a power cut ended (128 and SIGKILL).
const POWER_CUT: i32 = 137;

/// All agents.
#[derive(Debug)]
pub(crate) struct Agents {
    all: Mutex<Vec<Node>>,
    chance: Chance,
}

#[derive(Debug)]
struct Node {
    id: NodeId,
    machine: FakeExecutor,
    storage: Arc<MemoryStorage>,
    clock: SkewedClock,
    life: Life,
}

impl Agents {
    /// So many agents that have not started.
    pub(crate) fn new(count: usize, chance: Chance) -> Self {
        let node = |index: usize| {
            let life = Life::new(0);
            life.kill();
            Node {
                id: NodeId::new(0xA000 + index as u128),
                machine: FakeExecutor::default(),
                storage: Arc::default(),
                clock: SkewedClock::new(),
                life,
            }
        };
        Self { all: Mutex::new((0..count).map(node).collect()), chance }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// An agent's node in the swarm.
    pub(crate) fn node(&self, index: usize) -> NodeId {
        self.lock().get(index).map_or(NodeId::new(0), |node| node.id)
    }

    /// Which agent's node this is.
    pub(crate) fn of_node(&self, id: NodeId) -> Option<usize> {
        self.lock().iter().position(|node| node.id == id)
    }

    /// Every machine and its node.
    pub(crate) fn machines(&self) -> Vec<(NodeId, FakeExecutor)> {
        self.lock().iter().map(|node| (node.id, node.machine.clone())).collect()
    }

    /// An agent's clock.
    pub(crate) fn clock(&self, index: usize) -> Option<SkewedClock> {
        self.lock().get(index).map(|node| node.clock.clone())
    }

    /// An agent's life, whether it runs or not.
    pub(crate) fn life(&self, index: usize) -> Option<Life> {
        self.lock().get(index).map(|node| node.life.clone())
    }

    /// Ends an agent's life; its containers run on, unless the whole machine loses its power.
    pub(crate) fn crash(&self, index: usize, with_machine: bool) {
        let found = self.lock().get(index).map(|node| (node.life.clone(), node.machine.clone()));
        let Some((life, machine)) = found else { return };
        life.kill();
        if with_machine {
            let containers = machine.containers();
            let alive = containers.iter().filter(|(_, state)| !matches!(state, FakeContainer::Ended(_)));
            alive.for_each(|(task, _)| machine.end(*task, POWER_CUT));
        }
    }

    /// Ends all of them.
    pub(crate) fn end(&self) {
        let lives: Vec<Life> = self.lock().iter().map(|node| node.life.clone()).collect();
        lives.iter().for_each(Life::kill);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, index: usize) -> Option<(Life, FakeExecutor, Arc<MemoryStorage>, SkewedClock)> {
        let mut all = self.lock();
        let node = all.get_mut(index).filter(|node| node.life.is_over())?;
        node.life = Life::new(self.chance.number());
        Some((node.life.clone(), node.machine.clone(), Arc::clone(&node.storage), node.clock.clone()))
    }
}

/// Starts an agent that is down. When it dies it is started again.
pub(crate) fn start(world: &Arc<World>, index: usize) {
    let Some((life, machine, kept, clock)) = world.agents.begin(index) else { return };
    let site = Site::Agent(index);
    world.events.note(format_args!("{site} starts"));
    let managers: Arc<dyn Managers> = match world.tier {
        Tier::Messages => Arc::new(Upstreams::new(world, index)),
        Tier::Wire => Arc::new(GrpcUpstreams::new(world, &life, index)),
    };
    let agent = Agent::new(AgentOptions {
        env: Env::new(Arc::new(clock), Random::seeded(world.agents.chance.number())),
        executor: Arc::new(machine),
        storage: Arc::new(FaultyStorage::new(kept, life.clone(), Arc::clone(&world.faults))),
        managers,
        swarm: Latest::new(None),
    });
    let running = life.spawn(agent.run(Shutdown::new()));
    let (own, lived) = (Arc::clone(world), life.clone());
    spawn_outside(async move {
        if let (Ok(result), false) = (running.await, lived.is_doomed()) {
            own.violate(&format!("{site} stopped by itself: {result:?}"));
        }
    });
    let world = Arc::clone(world);
    spawn_outside(async move {
        life.ended().await;
        world.events.note(format_args!("{site} is down"));
        if world.is_over() {
            return;
        }
        tokio::time::sleep(world.down_time()).await;
        start(&world, index);
    });
}
