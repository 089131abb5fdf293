//! All managers are lost but the disk of one, which goes on alone in a raised epoch (`swarm init --force-new-cluster`); the
//! others come back as fresh members. The one whose log is the newest goes on, so nothing that was acknowledged may be missing.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{Change, Cluster, Node, Transaction};
use skep_raft::sim::last_logged;
use skep_store::View;

use crate::managers;
use crate::membership::{self, node_id};
use crate::world::World;

/// How often is looked whether a step is done.
const LOOK: Duration = Duration::from_millis(100);
/// Looks until everything is down.
const LOOKS_MAX: usize = 20;
/// How long the others may take to be members again while things go wrong; it is finished after healing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Loses all managers and goes on with one; the ids of fresh members count up from `next_id`.
pub(crate) async fn recover(world: &Arc<World>, next_id: u64) {
    if !world.members_settled() {
        return;
    }
    world.events.note(format_args!("all managers are lost"));
    for index in 0..world.managers.count() {
        world.hold(index, true);
        world.managers.crash(index);
    }
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK).await;
        if world.managers.all_down() {
            break;
        }
    }
    if world.managers.all_down()
        && let Err(wrong) = go_on_alone(world, next_id)
    {
        world.violate(&format!("no recovery: {wrong}"));
    }
    for index in 0..world.managers.count() {
        world.hold(index, false);
        managers::start(world, index);
    }
    while !world.members_settled() && !written(world).await {
        tokio::time::sleep(LOOK).await;
    }
    for (index, raft_id) in world.owed() {
        let settling = membership::settle(world, index, raft_id);
        let done = tokio::time::timeout(PATIENCE, settling).await;
        world.events.note(format_args!("m{index} is a member again: {}", done.is_ok()));
    }
}

/// Makes the manager with the newest log the only member, and the others fresh ones. At once: nobody may start in between.
fn go_on_alone(world: &World, next_id: u64) -> Result<(), String> {
    let mut newest = None;
    for index in 0..world.managers.count() {
        let last = last_logged(&world.managers.files(index)).map_err(|error| error.to_string())?;
        newest = newest.max(last.map(|last| (last, index)));
    }
    let Some((last, survivor)) = newest else { return Err("no log has an entry".to_owned()) };
    let (files, address) = (world.managers.files(survivor), crate::birth::address(survivor));
    skep_raft::become_only_member(&files, &address).map_err(|error| error.to_string())?;
    let epoch = world.managers.raise_epoch();
    world.events.note(format_args!("m{survivor} goes on alone after {last:?} in epoch {epoch}"));
    for index in (0..world.managers.count()).filter(|index| *index != survivor) {
        let raft_id = next_id + index as u64;
        world.managers.renew(index, raft_id);
        world.owe(index, raft_id);
    }
    Ok(())
}

/// Whether the swarm's objects say who is a manager now; writes that, as the recovery of the product does.
async fn written(world: &World) -> bool {
    let Some(leader) = world.managers.leader() else { return false };
    let (core, epoch) = (Arc::clone(&leader.core), world.managers.epoch());
    let keeps: Vec<_> =
        (0..world.managers.count()).filter(|index| !world.owed().contains_key(index)).map(node_id).collect();
    let written = leader.life.spawn(async move {
        // The recovery of the product waits as well until the survivor has read all of its log.
        if core.quorum().read_barrier(PATIENCE).await.is_err() {
            return false;
        }
        let view = core.control().view();
        if view.cluster().is_some_and(|cluster| cluster.epoch == epoch) {
            return true;
        }
        membership::propose(&core, transaction(&view, &keeps, epoch)).await;
        false
    });
    written.await.unwrap_or_default()
}

fn transaction(view: &View, keeps: &[skep_model::NodeId], epoch: u64) -> Transaction {
    let others = view.nodes().filter(|node| !keeps.contains(&node.id) && node.manager.is_some());
    let others = others.map(|node| Change::Update(Node::clone(node).into_worker().into()));
    let cluster = view.cluster().map(|cluster| Cluster { epoch, ..Cluster::clone(cluster) });
    Transaction { changes: others.chain(cluster.map(|cluster| Change::Update(cluster.into()))).collect() }
}
