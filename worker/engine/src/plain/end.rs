//! The end of a plain container's run, and those who wait for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::attachments::Attachments;
use crate::container::{Container, Phase};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::process::signal_number;

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitFor {
    /// That it does not run; at once when it does not.
    #[default]
    NotRunning,
    /// Its next end.
    NextExit,
    /// That it is removed.
    Removed,
}

impl Engine {
    /// Stops a container; false when it did not run. The grace period is the container's own if none is given.
    ///
    /// # Errors
    /// When there is no such container, or it does not end.
    pub async fn stop(&self, reference: &str, grace: Option<Duration>) -> Result<bool, EngineError> {
        let container = self.registry.find(reference)?;
        if container.state.get().phase != Phase::Running {
            return Ok(false);
        }
        let own = Duration::from_millis(container.info.stop_grace_ms);
        self.end_process(&container, grace.unwrap_or(own)).await?;
        Ok(true)
    }

    /// Sends a signal to a container's first process, SIGKILL if none is named.
    ///
    /// # Errors
    /// When there is no such container or signal, or it does not run.
    pub async fn kill(&self, reference: &str, signal: &str) -> Result<(), EngineError> {
        let container = self.registry.find(reference)?;
        let signal = if signal.is_empty() { "KILL" } else { signal };
        let number = signal_number(&signal.to_ascii_uppercase())
            .ok_or_else(|| EngineError::Invalid(format!("Invalid signal: {signal}")))?;
        let id = &container.info.id;
        if container.state.get().phase != Phase::Running {
            return Err(EngineError::State(format!(
                "cannot kill container: {reference}: container {id} is not running"
            )));
        }
        self.signal(id, number, false).await
    }

    /// Stops a plain container if it runs, and starts it again.
    ///
    /// # Errors
    /// As [`Self::stop`] and [`Self::start_plain`].
    pub async fn restart_plain(
        self: &Arc<Self>,
        reference: &str,
        grace: Option<Duration>,
        attachments: &dyn Attachments,
    ) -> Result<(), EngineError> {
        let id = self.plain(reference, "restart")?.info.id.clone();
        self.stop(&id, grace).await?;
        self.start_plain(&id, attachments).await.map(drop)
    }

    /// Waits for a container's end or removal; gives its exit code.
    ///
    /// # Errors
    /// When there is no such container.
    pub fn wait(
        &self,
        reference: &str,
        what: WaitFor,
    ) -> Result<impl Future<Output = i32> + Send + use<>, EngineError> {
        let container = self.registry.find(reference)?;
        let before_ns = container.state.get().finished_ns;
        Ok(async move { wait_for(&container, what, before_ns).await })
    }

    /// A container's process is gone: what it had of the network and the keeper goes, too.
    pub(crate) async fn tidy(self: &Arc<Self>, container: &Container) {
        let _turn = container.turn.lock().await;
        let (id, state) = (&container.info.id, container.state.get());
        // It may run again meanwhile, or be gone.
        if state.phase != Phase::Exited || self.registry.get(id).is_none() {
            return;
        }
        // Its address is free for others only when nothing answers there any more.
        if let Err(error) = self.network.detach(id).await {
            tracing::warn!(container = id, %error, "its network was not taken down");
        }
        let name = id.clone();
        let deleted = self.keeper.call(move |client| client.delete(&name, false)).await;
        if let Err(error) = crate::engine::ignore_missing(deleted) {
            tracing::warn!(%error, "the keeper did not forget a container");
        }
        self.release(id, state).await;
    }

    /// What a plain container that does not run has left since a former daemon, goes.
    pub(crate) async fn settle_plain(self: &Arc<Self>, container: &Container) {
        let (id, state) = (container.info.id.clone(), container.state.get());
        let name = id.clone();
        let deleted = self.keeper.call(move |client| client.delete(&name, true)).await;
        if let Err(error) = crate::engine::ignore_missing(deleted) {
            tracing::warn!(container = id, %error, "the keeper did not forget a container");
        }
        let plain = container.info.plain.as_ref();
        let left =
            plain.is_some_and(|plain| plain.attachment.is_some() || (plain.auto_remove && plain.started));
        if left || !container.info.networks.is_empty() {
            self.release(&id, state).await;
        }
    }

    /// The attachments that containers of this node have; managers may forget all others.
    pub fn attachments(&self) -> BTreeSet<String> {
        let all = self.registry.all();
        all.iter().filter_map(|container| container.info.plain.as_ref()?.attachment.clone()).collect()
    }
}

/// `before_ns` is when an earlier run ended.
async fn wait_for(container: &Container, what: WaitFor, before_ns: u64) -> i32 {
    let mut seen = 0;
    loop {
        let (version, state) = container.state.changed(seen).await;
        let over = state.removed
            || match what {
                WaitFor::NotRunning => state.phase != Phase::Running,
                WaitFor::NextExit => state.phase == Phase::Exited && state.finished_ns != before_ns,
                WaitFor::Removed => false,
            };
        if over {
            return state.exit_code.unwrap_or_default();
        }
        seen = version;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{ContainerInfo, ContainerState};

    fn container(phase: Phase, finished_ns: u64, exit_code: i32) -> Container {
        let state =
            ContainerState { phase, finished_ns, exit_code: Some(exit_code), ..ContainerState::default() };
        Container::new(ContainerInfo::default(), state)
    }

    #[tokio::test]
    async fn an_earlier_end_is_not_the_next_one() {
        let ended = container(Phase::Exited, 1, 7);
        assert_eq!(wait_for(&ended, WaitFor::NotRunning, 1).await, 7);
        let waiting = {
            let ended = ended.clone();
            tokio::spawn(async move { wait_for(&ended, WaitFor::NextExit, 1).await })
        };
        for (phase, finished_ns, code) in
            [(Phase::Exited, 1, 7), (Phase::Running, 0, 7), (Phase::Exited, 2, 8)]
        {
            ended.state.update(|state| {
                (state.phase, state.finished_ns, state.exit_code) = (phase, finished_ns, Some(code))
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting.await.unwrap(), 8);
        ended.state.update(|state| state.removed = true);
        assert_eq!(wait_for(&ended, WaitFor::Removed, 2).await, 8);
    }
}
