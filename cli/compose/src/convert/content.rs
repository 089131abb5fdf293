use std::collections::BTreeMap;

use skep_model::{ContentReference, FileTarget, limits};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};

/// The secrets or configs that a file declares, by the names that it gives them: what they are called in the swarm.
#[derive(Default)]
pub(super) struct Contents {
    names: BTreeMap<String, String>,
}

impl Contents {
    /// Reads `secrets` or `configs` of a file; `noun` is what one of them is called.
    pub(super) fn read(field: Option<&Field<'_>>, noun: &str, out: &mut Findings) -> Self {
        let entries = field.map(|field| field.entries(out)).unwrap_or_default();
        let names = entries.iter().map(|entry| (entry.key.to_owned(), declared(entry, noun, out)));
        Self { names: names.collect() }
    }

    /// Reads what a service names of them.
    pub(super) fn references<I>(&self, field: &Field<'_>, out: &mut Findings) -> Vec<ContentReference<I>> {
        let mut found = Vec::new();
        for item in field.items(out) {
            let (source, file) = if item.is_mapping() { long(&item, out) } else { short(&item, out) };
            let Some(source) = source else { continue };
            match self.names.get(&source) {
                Some(name) => {
                    found.push(ContentReference { id: None, name: name.clone(), version: 0, file });
                }
                None => {
                    item.refuse(out, format!("'{source}' is not declared: name it under '{}:'", field.key))
                }
            }
        }
        found
    }
}

/// What it is called in the swarm. Only what is there already can be named.
fn declared(field: &Field<'_>, noun: &str, out: &mut Findings) -> String {
    let (mut external, mut name, before) = (false, field.key.to_owned(), out.all.len());
    for entry in field.entries(out) {
        match entry.key {
            "external" => external = entry.switch(out).unwrap_or_default(),
            "name" => name = entry.text(out).unwrap_or_default(),
            "file" | "environment" | "content" => {
                let advice = format!(
                    "is not supported by this version of Skep: make the {noun} with 'skep {noun} create NAME FILE' and declare \
                     it with 'external: true'"
                );
                entry.refuse_key(out, advice);
            }
            _ => refuse_unknown(&entry, &["external", "name"], out),
        }
    }
    if !external && out.all.len() == before {
        let advice = format!("make it with 'skep {noun} create {name} FILE', and add 'external: true' here");
        field.refuse_key(out, format!("does not say where its content is: {advice}"));
    }
    name
}

fn short(item: &Field<'_>, out: &mut Findings) -> (Option<String>, FileTarget) {
    let source = item.text(out);
    let file = target(source.clone().unwrap_or_default());
    (source, file)
}

fn long(item: &Field<'_>, out: &mut Findings) -> (Option<String>, FileTarget) {
    let (mut source, mut file) = (None, target(String::new()));
    for entry in item.entries(out) {
        match entry.key {
            "source" => source = entry.text(out),
            "target" => file.path = entry.text(out).unwrap_or_default(),
            "uid" => file.uid = entry.word(out).unwrap_or_default(),
            "gid" => file.gid = entry.word(out).unwrap_or_default(),
            "mode" => file.mode = entry.parsed(out, mode).unwrap_or_default(),
            _ => refuse_unknown(&entry, &["source", "target", "uid", "gid", "mode"], out),
        }
    }
    if source.is_none() {
        item.refuse(out, "the name is missing: add 'source: NAME'");
    }
    if file.path.is_empty() {
        file.path = source.clone().unwrap_or_default();
    }
    (source, file)
}

fn target(path: String) -> FileTarget {
    FileTarget { path, uid: "0".into(), gid: "0".into(), mode: limits::FILE_MODE_DEFAULT }
}

/// Mode bits in octal, as YAML writes them: `0440` or `0o440`.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777);
    mode.ok_or_else(|| format!("'{text}' is not mode bits in octal, like 0440"))
}
