/// What a manager asks of a node: to look at itself and at the ways to all others now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Checkup {
    /// Which one it is; never 0, which stands for what a node says by itself.
    pub id: u64,
    /// Whether the node shall mend what it can.
    pub repair: bool,
    /// Where managers are reached, `host:port`.
    pub managers: Vec<String>,
}
