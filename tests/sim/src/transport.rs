//! Raft's messages over the simulated network.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use skep_raft::{MessageKind, RaftMessage, Transport, TransportError};
use skep_runtime::sim::spawn_outside;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::faults::{AT_APPEND, AT_VOTE};
use crate::site::Site;
use crate::world::World;

/// One manager's way to the others.
pub(crate) struct SimTransport {
    world: Weak<World>,
    from: Site,
}

impl SimTransport {
    /// The way of the manager at `from`.
    pub(crate) fn new(world: &Arc<World>, from: Site) -> Self {
        Self { world: Arc::downgrade(world), from }
    }
}

#[async_trait]
impl Transport for SimTransport {
    async fn call(
        &self,
        target: u64,
        _address: &str,
        message: RaftMessage,
    ) -> Result<Vec<u8>, TransportError> {
        let gone = || TransportError::Unreachable("no such manager".to_owned());
        let world = self.world.upgrade().ok_or_else(gone)?;
        let to = world.managers.site_of(target).ok_or_else(gone)?;
        let (replies, mut answers) = mpsc::channel(2);
        for _ in 0..world.network.copies(self.from, to) {
            let (world, from, message, replies) =
                (Arc::clone(&world), self.from, message.clone(), replies.clone());
            spawn_outside(async move {
                let own = Arc::clone(&world);
                let serve = move || receive(&own, to, target, message);
                if let Some(Some(answer)) = world.network.exchange(from, to, serve).await {
                    drop(replies.send(answer).await);
                }
            });
        }
        drop((replies, world));
        answers.recv().await.ok_or_else(|| TransportError::Failed("no answer".to_owned()))
    }
}

/// The receiving manager does what the message asks; it may die before or right after it has answered.
fn receive(
    world: &Arc<World>,
    to: Site,
    target: u64,
    message: RaftMessage,
) -> Option<JoinHandle<Option<Vec<u8>>>> {
    let (life, core) = world.managers.running(to, Some(target))?;
    let message = RaftMessage::decode(&message.encode())?;
    let (world, own) = (Arc::clone(world), life.clone());
    let (done, answer) = oneshot::channel();
    life.spawn(async move {
        let bytes = core.raft().receive(&message).await;
        drop(done.send(bytes));
        let chance = match message.kind {
            MessageKind::Vote => AT_VOTE,
            MessageKind::Append => AT_APPEND,
            _ => 0,
        };
        if world.faults.strike(&own, chance) {
            world.events.note(format_args!("{to} dies after its answer to {:?}", message.kind));
        }
    });
    Some(spawn_outside(async move { answer.await.ok() }))
}
