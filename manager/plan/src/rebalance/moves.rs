//! The fewest moves that spread a service evenly again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_model::{NodeId, Service, Task, TaskId, TaskState, Timestamp};
use skep_store::View;

use super::may_move;
use crate::scheduler::{Group, NodeSet};

/// A task that is to run elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The task.
    pub task: TaskId,
    /// Its place among the replicas.
    pub slot: u32,
    /// Where it runs.
    pub from: NodeId,
    /// Where it would run then.
    pub to: NodeId,
}

/// The moves after which no two branches of a spread preference, and no two nodes in one of them, differ by more than one task, as far
/// as nodes have room; in the order in which they help most. None for services whose tasks must stay where they are: those that are
/// no replicated ones, that are in an update, or whose volumes are on their nodes.
pub fn moves(view: &View, service: &Arc<Service>, now: Timestamp) -> Vec<Move> {
    moves_to(view, service, now, |_| true)
}

/// Those that lead to some of the nodes only.
pub(super) fn moves_to(
    view: &View,
    service: &Arc<Service>,
    now: Timestamp,
    may_receive: impl Fn(NodeId) -> bool,
) -> Vec<Move> {
    if !may_move(service) {
        return Vec::new();
    }
    let mut nodes = NodeSet::new(view);
    let mut group = Group::new(&nodes, service.id, service.spec_version, &service.spec, now);
    if group.needs.holds_to_nodes() {
        return Vec::new();
    }
    // Tasks that are on their way out do not count: another one has taken their place already.
    group.standings.iter_mut().for_each(|standing| standing.active = 0);
    let mut movable: BTreeMap<usize, Vec<&Arc<Task>>> = BTreeMap::new();
    for task in view.wanted_tasks(service.id).filter(|task| !task.status.state.is_ended()) {
        let Some(position) = task.node.and_then(|node| nodes.position(node)) else { continue };
        if let Some(standing) = group.standings.get_mut(position) {
            standing.active += 1;
        }
        if task.status.state == TaskState::Running {
            movable.entry(position).or_default().push(task);
        }
    }
    // A node that takes nothing new keeps what it has.
    movable.retain(|&position, _| group.may_fit(&mut nodes, position));
    let open = (0..nodes.all.len()).filter(|&position| {
        let node = nodes.all.get(position).map(|counted| counted.node.id);
        node.is_some_and(&may_receive)
    });
    let open: BTreeSet<usize> = open.collect();
    let all = (0..nodes.all.len()).collect();
    let mut leveller = Leveller { nodes, group, movable, open, moves: Vec::new() };
    leveller.level(all, 0);
    leveller.moves
}

/// Moves tasks from the fullest part to the emptiest until all are level, from the outermost preference inwards: each such move is
/// needed, since nothing further in changes what is outside.
struct Leveller<'v> {
    nodes: NodeSet<'v>,
    group: Group,
    movable: BTreeMap<usize, Vec<&'v Arc<Task>>>,
    /// Nodes that may get tasks and are not known to be full.
    open: BTreeSet<usize>,
    moves: Vec<Move>,
}

impl Leveller<'_> {
    fn level(&mut self, positions: Vec<usize>, depth: usize) {
        let parts = self.parts(&positions, depth);
        while let Some((from, to)) = self.next_pair(&parts, depth) {
            self.shift(from, to);
        }
        if depth < self.group.needs.spread.len() {
            parts.into_iter().for_each(|part| self.level(part, depth + 1));
        }
    }

    /// The branches at this depth; behind the last preference each node is one.
    fn parts(&self, positions: &[usize], depth: usize) -> Vec<Vec<usize>> {
        let Some(label) = self.group.needs.spread.get(depth) else {
            return positions.iter().map(|&position| vec![position]).collect();
        };
        let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &position in positions {
            let value = self.nodes.all.get(position).and_then(|counted| label.label(counted.node));
            parts.entry(value.unwrap_or_default()).or_default().push(position);
        }
        parts.into_values().collect()
    }

    /// A node to take a task from and one to give it to, when two parts differ by two or more.
    fn next_pair(&mut self, parts: &[Vec<usize>], depth: usize) -> Option<(usize, usize)> {
        let mut by_tasks: Vec<(u32, &Vec<usize>)> =
            parts.iter().map(|part| (self.tasks(part), part)).collect();
        by_tasks.sort_by_key(|(tasks, part)| (*tasks, part.first().copied()));
        let (most, giver) = by_tasks.iter().rev().find(|(_, part)| self.can_give(part))?;
        for (_, receiver) in by_tasks.iter().take_while(|(least, _)| least + 2 <= *most) {
            if let Some(to) = self.emptiest(receiver, depth + 1) {
                return Some((self.fullest(giver, depth + 1)?, to));
            }
        }
        None
    }

    fn tasks(&self, part: &[usize]) -> u32 {
        part.iter().filter_map(|&position| self.group.standings.get(position)).map(|each| each.active).sum()
    }

    fn can_give(&self, part: &[usize]) -> bool {
        part.iter().any(|position| self.movable.get(position).is_some_and(|tasks| !tasks.is_empty()))
    }

    /// The node of a part that would get its next task, further preferences looked at.
    fn emptiest(&mut self, part: &[usize], depth: usize) -> Option<usize> {
        if let [position] = *part {
            return self.has_room(position).then_some(position);
        }
        let mut parts = self.parts(part, depth);
        parts.sort_by_key(|part| (self.tasks(part), part.first().copied()));
        parts.iter().find_map(|part| self.emptiest(part, depth + 1))
    }

    fn fullest(&self, part: &[usize], depth: usize) -> Option<usize> {
        if let [position] = *part {
            return self.can_give(part).then_some(position);
        }
        let mut parts = self.parts(part, depth);
        parts.sort_by_key(|part| (std::cmp::Reverse(self.tasks(part)), part.first().copied()));
        parts.iter().find_map(|part| self.fullest(part, depth + 1))
    }

    /// What is full once stays so: what a move frees is only free when its replacement runs.
    fn has_room(&mut self, position: usize) -> bool {
        if !self.open.contains(&position) {
            return false;
        }
        let failing = self.group.standings.get(position).is_none_or(|standing| standing.back_off() > 0);
        let room = !failing && self.group.refusal(&mut self.nodes, position).is_none();
        if !room {
            self.open.remove(&position);
        }
        room
    }

    fn shift(&mut self, from: usize, to: usize) {
        let Some(task) = self.movable.get_mut(&from).and_then(Vec::pop) else { return };
        let Some((target, _)) = self.group.take(&mut self.nodes, to) else { return };
        if let Some(standing) = self.group.standings.get_mut(from) {
            standing.active = standing.active.saturating_sub(1);
        }
        if let Some(source) = task.node {
            self.moves.push(Move { task: task.id, slot: task.slot, from: source, to: target });
        }
    }
}
