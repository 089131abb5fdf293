//! Writes what agents report: what comes while a write is under way goes into the next one together.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Change, NodeId, Object, Task, TaskId, TaskReport, TaskStatus, Transaction, limits};
use skep_runtime::Env;
use skep_store::{Door, View, WriteError};
use tokio::sync::{mpsc, oneshot};

use super::DispatchError;

/// Reports that may wait; agents beyond that wait themselves.
const REPORTS_QUEUED: usize = 1024;

struct Job {
    node: NodeId,
    reports: Vec<TaskReport>,
    done: oneshot::Sender<Result<(), WriteError>>,
}

/// The one writer of task statuses.
#[derive(Debug)]
pub(super) struct StatusWriter {
    jobs: mpsc::Sender<Job>,
    _writer: skep_runtime::Task<()>,
}

impl StatusWriter {
    pub(super) fn start(env: &Env, door: Door) -> Self {
        let (jobs, queue) = mpsc::channel(REPORTS_QUEUED);
        Self { jobs, _writer: env.spawn("status writer", run(door, queue)) }
    }

    pub(super) async fn write(&self, node: NodeId, reports: Vec<TaskReport>) -> Result<(), DispatchError> {
        if reports.is_empty() {
            return Ok(());
        }
        let (done, answer) = oneshot::channel();
        self.jobs.send(Job { node, reports, done }).await.map_err(|_| DispatchError::Stopped)?;
        Ok(answer.await.map_err(|_| DispatchError::Stopped)??)
    }
}

async fn run(door: Door, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, REPORTS_QUEUED).await > 0 {
        let mut newest: BTreeMap<TaskId, (NodeId, TaskStatus)> = BTreeMap::new();
        for job in &jobs {
            newest.extend(job.reports.iter().map(|report| (report.task, (job.node, report.status.clone()))));
        }
        let result = write_all(&door, &newest).await;
        for job in jobs.drain(..) {
            // An agent that went away meanwhile reports again in its next session.
            drop(job.done.send(result.clone()));
        }
    }
}

async fn write_all(door: &Door, newest: &BTreeMap<TaskId, (NodeId, TaskStatus)>) -> Result<(), WriteError> {
    let all: Vec<_> = newest.iter().collect();
    for part in all.chunks(limits::TRANSACTION_CHANGES_MAX / 2) {
        door.change(|view| {
            let changes =
                part.iter().filter_map(|(task, (node, status))| change(view, **task, *node, status));
            Ok::<_, WriteError>((Transaction { changes: changes.collect() }, ()))
        })
        .await?;
    }
    Ok(())
}

/// A report counts when the task is on that node and the state is not a step back.
fn change(view: &View, task: TaskId, node: NodeId, status: &TaskStatus) -> Option<Change> {
    let known = view.task(task).filter(|known| known.node == Some(node))?;
    let mut status = status.clone();
    let same_state = status.state == known.status.state && !known.status.state.is_ended();
    if same_state {
        // An agent that was restarted reports what it found again; the task has been so for longer.
        status.at = known.status.at;
    }
    let news = known.status.state.may_become(status.state) || (same_state && known.status != status);
    news.then(|| Change::Update(Object::Task(Arc::new(Task { status, ..Task::clone(known) }))))
}
