//! The keeper as the network's store of descriptors.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use skep_network::DescriptorStore;

use crate::keeper::Keeper;

/// Parks sockets at the keeper, which outlives the daemon.
#[derive(Debug)]
pub(crate) struct KeeperStore {
    pub(crate) keeper: Arc<Keeper>,
}

impl DescriptorStore for KeeperStore {
    fn hold(&self, name: &str, descriptors: Vec<OwnedFd>) {
        let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        if let Err(error) = self.keeper.blocking(|client| client.hold_descriptors(name, &borrowed)) {
            tracing::warn!(name, %error, "sockets will not outlive this daemon");
        }
    }

    fn take(&self, name: &str) -> Option<Vec<OwnedFd>> {
        // The keeper gives copies and keeps its own, so that a crash right after this loses nothing.
        let taken = self.keeper.blocking(|client| client.take_descriptors(name));
        taken.ok().filter(|descriptors| !descriptors.is_empty())
    }

    fn drop_held(&self, name: &str) {
        if let Err(error) = self.keeper.blocking(|client| client.drop_descriptors(name)) {
            tracing::debug!(name, %error, "parked sockets were not dropped");
        }
    }
}
