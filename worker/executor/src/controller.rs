use async_trait::async_trait;
use skep_model::ContainerStatus;

use crate::ControllerError;

/// Runs one task. Every call may be made again after a restart of the daemon and then finds what is there already.
#[async_trait]
pub trait Controller: Send + Sync {
    /// Gets the image and makes the container, its network included, without starting it.
    async fn prepare(&self) -> Result<(), ControllerError>;

    /// Starts the container's process and comes back when it counts as running.
    async fn start(&self) -> Result<(), ControllerError>;

    /// Waits until the container ended and says how; a container that is found not to work is stopped, and that is an error.
    async fn wait(&self) -> Result<ContainerStatus, ControllerError>;

    /// Stops the container: the stop signal, the grace period, then SIGKILL. Comes back when it has ended.
    async fn shutdown(&self) -> Result<(), ControllerError>;

    /// Removes the container and all that belongs to it.
    async fn remove(&self) -> Result<(), ControllerError>;

    /// How the container is; none when there is none.
    async fn status(&self) -> Option<ContainerStatus>;

    /// The last lines that the container wrote, oldest first, cut to what managers keep of a failed task.
    async fn log_tail(&self) -> Vec<String> {
        Vec::new()
    }
}
