use crate::problem::{Finding, Position};
use crate::yaml::{Kind, Node, Scalar, join};

/// Collects what is wrong while a tree is read.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) all: Vec<Finding>,
}

/// A value together with the way to it.
#[derive(Clone)]
pub(crate) struct Field<'n> {
    pub(crate) node: &'n Node,
    /// Where its key is, or the value itself in a list.
    pub(crate) at: Position,
    pub(crate) path: String,
    pub(crate) key: &'n str,
}

impl<'n> Field<'n> {
    pub(crate) fn root(node: &'n Node) -> Self {
        Self { node, at: node.at, path: String::new(), key: "" }
    }

    /// The value is wrong.
    pub(crate) fn refuse(&self, out: &mut Findings, message: impl Into<String>) {
        out.all.push(Finding::new(self.node.at, &self.path, message));
    }

    /// The key cannot be honoured.
    pub(crate) fn refuse_key(&self, out: &mut Findings, message: impl Into<String>) {
        out.all.push(Finding::new(self.at, &self.path, message));
    }

    fn wanted(&self, out: &mut Findings, what: &str) {
        self.refuse(out, format!("must be {what}, but it is {}", self.node.what()));
    }

    /// The entries of a mapping without extensions (`x-`); none for nothing.
    pub(crate) fn entries(&self, out: &mut Findings) -> Vec<Field<'n>> {
        match &self.node.kind {
            Kind::Mapping(entries) => {
                let entries = entries.iter().filter(|entry| !entry.key.starts_with("x-"));
                let field = |entry: &'n crate::yaml::Entry| Field {
                    node: &entry.value,
                    at: entry.at,
                    path: join(&self.path, &entry.key),
                    key: &entry.key,
                };
                entries.map(field).collect()
            }
            Kind::Scalar(scalar) if scalar.is_null() => Vec::new(),
            _ => {
                self.wanted(out, "a mapping (key: value)");
                Vec::new()
            }
        }
    }

    /// The items of a list; none for nothing.
    pub(crate) fn items(&self, out: &mut Findings) -> Vec<Field<'n>> {
        match &self.node.kind {
            Kind::Sequence(items) => {
                let field = |(index, node): (usize, &'n Node)| Field {
                    node,
                    at: node.at,
                    path: format!("{}[{index}]", self.path),
                    key: self.key,
                };
                items.iter().enumerate().map(field).collect()
            }
            Kind::Scalar(scalar) if scalar.is_null() => Vec::new(),
            _ => {
                self.wanted(out, "a list");
                Vec::new()
            }
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node.kind, Kind::Sequence(_))
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.node.kind, Kind::Mapping(_))
    }

    fn scalar(&self) -> Option<&'n Scalar> {
        match &self.node.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// A text; what looks like a number or a switch must be quoted.
    pub(crate) fn text(&self, out: &mut Findings) -> Option<String> {
        let found = self.scalar().filter(|text| !text.is_null() && !text.is_bool() && !text.is_number());
        if found.is_none() {
            let quotes = if self.scalar().is_some_and(|scalar| !scalar.is_null()) {
                " (write it in quotes)"
            } else {
                ""
            };
            self.wanted(out, &format!("a text{quotes}"));
        }
        found.map(|scalar| scalar.text.clone())
    }

    /// A text or a number, as it was written.
    pub(crate) fn word(&self, out: &mut Findings) -> Option<String> {
        let found = self.scalar().filter(|text| !text.is_null() && !text.is_bool());
        if found.is_none() {
            let quotes =
                if self.scalar().is_some_and(Scalar::is_bool) { " (write it in quotes)" } else { "" };
            self.wanted(out, &format!("a text or number{quotes}"));
        }
        found.map(|scalar| scalar.text.clone())
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&self, out: &mut Findings) -> Option<u64> {
        let digits = |scalar: &&Scalar| scalar.text.starts_with(|c: char| c.is_ascii_digit());
        let found = self.scalar().filter(digits).and_then(|scalar| scalar.text.parse().ok());
        if found.is_none() {
            self.wrong(out, "a whole number");
        }
        found
    }

    /// `true` or `false`.
    pub(crate) fn switch(&self, out: &mut Findings) -> Option<bool> {
        let found = self.scalar().and_then(|scalar| match scalar.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        });
        if found.is_none() {
            self.wrong(out, "true or false");
        }
        found
    }

    fn wrong(&self, out: &mut Findings, what: &str) {
        match self.scalar().filter(|scalar| !scalar.is_null()) {
            Some(scalar) => self.refuse(out, format!("must be {what}, but it is '{}'", scalar.text)),
            None => self.wanted(out, what),
        }
    }

    /// A text or number in a small language of its own.
    pub(crate) fn parsed<T>(
        &self,
        out: &mut Findings,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let word = self.word(out)?;
        parse(&word).map_err(|message| self.refuse(out, message)).ok()
    }
}
