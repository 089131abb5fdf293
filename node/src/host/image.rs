//! Images in the API's shape.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use skep_api::{HostError, HostErrorKind, Upload};
use skep_engine::EngineEvent;
use skep_image::{Error, Image, ImageStore, Loaded, Reference, Removed};
use skep_model::Timestamp;
use skep_rest::{DeletedImage, ImageConfig, ImageInspect, ImageSummary, from_rfc3339};
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::node::Node;

/// The node's images, newest first.
pub(super) async fn list(node: &Node) -> Result<Vec<ImageSummary>, HostError> {
    let mut images = blocking(node, |images| Ok(images.list())).await?;
    images.sort_by_key(|image| std::cmp::Reverse(created(image)));
    Ok(images.iter().map(summary).collect())
}

/// One image.
pub(super) async fn inspect(node: &Node, reference: &str) -> Result<ImageInspect, HostError> {
    let reference = reference.to_owned();
    Ok(shown(&blocking(node, move |images| images.find(&reference)).await?))
}

/// One more name.
pub(super) async fn tag(node: &Node, source: &str, target: &str) -> Result<(), HostError> {
    let (source, target) = (source.to_owned(), target.parse::<Reference>().map_err(refused)?);
    let name = target.to_string();
    let tagged = blocking(node, move |images| {
        images.tag(&source, &target)?;
        images.find(&source)
    });
    announce(node, "tag", &tagged.await?.id.to_string(), Some(&name));
    Ok(())
}

/// Takes a name, and the files with the last one.
pub(super) async fn remove(
    node: &Node,
    reference: &str,
    force: bool,
) -> Result<Vec<DeletedImage>, HostError> {
    let wanted = reference.to_owned();
    let image = blocking(node, move |images| images.find(&wanted)).await?;
    let user = node.engine().and_then(|engine| engine.image_user(&image.id.to_string()));
    // A second name can go while a container runs: the files stay.
    if let Some(container) = user.filter(|_| image.references.len() <= 1) {
        let short: String = container.chars().take(12).collect();
        return Err(HostError::new(
            HostErrorKind::Conflict,
            format!(
                "unable to remove image {reference}: container {short} uses it; remove its service first, or the container"
            ),
        ));
    }
    let reference = reference.to_owned();
    let removed = blocking(node, move |images| images.remove(&reference, force)).await?;
    for removed in &removed {
        match removed {
            Removed::Untagged(name) => announce(node, "untag", &image.id.to_string(), Some(name)),
            Removed::Deleted(id) => announce(node, "delete", &id.to_string(), None),
        }
    }
    let line = |removed: Removed| match removed {
        Removed::Untagged(name) => DeletedImage { untagged: Some(name), deleted: None },
        Removed::Deleted(id) => DeletedImage { untagged: None, deleted: Some(id.to_string()) },
    };
    Ok(removed.into_iter().map(line).collect())
}

/// Reads an archive of images.
pub(super) async fn load(node: &Node, archive: Upload) -> Result<Vec<String>, HostError> {
    let archive = Box::pin(StreamReader::new(archive.into_stream()));
    let loaded = blocking(node, move |images| images.load(SyncIoBridge::new(archive))).await?;
    let name = |image: Loaded| image.reference.map_or_else(|| image.id.to_string(), |name| name.to_string());
    let announced = |image: Loaded| {
        let (id, name) = (image.id.to_string(), name(image));
        announce(node, "load", &id, Some(&name));
        name
    };
    Ok(loaded.into_iter().map(announced).collect())
}

/// Makes an image of a root file system.
pub(super) async fn import(
    node: &Node,
    archive: Upload,
    name: Option<&str>,
    changes: &[String],
) -> Result<String, HostError> {
    let reference = name.map(str::parse::<Reference>).transpose().map_err(refused)?;
    let named = reference.as_ref().map(ToString::to_string);
    let archive = Box::pin(StreamReader::new(archive.into_stream()));
    let changes = changes.to_vec();
    let imported =
        blocking(node, move |images| images.import(SyncIoBridge::new(archive), reference, &changes)).await?;
    announce(node, "import", &imported.to_string(), named.as_deref());
    Ok(imported.to_string())
}

/// Tells what happened to an image; `name` is the one that it had then.
fn announce(node: &Node, action: &'static str, id: &str, name: Option<&str>) {
    let attributes = BTreeMap::from([("name".to_owned(), name.unwrap_or(id).to_owned())]);
    let at_ns = node.env.now().as_nanos();
    let event = EngineEvent { kind: "image", action, id: id.to_owned(), attributes, at_ns };
    node.ground.engine.events.announce(event);
}

async fn blocking<T: Send + 'static>(
    node: &Node,
    work: impl FnOnce(&ImageStore) -> Result<T, Error> + Send + 'static,
) -> Result<T, HostError> {
    let images = node.images.clone();
    let done = node.env.spawn_blocking("images", move || work(&images)).await;
    done.map_err(|lost| HostError::new(HostErrorKind::Unavailable, lost))?.map_err(refused)
}

fn refused(error: Error) -> HostError {
    let kind = match &error {
        Error::NotFound(_) => HostErrorKind::NotFound,
        Error::Conflict { .. } => HostErrorKind::Conflict,
        Error::File { .. } => HostErrorKind::Internal,
        _ => HostErrorKind::Invalid,
    };
    HostError::new(kind, error)
}

fn created(image: &Image) -> Timestamp {
    from_rfc3339(&image.created)
}

fn names(image: &Image) -> Vec<String> {
    let short =
        |name: &String| name.parse::<Reference>().map_or_else(|_| name.clone(), |name| name.to_string());
    image.references.iter().map(short).collect()
}

fn summary(image: &Image) -> ImageSummary {
    ImageSummary {
        id: image.id.to_string(),
        parent_id: String::new(),
        repo_tags: names(image),
        repo_digests: Vec::new(),
        created: i64::try_from(created(image).as_nanos() / 1_000_000_000).unwrap_or_default(),
        size: image.size_bytes,
        shared_size: -1,
        containers: -1,
        labels: Some(image.config.labels.clone()),
    }
}

fn shown(image: &Image) -> ImageInspect {
    let config = &image.config;
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let set = |words: &[String]| words.iter().map(|word| (word.clone(), serde_json::json!({}))).collect();
    ImageInspect {
        id: image.id.to_string(),
        repo_tags: names(image),
        repo_digests: Vec::new(),
        created: image.created.clone(),
        config: ImageConfig {
            user: config.user.clone(),
            env: some(&config.env),
            entrypoint: some(&config.entrypoint),
            cmd: some(&config.cmd),
            working_dir: config.working_dir.clone(),
            exposed_ports: Some(set(&config.exposed_ports)),
            volumes: Some(set(&config.volumes)).filter(|all: &BTreeMap<_, _>| !all.is_empty()),
            labels: Some(config.labels.clone()),
            stop_signal: config.stop_signal.clone().unwrap_or_default(),
        },
        architecture: image.architecture.clone(),
        os: "linux".into(),
        size: image.size_bytes,
        root_fs: serde_json::json!({ "Type": "layers", "Layers": image.layers }),
    }
}
