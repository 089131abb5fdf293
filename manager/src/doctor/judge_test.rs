//! From what nodes measured to what people read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    Change, Check, Diagnosis, Finding, ManagerReport, Meta, Node, NodeDescription, NodeId, NodeReport,
    NodeRole, NodeSpec, NodeState, NodeStatus, PathReport, Severity, Timestamp, Transaction,
};
use skep_store::{Store, View};

use super::{Answer, Scene, judge, recalled, without_managers};

const NOW: Timestamp = Timestamp::from_nanos(1 << 60);

fn node(id: u16) -> Change {
    let node = Node {
        id: NodeId::new(id.into()),
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Worker,
        description: NodeDescription { hostname: format!("host{id}"), ..NodeDescription::default() },
        status: NodeStatus {
            state: NodeState::Ready,
            address: format!("10.0.0.{id}"),
            ..NodeStatus::default()
        },
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: id,
    };
    Change::Create(node.into())
}

/// Three nodes.
fn view() -> View {
    let store = Store::default();
    let changes = (1..=3).map(node).collect();
    store.apply(1, NOW, Transaction { changes }).unwrap();
    store.view()
}

fn sound(peer: u128) -> PathReport {
    PathReport {
        peer: NodeId::new(peer),
        link_mtu: 1450,
        mtu: 1450,
        unchecked_mtu: 1450,
        sent: 8,
        answered: 8,
        altered: false,
        round_trip_us: 100,
        heard: true,
        outside: true,
    }
}

fn silent(peer: u128) -> PathReport {
    PathReport { mtu: 0, unchecked_mtu: 0, sent: 0, answered: 0, ..sound(peer) }
}

/// All three say that all is well.
fn healthy() -> BTreeMap<NodeId, Answer> {
    let answer = |id: u128| {
        let paths = (1..=3).filter(|peer| *peer != id).map(sound).collect();
        let report = NodeReport { clock: NOW, paths, ..NodeReport::default() };
        (
            NodeId::new(id),
            Answer { report, at: NOW, certificate_ends: NOW.plus(Duration::from_secs(1 << 22)) },
        )
    };
    (1..=3).map(answer).collect()
}

fn judged(answers: BTreeMap<NodeId, Answer>, connected: &[u128]) -> Diagnosis {
    let view = view();
    judge(&scene(&view, answers, connected), Duration::from_millis(2100))
}

fn scene<'a>(view: &'a View, answers: BTreeMap<NodeId, Answer>, connected: &[u128]) -> Scene<'a> {
    Scene {
        view,
        now: NOW,
        root_ends: Some(NOW.plus(Duration::from_secs(1 << 30))),
        connected: connected.iter().copied().map(NodeId::new).collect::<BTreeSet<_>>(),
        answers: answers.into_iter().map(|(id, answer)| (id, Arc::new(answer))).collect(),
    }
}

/// With the ways between nodes as `change` makes them: from, and its report on the way.
fn with_paths(change: impl Fn(u128, &mut PathReport)) -> Vec<Finding> {
    let mut answers = healthy();
    for (id, answer) in &mut answers {
        answer.report.paths.iter_mut().for_each(|path| change(id.value(), path));
    }
    judged(answers, &[1, 2, 3]).findings
}

