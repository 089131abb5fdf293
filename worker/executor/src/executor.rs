use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use skep_model::{
    AssignedContent, CallPiece, Checkup, ContentKey, EndpointTable, NodeCall, NodeDescription, NodeReport,
    PathReport, TaskAssignment, TaskId,
};
use skep_runtime::Line;

use crate::{Controller, ControllerError};

/// A machine that runs tasks.
#[async_trait]
pub trait Executor: Send + Sync {
    /// What the machine is.
    async fn describe(&self) -> Result<NodeDescription, ControllerError>;

    /// Comes back when the machine would describe itself otherwise than it did last, in a way that managers must hear of soon.
    async fn description_changed(&self) {
        std::future::pending().await
    }

    /// What drives this task; finds the task's container when there is one already.
    async fn controller(&self, assignment: &TaskAssignment) -> Result<Arc<dyn Controller>, ControllerError>;

    /// Makes the machine's network as the table says, or changes it as a partial one says. When this returns, it holds; after an
    /// error the network is as before, and only a whole table is of use.
    async fn apply_endpoints(&self, table: &EndpointTable) -> Result<(), ControllerError>;

    /// Takes secrets and configs that tasks will need, all of them when it is `complete`, and forgets others. They stay in memory.
    async fn apply_contents(&self, _new: Vec<AssignedContent>, _gone: &[ContentKey], _complete: bool) {}

    /// Does what a user asks of this machine for as long as anybody listens: says that it has begun, then what there is to say.
    async fn serve(&self, _call: NodeCall, line: Line<CallPiece>) {
        let reason = "this node cannot do that".to_owned();
        // Nobody listens any more when it cannot be said.
        let _ = line.said.send(CallPiece::Failed { missing: false, reason }).await;
    }

    /// Removes the containers of all tasks but these.
    async fn retain(&self, tasks: &BTreeSet<TaskId>) -> Result<(), ControllerError>;

    /// Looks at the machine, and at the ways to all others, now, and with `repair` mends what it can; takes a few seconds at most. The
    /// clock is left out.
    async fn check(&self, _checkup: &Checkup) -> NodeReport {
        NodeReport::default()
    }

    /// The ways to other machines as they were measured last in the background, once they differ from those that `seen` (0
    /// for none) stands for; with what stands for these.
    async fn next_paths(&self, _seen: u64) -> (u64, Vec<PathReport>) {
        std::future::pending().await
    }
}
