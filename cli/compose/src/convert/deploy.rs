use skep_model::{EndpointMode, GenericCount, Limits, Reservations, Resources, RestartPolicy, ServiceSpec};

use super::environment::labels;
use super::keys::refuse_unknown;
use super::mode::Mode;
use super::placement::placement;
use super::rollout::{rollback, update};
use crate::reader::{Field, Findings};
use crate::words::{parse_bytes, parse_cpus, parse_duration};

const HONOURED: &[&str] = &[
    "mode",
    "replicas",
    "labels",
    "resources",
    "restart_policy",
    "endpoint_mode",
    "placement",
    "update_config",
    "rollback_config",
];

/// Reads `deploy`.
pub(crate) fn deploy(field: &Field<'_>, spec: &mut ServiceSpec, out: &mut Findings) {
    let mut mode = Mode::default();
    let mut restart = None;
    for entry in field.entries(out) {
        match entry.key {
            "mode" => mode.mode(entry),
            "replicas" => mode.replicas(entry),
            "labels" => spec.labels.extend(labels(&entry, out)),
            "resources" => resources(&entry, &mut spec.task.resources, out),
            "restart_policy" => restart = Some(entry),
            "endpoint_mode" => spec.endpoint.mode = endpoint_mode(&entry, out),
            "placement" => spec.task.placement = placement(&entry, out),
            "update_config" => spec.update = Some(update(&entry, out)),
            "rollback_config" => spec.rollback = Some(rollback(&entry, out)),
            _ => refuse_unknown(&entry, HONOURED, out),
        }
    }
    mode.apply(spec, out);
    if let Some(entry) = restart {
        restart_policy(&entry, &mut spec.task.restart, out);
    }
}

fn endpoint_mode(field: &Field<'_>, out: &mut Findings) -> EndpointMode {
    match field.text(out).as_deref() {
        None | Some("vip") => EndpointMode::Vip,
        Some("dnsrr") => EndpointMode::Dnsrr,
        Some(other) => {
            field.refuse(out, format!("'{other}' is not an endpoint mode: use vip or dnsrr"));
            EndpointMode::Vip
        }
    }
}

fn resources(field: &Field<'_>, resources: &mut Resources, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "limits" => resources.limits = limits(&entry, out),
            "reservations" => resources.reservations = reservations(&entry, out),
            _ => refuse_unknown(&entry, &["limits", "reservations"], out),
        }
    }
}

fn limits(field: &Field<'_>, out: &mut Findings) -> Limits {
    let mut limits = Limits::default();
    for entry in field.entries(out) {
        match entry.key {
            "cpus" => limits.nano_cpus = entry.parsed(out, parse_cpus).unwrap_or_default(),
            "memory" => limits.memory_bytes = entry.parsed(out, parse_bytes).unwrap_or_default(),
            "pids" => limits.pids = entry.number(out).unwrap_or_default(),
            _ => refuse_unknown(&entry, &["cpus", "memory", "pids"], out),
        }
    }
    limits
}

fn reservations(field: &Field<'_>, out: &mut Findings) -> Reservations {
    let mut reservations = Reservations::default();
    for entry in field.entries(out) {
        match entry.key {
            "cpus" => reservations.nano_cpus = entry.parsed(out, parse_cpus).unwrap_or_default(),
            "memory" => reservations.memory_bytes = entry.parsed(out, parse_bytes).unwrap_or_default(),
            "generic_resources" => {
                reservations.generic =
                    entry.items(out).iter().filter_map(|item| generic(item, out)).collect();
            }
            _ => refuse_unknown(&entry, &["cpus", "memory", "generic_resources"], out),
        }
    }
    reservations
}

/// `discrete_resource_spec: {kind: GPU, value: 2}`.
fn generic(item: &Field<'_>, out: &mut Findings) -> Option<GenericCount> {
    let mut wanted = None;
    for entry in item.entries(out) {
        if entry.key != "discrete_resource_spec" {
            refuse_unknown(&entry, &["discrete_resource_spec"], out);
            continue;
        }
        let mut count = GenericCount { kind: String::new(), count: 1 };
        for part in entry.entries(out) {
            match part.key {
                "kind" => count.kind = part.text(out).unwrap_or_default(),
                "value" => count.count = part.number(out).unwrap_or_default(),
                _ => refuse_unknown(&part, &["kind", "value"], out),
            }
        }
        wanted = Some(count);
    }
    wanted
}

fn restart_policy(field: &Field<'_>, policy: &mut RestartPolicy, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "condition" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                policy.condition = found.unwrap_or(policy.condition);
            }
            "delay" => policy.delay = entry.parsed(out, parse_duration).unwrap_or_default(),
            "max_attempts" => policy.attempts_max = entry.number(out).unwrap_or_default(),
            "window" => policy.window = entry.parsed(out, parse_duration).unwrap_or_default(),
            _ => refuse_unknown(&entry, &["condition", "delay", "max_attempts", "window"], out),
        }
    }
}
