//! SwarmKit's constraint tests, by their names, through the scheduler.

use skep_model::{Node, NodeRole, ServiceSpec};

use super::fixture::Fixture;

/// Which of three nodes, changed like this, get a task with these constraints.
fn chosen(constraints: &[&str], change: impl Fn(u128, &mut Node)) -> Vec<u128> {
    let mut spec = ServiceSpec::default();
    spec.task.placement.constraints = constraints.iter().map(ToString::to_string).collect();
    spec.task.placement.max_replicas_per_node = 1;
    let mut world = Fixture::new(3, spec);
    (1..=3).for_each(|id| world.change_node(id, |node| change(id, node)));
    let tasks = world.pending(3);
    world.schedule();
    let mut nodes: Vec<u128> = tasks.iter().filter_map(|&task| world.node_of(task)).collect();
    nodes.sort_unstable();
    nodes
}

#[test]
fn node_hostname() {
    assert_eq!(chosen(&["node.hostname == HOST2"], |_, _| {}), [2]);
    assert_eq!(chosen(&["node.hostname != host2"], |_, _| {}), [1, 3]);
}

#[test]
fn node_ip() {
    let addresses = |id: u128, node: &mut Node| node.status.address = format!("10.0.{id}.7");
    assert_eq!(chosen(&["node.ip == 10.0.2.7"], addresses), [2]);
    assert_eq!(chosen(&["node.ip == 10.0.2.0/23"], addresses), [2, 3]);
    assert_eq!(chosen(&["node.ip != 10.0.2.0/23"], addresses), [1]);
    assert_eq!(chosen(&["node.ip == nonsense"], addresses), [0; 0]);
}

#[test]
fn node_id() {
    let id = skep_model::NodeId::new(3);
    assert_eq!(chosen(&[&format!("node.id == {id}")], |_, _| {}), [3]);
}

#[test]
fn node_role() {
    let role = |id: u128, node: &mut Node| {
        node.role = if id == 1 { NodeRole::Manager } else { NodeRole::Worker };
    };
    assert_eq!(chosen(&["node.role == manager"], role), [1]);
    assert_eq!(chosen(&["node.role!=manager"], role), [2, 3]);
}

#[test]
fn node_platform() {
    let arm = |id: u128, node: &mut Node| {
        if id == 2 {
            node.description.architecture = "aarch64".into();
        }
    };
    assert_eq!(chosen(&["node.platform.arch == aarch64"], arm), [2]);
    assert_eq!(chosen(&["node.platform.os == linux"], arm), [1, 2, 3]);
}

#[test]
fn node_label_and_engine_label() {
    let labels = |id: u128, node: &mut Node| {
        if id != 1 {
            drop(node.spec.labels.insert("zone".into(), format!("z{id}")));
            drop(node.description.engine_labels.insert("disk".into(), "SSD".into()));
        }
    };
    assert_eq!(chosen(&["node.labels.zone == z3"], labels), [3]);
    assert_eq!(chosen(&["node.labels.zone != z3"], labels), [1, 2], "a label that is not there is empty");
    assert_eq!(chosen(&["engine.labels.disk == ssd"], labels), [2, 3]);
    assert_eq!(chosen(&["node.labels.Zone == z3"], labels), [0; 0], "keys of labels have a case");
}

#[test]
fn multiple_constraints() {
    assert_eq!(chosen(&["node.hostname != host1", "node.hostname != host2"], |_, _| {}), [3]);
}

#[test]
fn wrong_syntax() {
    assert_eq!(chosen(&["node.hostname = host1"], |_, _| {}), [0; 0]);
    assert_eq!(chosen(&["node.unknown != host1"], |_, _| {}), [0; 0]);
}
