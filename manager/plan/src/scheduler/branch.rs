//! The tree of what tasks are spread over: label values inside label values, and nodes at its ends.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use skep_model::Subject;

use super::node_set::Counted;

/// A node's place in the order of choice, smaller is better: recent failures where they are many, tasks of the service, all tasks,
/// and its position among the nodes.
pub(super) type Rank = (u32, u32, u32, usize);

/// A node as it is put into the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    pub(super) rank: Rank,
    /// Whether it may get tasks; where not, its tasks count all the same.
    pub(super) open: bool,
}

/// A part of the tree.
#[derive(Debug)]
pub(super) struct Branch {
    /// Tasks of the service in it.
    tasks: u32,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    /// The nodes that may get tasks, the best first.
    Nodes(BinaryHeap<Reverse<Rank>>),
    /// The branches, those with the fewest tasks first.
    Branches(Vec<Branch>, BinaryHeap<Reverse<(u32, usize)>>),
}

impl Branch {
    /// The tree over these labels, the outermost first. Nodes without a label are the branch of the empty value.
    pub(super) fn new(nodes: &[Counted<'_>], leaves: Vec<Leaf>, spread: &[Subject]) -> Self {
        let tasks = leaves.iter().map(|leaf| leaf.rank.1).sum();
        let Some((label, inner)) = spread.split_first() else {
            let open = leaves.iter().filter(|leaf| leaf.open).map(|leaf| Reverse(leaf.rank));
            return Self { tasks, inner: Inner::Nodes(open.collect()) };
        };
        let mut values: BTreeMap<&str, Vec<Leaf>> = BTreeMap::new();
        for leaf in leaves {
            let value =
                nodes.get(leaf.rank.3).and_then(|counted| label.label(counted.node)).unwrap_or_default();
            values.entry(value).or_default().push(leaf);
        }
        let branches: Vec<Self> = values.into_values().map(|each| Self::new(nodes, each, inner)).collect();
        let order = branches.iter().enumerate().map(|(index, branch)| Reverse((branch.tasks, index)));
        let order = order.collect();
        Self { tasks, inner: Inner::Branches(branches, order) }
    }

    /// The best node that has room, which then counts one more task; none when it is full. What is full once is left out for good:
    /// within one plan nothing gets free.
    pub(super) fn take(&mut self, has_room: &mut impl FnMut(Rank) -> bool) -> Option<usize> {
        let found = match &mut self.inner {
            Inner::Nodes(nodes) => take_node(nodes, has_room),
            Inner::Branches(branches, order) => take_branch(branches, order, has_room),
        }?;
        self.tasks += 1;
        Some(found)
    }

    /// The nodes from the best on, as they stand: those of the branch with the fewest tasks first.
    pub(super) fn order(self) -> Vec<usize> {
        match self.inner {
            Inner::Nodes(nodes) => {
                nodes.into_sorted_vec().into_iter().rev().map(|Reverse(rank)| rank.3).collect()
            }
            Inner::Branches(mut branches, _) => {
                branches.sort_by_key(|branch| branch.tasks);
                branches.into_iter().flat_map(Self::order).collect()
            }
        }
    }
}

fn take_node(
    nodes: &mut BinaryHeap<Reverse<Rank>>,
    has_room: &mut impl FnMut(Rank) -> bool,
) -> Option<usize> {
    while let Some(Reverse(rank)) = nodes.pop() {
        if has_room(rank) {
            let (failures, active, tasks, position) = rank;
            nodes.push(Reverse((failures, active + 1, tasks + 1, position)));
            return Some(position);
        }
    }
    None
}

fn take_branch(
    branches: &mut [Branch],
    order: &mut BinaryHeap<Reverse<(u32, usize)>>,
    has_room: &mut impl FnMut(Rank) -> bool,
) -> Option<usize> {
    while let Some(Reverse((_, index))) = order.pop() {
        let branch = branches.get_mut(index)?;
        if let Some(found) = branch.take(has_room) {
            order.push(Reverse((branch.tasks, index)));
            return Some(found);
        }
    }
    None
}
