//! Keeps Raft's members what the store says that the managers are: the leader adds them without a vote, gives them one when
//! they have caught up, and takes it when they are demoted or removed.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_model::{Change, Node, NodeId, NodeRole, Transaction};
use skep_raft::{ChangeError, Metrics, RaftNode};
use skep_runtime::Env;
use skep_store::{Door, View, WriteError};
use thiserror::Error;

/// How long one change may take.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a member that catches up is looked at.
const CATCH_UP_POLL: Duration = Duration::from_millis(200);
/// Entries that a member may be behind to get its vote: less than what one message carries.
const CAUGHT_UP_ENTRIES: u64 = 64;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A manager is no member of Raft yet.
    Add { id: u64, address: String },
    /// A manager is reached elsewhere now.
    Readdress { id: u64, address: String },
    /// A member has caught up.
    Promote { id: u64 },
    /// A member is no manager any more.
    Remove { id: u64 },
    /// This member is no manager any more: another one has to lead.
    HandOver { to: u64 },
    /// A demoted manager is out of Raft: it is a worker.
    Demoted { node: NodeId },
}

#[derive(Debug, Error)]
enum StepError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Runs until it is dropped, which is what happens when leadership is lost.
pub(crate) async fn keep(env: Env, door: Door, raft: RaftNode) {
    loop {
        let seen = door.store().version().get_versioned().0;
        let (view, metrics) = (door.view(), raft.metrics());
        if let Some(step) = next_step(&view, &metrics) {
            match take(&door, &raft, &step).await {
                Ok(()) => tracing::info!(?step, "the managers change"),
                Err(error) => {
                    tracing::warn!(?step, %error, "the managers could not be changed; trying again");
                    env.sleep(CATCH_UP_POLL).await;
                }
            }
            continue;
        }
        let catching_up = metrics.members.values().any(|member| !member.voter);
        tokio::select! {
            biased;
            _ = door.store().version().changed(seen) => {}
            () = env.sleep(CATCH_UP_POLL), if catching_up => {}
        }
    }
}

async fn take(door: &Door, raft: &RaftNode, step: &Step) -> Result<(), StepError> {
    match step {
        Step::Add { id, address } => raft.add_learner(*id, address, CHANGE_TIMEOUT).await?,
        Step::Readdress { id, address } => raft.readdress(*id, address, CHANGE_TIMEOUT).await?,
        Step::Promote { id } => raft.promote(*id, CHANGE_TIMEOUT).await?,
        Step::Remove { id } => raft.remove(*id, CHANGE_TIMEOUT).await?,
        Step::HandOver { to } => raft.transfer_leader(*to, CHANGE_TIMEOUT).await?,
        Step::Demoted { node } => demoted(door, *node).await?,
    }
    Ok(())
}

async fn demoted(door: &Door, id: NodeId) -> Result<(), WriteError> {
    door.change(|view| {
        let known = view.node(id).filter(|known| known.spec.role == NodeRole::Worker);
        let worker = known.map(|known| Node { role: NodeRole::Worker, manager: None, ..Node::clone(known) });
        Ok((
            Transaction { changes: worker.into_iter().map(|node| Change::Update(node.into())).collect() },
            (),
        ))
    })
    .await
}

/// Decides; additions come before removals, so that the number of votes does not fall needlessly.
fn next_step(view: &View, metrics: &Metrics) -> Option<Step> {
    let wanted: BTreeMap<u64, &str> = view
        .nodes()
        .filter(|node| node.spec.role == NodeRole::Manager)
        .filter_map(|node| node.manager.as_ref())
        .map(|manager| (manager.raft_id, manager.address.as_str()))
        .collect();
    let members = &metrics.members;
    let added = wanted.iter().find(|(id, _)| !members.contains_key(id));
    let moved = || {
        wanted.iter().find(|(id, address)| members.get(id).is_some_and(|member| member.address != **address))
    };
    let of = |(id, address): (&u64, &&str)| (*id, (*address).to_owned());
    if let Some((id, address)) = added.map(of) {
        return Some(Step::Add { id, address });
    }
    if let Some((id, address)) = moved().map(of) {
        return Some(Step::Readdress { id, address });
    }
    promoted(metrics, &wanted).or_else(|| removed(metrics, &wanted)).or_else(|| left(view, metrics))
}

