use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use skep_model::{CallPiece, ExecSpec, NodeCall, NodeId, TaskId};
use skep_runtime::Line;
use tokio::sync::mpsc;

use crate::api::Api;
use crate::refusal::Refusal;

/// Commands that are remembered; the oldest that do not run go first.
const KEPT_MAX: usize = 256;

/// Where a command runs.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// In a container of this node, by its id.
    Here(String),
    /// In a task's container on another node.
    There(NodeId, TaskId),
}

/// One command.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) id: String,
    pub(crate) target: Target,
    pub(crate) spec: ExecSpec,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    exit_code: Option<i32>,
    /// What is said to it while it runs.
    said: Option<mpsc::Sender<CallPiece>>,
}

/// The commands that clients made.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExecBook {
    all: Arc<Mutex<VecDeque<Arc<Exec>>>>,
}

impl ExecBook {
    /// Notes a command that is not started yet.
    pub(crate) fn add(&self, id: String, target: Target, spec: ExecSpec) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX
            && let Some(oldest) = all.iter().position(|exec| !exec.is_running())
        {
            all.remove(oldest);
        }
        all.push_back(Arc::new(Exec { id, target, spec, state: Mutex::default() }));
    }

    /// The command of this id.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Exec>, Refusal> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|exec| exec.id == id).cloned();
        found.ok_or_else(|| Refusal::not_found(format!("No such exec instance: {id}")))
    }
}

impl Exec {
    /// Starts it; gives the line to it.
    pub(crate) async fn start(&self, api: &Api) -> Result<Line<CallPiece>, Refusal> {
        if std::mem::replace(&mut self.lock().started, true) {
            let text = format!("exec {} was started already", self.id);
            return Err(Refusal::new(StatusCode::CONFLICT, text));
        }
        let started = match &self.target {
            Target::Here(container) => api.host.container_exec(container, self.spec.clone()).await,
            Target::There(node, task) => {
                api.host.node_call(*node, NodeCall::Exec(*task, self.spec.clone())).await
            }
        };
        match started {
            Ok(line) => {
                self.lock().said = Some(line.said.clone());
                Ok(line)
            }
            Err(error) => {
                self.ended(not_run(&error.message));
                Err(error.into())
            }
        }
    }

    /// Notes how it ended.
    pub(crate) fn ended(&self, exit_code: i32) {
        let mut state = self.lock();
        state.exit_code = Some(exit_code);
        state.said = None;
    }

    /// How it ended, if it has.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.lock().exit_code
    }

    /// Whether it was started and has not ended.
    pub(crate) fn is_running(&self) -> bool {
        let state = self.lock();
        state.started && state.exit_code.is_none()
    }

    /// What says something to it while it runs.
    pub(crate) fn said(&self) -> Option<mpsc::Sender<CallPiece>> {
        self.lock().said.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What shells show of a command that is not there, or cannot be run.
fn not_run(reason: &str) -> i32 {
    if reason.contains("not found") { 127 } else { 126 }
}
