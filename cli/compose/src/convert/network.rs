use std::collections::BTreeMap;

use skep_model::{NetworkAttachment, NetworkSpec, NetworkTarget, STACK_LABEL};

use super::Setting;
use super::environment::labels;
use super::ipam::{driver_opts, ipam};
use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};

/// What a network may say.
const KEYS: &[&str] =
    &["name", "external", "internal", "attachable", "labels", "driver", "driver_opts", "enable_ipv6", "ipam"];
/// The network that services are on when they name none.
const DEFAULT: &str = "default";

/// The networks of a file by their short names.
pub(crate) struct Networks {
    declared: BTreeMap<String, Declared>,
}

struct Declared {
    spec: NetworkSpec,
    external: bool,
    used: bool,
}

impl Networks {
    /// Reads the top-level `networks`.
    pub(crate) fn read(field: Option<&Field<'_>>, setting: Setting<'_>, out: &mut Findings) -> Self {
        let mut declared = BTreeMap::new();
        for entry in field.map(|field| field.entries(out)).unwrap_or_default() {
            declared.insert(entry.key.to_owned(), network(&entry, setting, out));
        }
        declared.entry(DEFAULT.to_owned()).or_insert_with(|| Declared {
            spec: stack_network(DEFAULT, setting),
            external: false,
            used: false,
        });
        Self { declared }
    }

    /// Reads a service's `networks` and remembers that they are used.
    pub(crate) fn attach(
        &mut self,
        field: Option<&Field<'_>>,
        service: &str,
        out: &mut Findings,
    ) -> Vec<NetworkAttachment> {
        let mut attachments = Vec::new();
        let fields = match field {
            Some(field) if field.is_list() => field.items(out),
            Some(field) => field.entries(out),
            None => Vec::new(),
        };
        let listed = field.is_some_and(Field::is_list);
        let wrong = fields.is_empty()
            && field.is_some_and(|field| !field.node.is_null() && !listed && !field.is_mapping());
        for entry in &fields {
            let name = if listed { entry.text(out) } else { Some(entry.key.to_owned()) };
            let Some(name) = name else { continue };
            let mut aliases = vec![service.to_owned()];
            if !listed {
                read_aliases(entry, &mut aliases, out);
            }
            match self.use_network(&name, aliases) {
                Some(attachment)
                    if !attachments
                        .iter()
                        .any(|other: &NetworkAttachment| other.target == attachment.target) =>
                {
                    attachments.push(attachment);
                }
                Some(_) => {
                    entry.refuse_key(out, format!("the network '{name}' is named twice: remove one of them"))
                }
                None => entry.refuse_key(
                    out,
                    format!("the network '{name}' is not declared: add it under the top-level 'networks'"),
                ),
            }
        }
        if fields.is_empty() && !wrong {
            attachments.extend(self.use_network(DEFAULT, vec![service.to_owned()]));
        }
        attachments
    }

    fn use_network(&mut self, name: &str, aliases: Vec<String>) -> Option<NetworkAttachment> {
        let network = self.declared.get_mut(name)?;
        network.used = true;
        Some(NetworkAttachment { target: NetworkTarget::Name(network.spec.name.clone()), aliases })
    }

    /// The stack's own networks that some service uses, in the order of names.
    pub(crate) fn into_specs(self) -> Vec<NetworkSpec> {
        let own = self.declared.into_values().filter(|network| network.used && !network.external);
        let mut specs: Vec<NetworkSpec> = own.map(|network| network.spec).collect();
        specs.sort_by(|one, other| one.name.cmp(&other.name));
        specs
    }
}

fn stack_network(name: &str, setting: Setting<'_>) -> NetworkSpec {
    let labels = [(STACK_LABEL.to_owned(), setting.project.to_owned())].into();
    NetworkSpec { name: setting.full_name(name), labels, ..NetworkSpec::default() }
}

fn network(field: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Declared {
    let mut spec = stack_network(field.key, setting);
    let mut external = false;
    let mut name = None;
    let mut others = Vec::new();
    for entry in field.entries(out) {
        match entry.key {
            "external" if entry.is_mapping() => {
                external = true;
                for inner in entry.entries(out) {
                    match inner.key {
                        "name" => name = inner.text(out),
                        _ => refuse_unknown(&inner, &["name"], out),
                    }
                }
            }
            "external" => external = entry.switch(out).unwrap_or_default(),
            "name" => name = entry.text(out),
            "internal" => spec.internal = entry.switch(out).unwrap_or_default(),
            "attachable" => spec.attachable = entry.switch(out).unwrap_or_default(),
            "labels" => spec.labels.extend(labels(&entry, out)),
            "driver" => driver(&entry, out),
            "driver_opts" => driver_opts(&entry, &mut spec, out),
            "enable_ipv6" => spec.ipv6 = entry.switch(out).unwrap_or_default(),
            "ipam" => ipam(&entry, &mut spec, out),
            _ => refuse_unknown(&entry, KEYS, out),
        }
        if !matches!(entry.key, "external" | "name") {
            others.push(entry);
        }
    }
    spec.labels.insert(STACK_LABEL.to_owned(), setting.project.to_owned());
    if let Some(name) = name {
        spec.name = name;
    } else if external {
        field.key.clone_into(&mut spec.name);
    }
    for other in others.iter().filter(|_| external) {
        other.refuse_key(out, "an external network is made elsewhere, so this has no effect: remove it");
    }
    Declared { spec, external, used: false }
}

fn driver(field: &Field<'_>, out: &mut Findings) {
    if let Some(word) = field.text(out).filter(|word| word != "overlay") {
        field.refuse(out, format!("'{word}' is not a network driver of Skep: use overlay or remove it"));
    }
}

fn read_aliases(field: &Field<'_>, aliases: &mut Vec<String>, out: &mut Findings) {
    for entry in field.entries(out) {
        if entry.key != "aliases" {
            refuse_unknown(&entry, &["aliases"], out);
            continue;
        }
        for item in entry.items(out) {
            let Some(alias) = item.text(out) else { continue };
            if let Err(error) = skep_model::validate_name("", &alias.replace('.', "-")) {
                item.refuse(out, error.reason);
            } else if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
    }
}
