//! Why a service's tasks go where they go.

use std::collections::BTreeMap;

use skep_model::{NodeId, ServiceId, Timestamp};
use skep_store::View;

use super::group::Group;
use super::node_set::NodeSet;
use super::refusal::Refusal;

/// What the scheduler says of one node for the next task of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The node.
    pub node: NodeId,
    /// Its host name.
    pub hostname: String,
    /// Its place among the nodes that fit, from 1; or the first reason against it.
    pub rank: Result<usize, Refusal>,
    /// What the order is made of, and what is free.
    pub room: Room,
}

/// How full a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Tasks of the service that use it.
    pub service_tasks: u32,
    /// All tasks that use it.
    pub tasks: u32,
    /// Recent failures of the service with its present spec there (`limits::NODE_FAILURES_WINDOW`).
    pub recent_failures: u32,
    /// CPUs that nothing reserves, in billionths of one.
    pub nano_cpus: u64,
    /// Memory that nothing reserves, in bytes.
    pub memory_bytes: u64,
    /// Which of the service's volumes it has.
    pub volumes: Vec<String>,
}

/// What the scheduler says of each node for one more task of the service with its present spec, by id; nothing when there is no such
/// service. A node with the task's volumes comes before all others (`Room::volumes`), whatever its rank.
pub fn explain(view: &View, service: ServiceId, now: Timestamp) -> Vec<Verdict> {
    let Some(service) = view.service(service) else { return Vec::new() };
    let mut nodes = NodeSet::new(view);
    let group = Group::new(&nodes, service.id, service.spec_version, &service.spec, now);
    let judged: Vec<Option<Refusal>> =
        (0..nodes.all.len()).map(|position| group.refusal(&mut nodes, position)).collect();
    let order = group.tree(&mut nodes).order();
    let fitting = order.into_iter().filter(|&position| matches!(judged.get(position), Some(None)));
    let ranks: BTreeMap<usize, usize> = fitting.zip(1..).collect();
    let all = nodes.all.iter_mut().zip(&group.standings).zip(judged).enumerate();
    all.map(|(position, ((counted, standing), refusal))| {
        let free = counted.free(view);
        let (nano_cpus, memory_bytes) = (free.nano_cpus, free.memory_bytes);
        let has = |volume: &&String| counted.node.description.volumes.contains(volume);
        let room = Room {
            service_tasks: standing.active,
            tasks: counted.tasks,
            recent_failures: standing.failures,
            nano_cpus,
            memory_bytes,
            volumes: group.needs.volumes.iter().filter(has).cloned().collect(),
        };
        let rank = refusal.map_or_else(|| Ok(ranks.get(&position).copied().unwrap_or_default()), Err);
        Verdict { node: counted.node.id, hostname: counted.node.description.hostname.clone(), rank, room }
    })
    .collect()
}
