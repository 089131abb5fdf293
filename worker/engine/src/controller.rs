//! One task's container.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skep_executor::{Controller, ControllerError};
use skep_image::Image;
use skep_keeper::FailureKind;
use skep_keeper::config::Mount as KeeperMount;
use skep_model::{ContainerSpec, ContainerStatus, LogFiles, TaskAssignment};
use skep_network::{NetworkError, namespace_of};

use crate::container::{Container, ContainerState, Phase};
use crate::contents::{ContentError, ContentFile};
use crate::directory::StoredContainer;
use crate::engine::{Engine, ignore_missing};
use crate::error::EngineError;
use crate::executor::temporary;
use crate::facts::Facts;
use crate::health::HealthStatus;
use crate::image_volumes::with_image_volumes;
use crate::ports::host_ports;
use crate::process::signal_number;
use crate::recipe::Wanted;
use crate::{listening, places, recipe, wanted};

/// Marks a container whose hooks after the start have all been run.
const HOOKS_DONE: &str = "hooked";

/// Drives the container of a task.
#[derive(Debug)]
pub(crate) struct ContainerController {
    engine: Arc<Engine>,
    assignment: TaskAssignment,
    id: String,
}

impl ContainerController {
    pub(crate) fn new(engine: Arc<Engine>, assignment: TaskAssignment) -> Self {
        let id = recipe::container_id(assignment.id);
        Self { engine, assignment, id }
    }

    fn container(&self) -> Option<Arc<Container>> {
        self.engine.registry.get(&self.id)
    }

    /// The container, once it is made.
    fn made(&self) -> Option<Arc<Container>> {
        self.container().filter(|container| container.state.get().phase > Phase::Making)
    }

    async fn image(&self) -> Result<Image, ControllerError> {
        let found = self.engine.image(&self.assignment.spec.task.container.image).await;
        found.map_err(|error| match error {
            EngineError::Image(error) => ControllerError::Rejected(error.to_string()),
            other => temporary(other),
        })
    }

    /// Makes everything up to the container's process, which waits to be started.
    async fn make(&self, image: &Image) -> Result<Arc<Container>, ControllerError> {
        let places = places::places(&self.assignment, &self.engine.networks())?;
        let ports = host_ports(&self.assignment.spec.endpoint)
            .map_err(|taken| ControllerError::Rejected(taken.to_string()))?;
        let facts = Facts::read();
        let spec = wanted::on_node(&self.assignment, &facts)
            .map_err(|error| ControllerError::Rejected(error.to_string()))?;
        let spec = with_image_volumes(spec, &image.config)
            .map_err(|error| ControllerError::Rejected(error.to_string()))?;
        let files = self.engine.contents.files(&spec, &wanted::template_of(&self.assignment, &facts));
        let files = files.map_err(|error| match error {
            ContentError::Missing { .. } => ControllerError::Temporary(error.to_string()),
            _ => ControllerError::Rejected(error.to_string()),
        })?;
        let wanted = self.wanted(&spec)?;
        let now = self.engine.env.now().as_nanos();
        let info = recipe::container_info(&self.assignment, wanted, image, places, ports, now);
        signal_number(&info.stop_signal).ok_or_else(|| {
            ControllerError::Rejected(format!("'{}' is not a signal of this machine", info.stop_signal))
        })?;
        if info.command.is_empty() {
            return Err(ControllerError::Rejected(format!(
                "no command specified: neither the service nor the image {} says what to run",
                info.image
            )));
        }
        let container = self.engine.registry.insert(info, ContainerState::default());
        let pid = match self.create(&container, &spec, image, files).await {
            Ok(pid) => pid,
            Err(error) => {
                self.engine.registry.remove(&self.id);
                self.engine.leave_volumes(&container.info).await.map_err(temporary)?;
                return Err(rejected(error));
            }
        };
        let attachment = namespace_of(pid).map(|namespace| places::attachment(&container.info, namespace));
        self.engine.network.attach(attachment.map_err(temporary)?).await.map_err(|error| match error {
            // Another node may have it free.
            NetworkError::Port(taken) => ControllerError::Rejected(taken.to_string()),
            other => temporary(other),
        })?;
        container.state.update(|state| {
            // It may have been killed already.
            if state.phase < Phase::Created {
                state.phase = Phase::Created;
                state.pid = u32::try_from(pid).ok();
            }
        });
        self.engine.announce("create", &container);
        Ok(container)
    }

