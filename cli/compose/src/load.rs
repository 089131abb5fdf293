use std::path::Path;

use skep_model::StackSpec;

use crate::Problem;
use crate::convert::{Setting, convert};
use crate::interpolate::{Variables, interpolate, interpolate_all};
use crate::problem::Finding;
use crate::reader::Findings;
use crate::yaml::{Kind, Node, parse};

/// Makes a stack's spec of a compose file's text.
///
/// `file` is only shown in problems; `project` is the stack's name and wins over a `name:` in the text; `env` gives the
/// variables that the text asks for; `base_dir`, an absolute path, is where relative paths start.
///
/// # Errors
/// Everything that is wrong with the text, in its order: syntax, unknown keys, wrong types, values that cannot be.
pub fn load(
    text: &str,
    file: &str,
    project: &str,
    env: &dyn Fn(&str) -> Option<String>,
    base_dir: &Path,
) -> Result<StackSpec, Vec<Problem>> {
    let told = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.in_file(file)).collect();
    let mut tree = parse(text).map_err(told)?;
    let mut out = Findings::default();
    put_in_variables(&mut tree, env, &mut out);
    let spec = convert(&tree, Setting { project, base_dir, env }, &mut out);
    if out.all.is_empty() {
        return Ok(spec);
    }
    out.all.sort();
    out.all.dedup();
    Err(told(out.all))
}

/// Variables count in these sections only, as in Docker: extensions may hold dollar signs of their own.
fn put_in_variables(tree: &mut Node, env: Variables<'_>, out: &mut Findings) {
    if let Kind::Mapping(entries) = &mut tree.kind {
        for entry in entries {
            if matches!(
                entry.key.as_str(),
                "name" | "services" | "networks" | "volumes" | "secrets" | "configs"
            ) {
                interpolate_all(&mut entry.value, &entry.key, env, &mut out.all);
            }
        }
    }
}

/// The `name:` that a text gives its stack; none when it gives none or cannot be read ([`load`] says why).
pub fn declared_name(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let tree = parse(text).ok()?;
    match &tree.entry("name")?.value.kind {
        Kind::Scalar(scalar) if !scalar.is_null() => interpolate(&scalar.text, env).ok(),
        _ => None,
    }
}

/// A folder's name as a stack's name: small letters, digits, `-` and `_`, a letter or digit at both ends.
/// Empty when nothing of it can be used.
pub fn normalise_project(name: &str) -> String {
    let small = name.to_lowercase();
    let kept =
        small.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    kept.collect::<String>().trim_matches(['-', '_']).to_owned()
}

#[cfg(test)]
#[path = "load_test.rs"]
mod tests;

#[cfg(test)]
#[path = "services_test.rs"]
mod services_test;
