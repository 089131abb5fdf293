//! Variables in values: `$V`, `${V}`, `${V:-x}`, `${V-x}`, `${V:?text}`, `${V?text}`, `${V:+x}`, `${V+x}`, `$$`.

use crate::problem::Finding;
use crate::yaml::{Kind, Node, join};

/// Where values of variables come from.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Deepest nesting of defaults within defaults.
const DEPTH_MAX: usize = 8;
/// Longest text that a value may grow to by its variables.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Puts variables into every value below a node; keys stay as they are.
pub(crate) fn interpolate_all(node: &mut Node, path: &str, env: Variables<'_>, findings: &mut Vec<Finding>) {
    match &mut node.kind {
        Kind::Scalar(scalar) if scalar.text.contains('$') => match interpolate(&scalar.text, env) {
            Ok(text) => {
                scalar.text = text;
                scalar.plain = false;
            }
            Err(message) => findings.push(Finding::new(node.at, path, message)),
        },
        Kind::Scalar(_) => {}
        Kind::Sequence(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                interpolate_all(item, &format!("{path}[{index}]"), env, findings);
            }
        }
        Kind::Mapping(entries) => {
            for entry in entries {
                interpolate_all(&mut entry.value, &join(path, &entry.key), env, findings);
            }
        }
    }
}

/// The text with its variables put in.
pub(crate) fn interpolate(text: &str, env: Variables<'_>) -> Result<String, String> {
    expand(text, env, 0)
}

fn expand(text: &str, env: Variables<'_>, depth: usize) -> Result<String, String> {
    if depth > DEPTH_MAX {
        return Err(format!("variables nested more than {DEPTH_MAX} levels deep"));
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let (inner, after) =
                closing(after).ok_or_else(|| format!("'{text}': ${{ is never closed by }}"))?;
            out.push_str(&braced(inner, env, depth)?);
            rest = after;
        } else {
            let (name, after) = split_name(after);
            if name.is_empty() {
                return Err(format!("'{text}': no variable's name follows $; write $$ for a dollar sign"));
            }
            out.push_str(&env(name).unwrap_or_default());
            rest = after;
        }
        if out.len() > TEXT_BYTES_MAX {
            return Err("grows too long when variables are put in".to_owned());
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Splits at the brace that closes the one before the text.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (index, character) in text.char_indices() {
        match character {
            '{' if text.get(..index).is_some_and(|before| before.ends_with('$')) => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((text.get(..index)?, text.get(index + 1..)?));
                }
            }
            _ => {}
        }
    }
    None
}

fn split_name(text: &str) -> (&str, &str) {
    let known =
        |(index, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (index > 0 && c.is_ascii_digit());
    let end = text.char_indices().find(|&place| !known(place)).map_or(text.len(), |(index, _)| index);
    text.split_at(end)
}

fn braced(inner: &str, env: Variables<'_>, depth: usize) -> Result<String, String> {
    let (name, operation) = split_name(inner);
    if name.is_empty() {
        return Err(format!("'${{{inner}}}' names no variable; write $$ for a dollar sign"));
    }
    let value = env(name);
    let filled = value.clone().filter(|value| !value.is_empty());
    let more = |rest: &str| expand(rest, env, depth + 1);
    let required = |rest: &str| {
        let why = if rest.is_empty() { "it is required".to_owned() } else { more(rest)? };
        Err(format!("the variable {name} is not set: {why}"))
    };
    if operation.is_empty() {
        Ok(value.unwrap_or_default())
    } else if let Some(rest) = operation.strip_prefix(":-") {
        filled.map_or_else(|| more(rest), Ok)
    } else if let Some(rest) = operation.strip_prefix('-') {
        value.map_or_else(|| more(rest), Ok)
    } else if let Some(rest) = operation.strip_prefix(":?") {
        filled.map_or_else(|| required(rest), Ok)
    } else if let Some(rest) = operation.strip_prefix('?') {
        value.map_or_else(|| required(rest), Ok)
    } else if let Some(rest) = operation.strip_prefix(":+") {
        filled.map_or_else(|| Ok(String::new()), |_| more(rest))
    } else if let Some(rest) = operation.strip_prefix('+') {
        value.map_or_else(|| Ok(String::new()), |_| more(rest))
    } else {
        Err(format!(
            "'${{{inner}}}' is not known: use ${{NAME}}, ${{NAME:-default}}, ${{NAME:?text}} or ${{NAME:+text}}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn every_form() {
        let cases = [
            ("plain", "plain"),
            ("$SET/$SET", "value/value"),
            ("a${SET}b", "avalueb"),
            ("${NO}", ""),
            ("${NO:-x}${NO-y}", "xy"),
            ("${EMPTY:-x}|${EMPTY-y}", "x|"),
            ("${SET:+x}${NO:+x}${EMPTY:+x}${EMPTY+y}", "xy"),
            ("${SET:?no}", "value"),
            ("$$SET $${SET}", "$SET ${SET}"),
            ("${NO:-${SET}}", "value"),
            ("${NO:-a:b}", "a:b"),
        ];
        for (text, wanted) in cases {
            assert_eq!(interpolate(text, &env).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (text, word) in [
            ("${NO:?set it}", "NO is not set: set it"),
            ("${NO?}", "required"),
            ("${SET", "never closed"),
            ("$", "write $$"),
            ("$1", "write $$"),
            ("${}", "names no variable"),
            ("${SET!x}", "is not known"),
        ] {
            let message = interpolate(text, &env).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}:?+A-Z-]{0,40}|.{0,40}") {
            let _ = interpolate(&text, &env);
        }
    }
}
