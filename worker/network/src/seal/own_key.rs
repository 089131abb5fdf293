use std::fmt;

use boringtun::x25519::{PublicKey, StaticSecret};
use skep_model::TunnelKey;

/// A key of this node, both halves.
#[derive(Clone)]
pub(super) struct OwnKey {
    secret: StaticSecret,
    pub(super) public: TunnelKey,
    /// When it was made, in seconds since 1970.
    pub(super) made: u64,
}

impl OwnKey {
    pub(super) fn new(secret: [u8; 32], made: u64) -> Self {
        let secret = StaticSecret::from(secret);
        let public = TunnelKey(PublicKey::from(&secret).to_bytes());
        Self { secret, public, made }
    }

    pub(super) fn secret(&self) -> &StaticSecret {
        &self.secret
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OwnKey").field("public", &self.public).finish_non_exhaustive()
    }
}
