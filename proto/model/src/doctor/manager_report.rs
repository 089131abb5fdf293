/// Whether a manager's port answers a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ManagerReport {
    /// The manager, `host:port`.
    pub address: String,
    /// Why it does not; empty when it does.
    pub error: String,
}
