//! Attachments over a store without Raft, with the planner that gives addresses.

use std::collections::BTreeSet;
use std::sync::Arc;

use skep_model::{
    AttachmentId, Change, Meta, Network, NetworkId, NetworkSpec, Node, NodeDescription, NodeId, NodeRole,
    NodeSpec, NodeStatus, PlainPlace, Timestamp, Transaction,
};
use skep_plan::{Driver, planners};
use skep_runtime::{Env, Random, SteeredClock, Task};
use skep_store::Door;
use skep_store::testing::DirectProposer;

use super::{AttachmentError, AttachmentWish};
use crate::dispatcher::Dispatcher;

const NODE: NodeId = NodeId::new(1);

fn node(id: NodeId) -> Change {
    let node = Node {
        id,
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Worker,
        description: NodeDescription::default(),
        status: NodeStatus::default(),
        key_digest: String::new(),
        certificate: None,
        number: 0,
        manager: None,
    };
    Change::Create(node.into())
}

fn network(id: u128, name: &str, attachable: bool) -> Change {
    let subnet = format!("10.{id}.0.0/29").parse().ok();
    let spec = NetworkSpec { name: name.into(), attachable, subnet, ..NetworkSpec::default() };
    let id = NetworkId::new(id);
    let network = Network {
        id,
        meta: Meta::default(),
        spec,
        subnet,
        subnet6: None,
        address_cursor: 0,
        removing: false,
    };
    Change::Create(network.into())
}

fn wish(container: &str, networks: &[&str]) -> AttachmentWish {
    let place = |network: &&str| PlainPlace { network: (*network).into(), aliases: vec!["alias".into()] };
    AttachmentWish {
        container: container.into(),
        name: "db".into(),
        places: networks.iter().map(place).collect(),
    }
}

async fn dispatcher() -> (Dispatcher, Door, Task<()>) {
    let clock = Arc::new(SteeredClock::starting_at(Timestamp::from_nanos(1 << 60)));
    let env = Env::new(clock, Random::seeded(1));
    let door = DirectProposer::door(env.clone());
    let changes = vec![
        node(NODE),
        node(NodeId::new(2)),
        network(1, "open", true),
        network(2, "too", true),
        network(3, "closed", false),
    ];
    door.write(Transaction { changes }).await.unwrap();
    let driver = Driver::new(door.clone(), env.clone(), planners());
    let planning = env.spawn("planning", driver.run());
    (Dispatcher::new(env, door.clone()), door, planning)
}

#[tokio::test(start_paused = true)]
async fn a_container_gets_addresses_and_keeps_them_while_its_node_says_so() {
    let (dispatcher, door, _planning) = dispatcher().await;
    let (first, networks) = dispatcher.attach(NODE, &wish("c1", &["open", "too"])).await.unwrap();
    assert_eq!(networks.iter().map(|network| network.name.as_str()).collect::<Vec<_>>(), ["open", "too"]);
    let addresses: Vec<_> = first.places.iter().map(|place| place.address.unwrap().to_string()).collect();
    assert_eq!(addresses, ["10.1.0.2", "10.2.0.2"]);
    // The same network under two names is one place; another start of the same container takes the place of the first.
    let id = NetworkId::new(1).to_string();
    let (again, networks) = dispatcher.attach(NODE, &wish("c1", &["open", &id])).await.unwrap();
    assert_eq!((networks.len(), again.places[0].aliases.len()), (1, 2));
    let (other, _) = dispatcher.attach(NodeId::new(2), &wish("c2", &["open"])).await.unwrap();
    let ids = || door.view().attachments().map(|one| one.id).collect::<BTreeSet<_>>();
    assert_eq!(ids(), BTreeSet::from([again.id, other.id]));

    let unknown = AttachmentId::new(77);
    let kept = dispatcher.keep_attachments(NODE, &BTreeSet::from([again.id, unknown])).await.unwrap();
    assert_eq!((kept, ids().len()), (vec![unknown], 2));
    assert_eq!(dispatcher.keep_attachments(NODE, &BTreeSet::new()).await.unwrap(), []);
    assert_eq!(ids(), BTreeSet::from([other.id]), "another node's is none of its business");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_to_be_had_is_refused_and_leaves_nothing() {
    let (dispatcher, door, _planning) = dispatcher().await;
    let said = async |node: NodeId, wish: &AttachmentWish| {
        let error: AttachmentError = dispatcher.attach(node, wish).await.unwrap_err();
        error.to_string()
    };
    assert_eq!(
        said(NODE, &wish("c", &["open", "closed"])).await,
        "Could not attach to network closed: network closed not manually attachable"
    );
    assert_eq!(said(NODE, &wish("c", &["nowhere"])).await, "network nowhere not found");
    assert!(said(NodeId::new(9), &wish("c", &["open"])).await.contains("is not part of the swarm"));
    let bad = AttachmentWish { name: "a b".into(), ..wish("c", &["open"]) };
    assert!(said(NODE, &bad).await.contains("Invalid container name (a b)"));
    for number in 0..5 {
        dispatcher.attach(NODE, &wish(&format!("c{number}"), &["open"])).await.unwrap();
    }
    let full = said(NODE, &wish("more", &["open"])).await;
    assert!(full.contains("the network open has no free address"), "{full}");
    assert_eq!(door.view().attachments().count(), 5);
}
