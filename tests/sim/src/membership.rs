//! Replaces a manager by a fresh one in the same place: removed from Raft, disk wiped, joined under a new id.

use std::sync::Arc;
use std::time::Duration;

use crate::birth;
use crate::managers;
use crate::world::World;

/// How long a removal may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long the change has to sink in before logs are compared with the number of members again.
const SINK: Duration = Duration::from_secs(5);

/// Does it, if the others can do without the manager now.
pub(crate) async fn replace(world: &Arc<World>, index: usize, next_id: u64) {
    let raft_id = world.managers.raft_id(index);
    let Some(leader) = world.managers.leader().filter(|leader| leader.raft_id != raft_id) else { return };
    // The last two must not be left alone with a third that is gone: all have to be there.
    if world.managers.all_running().len() < world.managers.count() {
        return;
    }
    world.settle_members(false);
    world.events.note(format_args!("remove member {raft_id} (m{index})"));
    let core = Arc::clone(&leader.core);
    let removing = leader.life.spawn(async move { core.raft().remove(raft_id, LIMIT).await });
    let removed = removing.await;
    world.events.note(format_args!("removed member {raft_id}: {removed:?}"));
    if let Ok(Ok(())) = removed {
        world.hold(index, true);
        world.managers.crash(index);
        // Its end is noted by a task of its own.
        tokio::time::sleep(Duration::from_millis(10)).await;
        world.managers.renew(index, next_id);
        world.hold(index, false);
        managers::start(world, index);
        let joined = birth::join(world, index).await;
        world.events.note(format_args!("joined as member {next_id}: {joined:?}"));
        if let Err(wrong) = joined {
            world.owe(index);
            world.events.note(format_args!("{wrong}"));
        }
    }
    tokio::time::sleep(SINK).await;
    world.settle_members(true);
}
