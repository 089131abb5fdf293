use std::collections::BTreeSet;
use std::sync::Arc;

use skep_executor::fake::FakeContainer;
use skep_model::{NodeId, NodeState, Service, ServiceMode, Task, TaskId, TaskState};
use skep_store::View;

use crate::world::World;

/// Every service runs as often as is wanted, with its newest spec, and every machine runs that and nothing else.
pub(crate) fn desired_equals_observed(world: &World, view: &View) -> Result<(), String> {
    view.services().try_for_each(|service| service_runs(view, service))?;
    let leaving = |task: &&Arc<Task>| !task.is_wanted() && !task.status.state.is_ended();
    if let Some(task) = view.tasks().find(leaving) {
        return Err(format!("task {} should be gone and is {}", task.id, task.status.state));
    }
    // The managers' hosts have no agents here, so the leader comes to count them as down, which is a write of its own.
    if let Some(node) = view.nodes().find(|node| node.status.state == NodeState::Unknown) {
        return Err(format!("nobody knows yet how node {} is", node.id));
    }
    for (node, machine) in world.agents.machines() {
        let state = view.node(node).map(|found| found.status.state);
        if state != Some(NodeState::Ready) {
            return Err(format!("node {node} is {state:?}"));
        }
        let alive =
            machine.containers().into_iter().filter(|(_, state)| !matches!(state, FakeContainer::Ended(_)));
        let alive: BTreeSet<TaskId> = alive.map(|(id, _)| id).collect();
        let wanted = wanted_on(view, node);
        if alive != wanted {
            return Err(format!("node {node} runs {alive:?} and should run {wanted:?}"));
        }
    }
    Ok(())
}

fn service_runs(view: &View, service: &Service) -> Result<(), String> {
    let ServiceMode::Replicated { replicas } = service.spec.mode else { return Ok(()) };
    let tasks = view.service_tasks(service.id).filter(|task| task.is_wanted());
    let running =
        tasks.filter(|task| task.desired == TaskState::Running && task.status.state == TaskState::Running);
    let slots: Vec<(u32, u64)> = running.map(|task| (task.slot, task.spec_version)).collect();
    let newest = |version: u64| {
        let spec = view.revision(service.id, version).map(|revision| revision.spec.task.clone());
        spec.as_ref() == Some(&service.spec.task)
    };
    if slots.len() as u64 != replicas || !slots.iter().all(|(_, version)| newest(*version)) {
        return Err(format!("{} should run {replicas} times and runs {slots:?}", service.spec.name));
    }
    Ok(())
}

fn wanted_on(view: &View, node: NodeId) -> BTreeSet<TaskId> {
    let tasks = view.node_tasks(node).filter(|task| task.is_wanted() && !task.status.state.is_ended());
    tasks.map(|task| task.id).collect()
}
