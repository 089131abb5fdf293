//! Nodes that stand still for a while and go on as if nothing had been (SIGSTOP, a paused virtual machine), and disks that are
//! full for a while.

use std::sync::Arc;
use std::time::Duration;

use skep_runtime::sim::spawn_outside;

use crate::site::Site;
use crate::world::World;

/// Freezes a node for so long.
pub(crate) fn freeze(world: &Arc<World>, site: Site, time: Duration) {
    let life = match site {
        Site::Manager(index) => world.managers.life(index),
        Site::Agent(index) => world.agents.life(index),
    };
    let Some(life) = life.filter(|life| !life.is_doomed() && !life.is_frozen()) else { return };
    world.events.note(format_args!("freeze {site} for {time:?}"));
    life.freeze();
    let world = Arc::clone(world);
    spawn_outside(async move {
        tokio::time::sleep(time).await;
        if life.is_frozen() {
            world.events.note(format_args!("{site} goes on"));
            life.thaw();
        }
    });
}

/// Fills a manager's disk for so long: as on a real one, what writes to the log waits for room.
pub(crate) fn fill_disk(world: &Arc<World>, index: usize, time: Duration) {
    let room = world.managers.room(index);
    if room.is_shut() {
        return;
    }
    world.events.note(format_args!("the disk of m{index} is full for {time:?}"));
    room.shut();
    let world = Arc::clone(world);
    spawn_outside(async move {
        tokio::time::sleep(time).await;
        world.events.note(format_args!("the disk of m{index} has room"));
        room.open();
    });
}

/// Lets everything go on.
pub(crate) fn end(world: &World) {
    for index in 0..world.managers.count() {
        world.managers.room(index).open();
    }
    let managers = (0..world.managers.count()).filter_map(|index| world.managers.life(index));
    let agents = (0..world.agents.count()).filter_map(|index| world.agents.life(index));
    managers.chain(agents).for_each(|life| life.thaw());
}
