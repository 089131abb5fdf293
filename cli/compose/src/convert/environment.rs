use std::collections::BTreeMap;

use super::Setting;
use crate::reader::{Field, Findings};

/// `environment` as map or list; a name without value takes the caller's, or is left out when that has none.
pub(crate) fn environment(field: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Vec<String> {
    let mut variables = BTreeMap::new();
    if field.is_list() {
        for item in field.items(out) {
            let Some(text) = item.word(out) else { continue };
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text.clone(), (setting.env)(&text)),
            };
            named(&item, name, value, &mut variables, out);
        }
    } else {
        for entry in field.entries(out) {
            let name = entry.key.to_owned();
            let value = if entry.node.is_null() { (setting.env)(&name) } else { entry.word(out) };
            named(&entry, name, value, &mut variables, out);
        }
    }
    variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn named(
    field: &Field<'_>,
    name: String,
    value: Option<String>,
    variables: &mut BTreeMap<String, String>,
    out: &mut Findings,
) {
    if name.is_empty() || name.contains(['=', '\0']) {
        return field.refuse(out, format!("'{name}' is not a variable's name: write NAME=value"));
    }
    if let Some(value) = value {
        variables.insert(name, value);
    }
}

/// Labels as map or list.
pub(crate) fn labels(field: &Field<'_>, out: &mut Findings) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    if field.is_list() {
        for item in field.items(out) {
            if let Some(text) = item.word(out) {
                let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                labels.insert(name.to_owned(), value.to_owned());
            }
        }
    } else {
        for entry in field.entries(out) {
            let value = if entry.node.is_null() { Some(String::new()) } else { entry.word(out) };
            labels.extend(value.map(|value| (entry.key.to_owned(), value)));
        }
    }
    labels
}
