use crate::problem::Position;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Where it starts.
    pub(crate) at: Position,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A text or what looks like something else when it is not quoted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// True when it was written without quotes and no variable was put in.
    pub(crate) plain: bool,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key starts.
    pub(crate) at: Position,
    pub(crate) value: Node,
}

impl Scalar {
    /// Whether it says "nothing".
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether an unquoted text is true or false in YAML 1.2.
    pub(crate) fn is_bool(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
    }

    /// Whether an unquoted text is a number.
    pub(crate) fn is_number(&self) -> bool {
        let digits = self.text.trim_start_matches(['-', '+']);
        self.plain
            && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && self.text.parse::<f64>().is_ok()
    }
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.is_null())
    }

    /// What it is, for people.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Mapping(_) => "a mapping",
            Kind::Sequence(_) => "a list",
            Kind::Scalar(scalar) if scalar.is_null() => "nothing",
            Kind::Scalar(scalar) if scalar.is_bool() => "true or false",
            Kind::Scalar(scalar) if scalar.is_number() => "a number",
            Kind::Scalar(_) => "a text",
        }
    }

    /// The entry of a mapping with this key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            Kind::Scalar(_) | Kind::Sequence(_) => None,
        }
    }

    /// The place of the last key of a path that is there.
    pub(crate) fn locate(&self, path: &[&str]) -> Position {
        let mut place = self.at;
        let mut node = self;
        for key in path {
            let Some(entry) = node.entry(key) else { break };
            place = entry.at;
            node = &entry.value;
        }
        place
    }
}
