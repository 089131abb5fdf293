use skep_model::{Availability, NodeDescription};

/// A node that wants to come in.
#[derive(Clone, Debug)]
pub struct Joiner {
    /// Its join token, which says as what.
    pub token: String,
    /// Its request for a certificate, DER.
    pub request: Vec<u8>,
    /// What it says of itself.
    pub description: NodeDescription,
    /// Whether it takes tasks.
    pub availability: Availability,
    /// Where other members reach it, `address:port`.
    pub address: String,
}