fn promoted(metrics: &Metrics, wanted: &BTreeMap<u64, &str>) -> Option<Step> {
    let last = metrics.last_log.unwrap_or_default();
    let mut learners = metrics.members.iter().filter(|(id, member)| !member.voter && wanted.contains_key(id));
    let caught_up = learners.find(|(_, member)| {
        member.matched.is_some_and(|matched| matched.saturating_add(CAUGHT_UP_ENTRIES) >= last)
    });
    caught_up.map(|(id, _)| Step::Promote { id: *id })
}

fn removed(metrics: &Metrics, wanted: &BTreeMap<u64, &str>) -> Option<Step> {
    let unwanted: Vec<u64> = metrics.members.keys().copied().filter(|id| !wanted.contains_key(id)).collect();
    if let Some(id) = unwanted.iter().copied().find(|id| *id != metrics.id) {
        return Some(Step::Remove { id });
    }
    if unwanted.is_empty() {
        return None;
    }
    // Only this member is left to go: the one that is furthest takes over, and removes it.
    let heirs = metrics.members.iter().filter(|(id, member)| **id != metrics.id && member.voter);
    heirs.max_by_key(|(_, member)| member.matched).map(|(id, _)| Step::HandOver { to: *id })
}

/// A demoted manager that is no member any more.
fn left(view: &View, metrics: &Metrics) -> Option<Step> {
    let gone = |node: &&std::sync::Arc<Node>| {
        let manager = node.manager.as_ref().filter(|_| node.spec.role == NodeRole::Worker);
        manager.is_some_and(|manager| !metrics.members.contains_key(&manager.raft_id))
    };
    view.nodes().find(gone).map(|node| Step::Demoted { node: node.id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{ManagerStatus, Meta, NodeDescription, NodeSpec, NodeStatus, Object, Timestamp};
    use skep_raft::{MemberState, Role};
    use skep_store::Store;

    fn manager(id: u64, role: NodeRole) -> Object {
        Node {
            id: NodeId::new(u128::from(id)),
            meta: Meta::default(),
            spec: NodeSpec { role, ..NodeSpec::default() },
            role: NodeRole::Manager,
            description: NodeDescription::default(),
            status: NodeStatus::default(),
            manager: Some(ManagerStatus { raft_id: id, address: format!("host{id}:2377") }),
            key_digest: String::new(),
            certificate: None,
            number: 0,
        }
        .into()
    }

    fn view(nodes: &[(u64, NodeRole)]) -> View {
        let store = Store::default();
        let changes = nodes.iter().map(|(id, role)| Change::Create(manager(*id, *role))).collect();
        store.apply(1, Timestamp::from_nanos(1), Transaction { changes }).unwrap();
        store.view()
    }

    fn metrics(members: &[(u64, bool, Option<u64>)]) -> Metrics {
        let state = |&(id, voter, matched): &(u64, bool, Option<u64>)| {
            (id, MemberState { address: format!("host{id}:2377"), voter, matched })
        };
        Metrics {
            id: 1,
            role: Role::Leader,
            term: 1,
            leader: Some(1),
            last_log: Some(1000),
            committed: Some(1000),
            applied: Some(1000),
            snapshot: None,
            purged: None,
            members: members.iter().map(state).collect(),
            failure: None,
        }
    }

    #[test]
    fn managers_come_in_catch_up_and_go() {
        use NodeRole::{Manager, Worker};
        let alone = metrics(&[(1, true, Some(1000))]);
        assert_eq!(next_step(&view(&[(1, Manager)]), &alone), None);
        let two = view(&[(1, Manager), (2, Manager)]);
        assert_eq!(next_step(&two, &alone), Some(Step::Add { id: 2, address: "host2:2377".into() }));
        assert_eq!(next_step(&two, &metrics(&[(1, true, Some(1000)), (2, false, None)])), None);
        assert_eq!(next_step(&two, &metrics(&[(1, true, Some(1000)), (2, false, Some(500))])), None);
        let caught_up = metrics(&[(1, true, Some(1000)), (2, false, Some(990))]);
        assert_eq!(next_step(&two, &caught_up), Some(Step::Promote { id: 2 }));
        let both = metrics(&[(1, true, Some(1000)), (2, true, Some(1000))]);
        assert_eq!(next_step(&view(&[(1, Manager), (2, Worker)]), &both), Some(Step::Remove { id: 2 }));
        let demoted = Some(Step::Demoted { node: NodeId::new(2) });
        assert_eq!(next_step(&view(&[(1, Manager), (2, Worker)]), &alone), demoted);
        assert_eq!(next_step(&view(&[(1, Worker), (2, Manager)]), &both), Some(Step::HandOver { to: 2 }));
        assert_eq!(next_step(&view(&[(1, Worker)]), &alone), None, "the last one stays");
    }
}
