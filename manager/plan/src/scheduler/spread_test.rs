//! Spread preferences: SwarmKit's scenarios by their names, and what holds for any world.

use std::collections::BTreeMap;

use proptest::prelude::*;
use skep_model::{NodeState, ServiceSpec, TaskState};

use super::fixture::{Fixture, WEB};

fn spread_over(labels: &[&str]) -> ServiceSpec {
    let mut spec = ServiceSpec::default();
    spec.task.placement.spread = labels.iter().map(ToString::to_string).collect();
    spec
}

fn label(world: &mut Fixture, node: u128, labels: &[(&str, &str)]) {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    world.change_node(node, |node| node.spec.labels = labels);
}

#[test]
fn preferences() {
    let mut world = Fixture::new(5, spread_over(&["node.labels.az"]));
    label(&mut world, 1, &[("az", "az1")]);
    (2..=5).for_each(|node| label(&mut world, node, &[("az", "az2")]));
    world.pending(8);
    assert_eq!(world.schedule(), 8);
    assert_eq!(world.spread(), [4, 1, 1, 1, 1], "each zone has half, however many nodes it has");
}

#[test]
fn nodes_without_the_label_are_a_branch_of_their_own() {
    let mut world = Fixture::new(3, spread_over(&["node.labels.az", "node.nonsense"]));
    label(&mut world, 1, &[("az", "az1")]);
    world.pending(8);
    world.schedule();
    assert_eq!(world.spread(), [4, 2, 2]);
}

#[test]
fn multiple_preferences() {
    let mut world = Fixture::new(6, spread_over(&["node.labels.az", "node.labels.rack"]));
    for (node, az, rack) in
        [(1, "1", "1"), (2, "1", "1"), (3, "1", "2"), (4, "2", "1"), (5, "2", "2"), (6, "2", "3")]
    {
        label(&mut world, node, &[("az", az), ("rack", rack)]);
    }
    world.pending(12);
    world.schedule();
    let spread = world.spread();
    assert_eq!(spread[2], 3, "a rack has half of its zone: {spread:?}");
    assert_eq!(spread[0] + spread[1], 3);
    assert!(spread[0].abs_diff(spread[1]) <= 1);
    assert_eq!(spread[3..], [2, 2, 2]);
}

#[test]
fn multiple_preferences_scale_up() {
    let mut world = Fixture::new(3, spread_over(&["node.labels.az"]));
    label(&mut world, 1, &[("az", "1")]);
    label(&mut world, 2, &[("az", "2")]);
    label(&mut world, 3, &[("az", "2")]);
    (0..4).for_each(|_| {
        world.on(WEB, 1, TaskState::Running);
    });
    world.pending(6);
    world.schedule();
    assert_eq!(world.spread(), [5, 3, 2].map(|count: u32| count).as_slice(), "what runs already counts");
}

#[test]
fn a_full_branch_is_left_out() {
    let mut spec = spread_over(&["node.labels.az"]);
    spec.task.resources.reservations.memory_bytes = 4 << 30;
    let mut world = Fixture::new(3, spec);
    (2..=3).for_each(|node| label(&mut world, node, &[("az", "2")]));
    world.change_node(1, |node| node.description.memory_bytes = 4 << 30);
    world.pending(5);
    assert_eq!(world.schedule(), 5);
    assert_eq!(world.spread(), [1, 2, 2]);
}

#[derive(Clone, Debug)]
struct Kind {
    zone: u8,
    rack: u8,
    ready: bool,
    memory_gib: u64,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = (0..3u8, 0..3u8, prop::bool::weighted(0.8), 1..9u64);
    let kind = kind.prop_map(|(zone, rack, ready, memory_gib)| Kind { zone, rack, ready, memory_gib });
    prop::collection::vec(kind, 1..10)
}

fn world(kinds: &[Kind], spec: ServiceSpec) -> Fixture {
    let mut world = Fixture::new(kinds.len() as u128, spec);
    for (node, kind) in (1..).zip(kinds) {
        label(&mut world, node, &[("zone", &kind.zone.to_string()), ("rack", &kind.rack.to_string())]);
        world.change_node(node, |node| {
            node.description.memory_bytes = kind.memory_gib << 30;
            node.status.state = if kind.ready { NodeState::Ready } else { NodeState::Down };
        });
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_node_that_a_filter_refuses_gets_a_task(kinds in kinds(), count in 1..40usize) {
        let mut spec = spread_over(&["node.labels.zone"]);
        spec.task.resources.reservations.memory_bytes = 1 << 30;
        spec.task.placement.constraints = vec!["node.labels.rack != 2".into()];
        spec.task.placement.max_replicas_per_node = 4;
        let mut world = world(&kinds, spec);
        world.pending(count);
        let placed = world.schedule();
        let spread = world.spread();
        let mut room = 0;
        for (kind, &tasks) in kinds.iter().zip(&spread) {
            let most = if kind.ready && kind.rack != 2 { kind.memory_gib.min(4) } else { 0 };
            prop_assert!(u64::from(tasks) <= most, "{tasks} on {kind:?}");
            room += most;
        }
        prop_assert_eq!(placed as u64, room.min(count as u64), "what fits is used");
    }

    #[test]
    fn branches_and_nodes_are_even_within_one(kinds in kinds(), count in 1..60usize) {
        let kinds: Vec<Kind> = kinds.into_iter().map(|kind| Kind { ready: true, ..kind }).collect();
        let mut world = world(&kinds, spread_over(&["node.labels.zone", "node.labels.rack"]));
        world.pending(count);
        prop_assert_eq!(world.schedule(), count);
        let mut zones: BTreeMap<u8, BTreeMap<u8, Vec<u32>>> = BTreeMap::new();
        for (kind, tasks) in kinds.iter().zip(world.spread()) {
            zones.entry(kind.zone).or_default().entry(kind.rack).or_default().push(tasks);
        }
        let even = |counts: &[u32]| counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1;
        let total = |racks: &BTreeMap<u8, Vec<u32>>| racks.values().flatten().sum::<u32>();
        prop_assert!(even(&zones.values().map(total).collect::<Vec<_>>()), "{zones:?}");
        for racks in zones.values() {
            let sums: Vec<u32> = racks.values().map(|nodes| nodes.iter().sum()).collect();
            prop_assert!(even(&sums) && racks.values().all(|nodes| even(nodes)), "{zones:?}");
        }
    }
}
