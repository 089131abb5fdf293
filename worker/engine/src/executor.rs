//! The engine as an executor.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use skep_executor::{Controller, ControllerError, Executor};
use skep_model::{
    AssignedContent, CallPiece, Checkup, ContentKey, EndpointNetwork, EndpointTable, NodeCall,
    NodeDescription, NodeReport, PathReport, TaskAssignment, TaskId, TunnelKey,
};
use skep_runtime::Line;

use crate::controller::ContainerController;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::Facts;
use crate::recipe;

/// Volumes come and go together with the tasks of a service: managers hear of all of them at once.
const VOLUMES_PAUSE: Duration = Duration::from_secs(1);

/// The engine as the agent sees it.
#[derive(Clone, Debug)]
pub struct EngineExecutor {
    engine: Arc<Engine>,
    data_path: Option<Ipv4Addr>,
    described: Arc<Mutex<Described>>,
}

/// What was described last of that which changes.
#[derive(Clone, Debug, Default)]
struct Described {
    /// The key for encrypted networks.
    key: Option<TunnelKey>,
    volumes: Vec<String>,
}

impl EngineExecutor {
    /// The executor of this engine, on a node whose end of the tunnel is at this address (none: where it calls managers from).
    pub fn new(engine: Arc<Engine>, data_path: Option<Ipv4Addr>) -> Self {
        Self { engine, data_path, described: Arc::default() }
    }

    fn described(&self) -> std::sync::MutexGuard<'_, Described> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Executor for EngineExecutor {
    async fn describe(&self) -> Result<NodeDescription, ControllerError> {
        let key = *self.engine.network.tunnel_key().borrow();
        let volumes = self.engine.volumes.named().get();
        *self.described() = Described { key: Some(key), volumes: volumes.clone() };
        let facts = Facts::read().description(self.engine.labels.clone(), self.data_path);
        Ok(NodeDescription {
            tunnel_key: Some(key),
            ipv6: self.engine.has_ipv6(),
            volumes,
            generic: self.engine.generic.clone(),
            ..facts
        })
    }

    async fn description_changed(&self) {
        let mut key = self.engine.network.tunnel_key();
        let described = self.described().clone();
        let other_key = async {
            // The key's owner ends with the engine; then there is no news any more.
            if key.wait_for(|key| Some(*key) != described.key).await.is_err() {
                std::future::pending().await
            }
        };
        let other_volumes = async {
            self.engine.volumes.named().wait_for(|names| *names != described.volumes).await;
            self.engine.env.sleep(VOLUMES_PAUSE).await;
        };
        tokio::select! {
            biased;
            () = other_key => {}
            () = other_volumes => {}
        }
    }

    async fn controller(&self, assignment: &TaskAssignment) -> Result<Arc<dyn Controller>, ControllerError> {
        Ok(Arc::new(ContainerController::new(Arc::clone(&self.engine), assignment.clone())))
    }

    async fn apply_endpoints(&self, table: &EndpointTable) -> Result<(), ControllerError> {
        self.note_networks(table);
        let applied = self.engine.network.apply(table).await.map_err(temporary)?;
        for port in applied.ports_in_use {
            tracing::error!(%port, "a published port cannot be had on this node");
        }
        Ok(())
    }

    async fn retain(&self, tasks: &BTreeSet<TaskId>) -> Result<(), ControllerError> {
        let wanted: BTreeSet<String> = tasks.iter().map(|task| recipe::container_id(*task)).collect();
        for container in self.engine.registry.all() {
            if container.info.task.is_some() && !wanted.contains(&container.info.id) {
                self.engine.destroy(&container.info.id).await.map_err(temporary)?;
            }
        }
        Ok(())
    }

    async fn apply_contents(&self, new: Vec<AssignedContent>, gone: &[ContentKey], complete: bool) {
        self.engine.contents.apply(new, gone, complete);
    }

    async fn serve(&self, call: NodeCall, line: Line<CallPiece>) {
        self.engine.serve(call, line).await;
    }

    async fn check(&self, checkup: &Checkup) -> NodeReport {
        self.engine.check(checkup).await
    }

    async fn next_paths(&self, seen: u64) -> (u64, Vec<PathReport>) {
        self.engine.network.next_paths(seen).await
    }
}

impl EngineExecutor {
    /// What tasks need to know of their networks when they start.
    fn note_networks(&self, table: &EndpointTable) {
        let mut known = self.engine.networks();
        if !table.partial {
            known.clear();
        }
        known.retain(|id, _| !table.networks_gone.contains(id));
        let ipv6 = self.engine.has_ipv6();
        known.extend(table.networks.iter().map(|network| {
            let subnet6 = network.subnet6.filter(|_| ipv6);
            (network.id, EndpointNetwork { subnet6, ..network.clone() })
        }));
    }
}

/// An error that another try may not meet.
pub(crate) fn temporary(error: impl Into<EngineError>) -> ControllerError {
    ControllerError::Temporary(error.into().to_string())
}
