//! A network's addresses and its driver's options.

use std::str::FromStr;

use skep_model::{Invalid, NetworkSpec};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};

/// Reads `ipam`: one subnet of each family with what is said of it.
pub(crate) fn ipam(field: &Field<'_>, spec: &mut NetworkSpec, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "driver" => {
                if let Some(word) = entry.text(out).filter(|word| word != "default") {
                    entry.refuse(out, format!("'{word}' is not known: use default or remove it"));
                }
            }
            "config" => {
                let items = entry.items(out);
                let mut seen = Vec::new();
                for item in &items {
                    let ipv6 = is_ipv6(item);
                    if seen.contains(&ipv6) {
                        let advice = "a network of Skep has one subnet of each family: give a larger one and remove this one";
                        item.refuse_key(out, advice);
                        continue;
                    }
                    seen.push(ipv6);
                    if ipv6 { config6(item, spec, out) } else { config(item, spec, out) }
                }
            }
            _ => refuse_unknown(&entry, &["driver", "config"], out),
        }
    }
}

fn config(field: &Field<'_>, spec: &mut NetworkSpec, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "subnet" => spec.subnet = subnet(&entry, out),
            "ip_range" => spec.ip_range = subnet(&entry, out),
            "gateway" => {
                let text = entry.word(out);
                spec.gateway = text.as_ref().and_then(|text| text.parse().ok());
                if let (Some(text), None) = (text, spec.gateway) {
                    entry.refuse(out, format!("'{text}' is not an IPv4 address"));
                }
            }
            "aux_addresses" => {
                let advice =
                    "addresses are not kept aside one by one: leave them out with 'ip_range' and remove this";
                entry.refuse_key(out, advice);
            }
            _ => refuse_unknown(&entry, &["subnet", "ip_range", "gateway"], out),
        }
    }
}

/// Whether one of its values is an IPv6 address.
fn is_ipv6(field: &Field<'_>) -> bool {
    let words = field.entries(&mut Findings::default());
    words.iter().any(|entry| entry.word(&mut Findings::default()).is_some_and(|word| word.contains(':')))
}

/// Nothing but the subnet can be chosen: each IPv6 address follows from an IPv4 one.
fn config6(field: &Field<'_>, spec: &mut NetworkSpec, out: &mut Findings) {
    for entry in field.entries(out) {
        match entry.key {
            "subnet" => spec.subnet6 = subnet(&entry, out),
            "ip_range" | "gateway" => {
                let advice = "each IPv6 address follows from an IPv4 one: choose it for IPv4 and remove this";
                entry.refuse_key(out, advice);
            }
            _ => refuse_unknown(&entry, &["subnet"], out),
        }
    }
}

fn subnet<T: FromStr<Err = Invalid>>(field: &Field<'_>, out: &mut Findings) -> Option<T> {
    let read = field.text(out)?.parse::<T>();
    read.inspect_err(|error| field.refuse(out, error.reason.clone())).ok()
}

/// Reads `driver_opts`: Docker's option for networks that are encrypted between nodes; the word alone says yes.
pub(crate) fn driver_opts(field: &Field<'_>, spec: &mut NetworkSpec, out: &mut Findings) {
    for entry in field.entries(out) {
        if entry.key != "encrypted" {
            refuse_unknown(&entry, &["encrypted"], out);
            continue;
        }
        let Some(word) = entry.text(out) else { continue };
        match word.as_str() {
            "" | "true" => spec.encrypted = true,
            "false" => {}
            word => entry.refuse(out, format!("'{word}' is neither true nor false: write \"true\"")),
        }
        spec.options.insert("encrypted".into(), word);
    }
}
