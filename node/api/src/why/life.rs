use skep_model::{Dismissal, NodeId, ServiceId, Task, TaskId, TaskRecord, TaskState, TaskStatus, Timestamp};
use skep_store::{FindError, View};

use crate::refusal::Refusal;
use crate::resources::task::task_in_slot;

/// What is known of a task, whether it is still there or only remembered.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) id: TaskId,
    pub(super) made_at: Timestamp,
    pub(super) service: ServiceId,
    pub(super) service_name: String,
    pub(super) spec_version: u64,
    pub(super) slot: u32,
    pub(super) node: Option<NodeId>,
    pub(super) node_name: String,
    pub(super) desired: TaskState,
    pub(super) status: TaskStatus,
    pub(super) timeline: Vec<(TaskState, Timestamp)>,
    /// Why it is wanted no more.
    pub(super) dismissed: Option<Dismissal>,
    /// The task whose place it took.
    pub(super) replaces: Option<TaskId>,
    /// When it may start.
    pub(super) not_before: Timestamp,
    /// True when nothing but a record is left.
    pub(super) gone: bool,
}

impl Life {
    /// The task that a reference names: an id, a start of one, or `service.slot` for the newest task there.
    pub(super) fn find(view: &View, reference: &str) -> Result<Option<Self>, Refusal> {
        if let Some(task) = task_in_slot(view, reference) {
            return Ok(Some(Self::of(view, task)));
        }
        match view.find_task(reference) {
            Ok(task) => return Ok(Some(Self::of(view, task))),
            Err(error @ FindError::Ambiguous { .. }) => return Err(error.into()),
            Err(FindError::NotFound { .. }) => {}
        }
        let mut recorded = view.task_records().filter(|record| record.id.to_string().starts_with(reference));
        match (recorded.next(), recorded.count()) {
            (Some(record), 0) => Ok(Some(Self::recorded(record))),
            (Some(_), more) => {
                let text = format!("task {reference} is ambiguous ({} matches found)", more + 1);
                Err(Refusal::malformed(text))
            }
            (None, _) => Ok(None),
        }
    }

    /// One that is there.
    pub(super) fn of(view: &View, task: &Task) -> Self {
        let node = task.node.and_then(|id| view.node(id));
        let restarts = task.restarts.as_deref();
        Self {
            id: task.id,
            made_at: task.meta.created_at,
            service: task.service,
            service_name: view
                .task_spec(task)
                .map_or_else(|| task.service.to_string(), |spec| spec.name.clone()),
            spec_version: task.spec_version,
            slot: task.slot,
            node: task.node,
            node_name: node.map(|node| node.description.hostname.clone()).unwrap_or_default(),
            desired: task.desired,
            status: task.status.clone(),
            timeline: task.timeline.to_vec(),
            dismissed: task.dismissed.as_deref().cloned(),
            replaces: restarts.and_then(|history| history.replaces),
            not_before: restarts.map_or(Timestamp::NEVER, |history| history.not_before),
            gone: false,
        }
    }

    fn recorded(record: &TaskRecord) -> Self {
        Self {
            id: record.id,
            made_at: record.made_at,
            service: record.service,
            service_name: record.service_name.clone(),
            spec_version: record.spec_version,
            slot: record.slot,
            node: record.node,
            node_name: record.node_name.clone(),
            desired: record.desired,
            status: record.status.clone(),
            timeline: record.timeline.to_vec(),
            dismissed: record.dismissed.as_deref().cloned(),
            replaces: None,
            not_before: Timestamp::NEVER,
            gone: true,
        }
    }

    /// `web.3`, or of a global service `web.host1`.
    pub(super) fn name(&self) -> String {
        match self.slot {
            0 => format!("{}.{}", self.service_name, self.place()),
            slot => format!("{}.{slot}", self.service_name),
        }
    }

    /// Its node, for people.
    pub(super) fn place(&self) -> String {
        match self.node {
            Some(id) if self.node_name.is_empty() => id.to_string(),
            _ => self.node_name.clone(),
        }
    }
}
