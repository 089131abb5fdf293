//! One task's container.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::Signal;
use skep_executor::{Controller, ControllerError};
use skep_image::Image;
use skep_keeper::FailureKind;
use skep_model::{ContainerStatus, TaskAssignment};
use skep_network::{NetworkError, namespace_of};

use crate::container::{Container, ContainerState, Phase};
use crate::directory::StoredContainer;
use crate::engine::{Engine, ignore_missing};
use crate::error::EngineError;
use crate::executor::temporary;
use crate::ports::host_ports;
use crate::{listening, places, recipe};

/// How long SIGKILL may take to end a container before the stop is tried again.
const KILL_WAIT: Duration = Duration::from_secs(10);
/// What asks a container to stop unless it says otherwise.
const SIGTERM: i32 = Signal::SIGTERM as i32;

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
        let (images, reference) =
            (self.engine.images.clone(), self.assignment.spec.task.container.image.clone());
        let found = tokio::task::spawn_blocking(move || {
            let found = images.find(&reference);
            match found {
                Err(_) if skep_image::builtin::is_reference(&reference) => {
                    skep_image::builtin::ensure(&images).and_then(|_| images.find(&reference))
                }
                found => found,
            }
        });
        let found = found.await.map_err(|_| temporary(EngineError::Stopped))?;
        found.map_err(|error| ControllerError::Rejected(error.to_string()))
    }

    /// Makes everything up to the container's process, which waits to be started.
    async fn make(&self, image: &Image) -> Result<Arc<Container>, ControllerError> {
        let places = places::places(&self.assignment, &self.engine.networks())?;
        let ports = host_ports(&self.assignment.spec.endpoint)
            .map_err(|taken| ControllerError::Rejected(taken.to_string()))?;
        let now = self.engine.env.now().as_nanos();
        let info = recipe::container_info(&self.assignment, image, places, ports, now);
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
        let pid = match self.create(&container, image).await {
            Ok(pid) => pid,
            Err(error) => {
                self.engine.registry.remove(&self.id);
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

    /// The container's files, and the keeper's part.
    async fn create(&self, container: &Arc<Container>, image: &Image) -> Result<i32, EngineError> {
        let (engine, container, image) = (Arc::clone(&self.engine), Arc::clone(container), image.clone());
        let assignment = self.assignment.clone();
        let created = tokio::task::spawn_blocking(move || {
            let info = &container.info;
            let directory = engine.directories.of(&info.id);
            // What an earlier try left may be half-made.
            let deleted = engine.keeper.blocking(|client| client.delete(&info.id, true));
            ignore_missing(deleted.map_err(EngineError::from))?;
            directory.remove()?;
            directory.create(&recipe::etc_files(info, &engine.search))?;
            let layers = engine.images.layers(&image);
            let config = recipe::configuration(&assignment, info, layers, &directory, &engine.cgroup_parent);
            directory.write(&StoredContainer { info: info.clone(), ended: None })?;
            let made = engine.keeper.blocking(|client| client.create(&config));
            if made.is_err() {
                directory.remove()?;
            }
            Ok(made?)
        });
        created.await.map_err(|_| EngineError::Stopped)?
    }

    async fn start_process(&self, container: &Container) -> Result<(), ControllerError> {
        let _turn = self.engine.making.acquire().await.map_err(|_| temporary(EngineError::Stopped))?;
        let id = self.id.clone();
        let started = self.engine.keeper.call(move |client| client.start(&id)).await;
        if let Err(error) = started {
            return Err(start_error(error, container));
        }
        let now = self.engine.env.now().as_nanos();
        container.state.update(|state| {
            if state.phase < Phase::Running {
                state.phase = Phase::Running;
                state.started_ns = now;
            }
        });
        self.engine.announce("start", container);
        Ok(())
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

    async fn signal(&self, signal: i32, all: bool) -> Result<(), ControllerError> {
        let id = self.id.clone();
        let killed = self.engine.keeper.call(move |client| client.kill(&id, signal, all)).await;
        match killed {
            // It ended by itself meanwhile.
            Err(EngineError::Keeper(skep_keeper::Error::Refused(failure)))
                if matches!(failure.kind, FailureKind::NotFound | FailureKind::WrongState) =>
            {
                Ok(())
            }
            other => other.map_err(temporary),
        }
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
            self.start_process(&container).await?;
        }
        self.until_serving(&container).await;
        Ok(())
    }

    async fn wait(&self) -> Result<ContainerStatus, ControllerError> {
        let container =
            self.made().ok_or_else(|| ControllerError::Temporary("the container is gone".into()))?;
        container.state.wait_for(|state| state.phase == Phase::Exited).await;
        Ok(container.status())
    }

    async fn shutdown(&self) -> Result<(), ControllerError> {
        let Some(container) = self.container() else { return Ok(()) };
        let over = || container.state.wait_for(|state| state.phase == Phase::Exited);
        match container.state.get().phase {
            Phase::Exited => return Ok(()),
            // Nothing runs that could be asked.
            Phase::Making | Phase::Created => {}
            Phase::Running => {
                let signal = signal_number(&container.info.stop_signal).unwrap_or(SIGTERM);
                self.signal(signal, false).await?;
                let grace = Duration::from_millis(container.info.stop_grace_ms);
                if self.engine.env.timeout(grace, over()).await.is_ok() {
                    return Ok(());
                }
            }
        }
        if container.state.get().phase == Phase::Making {
            return self.engine.destroy(&self.id).await.map_err(temporary);
        }
        self.signal(Signal::SIGKILL as i32, true).await?;
        let ended = self.engine.env.timeout(KILL_WAIT, over()).await;
        ended.map(drop).map_err(|_| {
            ControllerError::Temporary("the container does not end although it was killed".into())
        })
    }

    async fn remove(&self) -> Result<(), ControllerError> {
        self.engine.destroy(&self.id).await.map_err(temporary)
    }

    async fn status(&self) -> Option<ContainerStatus> {
        self.made().map(|container| container.status())
    }
}

/// The number of a signal written as `SIGTERM`, `TERM` or `15`; SIGTERM when empty.
fn signal_number(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(SIGTERM);
    }
    if let Ok(number) = text.parse::<i32>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let name = if text.starts_with("SIG") { text.to_owned() } else { format!("SIG{text}") };
    name.parse::<Signal>().ok().map(|signal| signal as i32)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_name_and_number() {
        assert_eq!(signal_number(""), Some(15));
        assert_eq!(signal_number("SIGINT"), Some(2));
        assert_eq!(signal_number("QUIT"), Some(3));
        assert_eq!(signal_number("9"), Some(9));
        assert_eq!(signal_number("SIGNOTHING"), None);
        assert_eq!(signal_number("99"), None);
    }
}
