use crate::{Invalid, limits};

/// Checks the name of a service or network: letters, digits, `-` and `_`, a letter or digit at both ends, at most 63
/// bytes.
///
/// # Errors
/// With `path` and what to change.
pub fn validate_name(path: &str, name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::new(path, "a name is needed"));
    }
    if name.len() > limits::NAME_BYTES_MAX {
        let reason = format!(
            "'{name}' has {} characters, a name has at most {}: choose a shorter one",
            name.len(),
            limits::NAME_BYTES_MAX
        );
        return Err(Invalid::new(path, reason));
    }
    let edge = |character: Option<char>| character.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    if edge(name.chars().next()) && edge(name.chars().last()) && name.chars().all(inner) {
        return Ok(());
    }
    let reason = format!(
        "'{name}' is not a name: use letters, digits, '-' and '_', with a letter or digit at both ends"
    );
    Err(Invalid::new(path, reason))
}

/// Checks the name of a stack, which must leave room for the names of its services.
///
/// # Errors
/// With what to change.
pub fn validate_stack_name(name: &str) -> Result<(), Invalid> {
    validate_name("name", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_and_bad_names() {
        for good in ["a", "web", "web-1", "my__app", "A0"] {
            assert!(validate_name("name", good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a.b", "a b", "ä", &"x".repeat(64)] {
            assert!(validate_name("name", bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = validate_name("name", &text);
        }
    }
}
