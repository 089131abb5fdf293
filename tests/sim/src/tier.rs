/// How much of what is between the nodes is the product's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Nodes call each other in memory, message by message.
    #[default]
    Messages,
    /// The product's gRPC on both sides, over pipes in memory: only TCP and TLS are left out.
    Wire,
}
