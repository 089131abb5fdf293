use super::*;
use crate::{Meta, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, Timestamp};

fn node() -> Node {
    Node {
        id: NodeId::new(7),
        meta: Meta::default(),
        spec: NodeSpec { labels: [("Zone".into(), "a".into())].into(), ..NodeSpec::default() },
        role: NodeRole::Manager,
        description: NodeDescription {
            hostname: "Host1".into(),
            architecture: "x86_64".into(),
            os: "linux".into(),
            engine_labels: [("disk".into(), "ssd".into())].into(),
            ..NodeDescription::default()
        },
        status: NodeStatus {
            state: NodeState::Ready,
            message: String::new(),
            address: "10.1.2.3".into(),
            since: Timestamp::NEVER,
            clock_ahead_ms: 0,
        },
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: 1,
    }
}

#[test]
fn each_key_is_compared_with_what_it_names() {
    for (text, met) in [
        ("node.id == 0000000000000000000000007", true),
        ("node.hostname==host1", true),
        ("NODE.HOSTNAME != host1", false),
        ("node.role == manager", true),
        ("node.role != worker", true),
        ("node.platform.os == LINUX", true),
        ("node.platform.arch == amd64", false),
        ("node.labels.Zone == A", true),
        ("node.labels.zone == a", false),
        ("node.labels.zone != a", true),
        ("engine.labels.disk == ssd", true),
        ("node.ip == 10.1.2.3", true),
        ("node.ip == 10.1.0.0/16", true),
        ("node.ip != 10.1.0.0/16", false),
        ("node.ip == 10.2.0.0/16", false),
        ("node.ip == 0.0.0.0/0", true),
        ("node.ip != nonsense", false),
        ("node.ip == fd00::/8", false),
        ("node.colour == red", false),
        ("node.colour != red", false),
    ] {
        assert_eq!(text.parse::<Constraint>().unwrap().is_met_by(&node()), met, "{text}");
    }
}

#[test]
fn wrong_syntax_is_said() {
    for (text, reason) in [
        ("node.id", "constraint expected one operator from ==, !="),
        ("node.id = x", "constraint expected one operator"),
        ("1x == a", "key '1x' is invalid"),
        ("node.labels.a, == b", "key 'node.labels.a,' is invalid"),
        ("node.id == ", "value '' is invalid"),
        ("node.id == a,b", "value 'a,b' is invalid"),
    ] {
        let error = text.parse::<Constraint>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert_eq!("node.id==a != b".parse::<Constraint>().unwrap_err().path, "constraints");
}
