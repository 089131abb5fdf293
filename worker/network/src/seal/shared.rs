use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::losses::Losses;
use super::members::Members;

/// What the host's thread and the pump's share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    members: RwLock<Members>,
    pub(super) losses: Losses,
}

impl Shared {
    pub(super) fn members(&self) -> RwLockReadGuard<'_, Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}
