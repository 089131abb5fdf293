use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use skep_agent::{GrpcManager, Manager, Managers, SessionError};
use skep_runtime::sim::Life;

use super::connect::channel;
use crate::birth;
use crate::site::Site;
use crate::world::World;

/// The managers as an agent knows them in one of its lives: each in turn, as in the product.
pub(crate) struct GrpcUpstreams {
    world: Weak<World>,
    life: Life,
    agent: usize,
    managers: usize,
    next: AtomicUsize,
}

impl GrpcUpstreams {
    /// All managers of a world, for one life of an agent.
    pub(crate) fn new(world: &Arc<World>, life: &Life, agent: usize) -> Self {
        let (managers, next) = (world.managers.count().max(1), AtomicUsize::new(agent));
        Self { world: Arc::downgrade(world), life: life.clone(), agent, managers, next }
    }
}

#[async_trait]
impl Managers for GrpcUpstreams {
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let address = birth::address(turn % self.managers);
        let (world, life, from) = (Weak::clone(&self.world), self.life.clone(), Site::Agent(self.agent));
        Ok(Arc::new(GrpcManager::new(move || channel(&world, &life, from, &address))))
    }
}
