use crate::{CertIssuer, NodeCertificate, NodeRole};

/// What managers tell a node about itself and its swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct SwarmView {
    /// The role that it should have; it renews its certificate to have it.
    pub role: NodeRole,
    /// The id in Raft that its manager has, once it has one: a manager with another one was taken out.
    pub raft_id: Option<u64>,
    /// Where managers are reached, `address:port`.
    pub managers: Vec<String>,
    /// The root certificates that members' certificates hang on, PEM.
    pub root_pem: String,
    /// The root that should have signed its certificate; it renews its certificate to have such a one. None when any will do.
    pub issuer: Option<CertIssuer>,
    /// What managers know of its certificate; it tells them when that is not so.
    pub certificate: Option<NodeCertificate>,
}
