//! Plain containers' removal.

use std::sync::Arc;
use std::time::Duration;

use crate::container::{Container, Phase};
use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// Removes a plain container with its files; with `force` also one that runs, which is killed.
    ///
    /// # Errors
    /// When there is no such container, it is a task's, it runs and `force` is not given, or something of it stays.
    pub async fn remove_plain(self: &Arc<Self>, reference: &str, force: bool) -> Result<(), EngineError> {
        let container = self.plain(reference, "remove")?;
        let id = container.info.id.clone();
        if container.state.get().phase == Phase::Running {
            if !force {
                return Err(EngineError::State(format!(
                    "cannot remove container \"{}\": container is running: stop the container before removing or force remove",
                    container.info.name
                )));
            }
            self.end_process(&container, Duration::ZERO).await?;
        }
        self.remove_ended(&container).await?;
        match self.registry.get(&id) {
            None => Ok(()),
            Some(_) => Err(EngineError::State(format!("container {id} was started again: stop it first"))),
        }
    }

    /// Removes the plain containers that do not run and `wanted` fits; gives their ids.
    ///
    /// # Errors
    /// When something of one of them stays; the rest is removed by another call.
    pub async fn prune_plain(
        self: &Arc<Self>,
        wanted: impl Fn(&Container) -> bool + Send,
    ) -> Result<Vec<String>, EngineError> {
        let mut removed = Vec::new();
        for container in self.registry.all() {
            let rests = matches!(container.state.get().phase, Phase::Created | Phase::Exited);
            if container.info.plain.is_some() && rests && wanted(&container) {
                self.remove_ended(&container).await?;
                if self.registry.get(&container.info.id).is_none() {
                    removed.push(container.info.id.clone());
                }
            }
        }
        Ok(removed)
    }

    /// Removes it unless it runs (again).
    async fn remove_ended(self: &Arc<Self>, container: &Container) -> Result<(), EngineError> {
        let _turn = container.turn.lock().await;
        let id = &container.info.id;
        if self.registry.get(id).is_none() || container.state.get().phase == Phase::Running {
            return Ok(());
        }
        self.destroy(id).await
    }
}
