//! The store's records on disk, and what a crash leaves of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::{Error, Image, ImageId, files};

/// Where things are made before they are part of the store.
pub(crate) fn making(root: &Path) -> PathBuf {
    root.join("making")
}

/// Where an image's configuration is.
pub(crate) fn config(root: &Path, id: &ImageId) -> PathBuf {
    root.join("configs").join(format!("{}.json", id.digits()))
}

fn record(root: &Path, id: &ImageId) -> PathBuf {
    root.join("images").join(format!("{}.json", id.digits()))
}

/// Writes what is known of an image, durably.
pub(crate) fn write(root: &Path, image: &Image) -> Result<(), Error> {
    let path = record(root, &image.id);
    let failed = || Error::file(format!("write {}", path.display()));
    let bytes = serde_json::to_vec(image).map_err(|error| failed()(error.into()))?;
    files::write_whole(&path, &bytes).map_err(failed())
}

/// Removes what is known of an image, durably.
pub(crate) fn forget(root: &Path, id: &ImageId) -> Result<(), Error> {
    let path = record(root, id);
    let removed = fs::remove_file(&path).and_then(|()| files::sync_parent(&path));
    removed.map_err(Error::file(format!("remove {}", path.display())))?;
    // Without its record the configuration is a leftover.
    let _ = fs::remove_file(config(root, id));
    Ok(())
}

/// Reads the records, and removes what belongs to none of them.
pub(crate) fn recover(root: &Path) -> Result<BTreeMap<ImageId, Image>, Error> {
    let making = making(root);
    if making.exists() {
        fs::remove_dir_all(&making).map_err(Error::file(format!("remove {}", making.display())))?;
    }
    let mut images = read(&root.join("images"))?;
    settle_names(root, &mut images)?;
    let images: BTreeMap<ImageId, Image> =
        images.into_iter().map(|(_, image)| (image.id.clone(), image)).collect();
    let layers = images.values().flat_map(|image| image.layers.iter().cloned()).collect();
    keep_only(&root.join("layers"), &layers)?;
    let configs = images.keys().map(|id| format!("{}.json", id.digits())).collect();
    keep_only(&root.join("configs"), &configs)?;
    Ok(images)
}

/// All images, the one that was written last first.
fn read(directory: &Path) -> Result<Vec<(SystemTime, Image)>, Error> {
    let failed = || Error::file(format!("read {}", directory.display()));
    let mut images = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            // Half-written when the machine stopped.
            fs::remove_file(&path).map_err(failed())?;
            continue;
        }
        let read_one = || {
            let image = serde_json::from_slice::<Image>(&fs::read(&path)?)?;
            Ok((entry.metadata()?.modified()?, image))
        };
        images.push(read_one().map_err(Error::file(format!("read {}", path.display())))?);
    }
    images.sort_by(|(a, _), (b, _)| b.cmp(a));
    Ok(images)
}

/// A crash while a name moved leaves it with two images: the newer one has it.
fn settle_names(root: &Path, images: &mut [(SystemTime, Image)]) -> Result<(), Error> {
    let mut taken = BTreeSet::new();
    for (_, image) in images {
        let before = image.references.len();
        image.references.retain(|name| taken.insert(name.clone()));
        if image.references.len() != before {
            write(root, image)?;
        }
    }
    Ok(())
}

fn keep_only(directory: &Path, names: &BTreeSet<String>) -> Result<(), Error> {
    let failed = || Error::file(format!("tidy {}", directory.display()));
    for entry in fs::read_dir(directory).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
            continue;
        }
        let path = entry.path();
        let removed = match entry.file_type().map_err(failed())?.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(Error::file(format!("remove {}", path.display())))?;
    }
    Ok(())
}
