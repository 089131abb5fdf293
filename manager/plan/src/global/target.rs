use skep_model::{NodeId, Placement, Service};
use skep_store::{View, place_mark};

use crate::fits::Fits;
use crate::place::{keeps_tasks, takes_tasks};

/// The nodes that services with the same placement should be on.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// How many there are for certain.
    count: u32,
    /// The sum of their marks.
    marks: u64,
    /// Those that keep a task, but get none.
    keeping: Vec<NodeId>,
}

impl Target {
    /// By what the nodes are now.
    pub(super) fn new(view: &View, placement: &Placement) -> Self {
        let (fits, mut target) = (Fits::new(placement), Self::default());
        for node in view.nodes().filter(|node| keeps_tasks(node) && fits.node(node)) {
            if takes_tasks(node) {
                target.count += 1;
                target.marks = target.marks.wrapping_add(place_mark(node.id));
            } else {
                target.keeping.push(node.id);
            }
        }
        target
    }

    /// Whether the service is on these nodes and no others.
    pub(super) fn is_met(&self, view: &View, service: &Service) -> bool {
        let (mut count, mut marks) = (self.count, self.marks);
        for &node in &self.keeping {
            if view.wanted_on_node(service.id, node).next().is_some() {
                count += 1;
                marks = marks.wrapping_add(place_mark(node));
            }
        }
        let counts = view.task_counts(service.id);
        (counts.slots, counts.places) == (count, marks)
    }
}
