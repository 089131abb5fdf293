//! Runs a container's check for as long as the container runs.

use std::sync::{Arc, Weak};
use std::time::Duration;

use skep_runtime::Env;

use super::plan::HealthPlan;
use super::state::{Health, HealthResult};
use crate::container::{Container, ContainerState, Phase};
use crate::engine::Engine;

impl Engine {
    /// Begins to check a container that runs. The first check is made at once when a former daemon has checked it already.
    pub(crate) fn watch_health(self: &Arc<Self>, container: &Arc<Container>, before: bool) {
        let Some(plan) = container.info.programs.health.clone() else { return };
        container.health.set(Some(Health::default()));
        let (engine, env, container) = (Arc::downgrade(self), self.env.clone(), Arc::clone(container));
        let watching = async move {
            let started_ns = container.state.get().started_ns;
            let over = |state: &ContainerState| {
                state.removed || state.phase != Phase::Running || state.started_ns != started_ns
            };
            tokio::select! {
                biased;
                _ = container.state.wait_for(over) => {}
                () = check(&engine, &env, &container, (&plan, before)) => {}
            }
        };
        self.env.spawn("health", watching).detach();
    }

    async fn check_once(&self, container: &Container, plan: &HealthPlan) -> HealthResult {
        let began_ns = self.env.now().as_nanos();
        let (exit_code, output) = match self.run_in(&container.info.id, &plan.process, plan.timeout).await {
            Ok(ended) => match ended.exit_code {
                Some(code) => (code, ended.text()),
                None => (-1, format!("Health check exceeded timeout ({:?}): {}", plan.timeout, ended.text())),
            },
            Err(error) => (-1, error.to_string()),
        };
        HealthResult { began_ns, ended_ns: self.env.now().as_nanos(), exit_code, output }
    }
}

/// Goes on for ever, or until the engine is gone.
async fn check(engine: &Weak<Engine>, env: &Env, container: &Container, (plan, before): (&HealthPlan, bool)) {
    let runs = || {
        let started_ns = container.state.get().started_ns;
        Duration::from_nanos(env.now().as_nanos().saturating_sub(started_ns))
    };
    let mut health = Health::default();
    let mut pause = if before { Duration::ZERO } else { plan.pause(health.status, runs()) };
    loop {
        env.sleep(pause).await;
        let Some(engine) = engine.upgrade() else { return };
        let began = runs();
        let result = engine.check_once(container, plan).await;
        let status = health.status;
        health.note(plan, result, began);
        container.health.set(Some(health.clone()));
        if health.status != status {
            engine.announce(health.status.event(), container);
        }
        pause = plan.pause(health.status, runs());
    }
}
