//! The tasks of a service with a log, also those that start while it is followed.

use std::collections::{BTreeSet, VecDeque};

use futures::stream::{self, BoxStream, StreamExt};
use skep_manager::ControlApi;
use skep_model::{ObjectKey, ServiceId, Task, TaskId};
use skep_store::{Commit, View, Watch};

use super::calls::attributes;
use super::merge::Source;
use super::remote;
use crate::api::Api;
use crate::error::HostErrorKind;
use crate::host::SwarmState;
use crate::log_line::LogOptions;

/// Logs of the service's tasks, wherever they are.
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

    /// Logs of tasks that have a container and were not known before.
    pub(crate) async fn look(&mut self) -> Vec<Source> {
        let view = self.control.view();
        let mut found = Vec::new();
        for task in view.service_tasks(self.service) {
            if !self.known.contains(&task.id)
                && let Some(source) = open(&self.api, &view, task, self.options).await
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

/// The log of a task's container; none when there is none, or not yet.
pub(super) async fn open(api: &Api, view: &View, task: &Task, options: LogOptions) -> Option<Source> {
    let Some(container) = api.host.task_container(task.id) else {
        let here = matches!(api.host.swarm(), SwarmState::Member(own) if Some(own.node) == task.node);
        let lines = if here { None } else { remote::open(api, view, task, options) };
        return lines.map(|lines| Source::new(attributes(task), lines));
    };
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
