//! Tasks of a service that start while its log is followed.

use std::collections::{BTreeSet, VecDeque};

use futures::stream::{self, BoxStream, StreamExt};
use skep_manager::ControlApi;
use skep_model::{ObjectKey, ServiceId, Task, TaskId};
use skep_store::{Commit, Watch};

use super::calls::attributes;
use super::merge::Source;
use crate::api::Api;
use crate::error::HostErrorKind;
use crate::log_line::LogOptions;

/// Logs of the service's tasks on this node.
pub(crate) struct Newcomers {
    api: Api,
    control: ControlApi,
    service: ServiceId,
    options: LogOptions,
    watch: Watch,
    known: BTreeSet<TaskId>,
}

impl Newcomers {
    /// From the present state on.
    pub(crate) fn new(api: Api, control: ControlApi, service: ServiceId, options: LogOptions) -> Self {
        let watch = control.store().watch(control.view().version());
        Self { api, control, service, options, watch, known: BTreeSet::new() }
    }

    /// Logs of tasks that have a container here and were not known before.
    pub(crate) async fn look(&mut self) -> Vec<Source> {
        let view = self.control.view();
        let mut found = Vec::new();
        for task in view.service_tasks(self.service) {
            if !self.known.contains(&task.id)
                && let Some(source) = open(&self.api, task, self.options).await
            {
                self.known.insert(task.id);
                found.push(source);
            }
        }
        found
    }

    /// Logs that come later, until the service is gone; all lines of each.
    pub(crate) fn later(mut self) -> BoxStream<'static, Source> {
        self.options.tail = None;
        let start = (self, VecDeque::new());
        stream::unfold(start, |(mut newcomers, mut found)| async move {
            loop {
                if let Some(source) = found.pop_front() {
                    return Some((source, (newcomers, found)));
                }
                if !newcomers.wait().await {
                    return None;
                }
                found.extend(newcomers.look().await);
            }
        })
        .boxed()
    }

    /// Waits until a task of the service changes; false when the service is gone.
    async fn wait(&mut self) -> bool {
        loop {
            let touched = match self.watch.next().await {
                Ok(commit) => touches(&commit, self.service),
                Err(_) => {
                    self.watch = self.control.store().watch(self.control.view().version());
                    true
                }
            };
            if self.control.view().service(self.service).is_none() {
                return false;
            }
            if touched {
                return true;
            }
        }
    }
}

/// The log of a task's container on this node; none when there is none, or not yet.
async fn open(api: &Api, task: &Task, options: LogOptions) -> Option<Source> {
    let container = api.host.task_container(task.id)?;
    let lines = match api.host.container_logs(&container, options).await {
        Ok(lines) => lines,
        // It was removed between the two looks.
        Err(error) if error.kind == HostErrorKind::NotFound => return None,
        Err(error) => stream::iter([Err(error)]).boxed(),
    };
    Some(Source::new(attributes(task), lines))
}

fn touches(commit: &Commit, service: ServiceId) -> bool {
    commit.events.iter().any(|event| match (&event.key, &event.after) {
        (ObjectKey::Task(_), Some(skep_model::Object::Task(task))) => task.service == service,
        _ => false,
    })
}