#[test]
fn what_nodes_noted_is_told_without_what_they_did_not() {
    let view = view();
    let known = |answers: &BTreeMap<NodeId, Answer>| {
        texts(&recalled(&scene(&view, answers.clone(), &[1, 2, 3])).findings)
    };
    let mut answers = healthy();
    for answer in answers.values_mut() {
        answer.report.paths.retain(|path| path.peer != NodeId::new(3));
    }
    assert!(known(&answers).is_empty());
    for (from, to) in [(1, 2), (2, 1)] {
        let paths = vec![PathReport { heard: false, ..silent(to) }];
        answers.entry(NodeId::new(from)).and_modify(|answer| answer.report.paths = paths);
    }
    let found = known(&answers);
    assert!(found.len() == 1 && found[0].starts_with("FAULT  host1 <-> host2: no packet"), "{found:?}");
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn where_all_is_well_nothing_is_found() {
    let diagnosis = judged(healthy(), &[1, 2, 3]);
    assert_eq!((diagnosis.checks, diagnosis.nodes, diagnosis.pairs), (13, 3, 6));
    assert_eq!(diagnosis.findings, []);
}

#[test]
fn a_blocked_port_is_told_once_with_its_direction() {
    // Nothing of host1 arrives at host2: neither its questions nor its answers.
    let found = with_paths(|from, path| match (from, path.peer.value()) {
        (1, 2) => *path = silent(2),
        (2, 1) => *path = PathReport { heard: false, ..silent(1) },
        _ => {}
    });
    let [finding] = &found[..] else { panic!("{:?}", texts(&found)) };
    assert_eq!((finding.severity, finding.place.as_str()), (Severity::Fault, "host1 -> host2"));
    let text = finding.to_string();
    assert!(
        text.starts_with("FAULT  host1 -> host2: no packet of the tunnel arrives (UDP port 4789)"),
        "{text}"
    );
    assert!(text.contains("cause: UDP port 4789 from 10.0.0.1 to 10.0.0.2 is blocked"), "{text}");
    assert!(text.contains("fix: let UDP port 4789 in on host2 from 10.0.0.1"), "{text}");
    // Nothing arrives in either direction.
    let found = with_paths(|from, path| {
        if from + path.peer.value() == 3 {
            *path = PathReport { heard: false, ..silent(path.peer.value()) };
        }
    });
    assert_eq!(found.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(), ["host1 <-> host2"]);
    // Not even outside the tunnel.
    let found = with_paths(|from, path| {
        if from + path.peer.value() == 3 {
            *path = PathReport { heard: false, outside: false, ..silent(path.peer.value()) };
        }
    });
    assert_eq!(found.len(), 1);
    assert!(
        found[0].failed.contains("neither in the tunnel nor outside")
            && found[0].fix.contains("ping 10.0.0.2")
    );
}

#[test]
fn what_is_less_than_silence_has_its_own_cause() {
    let small = with_paths(|from, path| {
        if from + path.peer.value() == 3 {
            (path.mtu, path.unchecked_mtu) = (1230, 1230);
        }
    });
    let [finding] = &small[..] else { panic!("{:?}", texts(&small)) };
    assert_eq!((finding.severity, finding.place.as_str()), (Severity::Warning, "host1 <-> host2"));
    assert!(finding.cause.contains("1280 bytes") && finding.fix.contains("1500 or more"), "{finding}");
    let wrong = with_paths(|from, path| {
        if from == 1 {
            path.mtu = if path.peer.value() == 2 { 0 } else { 128 };
        }
    });
    assert_eq!(
        wrong.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(),
        ["host1 -> host2", "host1 -> host3"]
    );
    assert!(wrong.iter().all(|one| one.cause.contains("card of host1") && one.fix.contains("ethtool -K")));
    let altered = with_paths(|from, path| path.altered = from == 3 && path.peer.value() == 1);
    assert!(altered.len() == 1 && altered[0].severity == Severity::Fault, "{:?}", texts(&altered));
    let lossy = with_paths(|from, path| path.answered = if from == 3 { 6 } else { 7 });
    assert_eq!(texts(&lossy).len(), 2);
    assert!(lossy.iter().all(|one| one.severity == Severity::Warning && one.failed.contains("25 %")));
    let mut answers = healthy();
    answers.get_mut(&NodeId::new(2)).unwrap().report.paths.remove(0);
    let missing = judged(answers, &[1, 2, 3]).findings;
    assert!(missing.len() == 1 && missing[0].place == "host2 -> host1", "{:?}", texts(&missing));
}

#[test]
fn a_node_that_says_nothing_is_named_and_its_ways_are_not() {
    let mut answers = healthy();
    answers.remove(&NodeId::new(3));
    for answer in answers.values_mut() {
        let path = answer.report.paths.iter_mut().find(|path| path.peer.value() == 3).unwrap();
        *path = PathReport { outside: false, ..silent(3) };
    }
    let cut_off = judged(answers.clone(), &[1, 2]).findings;
    let [finding] = &cut_off[..] else { panic!("{:?}", texts(&cut_off)) };
    assert_eq!((finding.check, finding.place.as_str()), (Check::Managers, "host3"));
    assert!(finding.failed.contains("not connected") && finding.cause.contains("0 of 2"), "{finding}");
    assert!(finding.fix.contains("10.0.0.3"), "{finding}");
    answers.get_mut(&NodeId::new(1)).unwrap().report.paths[1].outside = true;
    let hangs = judged(answers, &[1, 2, 3]).findings;
    assert!(
        hangs[0].failed.contains("within 8 s") && hangs[0].cause.contains("daemon hangs"),
        "{}",
        hangs[0]
    );
}

#[test]
fn clocks_certificates_and_what_nodes_say_of_themselves_are_told() {
    let mut answers = healthy();
    let [one, two, three] = [1, 2, 3].map(NodeId::new);
    answers.get_mut(&one).unwrap().report.clock = NOW.plus(Duration::from_secs(3));
    answers.get_mut(&two).unwrap().at = NOW.plus(Duration::from_secs(90));
    let own = Finding::fault(Check::Dns, "no DNS server answers").cause("down").fix("start it");
    let unreached = ManagerReport { address: "10.0.0.9:2377".into(), error: "no answer".into() };
    let third = &mut answers.get_mut(&three).unwrap().report;
    (third.findings, third.managers) = (vec![own], vec![unreached]);
    let found = texts(&judged(answers, &[1, 2, 3]).findings);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("FAULT  host2: its clock is 90.0 s behind the leader's"), "{found:#?}");
    assert!(found[1].starts_with("FAULT  host3: it does not reach the manager"), "{found:#?}");
    assert_eq!(found[2], "FAULT  host3: no DNS server answers; cause: down; fix: start it");
    assert!(found[3].starts_with("WARN   host1: its clock is 3.0 s ahead of"), "{found:#?}");
}

#[test]
fn a_node_without_managers_tells_what_it_knows() {
    let report = NodeReport { paths: vec![silent(2), sound(3)], ..NodeReport::default() };
    let diagnosis = without_managers("host1", report, "10.0.0.1:2377: no answer", Duration::ZERO);
    let found = texts(&diagnosis.findings);
    assert_eq!((found.len(), diagnosis.nodes, diagnosis.pairs), (2, 1, 2));
    assert!(
        found[0].contains("host1: no manager answers") && found[0].contains("10.0.0.1:2377"),
        "{found:#?}"
    );
    assert!(found[1].contains("outside the tunnel"), "{found:#?}");
}
