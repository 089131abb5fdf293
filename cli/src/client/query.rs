use std::fmt::Write as _;

/// A path with its query, percent-encoded.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    text: String,
    filled: bool,
}

impl Query {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { text: path.into(), filled: false }
    }

    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self.text.push(if self.filled { '&' } else { '?' });
        self.filled = true;
        let _ = write!(self.text, "{key}={}", encode(value.as_ref()));
        self
    }

    #[must_use]
    pub(crate) fn with_some(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    #[must_use]
    pub(crate) fn with_flag(self, key: &str, set: bool) -> Self {
        if set { self.with(key, "1") } else { self }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// A name as one part of a path; slashes of image names stay.
    pub(crate) fn segment(name: &str) -> String {
        let parts: Vec<String> = name.split('/').map(encode).collect();
        parts.join("/")
    }
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded() {
        let query =
            Query::new("/x").with("filters", "{\"a\":1}").with_flag("force", true).with_some("no", None);
        assert_eq!(query.as_str(), "/x?filters=%7B%22a%22%3A1%7D&force=1".replace("%3A", ":"));
        assert_eq!(Query::segment("skep/who ami:1"), "skep/who%20ami:1");
        assert_eq!(Query::segment("a?b#c"), "a%3Fb%23c");
    }
}
