//! Drives one task.

use std::sync::Arc;
use std::time::Duration;

use skep_executor::{Controller, ControllerError, Executor, Step, next_step};
use skep_model::{Checkup, ContainerStatus, SwarmView, TaskAssignment, TaskState, TaskStatus};
use skep_runtime::{Backoff, Env, Latest};

use crate::reporter::Outbox;
use crate::storage::TaskStorage;
use crate::tables::Tables;

/// First wait after a temporary error.
const RETRY_FIRST: Duration = Duration::from_millis(200);
/// Longest such wait.
const RETRY_LONGEST: Duration = Duration::from_secs(10);

/// What all tasks of an agent share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) storage: Arc<dyn TaskStorage>,
    pub(crate) outbox: Outbox,
    pub(crate) swarm: Latest<Option<SwarmView>>,
    /// What is on its way to the disk.
    pub(crate) tables: Tables,
    /// What managers asked last.
    pub(crate) checkup: Latest<Option<Checkup>>,
}

/// Takes one task through its life, step by step.
pub(crate) struct TaskManager {
    shared: Shared,
    assignment: Latest<TaskAssignment>,
    controller: Arc<dyn Controller>,
    status: TaskStatus,
    removed: bool,
}

impl TaskManager {
    /// A driver that goes on from `ended`, if the task has ended, or from the start: every step finds what is there already.
    pub(crate) async fn new(
        shared: Shared,
        assignment: Latest<TaskAssignment>,
        ended: Option<TaskStatus>,
    ) -> Result<Self, ControllerError> {
        let controller = shared.executor.controller(&assignment.get()).await?;
        let status = ended.unwrap_or(TaskStatus { state: TaskState::Assigned, ..TaskStatus::default() });
        if status.state.is_ended() {
            shared.outbox.put(assignment.get().id, status.clone());
        }
        Ok(Self { shared, assignment, controller, status, removed: false })
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let latest = self.assignment.clone();
        loop {
            let (seen, assignment) = latest.get_versioned();
            let step = next_step(self.status.state, assignment.desired);
            let done = tokio::select! {
                biased;
                done = self.take(step, assignment.desired) => Some(done),
                () = stop_wanted(&latest, seen, step) => None,
            };
            match done {
                Some(Ok(Some(status))) => {
                    backoff.reset();
                    self.set(status).await;
                }
                // Nothing to do until something else is wanted.
                Some(Ok(None)) => drop(self.assignment.changed(seen).await),
                Some(Err(error)) => {
                    self.note_temporary(&error);
                    let wait = backoff.next_wait(self.shared.env.random());
                    let changed = self.assignment.changed(seen);
                    drop(self.shared.env.timeout(wait, changed).await);
                }
                None => {}
            }
        }
    }

    /// Takes a step; gives the new status, or nothing when there is nothing to do.
    async fn take(&mut self, step: Step, desired: TaskState) -> Result<Option<TaskStatus>, ControllerError> {
        match step {
            Step::Accept => Ok(Some(self.next(TaskState::Accepted, "accepted"))),
            Step::Prepare => self.prepare().await.map(Some),
            Step::Start => self.start().await.map(Some),
            Step::Watch => self.watch().await.map(Some),
            Step::Stop => self.stop(desired).await.map(Some),
            Step::Remove => self.remove().await.map(|()| None),
            Step::Rest => Ok(None),
        }
    }

    async fn prepare(&mut self) -> Result<TaskStatus, ControllerError> {
        if self.status.state < TaskState::Preparing {
            let preparing = self.next(TaskState::Preparing, "preparing");
            self.set(preparing).await;
        }
        match self.controller.prepare().await {
            Ok(()) => Ok(self.next(TaskState::Ready, "prepared")),
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => Ok(self.failed(TaskState::Rejected, "preparing", &error).await),
        }
    }

    async fn start(&mut self) -> Result<TaskStatus, ControllerError> {
        if self.status.state < TaskState::Starting {
            let starting = self.next(TaskState::Starting, "starting");
            self.set(starting).await;
        }
        match self.controller.start().await {
            Ok(()) => {
                let container = self.controller.status().await.map(Box::new);
                Ok(TaskStatus { container, ..self.next(TaskState::Running, "started") })
            }
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => Ok(self.failed(TaskState::Failed, "starting", &error).await),
        }
    }

