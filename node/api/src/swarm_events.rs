//! Events of the swarm's objects, from the store's commits: every manager tells them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_model::{Network, Node, Object, Service, Timestamp};
use skep_rest::{Event, EventActor};
use skep_runtime::Env;
use skep_store::{Event as Change, Store};

use crate::events::EventHistory;
use crate::host::{Host, SwarmState};

/// How often it is looked whether this node is a manager (of the same swarm) still.
const LOOK: Duration = Duration::from_secs(1);

/// Takes down what happens to the swarm's objects while this node is a manager.
pub(crate) async fn record(history: EventHistory, host: Arc<dyn Host>, env: Env) {
    loop {
        // Read before looking, so that a swarm that is entered meanwhile ends the wait below.
        let (seen, _) = history.entered.get_versioned();
        match store(&*host) {
            Some(store) => {
                follow(&history, &*host, &env, &store).await;
                history.following.set(false);
            }
            // A promotion is seen a moment later.
            None => drop(env.timeout(LOOK, history.entered.changed(seen)).await),
        }
    }
}

/// The store alone: more of a manager would keep its log open.
fn store(host: &dyn Host) -> Option<Arc<Store>> {
    match host.swarm() {
        SwarmState::Member(member) => member.control.map(|control| Arc::clone(control.store())),
        _ => None,
    }
}

/// Until this node is no manager any more, or one of another swarm.
async fn follow(history: &EventHistory, host: &dyn Host, env: &Env, own: &Arc<Store>) {
    let mut watch = own.watch(own.view().version());
    history.following.set(true);
    loop {
        match env.timeout(LOOK, watch.next()).await {
            Ok(Ok(commit)) => {
                commit
                    .events
                    .iter()
                    .filter_map(|change| event(change, env.now()))
                    .for_each(|event| history.push(event));
            }
            Ok(Err(behind)) => {
                tracing::warn!(%behind, "events of the swarm were missed");
                watch = own.watch(own.view().version());
            }
            Err(_) if store(host).is_none_or(|now| !Arc::ptr_eq(&now, own)) => return,
            Err(_) => {}
        }
    }
}

/// What people call the change; none when it is nothing that they did or notice.
fn event(change: &Change, now: Timestamp) -> Option<Event> {
    let (kind, id, attributes) = match change.after.as_ref().or(change.before.as_ref())? {
        Object::Node(node) => ("node", node.id.to_string(), node_attributes(node, before(change))),
        Object::Service(service) => {
            ("service", service.id.to_string(), service_attributes(service, before(change)))
        }
        Object::Network(network) => ("network", network.id.to_string(), network_attributes(network)),
        Object::Secret(secret) => ("secret", secret.id.to_string(), Attributes::named(&secret.spec.name).0),
        Object::Config(config) => ("config", config.id.to_string(), Attributes::named(&config.spec.name).0),
        _ => return None,
    };
    let action = match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "remove",
        // Beside its name nothing is said, and nobody asked for it: addresses were given out, or the like.
        (Some(old), Some(new)) if attributes.len() < 2 && !asked_for(old, new) => return None,
        (Some(_), Some(_)) => "update",
    };
    let at = now.as_nanos();
    let actor = EventActor { id, attributes };
    let (kind, action) = (kind.to_owned(), action.to_owned());
    Some(Event { kind, action, actor, scope: "swarm".into(), time: at / 1_000_000_000, time_nano: at })
}

/// Whether somebody wanted it, such as another label, which has no attribute.
fn asked_for(old: &Object, new: &Object) -> bool {
    match (old, new) {
        (Object::Node(old), Object::Node(new)) => old.spec != new.spec,
        (Object::Network(old), Object::Network(new)) => old.spec != new.spec,
        (Object::Secret(_), Object::Secret(_)) | (Object::Config(_), Object::Config(_)) => true,
        _ => false,
    }
}

fn before(change: &Change) -> Option<&Object> {
    change.before.as_ref().filter(|_| change.after.is_some())
}

fn node_attributes(node: &Node, before: Option<&Object>) -> BTreeMap<String, String> {
    let mut attributes = Attributes::named(&node.description.hostname);
    if let Some(Object::Node(old)) = before {
        attributes.changed("state", old.status.state, node.status.state);
        attributes.changed("availability", old.spec.availability, node.spec.availability);
        attributes.changed("role", old.role, node.role);
    }
    attributes.0
}

