use serde::{Deserialize, Serialize};

/// The answer of `POST /services/{id}/rebalance`, which Docker lacks: the tasks that move.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Rebalanced {
    /// In the order in which they move.
    pub moves: Vec<TaskMove>,
}

/// A task that moves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskMove {
    /// The task's id.
    #[serde(rename = "TaskID")]
    pub task_id: String,
    /// Its place among the replicas.
    pub slot: u32,
    /// The host name of the node where it runs.
    pub from: String,
    /// The host name of the node where it would run then.
    pub to: String,
}
