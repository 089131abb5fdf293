//! A store without Raft, for tests of what stands on the store.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use skep_runtime::Env;

use crate::door::Door;
use crate::proposer::{Command, ProposeError, Proposer};
use crate::store::Store;

/// Applies every command at once, as the log of a single member would.
#[derive(Debug)]
pub struct DirectProposer {
    store: Arc<Store>,
    index: Mutex<u64>,
}

impl DirectProposer {
    /// A door to an empty store behind such a proposer.
    pub fn door(env: Env) -> Door {
        let store = Arc::new(Store::default());
        let proposer = Arc::new(Self { store: Arc::clone(&store), index: Mutex::new(0) });
        Door::new(store, proposer, env)
    }
}

#[async_trait]
impl Proposer for DirectProposer {
    async fn propose(&self, command: Command) -> Result<u64, ProposeError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        *index += 1;
        self.store.apply(*index, command.at, command.transaction)?;
        Ok(*index)
    }

    async fn confirm(&self) -> Result<(), ProposeError> {
        Ok(())
    }
}