fn service_attributes(service: &Service, before: Option<&Object>) -> BTreeMap<String, String> {
    let mut attributes = Attributes::named(&service.spec.name);
    if let Some(Object::Service(old)) = before {
        let replicas = |service: &Service| {
            service.spec.mode.replicas().map_or_else(String::new, |count| count.to_string())
        };
        attributes.changed("replicas", replicas(old), replicas(service));
        let image = |service: &Service| service.spec.task.container.image.clone();
        attributes.changed("image", image(old), image(service));
        attributes.changed("spec", old.spec_version, service.spec_version);
    }
    attributes.0
}

fn network_attributes(network: &Network) -> BTreeMap<String, String> {
    Attributes::named(&network.spec.name).0
}

/// `name`, and `<what>.old` and `<what>.new` of what changed, as Docker's.
struct Attributes(BTreeMap<String, String>);

impl Attributes {
    fn named(name: &str) -> Self {
        Self(BTreeMap::from([("name".to_owned(), name.to_owned())]))
    }

    fn changed<T: PartialEq + ToString>(&mut self, what: &str, old: T, new: T) {
        if old != new {
            self.0.insert(format!("{what}.old"), old.to_string());
            self.0.insert(format!("{what}.new"), new.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{
        Availability, Config, ConfigId, Meta, NetworkId, NetworkSpec, NodeDescription, NodeId, NodeRole,
        NodeSpec, NodeStatus, ObjectKey, Secret, SecretId, SecretSpec,
    };

    fn update(change: impl Fn(&mut Node)) -> Option<Event> {
        let before = Node {
            id: NodeId::new(1),
            meta: Meta::default(),
            spec: NodeSpec::default(),
            role: NodeRole::Worker,
            description: NodeDescription { hostname: "w1".into(), ..NodeDescription::default() },
            status: NodeStatus::default(),
            manager: None,
            key_digest: String::new(),
            certificate: None,
            number: 0,
        };
        let mut after = before.clone();
        change(&mut after);
        let key = ObjectKey::Node(before.id);
        let change = Change { key, before: Some(before.into()), after: Some(after.into()) };
        event(&change, Timestamp::from_nanos(1_000_000_000))
    }

    #[test]
    fn what_people_do_and_notice_is_told() {
        let drained = update(|node| node.spec.availability = Availability::Drain).unwrap();
        assert_eq!(drained.actor.attributes.get("availability.new").map(String::as_str), Some("drain"));
        let labelled = update(|node| {
            node.spec.labels.insert("disk".into(), "ssd".into());
        });
        assert_eq!(labelled.unwrap().action, "update");
        assert_eq!(update(|node| node.description.memory_bytes += 1), None);
    }

    /// What is told of an object that comes, changes and goes.
    fn life(object: Object) -> Vec<String> {
        let (key, none) = (object.key(), None::<Object>);
        let some = || Some(object.clone());
        let steps = [(none.clone(), some()), (some(), some()), (some(), none)];
        let told = steps.into_iter().filter_map(|(before, after)| {
            event(&Change { key, before, after }, Timestamp::from_nanos(1_000_000_000))
        });
        told.map(|it| format!("{} {} {} {}", it.scope, it.kind, it.action, it.actor.attributes["name"]))
            .collect()
    }

    #[test]
    fn networks_come_and_go() {
        let spec = NetworkSpec { name: "key".into(), ..NetworkSpec::default() };
        let network = Network {
            id: NetworkId::new(3),
            meta: Meta::default(),
            spec,
            subnet: None,
            subnet6: None,
            address_cursor: 0,
            removing: false,
        };
        let told = life(network.into());
        assert_eq!(told, ["swarm network create key", "swarm network remove key"]);
    }

    #[test]
    fn secrets_and_configs_come_change_and_go() {
        let (meta, versions) = (Meta::default(), Vec::new());
        let spec = SecretSpec { name: "key".into(), ..SecretSpec::default() };
        let secret = Secret { id: SecretId::new(1), meta, spec: spec.clone(), versions: versions.clone() };
        let config = Config { id: ConfigId::new(2), meta, spec, versions };
        let wanted =
            |kind: &str| ["create", "update", "remove"].map(|action| format!("swarm {kind} {action} key"));
        assert_eq!(life(secret.into()), wanted("secret"));
        assert_eq!(life(config.into()), wanted("config"));
    }
}
