//! Drains a node, or takes it into use again, as an operator does at the leader.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{Availability, NodeSpec};

use crate::world::World;

/// Nodes that may be drained at a time, so that there is somewhere for tasks to run.
const DRAINED_MAX: usize = 2;
/// How long is waited for an answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// Changes the availability of an agent's node.
pub(crate) async fn drain(world: &Arc<World>, agent: usize) {
    let Some(leader) = world.managers.leader() else { return };
    let view = leader.core.control().view();
    let id = world.agents.node(agent);
    let Some(node) = view.node(id) else { return };
    let drained = view.nodes().filter(|node| node.spec.availability == Availability::Drain).count();
    let availability = match node.spec.availability {
        Availability::Drain => Availability::Active,
        _ if drained < DRAINED_MAX => Availability::Drain,
        _ => return,
    };
    world.events.note(format_args!("a{agent} is to be {availability:?}"));
    let spec = NodeSpec { availability, ..node.spec.clone() };
    let (version, control) = (node.meta.version, leader.core.control());
    let asked =
        leader.life.spawn(async move { control.update_node(&id.to_string(), version, spec).await.is_ok() });
    // Whatever comes of it, the state tells.
    let done = matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)));
    world.events.note(format_args!("a{agent} is told to be so: {done}"));
}
