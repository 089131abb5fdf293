use skep_model::{PortConfig, PortMode, Protocol};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};
use crate::words::{parse_address, parse_ports};

/// `ports`, short and long.
pub(crate) fn ports(field: &Field<'_>, out: &mut Findings) -> Vec<PortConfig> {
    let mut ports = Vec::new();
    for item in field.items(out) {
        if item.is_mapping() {
            ports.extend(long(&item, out));
        } else {
            ports.extend(item.parsed(out, parse_ports).unwrap_or_default());
        }
    }
    ports
}

fn long(item: &Field<'_>, out: &mut Findings) -> Option<PortConfig> {
    let (mut target, mut published, mut protocol) = (None, 0, Protocol::Tcp);
    let (mut mode, mut address) = (PortMode::Ingress, None);
    let before = out.all.len();
    for entry in item.entries(out) {
        match entry.key {
            "target" => target = port(&entry, out),
            "published" => published = port(&entry, out).unwrap_or_default(),
            "protocol" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                protocol = found.unwrap_or_default();
            }
            "mode" => mode = port_mode(&entry, out),
            "host_ip" => address = entry.parsed(out, parse_address).flatten(),
            // For people and for HTTP proxies; nothing of ours looks at them.
            "name" | "app_protocol" => {
                entry.text(out);
            }
            _ => refuse_unknown(
                &entry,
                &["target", "published", "protocol", "mode", "host_ip", "name", "app_protocol"],
                out,
            ),
        }
    }
    if target.is_none() && out.all.len() == before {
        item.refuse(out, "the port in the container is missing: add 'target: PORT'");
    }
    Some(PortConfig { protocol, target: target?, published, mode, address })
}

fn port(field: &Field<'_>, out: &mut Findings) -> Option<u16> {
    let number = field.number(out)?;
    let port = u16::try_from(number).ok();
    if port.is_none() {
        field.refuse(out, format!("{number} is not a port from 1 to 65535"));
    }
    port
}

fn port_mode(field: &Field<'_>, out: &mut Findings) -> PortMode {
    match field.text(out).as_deref() {
        None | Some("ingress") => PortMode::Ingress,
        Some("host") => PortMode::Host,
        Some(other) => {
            field.refuse(out, format!("'{other}' is not a mode: use ingress or host"));
            PortMode::Ingress
        }
    }
}
