use std::fmt;

/// The public half of a node's key for encrypted networks: a point of Curve25519 (X25519), as WireGuard has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TunnelKey(pub [u8; 32]);

impl fmt::Debug for TunnelKey {
    /// Its first bytes: enough to tell keys apart.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "TunnelKey({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}
