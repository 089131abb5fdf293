use std::collections::BTreeMap;

use skep_model::{
    Invalid, NetworkSpec, ServiceSpec, StackSpec, validate_network, validate_service, validate_stack_name,
};

use super::Setting;
use crate::problem::Finding;
use crate::reader::Findings;
use crate::yaml::{Kind, Node};

/// What the model refuses, told in the words of the file.
pub(crate) fn validate(spec: &StackSpec, root: &Node, setting: Setting<'_>, out: &mut Findings) {
    if let Err(error) = validate_stack_name(setting.project) {
        let message = format!("the stack's name cannot be used: {}", error.reason);
        out.all.push(Finding::new(root.locate(&["name"]), "name", message));
        return;
    }
    for service in &spec.services {
        if let Err(error) = validate_service(service) {
            let path = service_path(service, setting, &error);
            tell(root, &path, error.reason, out);
        }
    }
    for network in &spec.networks {
        if let Err(error) = validate_network(network) {
            let name = declared_as(root, network, setting);
            let inner: &[&str] = match error.path.as_str() {
                "subnet" | "ip-range" | "gateway" => &["ipam", "config"],
                _ => &[],
            };
            tell(root, &[&["networks", name.as_str()], inner].concat(), error.reason, out);
        }
    }
    twice_published(spec, root, setting, out);
}

fn tell(root: &Node, path: &[&str], message: String, out: &mut Findings) {
    let at = root.locate(path);
    let path = path.join(".");
    // What is wrong with a value was told when it was read.
    let told = |finding: &Finding| finding.path == path || finding.path.starts_with(&format!("{path}["));
    if !out.all.iter().any(told) {
        out.all.push(Finding::new(at, &path, message));
    }
}

fn short<'a>(name: &'a str, setting: Setting<'_>) -> &'a str {
    name.strip_prefix(setting.project).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name)
}

/// The path in the file of what the model calls by another.
fn service_path<'a>(service: &'a ServiceSpec, setting: Setting<'_>, error: &Invalid) -> Vec<&'a str> {
    let mut path = vec!["services", short(&service.name, setting)];
    let known: [(&str, &[&str]); 13] = [
        ("task.container.image", &["image"]),
        ("task.container.environment", &["environment"]),
        ("task.container.hostname", &["hostname"]),
        ("task.container.mounts", &["volumes"]),
        ("task.container.stop_signal", &["stop_signal"]),
        ("task.container.stop_grace", &["stop_grace_period"]),
        ("task.resources.limits.nano_cpus", &["deploy", "resources", "limits", "cpus"]),
        ("task.resources.limits.memory_bytes", &["deploy", "resources", "limits", "memory"]),
        ("task.resources.reservations.nano_cpus", &["deploy", "resources", "reservations", "cpus"]),
        ("task.resources.reservations.memory_bytes", &["deploy", "resources", "reservations", "memory"]),
        ("replicas", &["deploy", "replicas"]),
        ("endpoint.ports", &["ports"]),
        ("endpoint.mode", &["deploy", "endpoint_mode"]),
    ];
    if let Some((_, inner)) = known.iter().find(|(model, _)| error.path.starts_with(model)) {
        path.extend(*inner);
    }
    path
}

/// The short name under which a file declares a network.
fn declared_as(root: &Node, network: &NetworkSpec, setting: Setting<'_>) -> String {
    let Some(Kind::Mapping(entries)) = root.entry("networks").map(|entry| &entry.value.kind) else {
        return short(&network.name, setting).to_owned();
    };
    let named = |node: &Node| {
        let name = node.entry("name").map(|name| &name.value.kind);
        matches!(name, Some(Kind::Scalar(scalar)) if scalar.text == network.name)
    };
    let found = entries.iter().find(|entry| named(&entry.value));
    found.map_or_else(|| short(&network.name, setting).to_owned(), |entry| entry.key.clone())
}

/// One port of the nodes leads to one service.
fn twice_published(spec: &StackSpec, root: &Node, setting: Setting<'_>, out: &mut Findings) {
    let mut owners: BTreeMap<_, &str> = BTreeMap::new();
    for service in &spec.services {
        let name = short(&service.name, setting);
        for port in service.endpoint.ports.iter().filter(|port| port.published != 0) {
            let owner = owners.entry((port.protocol, port.published)).or_insert(name);
            if *owner != name {
                let message = format!(
                    "the port {}/{} is also published by the service '{owner}': choose another",
                    port.published, port.protocol
                );
                tell(root, &["services", name, "ports"], message, out);
            }
        }
    }
}
