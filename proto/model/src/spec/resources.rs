use crate::Invalid;

/// What a task may use and what is kept free for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Resources {
    /// What it may use at most.
    pub limits: Limits,
    /// What its node keeps free for it.
    pub reservations: Reservations,
}

/// Upper bounds; zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Limits {
    /// Billionths of a CPU.
    pub nano_cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What the scheduler counts against a node's size; zero means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Reservations {
    /// Billionths of a CPU.
    pub nano_cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// How many of each thing that the operator says nodes have.
    pub generic: Vec<GenericCount>,
}

/// A number of things of a kind that the operator named, e.g. two of `GPU`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct GenericCount {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// Things of a kind that the operator named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct GenericResource {
    /// The kind.
    pub kind: String,
    /// Which of them.
    pub value: GenericValue,
}

/// Which things of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum GenericValue {
    /// So many; one is like the other.
    Discrete(u64),
    /// The one with this name.
    Named(String),
}

impl GenericResource {
    /// What an operator says that a node has: `KIND=NUMBER`, or `KIND=NAME` for each thing of a kind.
    ///
    /// # Errors
    /// When one is not of this form, a kind is both counted and named, counted twice, or has a name twice.
    pub fn list(texts: &[String]) -> Result<Vec<Self>, Invalid> {
        let mut all: Vec<Self> = Vec::new();
        for text in texts {
            let wrong =
                |reason: &str| Err(Invalid::new("node-generic-resource", format!("'{text}': {reason}")));
            let Some((kind, value)) = text.split_once('=') else {
                return wrong("write KIND=NUMBER or KIND=NAME, e.g. GPU=2");
            };
            let plain = |word: &str| {
                let known = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
                !word.is_empty() && word.chars().all(known)
            };
            if !plain(kind) || !plain(value) {
                return wrong("a kind and a name are letters, digits, and -_./:");
            }
            let value =
                value.parse().map_or_else(|_| GenericValue::Named(value.to_owned()), GenericValue::Discrete);
            let resource = Self { kind: kind.to_owned(), value };
            let mut same = all.iter().filter(|other| other.kind == resource.kind);
            let names = matches!(resource.value, GenericValue::Named(_));
            if same
                .any(|other| !names || *other == resource || matches!(other.value, GenericValue::Discrete(_)))
            {
                return wrong("a kind has either one number or names that differ");
            }
            all.push(resource);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_has_is_a_number_or_names() {
        let list = |texts: &[&str]| {
            GenericResource::list(&texts.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let named =
            |name: &str| GenericResource { kind: "GPU".into(), value: GenericValue::Named(name.into()) };
        let number = GenericResource { kind: "SSD".into(), value: GenericValue::Discrete(3) };
        assert_eq!(list(&["GPU=a", "SSD=3", "GPU=b"]).unwrap(), [named("a"), number, named("b")]);
        for wrong in [
            &["GPU"][..],
            &["=1"],
            &["GPU="],
            &["GPU=1", "GPU=a"],
            &["GPU=1", "GPU=2"],
            &["GPU=a", "GPU=a"],
            &["G U=1"],
        ] {
            assert!(list(wrong).is_err(), "{wrong:?}");
        }
    }
}
