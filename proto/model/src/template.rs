//! Texts with parts that are filled in where they are used: `{{.Service.Name}}`, as Docker has them from Go's templates.
//!
//! An action is a field (`.Task.Slot`), an entry of a map (`index .Service.Labels "tier"`, or `.Service.Labels.tier`), or a call with
//! one quoted argument (`env "NAME"`), with white space around it; `{{-` and `-}}` also take white space off the text beside them.

use thiserror::Error;

/// What an action asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term<'a> {
    /// A field, with its dots: `.Service.Name`.
    Field(&'a str),
    /// The entry of a map.
    Entry {
        /// The map's field, `.Service.Labels`.
        map: &'a str,
        /// Which entry.
        key: String,
    },
    /// What a function gives.
    Call {
        /// The function, e.g. `secret`.
        function: &'a str,
        /// Its argument.
        argument: String,
    },
}

impl std::fmt::Display for Term<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(field) => out.write_str(field),
            Self::Entry { map, key } => write!(out, "index {map} \"{key}\""),
            Self::Call { function, argument } => write!(out, "{function} \"{argument}\""),
        }
    }
}

/// A template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// An action has no end.
    #[error("template: '{{{{{0}' has no '}}}}'")]
    Open(String),
    /// An action is none that is known.
    #[error(
        "template: '{0}' is not understood: use {{{{.Field}}}}, {{{{index .Map \"key\"}}}} or {{{{function \"argument\"}}}}"
    )]
    Syntax(String),
    /// Nothing stands behind an action.
    #[error("template: there is no {0}")]
    Unknown(String),
}

/// The text with every action replaced by what `value` gives for its term.
///
/// # Errors
/// When an action is malformed, or `value` gives nothing for it.
pub fn expand(text: &str, value: &dyn Fn(&Term<'_>) -> Option<String>) -> Result<String, TemplateError> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, inside)) = rest.split_once("{{") {
        let (action, after) =
            inside.split_once("}}").ok_or_else(|| TemplateError::Open(inside.chars().take(40).collect()))?;
        let (action, trims_before) = match action.strip_prefix("- ") {
            Some(action) => (action, true),
            None => (action, false),
        };
        let (action, trims_after) = match action.strip_suffix(" -") {
            Some(action) => (action, true),
            None => (action, false),
        };
        out.push_str(if trims_before { before.trim_end() } else { before });
        let term = parse(action.trim())?;
        out.push_str(&value(&term).ok_or_else(|| TemplateError::Unknown(term.to_string()))?);
        rest = if trims_after { after.trim_start() } else { after };
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether there is anything to fill in.
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

fn parse(action: &str) -> Result<Term<'_>, TemplateError> {
    let wrong = || TemplateError::Syntax(action.to_owned());
    let (first, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
    let rest = rest.trim();
    if is_field(first) && rest.is_empty() {
        return Ok(Term::Field(first));
    }
    if first == "index" {
        let (map, key) = rest.split_once(char::is_whitespace).ok_or_else(wrong)?;
        let key = quoted(key.trim()).filter(|_| is_field(map)).ok_or_else(wrong)?;
        return Ok(Term::Entry { map, key });
    }
    let named = !first.is_empty() && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let argument = quoted(rest).filter(|_| named).ok_or_else(wrong)?;
    Ok(Term::Call { function: first, argument })
}

fn is_field(word: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    word.len() > 1 && word.starts_with('.') && word.chars().all(known)
}

/// A text in `"` with Go's simple escapes, or in backquotes as it is.
fn quoted(word: &str) -> Option<String> {
    if let Some(raw) = word.strip_prefix('`') {
        return raw.strip_suffix('`').filter(|inner| !inner.contains('`')).map(str::to_owned);
    }
    let inner = word.strip_prefix('"')?.strip_suffix('"')?;
    let (mut out, mut characters) = (String::new(), inner.chars());
    while let Some(character) = characters.next() {
        out.push(match character {
            '"' => return None,
            '\\' => match characters.next()? {
                'n' => '\n',
                't' => '\t',
                same @ ('"' | '\\') => same,
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let value = |term: &Term<'_>| match term {
            Term::Field(".Service.Name") => Some("web".to_owned()),
            Term::Entry { map: ".Service.Labels", key } if key == "a b" => Some("label".to_owned()),
            Term::Call { function: "env", argument } => Some(format!("<{argument}>")),
            _ => None,
        };
        expand(text, &value).map_err(|error| error.to_string())
    }

    #[test]
    fn actions_are_filled_in() {
        for (text, wanted) in [
            ("plain } text", "plain } text"),
            ("{{.Service.Name}}-{{ .Service.Name }}", "web-web"),
            (r#"x{{index .Service.Labels "a b"}}"#, "xlabel"),
            (r#"{{env "A\"B"}}{{env `\`}}"#, r#"<A"B><\>"#),
            ("a  {{- .Service.Name -}}\n b", "awebb"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (text, told) in [
            ("{{.Service.Name", "template: '{{.Service.Name' has no '}}'"),
            ("{{.Service.Nam}}", "template: there is no .Service.Nam"),
            (r#"{{index .Service.Labels "x"}}"#, r#"template: there is no index .Service.Labels "x""#),
            ("{{range .X}}", "template: 'range .X' is not understood: "),
            ("{{}}", "template: '' is not understood: "),
            (r#"{{env "a" "b"}}"#, "template: 'env \"a\" \"b\"' is not understood: "),
        ] {
            let error = filled(text).unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }
}
