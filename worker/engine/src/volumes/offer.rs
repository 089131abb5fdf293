//! What the engine does with volumes.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{ContainerSpec, Labels, MountKind, validate_volume_name, validate_volume_options};

use super::volume::Volume;
use crate::container::ContainerInfo;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::EngineEvent;
use crate::mounts::volume_name;

impl Engine {
    /// All volumes of this node, in the order of names.
    pub fn volumes(&self) -> Vec<Volume> {
        self.volumes.all()
    }

    /// One volume.
    ///
    /// # Errors
    /// When there is none.
    pub fn volume(&self, name: &str) -> Result<Volume, EngineError> {
        self.volumes.get(name).ok_or_else(|| EngineError::NoVolume(name.to_owned()))
    }

    /// Where a volume's data is on the host.
    pub fn volume_path(&self, name: &str) -> std::path::PathBuf {
        super::data_of(self.volumes.root(), name)
    }

    /// The ids of the containers that have a volume, whether they run or not.
    pub fn volume_users(&self, name: &str) -> Vec<String> {
        let has = |info: &ContainerInfo| info.mounts.iter().any(|mount| mount.name == name);
        let all = self.registry.all();
        all.iter()
            .filter(|container| has(&container.info))
            .map(|container| container.info.id.clone())
            .collect()
    }

    /// Makes a volume, or finds the one of this name; without a name it gets one.
    ///
    /// # Errors
    /// When the name or an option is wrong, one with other options is there, or the disk fails.
    pub async fn create_volume(
        self: &Arc<Self>,
        name: &str,
        labels: Labels,
        options: Labels,
    ) -> Result<Volume, EngineError> {
        let created_ns = self.env.now().as_nanos();
        let wanted = Volume { name: name.to_owned(), labels, options, created_ns };
        let wanted = match name {
            "" => {
                let random = || self.env.random().id();
                Volume { name: format!("{:032x}{:032x}", random(), random()), ..wanted }.unnamed()
            }
            _ => wanted,
        };
        let engine = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || engine.ensure_volume(wanted, false));
        made.await.map_err(|_| EngineError::Stopped)?
    }

    /// Removes a volume with its data; with `force` one that is not there is no error.
    ///
    /// # Errors
    /// When there is none, a container has it, or something of it stays.
    pub async fn remove_volume(self: &Arc<Self>, name: &str, force: bool) -> Result<(), EngineError> {
        match self.drop_volume(name.to_owned()).await? {
            true => Ok(()),
            false if force => Ok(()),
            false => Err(EngineError::NoVolume(name.to_owned())),
        }
    }

    /// Removes the volumes that no container has and `wanted` fits; gives their names, and the bytes that they held.
    ///
    /// # Errors
    /// When something of one of them stays; the rest is removed by another call.
    pub async fn prune_volumes(
        self: &Arc<Self>,
        wanted: impl Fn(&Volume) -> bool + Send,
    ) -> Result<(Vec<String>, u64), EngineError> {
        let (mut names, mut bytes) = (Vec::new(), 0);
        for volume in self.volumes.all().into_iter().filter(|volume| wanted(volume)) {
            let (engine, name) = (Arc::clone(self), volume.name.clone());
            let size = tokio::task::spawn_blocking(move || engine.volumes.size_bytes(&name));
            let size = size.await.map_err(|_| EngineError::Stopped)?;
            match self.drop_volume(volume.name.clone()).await {
                Ok(true) => {
                    names.push(volume.name);
                    bytes += size;
                }
                Ok(false) | Err(EngineError::VolumeInUse { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((names, bytes))
    }

    /// Makes the volumes of a container that are not there, and what is mounted in their place. Blocks.
    pub(crate) fn ready_volumes(&self, id: &str, spec: &ContainerSpec) -> Result<(), EngineError> {
        let created_ns = self.env.now().as_nanos();
        for mount in &spec.mounts {
            let MountKind::Volume(volume) = &mount.kind else { continue };
            let wanted = Volume {
                name: volume_name(id, volume, &mount.target),
                labels: volume.labels.clone(),
                options: volume.options.clone(),
                created_ns,
            };
            let wanted = if volume.name.is_empty() { wanted.unnamed() } else { wanted };
            self.ensure_volume(wanted, true)?;
        }
        Ok(())
    }

    /// The same for a container that was made before. Blocks.
    pub(crate) fn reopen_volumes(&self, info: &ContainerInfo) -> Result<(), EngineError> {
        for mount in info.mounts.iter().filter(|mount| !mount.name.is_empty()) {
            let wanted = Volume { name: mount.name.clone(), ..Volume::default() };
            self.ensure_volume(if mount.anonymous { wanted.unnamed() } else { wanted }, true)?;
        }
        Ok(())
    }

    /// A container is gone: its own volumes go, and what was mounted for it alone.
    pub(crate) async fn leave_volumes(self: &Arc<Self>, info: &ContainerInfo) -> Result<(), EngineError> {
        for mount in info.mounts.iter().filter(|mount| !mount.name.is_empty()) {
            let name = mount.name.clone();
            if mount.anonymous {
                match self.drop_volume(name).await {
                    Ok(_) | Err(EngineError::VolumeInUse { .. }) => {}
                    Err(error) => return Err(error),
                }
                continue;
            }
            let engine = Arc::clone(self);
            let released = tokio::task::spawn_blocking(move || {
                engine.volumes.release(&name, || engine.volume_users(&name))
            });
            released.await.map_err(|_| EngineError::Stopped)??;
        }
        Ok(())
    }

    fn ensure_volume(&self, wanted: Volume, use_now: bool) -> Result<Volume, EngineError> {
        let invalid = |error: skep_model::Invalid| EngineError::Invalid(error.reason);
        validate_volume_name("name", &wanted.name).map_err(invalid)?;
        validate_volume_options("options", &wanted.options).map_err(invalid)?;
        let (volume, made) = self.volumes.ensure(wanted, use_now)?;
        if made {
            self.announce_volume("create", &volume.name);
        }
        Ok(volume)
    }

    async fn drop_volume(self: &Arc<Self>, name: String) -> Result<bool, EngineError> {
        let engine = Arc::clone(self);
        let removed = tokio::task::spawn_blocking(move || {
            let removed = engine.volumes.remove(&name, || engine.volume_users(&name))?;
            if removed {
                engine.announce_volume("destroy", &name);
            }
            Ok(removed)
        });
        removed.await.map_err(|_| EngineError::Stopped)?
    }

    fn announce_volume(&self, action: &'static str, name: &str) {
        let attributes = BTreeMap::from([("driver".to_owned(), "local".to_owned())]);
        let at_ns = self.env.now().as_nanos();
        self.events.announce(EngineEvent { kind: "volume", action, id: name.to_owned(), attributes, at_ns });
    }
}
