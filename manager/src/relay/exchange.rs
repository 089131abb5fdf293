use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skep_model::{AskedCall, CallId, CallPiece, NodeCall, NodeId};
use skep_runtime::{Env, Latest, Line};

/// How long a node may take to join a call.
const JOIN_WAIT_MAX: Duration = Duration::from_secs(5);
/// Pieces that may be under way in each direction.
const PIECES_QUEUED: usize = 16;

/// A call that its node has not joined yet.
#[derive(Debug)]
struct Waiting {
    node: NodeId,
    call: NodeCall,
    /// Counts the calls, so that a session tells each once.
    number: u64,
    line: Line<CallPiece>,
}

/// The calls that wait for their nodes.
#[derive(Debug)]
pub(crate) struct Exchange {
    waiting: Mutex<BTreeMap<CallId, Waiting>>,
    /// The number of the newest call.
    asked: Latest<u64>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self { waiting: Mutex::default(), asked: Latest::new(0) }
    }
}

impl Exchange {
    /// The number of the newest call; it changes with each.
    pub(crate) fn asked(&self) -> &Latest<u64> {
        &self.asked
    }

    /// Has a node told of a call; gives the caller's end. When the node does not join in time, the call is forgotten, and its line
    /// ends with nothing said.
    pub(crate) fn open(&self, id: CallId, node: NodeId, call: NodeCall) -> Line<CallPiece> {
        let (own, line) = Line::new(PIECES_QUEUED);
        self.asked.update(|number| {
            *number += 1;
            self.lock().insert(id, Waiting { node, call, number: *number, line });
        });
        own
    }

    /// Ends a call that its node has not joined in time.
    pub(crate) async fn give_up(&self, env: &Env, id: CallId) {
        env.sleep(JOIN_WAIT_MAX).await;
        self.lock().remove(&id);
    }

    /// The calls to a node that came after the one with this number, and the number of the newest of all.
    pub(crate) fn news(&self, node: NodeId, after: u64) -> (u64, Vec<AskedCall>) {
        let newest = self.asked.get();
        let waiting = self.lock();
        let mut new: Vec<_> =
            waiting.iter().filter(|(_, each)| each.node == node && each.number > after).collect();
        new.sort_unstable_by_key(|(_, each)| each.number);
        let calls = new.into_iter().map(|(id, each)| AskedCall { id: *id, call: each.call.clone() });
        (newest, calls.collect())
    }

    /// The node's end of a call; none when it is not the node's, or not waited for any more.
    pub(crate) fn join(&self, node: NodeId, id: CallId) -> Option<Line<CallPiece>> {
        let mut waiting = self.lock();
        let own = waiting.get(&id).is_some_and(|each| each.node == node);
        own.then(|| waiting.remove(&id)).flatten().map(|each| each.line)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{LogQuery, TaskId};

    use super::*;

    #[tokio::test]
    async fn a_node_hears_of_each_call_once_and_joins_its_own() {
        let exchange = Exchange::default();
        let (one, other) = (NodeId::new(1), NodeId::new(2));
        let logs = |task| NodeCall::Logs(TaskId::new(task), LogQuery::default());
        let mut caller = exchange.open(CallId::new(7), one, logs(3));
        let (seen, calls) = exchange.news(one, 0);
        assert_eq!(calls, [AskedCall { id: CallId::new(7), call: logs(3) }]);
        assert_eq!(exchange.news(one, seen).1, []);
        assert_eq!(exchange.news(other, 0).1, []);
        assert!(exchange.join(other, CallId::new(7)).is_none());
        let mut node = exchange.join(one, CallId::new(7)).unwrap();
        assert!(exchange.join(one, CallId::new(7)).is_none());
        node.said.send(CallPiece::Begun).await.unwrap();
        caller.said.send(CallPiece::InputEnd).await.unwrap();
        assert_eq!(
            (caller.heard.recv().await, node.heard.recv().await),
            (Some(CallPiece::Begun), Some(CallPiece::InputEnd))
        );
        drop(node);
        assert_eq!(caller.heard.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_does_not_join_ends_the_call() {
        let exchange = Exchange::default();
        let id = CallId::new(7);
        let mut caller =
            exchange.open(id, NodeId::new(1), NodeCall::Logs(TaskId::new(1), LogQuery::default()));
        exchange.give_up(&Env::real(), id).await;
        assert_eq!(caller.heard.recv().await, None);
    }
}
