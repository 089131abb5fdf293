//! Replaces a manager by a fresh one in the same place: demoted, taken out of Raft by the leader, its disk wiped, and a
//! manager again under a new id. What the swarm's objects say is written as the CA writes it, without certificates.

use std::sync::Arc;
use std::time::Duration;

use skep_manager::Core;
use skep_model::{Change, ManagerStatus, Node, NodeId, NodeRole, Transaction};
use skep_wire::{Wire, v1};

use crate::birth;
use crate::managers;
use crate::site::Site;
use crate::world::World;

/// How long a replacement may take while things go wrong; it is finished after healing.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the change has to sink in before logs are compared with the number of members again.
const SINK: Duration = Duration::from_secs(3);
/// How often is looked whether a step is done.
const LOOK: Duration = Duration::from_millis(100);
/// How long a write may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Starts a replacement, if all managers are there now, and sees to it for a while.
pub(crate) async fn replace(world: &Arc<World>, index: usize, next_id: u64) {
    let leads = world.managers.leader().is_some_and(|leader| leader.site == Site::Manager(index));
    if leads || !world.members_settled() || world.managers.all_running().len() < world.managers.count() {
        return;
    }
    world.events.note(format_args!("replace m{index} by member {next_id}"));
    world.owe(index, next_id);
    let done = tokio::time::timeout(PATIENCE, settle(world, index, next_id)).await;
    world.events.note(format_args!("replaced m{index}: {}", done.is_ok()));
}

/// Takes the steps that are left of a replacement.
pub(crate) async fn settle(world: &Arc<World>, index: usize, next_id: u64) {
    while world.managers.raft_id(index) != next_id {
        tokio::time::sleep(LOOK).await;
        let demoted = look(world, index, |node| node.manager.is_none()).await;
        if demoted == Some(true) {
            // Its end is noted by a task of its own, and healing may start it once more in between.
            while !world.managers.is_down(index) {
                world.hold(index, true);
                world.managers.crash(index);
                tokio::time::sleep(LOOK).await;
            }
            world.managers.renew(index, next_id);
            world.hold(index, false);
            managers::start(world, index);
        } else if look(world, index, |node| node.spec.role == NodeRole::Manager).await == Some(true) {
            write(world, index, |node| node.spec.role = NodeRole::Worker).await;
        }
    }
    while !is_voter(world, next_id) {
        tokio::time::sleep(LOOK).await;
        if look(world, index, |node| node.manager.is_none()).await == Some(true) {
            write(world, index, |node| {
                node.spec.role = NodeRole::Manager;
                node.role = NodeRole::Manager;
                node.manager = Some(ManagerStatus { raft_id: next_id, address: birth::address(index) });
            })
            .await;
        }
    }
    tokio::time::sleep(SINK).await;
    world.paid(index);
}

/// What the leader's state says of a manager's node. Only what a majority confirms: a leader that was just elected may not have
/// read all of its log, and whoever is not yet a manager there may be one.
async fn look(world: &World, index: usize, see: impl FnOnce(&Node) -> bool) -> Option<bool> {
    let leader = world.managers.leader()?;
    let core = Arc::clone(&leader.core);
    let reading = leader
        .life
        .spawn(async move { core.quorum().read_barrier(LIMIT).await.ok().map(|()| core.control().view()) });
    let view = reading.await.ok()??;
    view.node(node_id(index)).map(|node| see(node))
}

fn is_voter(world: &World, raft_id: u64) -> bool {
    let Some(leader) = world.managers.leader() else { return false };
    leader.core.metrics().members.get(&raft_id).is_some_and(|member| member.voter)
}

async fn write(world: &World, index: usize, change: impl FnOnce(&mut Node)) {
    let Some(leader) = world.managers.leader() else { return };
    let view = leader.core.control().view();
    let Some(known) = view.node(node_id(index)) else { return };
    let mut node = Node::clone(known);
    change(&mut node);
    let transaction = Transaction { changes: vec![Change::Update(node.into())] };
    let core = Arc::clone(&leader.core);
    drop(leader.life.spawn(async move { propose(&core, transaction).await }).await);
}

/// Writes behind everybody's back. Whatever comes of it, the next look tells.
pub(crate) async fn propose(core: &Core, transaction: Transaction) {
    let at = core.control().view().cluster().map(|cluster| cluster.meta.updated_at).unwrap_or_default();
    let command = v1::Command { at: at.to_wire(), changes: transaction.to_wire() };
    drop(core.raft().propose(&prost::Message::encode_to_vec(&command), LIMIT).await);
}

/// A manager's node in the swarm.
pub(crate) fn node_id(index: usize) -> NodeId {
    NodeId::new(0xB000 + index as u128)
}
