use crate::Timestamp;

/// That managers want a task no more: what they decided, for `skep why`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Dismissal {
    /// When they decided.
    pub at: Timestamp,
    /// Why, for people: `node host2 was drained`.
    pub why: Box<str>,
}
