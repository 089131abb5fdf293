//! An executor without containers: tasks "run" until a test ends them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use skep_model::{ContainerStatus, EndpointTable, NodeDescription, TaskAssignment, TaskId, TunnelKey};
use skep_runtime::Latest;

use crate::{Controller, ControllerError, Executor};

/// How a fake container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeContainer {
    /// Made, not started.
    Prepared,
    /// Running.
    Running,
    /// Running, and found not to work.
    Sick(String),
    /// Ended with this code.
    Ended(i32),
}

#[derive(Debug, Default)]
struct Machine {
    containers: BTreeMap<TaskId, Latest<FakeContainer>>,
    missing_images: BTreeSet<String>,
    /// What containers wrote.
    output: BTreeMap<TaskId, Vec<String>>,
    endpoints: EndpointTable,
    tunnel_key: Option<TunnelKey>,
}

/// A machine that only pretends.
#[derive(Clone, Debug)]
pub struct FakeExecutor {
    machine: Arc<Mutex<Machine>>,
    /// How often the description changed since it was given.
    news: Latest<u32>,
}

impl Default for FakeExecutor {
    fn default() -> Self {
        Self { machine: Arc::default(), news: Latest::new(0) }
    }
}

impl FakeExecutor {
    /// From now on this image cannot be found.
    pub fn lose_image(&self, image: &str) {
        self.lock().missing_images.insert(image.to_owned());
    }

    /// A container wrote these lines.
    pub fn write(&self, task: TaskId, lines: &[&str]) {
        let lines = lines.iter().map(ToString::to_string).collect();
        self.lock().output.insert(task, lines);
    }

    /// Finds that a running container does not work.
    pub fn sicken(&self, task: TaskId, reason: &str) {
        if let Some(container) = self.lock().containers.get(&task) {
            container.set(FakeContainer::Sick(reason.to_owned()));
        }
    }

    /// Ends a running container as if its process had ended.
    pub fn end(&self, task: TaskId, exit_code: i32) {
        if let Some(container) = self.lock().containers.get(&task) {
            container.set(FakeContainer::Ended(exit_code));
        }
    }

    /// Gives the machine another key, which managers should hear of.
    pub fn change_key(&self, key: TunnelKey) {
        self.lock().tunnel_key = Some(key);
        self.news.update(|news| *news += 1);
    }

    /// Every container and how it is.
    pub fn containers(&self) -> BTreeMap<TaskId, FakeContainer> {
        self.lock().containers.iter().map(|(id, container)| (*id, container.get())).collect()
    }

    /// The endpoint table that was applied, whole.
    pub fn endpoints(&self) -> EndpointTable {
        self.lock().endpoints.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Executor for FakeExecutor {
    async fn describe(&self) -> Result<NodeDescription, ControllerError> {
        self.news.update(|news| *news = 0);
        Ok(NodeDescription {
            hostname: "fake".into(),
            architecture: "x86_64".into(),
            os: "linux".into(),
            nano_cpus: 4_000_000_000,
            memory_bytes: 8 << 30,
            engine_version: "0".into(),
            engine_labels: BTreeMap::new(),
            tunnel_key: self.lock().tunnel_key,
            data_path_address: String::new(),
            ipv6: false,
            generic: Vec::new(),
            volumes: Vec::new(),
        })
    }

    async fn description_changed(&self) {
        self.news.wait_for(|news| *news > 0).await;
    }

    async fn controller(&self, assignment: &TaskAssignment) -> Result<Arc<dyn Controller>, ControllerError> {
        let image = assignment.spec.task.container.image.clone();
        Ok(Arc::new(FakeController { executor: self.clone(), task: assignment.id, image }))
    }

    async fn apply_endpoints(&self, table: &EndpointTable) -> Result<(), ControllerError> {
        self.lock().endpoints.merge(table.clone());
        Ok(())
    }

    async fn retain(&self, tasks: &BTreeSet<TaskId>) -> Result<(), ControllerError> {
        self.lock().containers.retain(|id, _| tasks.contains(id));
        Ok(())
    }
}

#[derive(Debug)]
struct FakeController {
    executor: FakeExecutor,
    task: TaskId,
    image: String,
}

impl FakeController {
    fn container(&self) -> Option<Latest<FakeContainer>> {
        self.executor.lock().containers.get(&self.task).cloned()
    }
}

#[async_trait]
impl Controller for FakeController {
    async fn prepare(&self) -> Result<(), ControllerError> {
        let mut machine = self.executor.lock();
        if machine.missing_images.contains(&self.image) {
            return Err(ControllerError::Rejected(format!("No such image: {}", self.image)));
        }
        machine.containers.entry(self.task).or_insert_with(|| Latest::new(FakeContainer::Prepared));
        Ok(())
    }

    async fn start(&self) -> Result<(), ControllerError> {
        let container = self.container().ok_or_else(|| ControllerError::Rejected("not prepared".into()))?;
        if container.get() == FakeContainer::Prepared {
            container.set(FakeContainer::Running);
        }
        Ok(())
    }

    async fn wait(&self) -> Result<ContainerStatus, ControllerError> {
        let container = self.container().ok_or_else(|| ControllerError::Rejected("gone".into()))?;
        let over = |state: &FakeContainer| matches!(state, FakeContainer::Ended(_) | FakeContainer::Sick(_));
        match container.wait_for(over).await {
            FakeContainer::Ended(exit_code) => {
                Ok(ContainerStatus { exit_code: Some(exit_code), ..ContainerStatus::default() })
            }
            FakeContainer::Sick(reason) => {
                container.set(FakeContainer::Ended(137));
                Err(ControllerError::Failed { reason, exit_code: Some(137) })
            }
            FakeContainer::Prepared | FakeContainer::Running => unreachable!("wait_for gives what fits"),
        }
    }

    async fn shutdown(&self) -> Result<(), ControllerError> {
        if let Some(container) = self.container() {
            container.update(|state| {
                if !matches!(state, FakeContainer::Ended(_)) {
                    *state = FakeContainer::Ended(143);
                }
            });
        }
        Ok(())
    }

    async fn remove(&self) -> Result<(), ControllerError> {
        self.executor.lock().containers.remove(&self.task);
        Ok(())
    }

    async fn status(&self) -> Option<ContainerStatus> {
        self.container().map(|_| ContainerStatus::default())
    }

    async fn log_tail(&self) -> Vec<String> {
        self.executor.lock().output.get(&self.task).cloned().unwrap_or_default()
    }
}
