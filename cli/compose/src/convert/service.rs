use skep_model::{ContainerSpec, STACK_LABEL, ServiceSpec};

use super::Setting;
use super::declared::Declared;
use super::deploy::deploy;
use super::environment::{environment, labels};
use super::keys::refuse_unknown;
use super::port::ports;
use super::process::{self, logging, process};
use super::volume::volumes;
use crate::reader::{Field, Findings};
use crate::words::{parse_duration, split_command};

/// Where Docker's tools keep the image as it was written.
const IMAGE_LABEL: &str = "com.docker.stack.image";

/// The keys of a service that are honoured.
const HONOURED: &[&str] = &[
    "image",
    "command",
    "entrypoint",
    "environment",
    "ports",
    "networks",
    "hostname",
    "user",
    "working_dir",
    "labels",
    "stop_signal",
    "stop_grace_period",
    "volumes",
    "secrets",
    "configs",
    "logging",
    "deploy",
];

/// Reads one service.
pub(crate) fn service(
    field: &Field<'_>,
    setting: Setting<'_>,
    declared: &mut Declared,
    out: &mut Findings,
) -> ServiceSpec {
    let mut spec = ServiceSpec { name: setting.full_name(field.key), ..ServiceSpec::default() };
    let mut attached = None;
    for entry in field.entries(out) {
        match entry.key {
            "ports" => spec.endpoint.ports = ports(&entry, out),
            "deploy" => deploy(&entry, &mut spec, out),
            "networks" => attached = Some(entry),
            "logging" => logging(&entry, &mut spec, out),
            _ => container(&entry, &mut spec.task.container, (setting, declared), out),
        }
    }
    spec.task.networks = declared.networks.attach(attached.as_ref(), field.key, out);
    let stack = (STACK_LABEL.to_owned(), setting.project.to_owned());
    spec.task.container.labels.extend([stack.clone()]);
    spec.labels.extend([stack, (IMAGE_LABEL.to_owned(), spec.task.container.image.clone())]);
    spec
}

fn container(
    entry: &Field<'_>,
    spec: &mut ContainerSpec,
    (setting, declared): (Setting<'_>, &Declared),
    out: &mut Findings,
) {
    if process(entry, spec, setting, out) {
        return;
    }
    match entry.key {
        "image" => spec.image = entry.text(out).unwrap_or_default(),
        "command" => spec.command = command(entry, out),
        "entrypoint" => spec.entrypoint = command(entry, out),
        "environment" => spec.environment = environment(entry, setting, out),
        "hostname" => spec.hostname = entry.text(out).unwrap_or_default(),
        "user" => spec.user = entry.word(out).unwrap_or_default(),
        "working_dir" => spec.working_directory = entry.text(out).unwrap_or_default(),
        "labels" => spec.labels = labels(entry, out),
        "stop_signal" => spec.stop_signal = entry.word(out).unwrap_or_default(),
        "stop_grace_period" => spec.stop_grace = entry.parsed(out, parse_duration),
        "volumes" => spec.mounts = volumes(entry, setting, &declared.volumes, out),
        "secrets" => spec.secrets = declared.secrets.references(entry, out),
        "configs" => spec.configs = declared.configs.references(entry, out),
        _ => refuse_unknown(entry, &[HONOURED, process::HONOURED].concat(), out),
    }
}

/// A command line as text or list.
pub(super) fn command(field: &Field<'_>, out: &mut Findings) -> Vec<String> {
    if field.node.is_null() {
        return Vec::new();
    }
    let before = out.all.len();
    let words = if field.is_list() {
        field.items(out).iter().filter_map(|item| item.word(out)).collect()
    } else {
        field.parsed(out, split_command).unwrap_or_default()
    };
    if words.is_empty() && out.all.len() == before {
        field.refuse(out, "is empty, which would change nothing: name a program or remove the key");
    }
    words
}
