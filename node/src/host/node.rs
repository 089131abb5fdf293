use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use skep_api::{
    Console, Host, HostError, HostFacts, LogOptions, LogStream, SwarmState, Upload, WaitCondition,
};
use skep_model::{CallPiece, Diagnosis, Inquiry, NodeCall, NodeId, PlainSpec, Protocol, TaskId};
use skep_rest::{
    ContainerInspect, ContainerSummary, DeletedImage, Event, ImageInspect, ImageSummary, SwarmInit, SwarmJoin,
};

use skep_runtime::Line;

use super::{call, container, doctor, event, image, log, plain, swarm};
use crate::node::Node;
use crate::{init, join, keys, leave, restore};

#[async_trait]
impl Host for Node {
    fn facts(&self) -> HostFacts {
        HostFacts {
            id: self.id.clone(),
            hostname: self.facts.hostname.clone(),
            architecture: self.facts.architecture.clone(),
            kernel_version: self.facts.kernel_version.clone(),
            operating_system: self.facts.operating_system.clone(),
            cpus: self.facts.cpus,
            memory_bytes: self.facts.memory_bytes,
            cgroup_version: self.facts.cgroup_version,
            data_root: self.places.data_root.display().to_string(),
            labels: self.labels.clone(),
            debug: self.debug,
            now: self.env.now(),
        }
    }

    fn swarm(&self) -> SwarmState {
        swarm::state(self)
    }

    async fn swarm_init(&self, request: SwarmInit) -> Result<String, HostError> {
        init::init(self, request).await
    }

    async fn swarm_join(&self, request: SwarmJoin) -> Result<(), HostError> {
        join::join(self, request).await
    }

    async fn swarm_restore(&self, backup: Upload, advertise: &str) -> Result<String, HostError> {
        restore::restore(self, backup, advertise).await
    }

    async fn swarm_unlock(&self, key: String) -> Result<(), HostError> {
        keys::unlock(self, key).await
    }

    async fn swarm_leave(&self, force: bool) -> Result<(), HostError> {
        leave::leave(self, force).await
    }

    async fn doctor(&self, inquiry: Inquiry) -> Result<Diagnosis, HostError> {
        doctor::check(self, inquiry).await
    }

    async fn read_barrier(&self) -> Result<(), HostError> {
        swarm::read_barrier(self).await
    }

    fn port_in_use(&self, protocol: Protocol, port: u16) -> Option<String> {
        skep_engine::port_in_use(protocol, port)
    }

    fn containers(&self) -> Vec<ContainerSummary> {
        let now = self.env.now();
        let mut all = self.engine().map(|engine| engine.containers()).unwrap_or_default();
        all.sort_by_key(|one| std::cmp::Reverse(one.info.created_ns));
        all.iter().map(|one| container::summary(&one.info, &one.state.get(), now)).collect()
    }

    fn container(&self, reference: &str) -> Result<ContainerInspect, HostError> {
        let engine = self.engine().ok_or_else(|| container::missing(reference))?;
        let found = engine.container(reference).map_err(container::refused)?;
        let log_path = engine.log_path(&found.info.id);
        Ok(container::inspect(&found.info, &found.state.get(), &log_path))
    }

    async fn container_create(&self, name: Option<&str>, spec: &PlainSpec) -> Result<String, HostError> {
        plain::create(self, name, spec).await
    }

    async fn container_start(&self, reference: &str) -> Result<bool, HostError> {
        plain::start(self, reference).await
    }

    async fn container_stop(&self, reference: &str, grace: Option<Duration>) -> Result<bool, HostError> {
        plain::stop(self, reference, grace).await
    }

    async fn container_restart(&self, reference: &str, grace: Option<Duration>) -> Result<(), HostError> {
        plain::restart(self, reference, grace).await
    }

    async fn container_kill(&self, reference: &str, signal: &str) -> Result<(), HostError> {
        plain::kill(self, reference, signal).await
    }

    fn container_wait(
        &self,
        reference: &str,
        condition: WaitCondition,
    ) -> Result<BoxFuture<'static, i32>, HostError> {
        plain::wait(self, reference, condition)
    }

    async fn container_console(&self, reference: &str) -> Result<Console, HostError> {
        plain::console(self, reference).await
    }

    async fn container_resize(&self, reference: &str, rows: u16, columns: u16) -> Result<(), HostError> {
        plain::resize(self, reference, (rows, columns)).await
    }

    async fn container_remove(&self, reference: &str, force: bool) -> Result<(), HostError> {
        plain::remove(self, reference, force).await
    }

    async fn containers_prune(&self, wanted: Vec<String>) -> Result<Vec<String>, HostError> {
        plain::prune(self, wanted).await
    }

    fn task_container(&self, task: TaskId) -> Option<String> {
        let task = task.to_string();
        let mut all = self.engine()?.containers().into_iter();
        all.find(|one| one.info.task.as_ref() == Some(&task)).map(|one| one.info.id.clone())
    }

    async fn container_logs(&self, reference: &str, options: LogOptions) -> Result<LogStream, HostError> {
        let engine = self.engine().ok_or_else(|| container::missing(reference))?;
        log::read(&engine, reference, options).await
    }

    async fn node_call(&self, node: NodeId, what: NodeCall) -> Result<Line<CallPiece>, HostError> {
        call::ask(self, node, what).await
    }

    async fn images(&self) -> Result<Vec<ImageSummary>, HostError> {
        image::list(self).await
    }

    async fn image(&self, reference: &str) -> Result<ImageInspect, HostError> {
        image::inspect(self, reference).await
    }

    async fn image_tag(&self, source: &str, target: &str) -> Result<(), HostError> {
        image::tag(self, source, target).await
    }

    async fn image_remove(&self, reference: &str, force: bool) -> Result<Vec<DeletedImage>, HostError> {
        image::remove(self, reference, force).await
    }

    async fn image_load(&self, archive: Upload) -> Result<Vec<String>, HostError> {
        image::load(self, archive).await
    }

    async fn image_import(
        &self,
        archive: Upload,
        name: Option<&str>,
        changes: &[String],
    ) -> Result<String, HostError> {
        image::import(self, archive, name, changes).await
    }

    fn events(&self) -> BoxStream<'static, Event> {
        event::stream(self.ground.engine.events.subscribe()).boxed()
    }
}
