/// What a member says when it asks for a new certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Where other members reach it, `address:port`.
    pub address: String,
    /// A manager that lost what it had acknowledged: the id in Raft that it had, and may not go on with.
    pub lost_raft_id: Option<u64>,
}
