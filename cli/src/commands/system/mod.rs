//! What concerns the daemon as a whole.

pub(super) mod events;
pub(super) mod info;
pub(super) mod version;
