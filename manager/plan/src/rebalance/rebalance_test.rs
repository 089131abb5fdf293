//! Which tasks are to move.

use proptest::prelude::*;
use skep_model::{NodeState, ServiceMode, ServiceSpec, TaskState};

use super::{Move, moves};
use crate::scheduler::fixture::{Fixture, WEB};

/// `web` with this many running tasks on each node.
fn world(counts: &[u32], spec: ServiceSpec) -> Fixture {
    let mut world = Fixture::new(counts.len() as u128, spec);
    for (node, &count) in (1..).zip(counts) {
        (0..count).for_each(|_| {
            world.on(WEB, node, TaskState::Running);
        });
    }
    world
}

fn planned(world: &Fixture) -> Vec<Move> {
    let view = world.view();
    let found = moves(&view, view.service(WEB).unwrap(), world.now);
    assert_eq!(
        found,
        moves(&view, view.service(WEB).unwrap(), world.now),
        "the same view gives the same moves"
    );
    found
}

/// What is where after the moves.
fn after(counts: &[u32], moves: &[Move]) -> Vec<u32> {
    let mut counts = counts.to_vec();
    for each in moves {
        counts[each.from.value() as usize - 1] -= 1;
        counts[each.to.value() as usize - 1] += 1;
    }
    counts
}

#[test]
fn a_service_is_spread_with_the_fewest_moves() {
    let counts = [5, 5, 0];
    let moves = planned(&world(&counts, ServiceSpec::default()));
    assert_eq!((moves.len(), after(&counts, &moves)), (3, vec![4, 3, 3]));
    assert_eq!(planned(&world(&[3, 4, 3], ServiceSpec::default())), []);
}

#[test]
fn what_takes_no_tasks_gets_none_and_gives_none() {
    let mut spec = ServiceSpec::default();
    spec.task.placement.constraints = vec!["node.hostname != host4".into()];
    let counts = [6, 0, 0, 0];
    let mut world = world(&counts, spec);
    world.change_node(3, |node| node.status.state = NodeState::Down);
    assert_eq!(after(&counts, &planned(&world)), [3, 3, 0, 0]);
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Pause);
    assert_eq!(planned(&world), [], "a paused node keeps what it has");
}

#[test]
fn branches_are_levelled_before_nodes() {
    let mut spec = ServiceSpec::default();
    spec.task.placement.spread = vec!["node.labels.zone".into()];
    let counts = [6, 2, 0];
    let mut world = world(&counts, spec);
    for (node, zone) in [(1, "a"), (2, "a"), (3, "b")] {
        world.change_node(node, |node| drop(node.spec.labels.insert("zone".into(), zone.into())));
    }
    assert_eq!(after(&counts, &planned(&world)), [2, 2, 4]);
}

#[test]
fn a_node_gets_no_more_than_it_has_room_for() {
    let mut spec = ServiceSpec::default();
    spec.task.resources.reservations.memory_bytes = 1 << 30;
    let counts = [6, 0];
    let mut world = world(&counts, spec);
    world.change_node(2, |node| node.description.memory_bytes = 2 << 30);
    assert_eq!(after(&counts, &planned(&world)), [4, 2]);
}

#[test]
fn global_services_stay_where_they_are() {
    let spec = ServiceSpec { mode: ServiceMode::Global, ..ServiceSpec::default() };
    assert_eq!(planned(&world(&[4, 0], spec)), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_nodes_are_level_after_no_more_moves_than_needed(counts in prop::collection::vec(0..9u32, 1..7)) {
        let moves = planned(&world(&counts, ServiceSpec::default()));
        let level = after(&counts, &moves);
        prop_assert!(level.iter().max().unwrap() - level.iter().min().unwrap() <= 1, "{level:?}");
        // Every task above the ceiling has to move, and every place below the floor has to be filled.
        let (total, nodes) = (counts.iter().sum::<u32>(), counts.len() as u32);
        let over: u32 = counts.iter().map(|count| count.saturating_sub(total.div_ceil(nodes))).sum();
        let under: u32 = counts.iter().map(|count| (total / nodes).saturating_sub(*count)).sum();
        prop_assert_eq!(moves.len() as u32, over.max(under));
    }
}
