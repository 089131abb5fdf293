use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::image;
use crate::patience::until;
use skep_harness::Api;

/// How often a single task is looked at; both sides answer such a call within a millisecond or two.
const TASK_PAUSE: Duration = Duration::from_millis(5);
/// How often a count is looked at; more often would be work for the daemon that is measured.
const COUNT_PAUSE: Duration = Duration::from_millis(25);
/// More memory than any node has.
const UNPLACEABLE_BYTES: u64 = 1 << 50;

/// A service of either side, by the same calls.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    api: &'a Api,
    id: String,
    spec: Value,
}

impl<'a> Service<'a> {
    /// Creates one whose containers sleep.
    pub(crate) fn create(api: &'a Api, name: &str, replicas: u32) -> Result<Self> {
        Self::of(api, spec(name, replicas))
    }

    /// Creates one whose tasks fit no node.
    pub(crate) fn create_pending(api: &'a Api, name: &str, replicas: u32) -> Result<Self> {
        let mut spec = spec(name, replicas);
        spec["TaskTemplate"]["Resources"] = json!({ "Reservations": { "MemoryBytes": UNPLACEABLE_BYTES } });
        Self::of(api, spec)
    }

    fn of(api: &'a Api, spec: Value) -> Result<Self> {
        let created = api.post("/services/create", &spec)?;
        let id = created["ID"].as_str().context("the new service has no ID")?.to_owned();
        Ok(Self { api, id, spec })
    }

    /// Wants another number of containers.
    pub(crate) fn scale(&mut self, replicas: u32) -> Result<()> {
        let version = self.api.get(&format!("/services/{}", self.id))?["Version"]["Index"].clone();
        self.spec["Mode"]["Replicated"]["Replicas"] = replicas.into();
        self.api.post(&format!("/services/{}/update?version={version}", self.id), &self.spec).map(drop)
    }

    /// Waits until its one task is reported as running; answers with the container's process.
    pub(crate) fn wait_for_task(&self) -> Result<u32> {
        until("the task runs", TASK_PAUSE, || {
            let tasks = self.api.list("/tasks", &json!({ "service": [self.id] }))?;
            let Some(status) = tasks.first().map(|task| &task["Status"]) else { return Ok(None) };
            let process = status["ContainerStatus"]["PID"].as_u64();
            Ok(process.filter(|_| status["State"] == "running"))
        })
        .and_then(|process| Ok(u32::try_from(process)?))
    }

    /// Waits until so many tasks are reported as running.
    pub(crate) fn wait_for_count(&self, replicas: u32) -> Result<()> {
        until(&format!("{replicas} tasks run"), COUNT_PAUSE, || {
            let services = self.api.list("/services?status=true", &json!({ "id": [self.id] }))?;
            let running = services.first().and_then(|found| found["ServiceStatus"]["RunningTasks"].as_u64());
            Ok((running == Some(replicas.into())).then_some(()))
        })
    }

    /// Waits until the task of the last slot is pending; both sides make them in order.
    pub(crate) fn wait_for_pending(&self, slots: u32) -> Result<()> {
        let name = self.spec["Name"].as_str().unwrap_or_default();
        // The list of all would cost the daemon more memory than what is measured.
        let filters = json!({ "name": [format!("{name}.{slots}.")] });
        until("the last task is pending", Duration::from_millis(200), || {
            let tasks = self.api.list("/tasks", &filters)?;
            Ok(tasks.first().is_some_and(|task| task["Status"]["State"] == "pending").then_some(()))
        })
    }

    /// Removes it; its containers go later.
    pub(crate) fn delete(&self) -> Result<()> {
        self.api.delete(&format!("/services/{}", self.id)).map(drop)
    }

    /// Removes it and waits until its containers are gone.
    pub(crate) fn remove(self) -> Result<()> {
        self.delete()?;
        until("the containers are gone", Duration::from_millis(100), || {
            let left = self.api.get("/containers/json?all=true")?;
            Ok(left.as_array().is_some_and(Vec::is_empty).then_some(()))
        })
    }
}

fn spec(name: &str, replicas: u32) -> Value {
    json!({
        "Name": name,
        "TaskTemplate": { "ContainerSpec": {
            "Image": image::NAME,
            "Command": ["/bin/sleep", "1000000"],
            // sleep as process 1 ignores SIGTERM, and removal would take ten seconds.
            "StopSignal": "KILL",
        } },
        "Mode": { "Replicated": { "Replicas": replicas } },
    })
}