    async fn stop(&mut self, desired: TaskState) -> Result<TaskStatus, ControllerError> {
        self.controller.shutdown().await?;
        let container = self.controller.status().await.or_else(|| self.status.container.as_deref().cloned());
        if desired == TaskState::Remove {
            // Managers may forget the task as soon as they hear that it has ended.
            self.remove().await?;
        }
        let container = container.map(|container| Box::new(ContainerStatus { pid: None, ..container }));
        Ok(TaskStatus { container, ..self.next(TaskState::Shutdown, "shutdown") })
    }

    async fn remove(&mut self) -> Result<(), ControllerError> {
        if !self.removed {
            self.controller.remove().await?;
            self.removed = true;
        }
        Ok(())
    }

    fn next(&self, state: TaskState, message: &str) -> TaskStatus {
        TaskStatus { state, at: self.shared.env.now(), message: message.into(), ..TaskStatus::default() }
    }

    async fn watch(&self) -> Result<TaskStatus, ControllerError> {
        match self.controller.wait().await {
            Ok(container) => Ok(self.ended(container).await),
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => Ok(self.failed(TaskState::Failed, "started", &error).await),
        }
    }

    async fn ended(&self, container: ContainerStatus) -> TaskStatus {
        let code = container.exit_code.unwrap_or_default();
        let status = match (code, container.oom_killed) {
            (0, false) => self.next(TaskState::Complete, "finished"),
            (_, false) => {
                let error = format!("task: non-zero exit ({code})").into();
                TaskStatus { error, ..self.next(TaskState::Failed, "started") }
            }
            (_, true) => {
                let error = format!("task: non-zero exit ({code}): out of memory").into();
                TaskStatus { error, ..self.next(TaskState::Failed, "started") }
            }
        };
        let container = Some(Box::new(self.with_tail(container, status.state).await));
        TaskStatus { container, ..status }
    }

    async fn failed(&self, state: TaskState, message: &str, error: &ControllerError) -> TaskStatus {
        let mut container = self.controller.status().await;
        if let ControllerError::Failed { exit_code: Some(code), .. } = error {
            container.get_or_insert_default().exit_code = Some(*code);
        }
        let container = match container {
            Some(container) => Some(Box::new(self.with_tail(container, state).await)),
            None => None,
        };
        TaskStatus { error: error.to_string().into(), container, ..self.next(state, message) }
    }

    /// With the last lines of what it wrote, if the task failed.
    async fn with_tail(&self, container: ContainerStatus, state: TaskState) -> ContainerStatus {
        match state {
            TaskState::Failed => ContainerStatus { log_tail: self.controller.log_tail().await, ..container },
            _ => container,
        }
    }

    /// Says why a step takes long, without leaving the state.
    fn note_temporary(&mut self, error: &ControllerError) {
        let task = self.assignment.get().id;
        tracing::warn!(%task, %error, state = %self.status.state, "will be tried again");
        self.status.error = error.to_string().into();
        self.shared.outbox.put(task, self.status.clone());
    }

    async fn set(&mut self, status: TaskStatus) {
        let task = self.assignment.get().id;
        tracing::debug!(%task, state = %status.state, error = %status.error, "task");
        if status.state.is_ended()
            && let Err(error) = self.shared.storage.put_ended(task, &status).await
        {
            tracing::error!(%task, %error, "how the task ended is not on disk");
        }
        self.status = status.clone();
        self.shared.outbox.put(task, status);
    }
}

/// Ends when the step is not what is wanted any more: while preparing, starting or running, only a wish to stop ends it.
async fn stop_wanted(assignment: &Latest<TaskAssignment>, seen: u64, step: Step) {
    let mut seen = seen;
    loop {
        let (version, newest) = assignment.changed(seen).await;
        seen = version;
        let interruptible = matches!(step, Step::Prepare | Step::Start | Step::Watch);
        if interruptible && newest.desired > TaskState::Complete {
            return;
        }
    }
}