    fn wanted<'a>(&'a self, spec: &'a ContainerSpec) -> Result<Wanted<'a>, ControllerError> {
        let task = &self.assignment.spec.task;
        let log = task.log_driver.as_ref().map_or(Ok(LogFiles::default()), LogFiles::of);
        Ok(Wanted {
            container: spec,
            resources: &task.resources,
            log: log.map_err(|error| ControllerError::Rejected(error.to_string()))?,
            volumes: self.engine.volumes.root(),
        })
    }

    /// The container's volumes, its secrets and configs, its files, and the keeper's part.
    async fn create(
        &self,
        container: &Arc<Container>,
        spec: &ContainerSpec,
        image: &Image,
        files: Vec<ContentFile>,
    ) -> Result<i32, EngineError> {
        let (engine, container, image) = (Arc::clone(&self.engine), Arc::clone(container), image.clone());
        let (controller, spec) = (Self::new(Arc::clone(&engine), self.assignment.clone()), spec.clone());
        let created = tokio::task::spawn_blocking(move || {
            let info = &container.info;
            let directory = engine.directories.of(&info.id);
            // What an earlier try left may be half-made.
            let deleted = engine.keeper.blocking(|client| client.delete(&info.id, true));
            ignore_missing(deleted.map_err(EngineError::from))?;
            directory.remove()?;
            directory.create(&recipe::etc_files(info, &engine.search))?;
            engine.ready_volumes(&info.id, &spec)?;
            let layers = engine.images.layers(&image);
            let wanted = controller.wanted(&spec).map_err(|error| EngineError::Invalid(error.to_string()))?;
            let mut config = recipe::configuration(wanted, info, layers, &directory, &engine.cgroup_parent);
            let contents = engine.contents.write(&info.id, &files)?;
            config.mounts.extend(contents.into_iter().map(KeeperMount::Bind));
            directory.write(&StoredContainer { info: info.clone(), ended: None })?;
            let made = engine.keeper.blocking(|client| client.create(&config));
            if made.is_err() {
                engine.contents.remove(&info.id)?;
                directory.remove()?;
            }
            Ok(made?)
        });
        created.await.map_err(|_| EngineError::Stopped)?
    }

    /// Waits for what is published to be served, while the container runs.
    async fn until_serving(&self, container: &Container) {
        let ports = listening::ports(&self.assignment.spec.endpoint);
        let state = container.state.get();
        let pid = state.pid.and_then(|pid| i32::try_from(pid).ok());
        let (Some(pid), false) = (pid, ports.is_empty()) else { return };
        let runs = Duration::from_nanos(self.engine.env.now().as_nanos().saturating_sub(state.started_ns));
        tokio::select! {
            biased;
            _ = container.state.wait_for(|state| state.phase == Phase::Exited) => {}
            () = listening::until_listening(&self.engine.env, &self.id, pid, runs, &ports) => {}
        }
    }
}

impl ContainerController {
    /// Runs what is to be run after the start, once, whatever daemon started the container. A container that ends meanwhile has ended.
    async fn run_hooks(&self, container: &Container) -> Result<(), ControllerError> {
        let directory = self.engine.directories.of(&self.id);
        if container.info.programs.post_start.is_empty() || directory.is_marked(HOOKS_DONE) {
            return Ok(());
        }
        for hook in &container.info.programs.post_start {
            let ran = tokio::select! {
                biased;
                _ = container.state.wait_for(|state| state.phase == Phase::Exited) => return Ok(()),
                ran = self.engine.run_hook(container, hook) => ran,
            };
            if let Err(reason) = ran {
                return Err(self
                    .stop_failed(container, &format!("post-start hook failed: {reason}"))
                    .await?);
            }
        }
        directory.mark(HOOKS_DONE).map_err(temporary)
    }

    /// Waits for the first check that decides, while the container runs.
    async fn until_healthy(&self, container: &Container) -> Result<(), ControllerError> {
        let decided = container
            .health
            .wait_for(|health| health.as_ref().is_some_and(|health| health.status != HealthStatus::Starting));
        tokio::select! {
            biased;
            _ = container.state.wait_for(|state| state.phase == Phase::Exited) => Ok(()),
            decided = decided => match decided.map(|health| health.status) {
                Some(HealthStatus::Unhealthy) => Err(self.stop_unhealthy(container).await?),
                _ => Ok(()),
            },
        }
    }

