//! What users want done to the cluster: checks it, and makes it one transaction each.

mod cluster;
mod content;
mod content_kind;
mod error;
mod network;
mod node;
mod port;
mod quorum_guard;
mod rebalance;
mod root;
#[cfg(test)]
mod root_test;
mod service;
mod stack;

#[cfg(test)]
mod cluster_test;
#[cfg(test)]
mod controlapi_test;

use skep_runtime::Env;
use skep_store::{Door, Store, View};

pub use cluster::Rotation;
pub use content::ContentRotated;
pub use content_kind::ContentKind;
pub use error::ControlError;
pub use root::GivenRoot;
pub use stack::{StackDeployed, StackRemoved};

/// Reads and changes the cluster's state.
#[derive(Clone, Debug)]
pub struct ControlApi {
    env: Env,
    door: Door,
}

impl ControlApi {
    /// Through this door.
    pub fn new(env: Env, door: Door) -> Self {
        Self { env, door }
    }

    /// The state as this manager knows it.
    pub fn view(&self) -> View {
        self.door.view()
    }

    /// The store, to watch it.
    pub fn store(&self) -> &std::sync::Arc<Store> {
        self.door.store()
    }
}
