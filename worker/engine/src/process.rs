//! A container's first process: started, signalled, ended.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use skep_image::Image;
use skep_keeper::FailureKind;
use skep_keeper::config::ProcessConfig;
use skep_model::limits;

use crate::container::{Container, Phase};
use crate::engine::Engine;
use crate::error::EngineError;

/// How long SIGKILL may take to end a container before the stop is tried again.
const KILL_WAIT: Duration = Duration::from_secs(10);
/// What asks a container to stop unless it says otherwise.
const SIGTERM: i32 = Signal::SIGTERM as i32;

impl Engine {
    /// Runs what is to be run before a container's stop; it is stopped whatever comes of that.
    async fn before_stop(&self, container: &Container) {
        for hook in &container.info.programs.pre_stop {
            let ran = self.run_hook(container, hook).await;
            if let Err(reason) = ran {
                tracing::warn!(container = container.info.id, reason, "a hook before its stop failed");
            }
        }
    }

    /// Runs a hook to its end; an error is for people.
    pub(crate) async fn run_hook(&self, container: &Container, hook: &ProcessConfig) -> Result<(), String> {
        let named = |what: String| format!("{}: {what}", hook.args.join(" "));
        match self.run_in(&container.info.id, hook, limits::STOP_GRACE_MAX).await {
            Ok(ended) if ended.exit_code == Some(0) => Ok(()),
            Ok(ended) => {
                let code = ended.exit_code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                Err(named(format!("ended with {code}: {}", ended.text())))
            }
            Err(error) => Err(named(error.to_string())),
        }
    }

    /// The image of this name or id; the built-in one is made when it is not there.
    pub(crate) async fn image(&self, reference: &str) -> Result<Image, EngineError> {
        let (images, reference) = (self.images.clone(), reference.to_owned());
        let found = tokio::task::spawn_blocking(move || {
            let found = images.find(&reference);
            match found {
                Err(_) if skep_image::builtin::is_reference(&reference) => {
                    skep_image::builtin::ensure(&images).and_then(|_| images.find(&reference))
                }
                found => found,
            }
        });
        Ok(found.await.map_err(|_| EngineError::Stopped)??)
    }

    /// Starts the process of a container that the keeper has made.
    pub(crate) async fn run_process(self: &Arc<Self>, container: &Arc<Container>) -> Result<(), EngineError> {
        let _turn = self.making.acquire().await.map_err(|_| EngineError::Stopped)?;
        let id = container.info.id.clone();
        self.keeper.call(move |client| client.start(&id)).await?;
        let now = self.env.now().as_nanos();
        container.state.update(|state| {
            if state.phase < Phase::Running {
                state.phase = Phase::Running;
                state.started_ns = now;
            }
        });
        self.announce("start", container);
        self.watch_health(container, false);
        Ok(())
    }

    /// Sends a signal; one that ended meanwhile has heard it.
    pub(crate) async fn signal(&self, id: &str, signal: i32, all: bool) -> Result<(), EngineError> {
        let id = id.to_owned();
        let killed = self.keeper.call(move |client| client.kill(&id, signal, all)).await;
        match killed {
            Err(EngineError::Keeper(skep_keeper::Error::Refused(failure)))
                if matches!(failure.kind, FailureKind::NotFound | FailureKind::WrongState) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Ends the process: what is to be run before, the stop signal, and SIGKILL when the grace period for both is over. Comes back when
    /// it has ended.
    pub(crate) async fn end_process(
        &self,
        container: &Container,
        grace: Duration,
    ) -> Result<(), EngineError> {
        let id = &container.info.id;
        let over = || container.state.wait_for(|state| state.phase == Phase::Exited);
        match container.state.get().phase {
            Phase::Exited => return Ok(()),
            // Nothing runs that could be asked.
            Phase::Making | Phase::Created => {}
            Phase::Running => {
                let began = self.env.now();
                let hooks = async {
                    tokio::select! {
                        biased;
                        _ = over() => {}
                        () = self.before_stop(container) => {}
                    }
                };
                if self.env.timeout(grace, hooks).await.is_err() {
                    tracing::warn!(
                        container = id,
                        "what is to be run before its stop took all of the grace period"
                    );
                }
                let grace = grace.saturating_sub(self.env.now().since(began));
                let signal = signal_number(&container.info.stop_signal).unwrap_or(SIGTERM);
                self.signal(id, signal, false).await?;
                if self.env.timeout(grace, over()).await.is_ok() {
                    return Ok(());
                }
            }
        }
        self.signal(id, Signal::SIGKILL as i32, true).await?;
        let ended = self.env.timeout(KILL_WAIT, over()).await;
        ended.map(drop).map_err(|_| {
            EngineError::Stuck("the container does not end although it was killed: try again".into())
        })
    }
}

/// The number of a signal written as `SIGTERM`, `TERM` or `15`; SIGTERM when empty.
pub(crate) fn signal_number(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(SIGTERM);
    }
    if let Ok(number) = text.parse::<i32>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let name = if text.starts_with("SIG") { text.to_owned() } else { format!("SIG{text}") };
    name.parse::<Signal>().ok().map(|signal| signal as i32)
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
