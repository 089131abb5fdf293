//! Names of images.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// The registry and folder that short names stand in, as with Docker.
const DEFAULT_DOMAIN: &str = "docker.io";
const DEFAULT_FOLDER: &str = "library/";
const DEFAULT_TAG: &str = "latest";

/// An image's name and tag. `nginx`, `library/nginx:latest` and `docker.io/library/nginx` are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: String,
}

impl Reference {
    /// The whole name: `docker.io/library/nginx:latest`.
    pub fn canonical(&self) -> String {
        format!("{}/{}:{}", self.domain, self.path, self.tag)
    }
}

/// As people write it: without the default registry and folder.
impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.domain == DEFAULT_DOMAIN {
            let path = self.path.strip_prefix(DEFAULT_FOLDER).unwrap_or(&self.path);
            return write!(out, "{path}:{}", self.tag);
        }
        out.write_str(&self.canonical())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Reference { text: text.to_owned(), reason };
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (text, DEFAULT_TAG),
        };
        let (domain, rest) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (DEFAULT_DOMAIN, name),
        };
        let path = if domain == DEFAULT_DOMAIN && !rest.contains('/') {
            format!("{DEFAULT_FOLDER}{rest}")
        } else {
            rest.to_owned()
        };
        let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let plain = |part_of: &str| {
            let edges =
                part_of.starts_with(char::is_alphanumeric) && part_of.ends_with(char::is_alphanumeric);
            edges && part_of.chars().all(part)
        };
        if path.len() > 255 || !path.split('/').all(plain) {
            return Err(wrong(
                "a name has small letters, digits, '.', '_' and '-', with '/' between its parts",
            ));
        }
        let tag_char = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.chars().all(tag_char) {
            return Err(wrong("a tag has up to 128 letters, digits, '.', '_' and '-'"));
        }
        Ok(Self { domain: domain.to_owned(), path, tag: tag.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_and_long_names_are_the_same() {
        for same in
            ["nginx", "nginx:latest", "library/nginx", "docker.io/library/nginx:latest", "docker.io/nginx"]
        {
            let reference: Reference = same.parse().unwrap();
            assert_eq!(reference.canonical(), "docker.io/library/nginx:latest", "{same}");
            assert_eq!(reference.to_string(), "nginx:latest");
        }
        let other: Reference = "localhost:5000/a/b:1".parse().unwrap();
        assert_eq!(other.to_string(), "localhost:5000/a/b:1");
        for bad in ["", "UPPER", "a:", "a//b", "-a", "a:.x", "a b"] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_good_ones_read_back(text in ".{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }
    }
}
