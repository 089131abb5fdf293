//! What users ask of this node for as long as they watch.

use std::sync::Arc;

use skep_model::AskedCall;
use skep_runtime::Line;

use crate::manager::Manager;
use crate::task_manager::Shared;

/// Pieces that may be under way in each direction.
const PIECES_QUEUED: usize = 16;

/// Answers a call beside everything else; the line between the executor and the manager ends with either of them.
pub(crate) fn serve(shared: &Shared, manager: &Arc<dyn Manager>, asked: AskedCall) {
    let (own, there) = Line::new(PIECES_QUEUED);
    let (manager, executor) = (Arc::clone(manager), Arc::clone(&shared.executor));
    let answer = async move {
        let AskedCall { id, call } = asked;
        let serving = executor.serve(call, own);
        let (answered, ()) = futures::join!(manager.answer(id, there), serving);
        if let Err(error) = answered {
            tracing::debug!(call = %id, %error, "a user's call broke off");
        }
    };
    shared.env.spawn("call", answer).detach();
}
