use skep_model::{EndpointMode, Limits, Reservations, Resources, RestartPolicy, ServiceMode, ServiceSpec};

use super::environment::labels;
use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};
use crate::words::{parse_bytes, parse_cpus, parse_duration};

/// Reads `deploy`.
pub(crate) fn deploy(field: &Field<'_>, spec: &mut ServiceSpec, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "mode" => mode(&entry, out),
            "replicas" => {
                if let Some(replicas) = entry.number(out) {
                    spec.mode = ServiceMode::Replicated { replicas };
                }
            }
            "labels" => spec.labels.extend(labels(&entry, out)),
            "resources" => resources(&entry, &mut spec.task.resources, out),
            "restart_policy" => restart_policy(&entry, &mut spec.task.restart, out),
            "endpoint_mode" => spec.endpoint.mode = endpoint_mode(&entry, out),
            _ => refuse_unknown(
                &entry,
                &["mode", "replicas", "labels", "resources", "restart_policy", "endpoint_mode"],
                out,
            ),
        }
    }
}

fn mode(field: &Field<'_>, out: &mut Findings) {
    match field.text(out).as_deref() {
        None | Some("replicated") => {}
        Some(known @ ("global" | "replicated-job" | "global-job")) => {
            field.refuse(out, format!("'{known}' is not supported by this version of Skep: use replicated"));
        }
        Some(other) => field.refuse(out, format!("'{other}' is not a mode: use replicated")),
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
            _ => refuse_unknown(&entry, &["cpus", "memory"], out),
        }
    }
    reservations
}

fn restart_policy(field: &Field<'_>, policy: &mut RestartPolicy, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "condition" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                policy.condition = found.unwrap_or_default();
            }
            "delay" => policy.delay = entry.parsed(out, parse_duration).unwrap_or_default(),
            "max_attempts" => policy.attempts_max = entry.number(out).unwrap_or_default(),
            "window" => policy.window = entry.parsed(out, parse_duration).unwrap_or_default(),
            _ => refuse_unknown(&entry, &["condition", "delay", "max_attempts", "window"], out),
        }
    }
}