    /// Stops a container whose checks fail; gives what the task failed with.
    async fn stop_unhealthy(&self, container: &Container) -> Result<ControllerError, ControllerError> {
        let reason = container.health.get().unwrap_or_default().reason();
        self.stop_failed(container, &format!("dockerexec: unhealthy container: {reason}")).await
    }

    /// Stops a container that is of no use; gives what the task failed with, in Docker's words.
    async fn stop_failed(
        &self,
        container: &Container,
        reason: &str,
    ) -> Result<ControllerError, ControllerError> {
        let grace = Duration::from_millis(container.info.stop_grace_ms);
        self.engine.end_process(container, grace).await.map_err(temporary)?;
        let exit_code = container.state.get().exit_code;
        let reason = format!("task: non-zero exit ({}): {reason}", exit_code.unwrap_or_default());
        Ok(ControllerError::Failed { exit_code, reason })
    }
}

#[async_trait]
impl Controller for ContainerController {
    async fn prepare(&self) -> Result<(), ControllerError> {
        if self.made().is_some() {
            return Ok(());
        }
        let image = self.image().await?;
        let _turn = self.engine.making.acquire().await.map_err(|_| temporary(EngineError::Stopped))?;
        self.make(&image).await.map(drop)
    }

    async fn start(&self) -> Result<(), ControllerError> {
        let Some(container) = self.made() else {
            return Err(ControllerError::Rejected("the container is gone".into()));
        };
        // One that runs or has ended is not started again.
        if container.state.get().phase <= Phase::Created {
            self.engine.run_process(&container).await.map_err(|error| start_error(error, &container))?;
        }
        self.run_hooks(&container).await?;
        match container.info.programs.health {
            Some(_) => self.until_healthy(&container).await,
            None => {
                self.until_serving(&container).await;
                Ok(())
            }
        }
    }

    async fn wait(&self) -> Result<ContainerStatus, ControllerError> {
        let container =
            self.made().ok_or_else(|| ControllerError::Temporary("the container is gone".into()))?;
        let unhealthy = container.health.wait_for(|health| {
            health.as_ref().is_some_and(|health| health.status == HealthStatus::Unhealthy)
        });
        tokio::select! {
            biased;
            _ = container.state.wait_for(|state| state.phase == Phase::Exited) => Ok(container.status()),
            _ = unhealthy => Err(self.stop_unhealthy(&container).await?),
        }
    }

    async fn shutdown(&self) -> Result<(), ControllerError> {
        let Some(container) = self.container() else { return Ok(()) };
        let grace = Duration::from_millis(container.info.stop_grace_ms);
        let stopped = match container.state.get().phase {
            Phase::Making => self.engine.destroy(&self.id).await,
            _ => self.engine.end_process(&container, grace).await,
        };
        stopped.map_err(temporary)
    }

    async fn remove(&self) -> Result<(), ControllerError> {
        self.engine.destroy(&self.id).await.map_err(temporary)
    }

    async fn status(&self) -> Option<ContainerStatus> {
        self.made().map(|container| container.status())
    }

    async fn log_tail(&self) -> Vec<String> {
        let Some(container) = self.made() else { return Vec::new() };
        self.engine.log_tail(&container).await.unwrap_or_else(|error| {
            tracing::debug!(container = self.id, %error, "the last lines of its output cannot be read");
            Vec::new()
        })
    }
}

/// What the keeper refuses for the task's own sake would be refused again.
fn rejected(error: EngineError) -> ControllerError {
    match error {
        EngineError::Keeper(skep_keeper::Error::Refused(failure)) => match failure.kind {
            FailureKind::System | FailureKind::AlreadyExists | FailureKind::WrongState => {
                ControllerError::Temporary(failure.message)
            }
            _ => ControllerError::Rejected(failure.message),
        },
        EngineError::Invalid(_) | EngineError::State(_) => ControllerError::Rejected(error.to_string()),
        other => temporary(other),
    }
}

fn start_error(error: EngineError, container: &Container) -> ControllerError {
    match error {
        EngineError::Keeper(skep_keeper::Error::Refused(failure)) => {
            ControllerError::Failed { exit_code: Some(failure.kind.exit_code()), reason: failure.message }
        }
        other if container.state.get().phase == Phase::Exited => {
            ControllerError::Failed { exit_code: container.state.get().exit_code, reason: other.to_string() }
        }
        other => temporary(other),
    }
}
