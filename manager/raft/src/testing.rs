//! Managers in one process: a transport whose links can be cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{RaftMessage, RaftNode, Transport, TransportError};

/// The network between the nodes of one process. Clones share it. Messages go through their encoded form.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<u64, RaftNode>,
    cut: BTreeSet<(u64, u64)>,
}

impl MemoryNetwork {
    /// The transport of one node.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.clone())
    }

    /// Makes a node reachable under its id, in place of an earlier one.
    pub fn attach(&self, id: u64, node: RaftNode) {
        self.lock().nodes.insert(id, node);
    }

    /// Makes a node unreachable for good, as when its process ended.
    pub fn detach(&self, id: u64) {
        self.lock().nodes.remove(&id);
    }

    /// Cuts or heals the link between two nodes, both ways.
    pub fn set_cut(&self, one: u64, other: u64, cut: bool) {
        let mut state = self.lock();
        for link in [(one, other), (other, one)] {
            if cut {
                state.cut.insert(link)
            } else {
                state.cut.remove(&link)
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, from: u64, target: u64) -> Result<RaftNode, TransportError> {
        let state = self.lock();
        if state.cut.contains(&(from, target)) {
            return Err(TransportError::Unreachable("the link is cut".to_owned()));
        }
        state
            .nodes
            .get(&target)
            .cloned()
            .ok_or_else(|| TransportError::Unreachable("no such node".to_owned()))
    }
}

#[async_trait]
impl Transport for MemoryNetwork {
    async fn call(
        &self,
        target: u64,
        _address: &str,
        message: RaftMessage,
    ) -> Result<Vec<u8>, TransportError> {
        let node = self.reach(message.from, target)?;
        let message = RaftMessage::decode(&message.encode())
            .ok_or_else(|| TransportError::Failed("the message was garbled".to_owned()))?;
        let answer = node.receive(&message).await;
        // The answer takes the same link back.
        self.reach(target, message.from)?;
        Ok(answer)
    }
}
