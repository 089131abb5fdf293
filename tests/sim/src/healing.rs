//! The end of a run: everything is repaired, and then all must become as it should be.

use std::sync::Arc;
use std::time::Duration;

use skep_store::View;
use tokio::task::JoinHandle;

use crate::invariants::{
    acknowledged_writes_survive, desired_equals_observed, drained_nodes_get_empty, histories_fit_one_order,
    managers_are_the_voters, one_task_a_slot, planners_get_quiet, replicas_equal,
};
use crate::managers::Running;
use crate::world::World;
use crate::{agents, freeze, managers, membership};

/// How long it may take until all is as it should be.
const LIMIT: Duration = Duration::from_secs(180);
/// How long a write may be under way of which its user does not wait any more: on a late message, and as long as the product tries.
const LAST_WORDS: Duration = Duration::from_secs(30);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long a read may take.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// Repairs everything and waits for the cluster.
pub(crate) async fn heal(world: &Arc<World>, busy: Vec<JoinHandle<()>>) -> Result<(), String> {
    world.events.note(format_args!("healing"));
    world.faults.switch(false);
    world.network.heal();
    freeze::end(world);
    for index in 0..world.managers.count() {
        world.hold(index, false);
        managers::start(world, index);
    }
    for index in 0..world.agents.count() {
        agents::start(world, index);
    }
    for work in busy {
        work.await.map_err(|error| error.to_string())?;
    }
    freeze::end(world);
    // What was still under way may have taken something down.
    world.network.heal();
    for (index, raft_id) in world.owed() {
        let settling = membership::settle(world, index, raft_id);
        let late = |_| format!("m{index} does not become member {raft_id}; {}", leaders(world));
        tokio::time::timeout(LIMIT, settling).await.map_err(late)?;
    }
    let began = world.events.elapsed();
    loop {
        tokio::time::sleep(LOOK).await;
        match settled(world).await {
            Ok(()) => break,
            Err(wrong) if world.events.elapsed() > began + LIMIT => {
                let leaders = leaders(world);
                return Err(format!(
                    "not as it should be {} s after healing: {wrong}; {leaders}",
                    LIMIT.as_secs()
                ));
            }
            Err(_) => {}
        }
    }
    world.events.note(format_args!("settled"));
    let view = read(world).await?;
    acknowledged_writes_survive(world, &view)?;
    histories_fit_one_order(world, &view)?;
    planners_get_quiet(world, began + LAST_WORDS).await?;
    replicas_equal(&world.managers.all_running())?;
    one_task_a_slot(world, &view)
}

async fn settled(world: &World) -> Result<(), String> {
    let view = read(world).await?;
    let running = world.managers.all_running();
    if running.len() != world.managers.count() {
        return Err("a manager is down".to_owned());
    }
    desired_equals_observed(world, &view)?;
    drained_nodes_get_empty(&view)?;
    managers_are_the_voters(world, &view)?;
    one_task_a_slot(world, &view)?;
    replicas_equal(&running)
}

/// Who leads, and whether it does what a leader does.
fn leaders(world: &World) -> String {
    let state = |manager: Running| {
        let leadership = manager.core.raft().leadership();
        let serves = manager.core.dispatcher().is_some();
        format!("{} term {} leads {} serves {serves}", manager.site, leadership.term, leadership.is_self)
    };
    world.managers.all_running().into_iter().map(state).collect::<Vec<_>>().join(", ")
}

/// The leader's state, which holds all that was acknowledged.
async fn read(world: &World) -> Result<View, String> {
    let leader = world.managers.leader().ok_or("nobody leads")?;
    let core = Arc::clone(&leader.core);
    let reading = leader
        .life
        .spawn(async move { core.quorum().read_barrier(READ_LIMIT).await.map(|()| core.control().view()) });
    let read = reading.await.map_err(|error| error.to_string())?;
    read.map_err(|error| error.to_string())
}
