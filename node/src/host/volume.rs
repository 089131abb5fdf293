//! Volumes, for the API.

use skep_api::HostError;
use skep_engine::Engine;
use skep_model::Timestamp;
use skep_rest::{Volume, VolumeCreate, rfc3339};

use super::container::refused;
use super::plain::{engine, through};
use crate::node::Node;

/// All of them, each with whether a container has it. A node without an engine shows none.
pub(super) fn all(node: &Node) -> Vec<(Volume, bool)> {
    let Some(engine) = node.engine() else { return Vec::new() };
    let with_use = |volume: skep_engine::Volume| {
        let used = !engine.volume_users(&volume.name).is_empty();
        (shown(&engine, volume), used)
    };
    engine.volumes().into_iter().map(with_use).collect()
}

/// Makes one.
pub(super) async fn create(node: &Node, request: VolumeCreate) -> Result<Volume, HostError> {
    let engine = engine(node)?;
    let VolumeCreate { name, labels, driver_opts, .. } = request;
    through(node, async move {
        let (labels, options) = (labels.unwrap_or_default(), driver_opts.unwrap_or_default());
        let volume = engine.create_volume(&name, labels, options).await?;
        Ok(shown(&engine, volume))
    })
    .await
}

/// Removes one.
pub(super) async fn remove(node: &Node, name: &str, force: bool) -> Result<(), HostError> {
    let (engine, name) = (engine(node)?, name.to_owned());
    through(node, async move { engine.remove_volume(&name, force).await }).await
}

/// Removes those of them that no container has.
pub(super) async fn prune(node: &Node, wanted: Vec<String>) -> Result<(Vec<String>, u64), HostError> {
    let Some(engine) = node.engine() else { return Ok((Vec::new(), 0)) };
    engine.prune_volumes(|volume| wanted.contains(&volume.name)).await.map_err(refused)
}

fn shown(engine: &Engine, volume: skep_engine::Volume) -> Volume {
    let some = |labels: skep_model::Labels| (!labels.is_empty()).then_some(labels);
    Volume {
        mountpoint: engine.volume_path(&volume.name).display().to_string(),
        name: volume.name,
        driver: "local".into(),
        created_at: rfc3339(Timestamp::from_nanos(volume.created_ns)),
        labels: some(volume.labels),
        scope: "local".into(),
        options: some(volume.options),
    }
}
