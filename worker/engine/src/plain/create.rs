//! A plain container's record and files.

use std::sync::Arc;

use skep_image::Image;
use skep_model::{PlainSpec, validate_container_name, validate_plain};

use super::recipe::{self, Place};
use crate::container::{Container, ContainerInfo, ContainerState, Phase};
use crate::directory::StoredContainer;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::Facts;
use crate::image_volumes::with_image_volumes;
use crate::process::signal_number;

impl Engine {
    /// Makes a container that is not started yet, under a name of its own if none is given; answers with its id. With the answer its
    /// record is on disk.
    ///
    /// # Errors
    /// When the spec is wrong, the name is taken, there is no such image, or the disk fails; nothing is left then.
    pub async fn create_plain(
        self: &Arc<Self>,
        name: Option<&str>,
        spec: &PlainSpec,
    ) -> Result<String, EngineError> {
        let invalid = |error: skep_model::Invalid| EngineError::Invalid(error.to_string());
        validate_plain(spec).map_err(invalid)?;
        if let Some(name) = name {
            // The text names the field by itself, as Docker's does.
            validate_container_name("name", name).map_err(|error| EngineError::Invalid(error.reason))?;
        }
        let image = self.image(&spec.container.image).await?;
        let container = with_image_volumes(spec.container.clone(), &image.config).map_err(invalid)?;
        let spec = &PlainSpec { container, ..spec.clone() };
        let info = self.plain_record(name, spec, &image)?;
        let id = info.id.clone();
        // Others see it when its files are there; its name is taken from now on.
        let container = self.registry.insert_named(info)?;
        if let Err(error) = self.write_new(&container, spec).await {
            self.registry.remove(&id);
            self.leave_volumes(&container.info).await?;
            return Err(error);
        }
        container.state.update(|state| state.phase = Phase::Created);
        self.announce("create", &container);
        Ok(id)
    }

    fn plain_record(
        &self,
        name: Option<&str>,
        spec: &PlainSpec,
        image: &Image,
    ) -> Result<ContainerInfo, EngineError> {
        let random = || self.env.random().id();
        let id = format!("{:032x}{:032x}", random(), random());
        let name = name.map_or_else(
            || skep_model::free_name(random(), |name| self.registry.has_name(name)),
            str::to_owned,
        );
        let directory = self.directories.of(&id);
        let place = Place {
            directory: &directory,
            cgroup_parent: &self.cgroup_parent,
            volumes: self.volumes.root(),
            host: Facts::read().hostname,
            created_ns: self.env.now().as_nanos(),
        };
        let layers = self.images.layers(image);
        let info = recipe::record((id, name), spec, (image, layers), place);
        if info.command.is_empty() {
            return Err(EngineError::Invalid(format!(
                "no command specified: neither the call nor the image {} says what to run",
                info.image
            )));
        }
        if signal_number(&info.stop_signal).is_none() {
            let text = format!("'{}' is not a signal of this machine", info.stop_signal);
            return Err(EngineError::Invalid(text));
        }
        Ok(info)
    }

    async fn write_new(
        self: &Arc<Self>,
        container: &Arc<Container>,
        spec: &PlainSpec,
    ) -> Result<(), EngineError> {
        let (engine, info, spec) = (Arc::clone(self), container.info.clone(), spec.container.clone());
        let written = tokio::task::spawn_blocking(move || {
            engine.ready_volumes(&info.id, &spec)?;
            let directory = engine.directories.of(&info.id);
            let stored = StoredContainer { info, ended: None };
            // The log is there from the beginning: who attaches before the start, misses nothing.
            let files = [("container.log", String::new())];
            let written = directory.create(&files).and_then(|()| directory.write(&stored));
            if written.is_err() {
                directory.remove()?;
            }
            written
        });
        written.await.map_err(|_| EngineError::Stopped)?
    }

    /// The plain container of this id, name, or start of an id.
    pub(super) fn plain(&self, reference: &str, verb: &str) -> Result<Arc<Container>, EngineError> {
        let container = self.registry.find(reference)?;
        match &container.info.task {
            None => Ok(container),
            Some(task) => Err(EngineError::State(format!(
                "cannot {verb} container {}: it is that of task {task}, which the swarm starts and removes; change its \
                 service instead",
                container.info.name
            ))),
        }
    }

    /// Brings the record of a plain container to the disk, and to who asks from now on.
    pub(super) async fn renote(
        self: &Arc<Self>,
        info: ContainerInfo,
        ended: Option<ContainerState>,
    ) -> Result<(), EngineError> {
        self.registry.replace(info.clone());
        let engine = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let directory = engine.directories.of(&info.id);
            directory.write(&StoredContainer { info, ended })
        });
        written.await.map_err(|_| EngineError::Stopped)?
    }
}
