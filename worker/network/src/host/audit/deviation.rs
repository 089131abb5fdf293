/// Something in the kernel that was not as the endpoint table and the containers want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// What was wrong, e.g. `the nft set vips lacks 1 of its elements`.
    pub what: String,
    /// Whether it is right again.
    pub repaired: bool,
}
