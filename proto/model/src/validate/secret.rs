use crate::{Invalid, SecretSpec, limits};

/// Checks what users say of a secret or config.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_secret(spec: &SecretSpec) -> Result<(), Invalid> {
    let name = &spec.name;
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let good = name.chars().all(known) && ends(name.chars().next()) && ends(name.chars().next_back());
    if good && name.len() <= limits::CONTENT_NAME_BYTES_MAX {
        return Ok(());
    }
    let reason = format!(
        "'{name}' is not a name: 1 to {} letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        limits::CONTENT_NAME_BYTES_MAX
    );
    Err(Invalid::new("name", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        let check = |name: &str| validate_secret(&SecretSpec { name: name.into(), ..SecretSpec::default() });
        let longest = "a".repeat(64);
        for good in ["a", "db.password", "a-b_c", &longest] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let too_long = "a".repeat(65);
        for bad in ["", ".a", "a-", "a b", "a/b", "ä", &too_long] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
