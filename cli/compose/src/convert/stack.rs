use skep_model::StackSpec;

use super::content::Contents;
use super::declared::Declared;
use super::keys::refuse_unknown;
use super::network::Networks;
use super::service::service;
use super::volume_names::VolumeNames;
use super::{Setting, validate};
use crate::reader::{Field, Findings};
use crate::yaml::Node;

/// The keys of a file that are honoured.
const HONOURED: &[&str] = &["name", "version", "services", "networks", "volumes", "secrets", "configs"];

/// Makes a stack of a file's tree.
pub(crate) fn convert(root: &Node, setting: Setting<'_>, out: &mut Findings) -> StackSpec {
    let mut services = None;
    let (mut networks, mut volumes, mut secrets, mut configs) = (None, None, None, None);
    for entry in Field::root(root).entries(out) {
        match entry.key {
            "services" => services = Some(entry),
            "networks" => networks = Some(entry),
            "volumes" => volumes = Some(entry),
            "secrets" => secrets = Some(entry),
            "configs" => configs = Some(entry),
            "version" => drop(entry.word(out)),
            "name" => drop(entry.text(out)),
            _ => refuse_unknown(&entry, HONOURED, out),
        }
    }
    let mut declared = Declared {
        networks: Networks::read(networks.as_ref(), setting, out),
        volumes: VolumeNames::read(volumes.as_ref(), setting, out),
        secrets: Contents::read(secrets.as_ref(), "secret", out),
        configs: Contents::read(configs.as_ref(), "config", out),
    };
    let mut spec = StackSpec { name: setting.project.to_owned(), ..StackSpec::default() };
    match &services {
        None if root.is_null() || out.all.is_empty() => {
            Field::root(root)
                .refuse(out, "no services: a compose file needs 'services:' with at least one service");
        }
        None => {}
        Some(field) => {
            let entries = field.entries(out);
            if entries.is_empty() && out.all.is_empty() {
                field.refuse_key(out, "is empty: name at least one service");
            }
            spec.services = entries.iter().map(|entry| service(entry, setting, &mut declared, out)).collect();
        }
    }
    spec.services.sort_by(|one, other| one.name.cmp(&other.name));
    spec.networks = declared.networks.into_specs();
    validate::validate(&spec, root, setting, out);
    spec
}
