use crate::Labels;

/// A secret or config without its content: what users may say of either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct SecretSpec {
    /// Its name, unique among its kind.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// True when the content is a template that is filled in for each task (driver `golang`).
    pub templated: bool,
}
