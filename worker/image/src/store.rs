//! The images that this node has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::{Error, Image, ImageId, Reference, files};

/// Images and their unpacked layers below one directory; cheap to clone.
#[derive(Clone, Debug)]
pub struct ImageStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    images: Mutex<BTreeMap<ImageId, Image>>,
}

impl ImageStore {
    /// Opens the store at `root`; what a crash left half-made is removed.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(root: &Path) -> Result<Self, Error> {
        for part in ["layers", "images"] {
            let path = root.join(part);
            fs::create_dir_all(&path).map_err(Error::file(format!("create {}", path.display())))?;
        }
        let making = root.join("making");
        if making.exists() {
            fs::remove_dir_all(&making).map_err(Error::file(format!("remove {}", making.display())))?;
        }
        let images = load(&root.join("images"))?;
        Ok(Self { inner: Arc::new(Inner { root: root.to_owned(), images: Mutex::new(images) }) })
    }

    /// Every image, by id.
    pub fn list(&self) -> Vec<Image> {
        self.images().values().cloned().collect()
    }

    /// An image by name, id or unique start of its id.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, text: &str) -> Result<Image, Error> {
        let images = self.images();
        if let Ok(reference) = text.parse::<Reference>() {
            let name = reference.canonical();
            if let Some(image) = images.values().find(|image| image.references.contains(&name)) {
                return Ok(image.clone());
            }
        }
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let starts = |image: &&Image| !digits.is_empty() && image.id.digits().starts_with(digits);
        let mut found = images.values().filter(starts);
        match (found.next(), found.next()) {
            (Some(image), None) => Ok(image.clone()),
            (Some(_), Some(_)) => Err(Error::Ambiguous(text.to_owned())),
            (None, _) => Err(Error::NotFound(text.to_owned())),
        }
    }

    /// The image's unpacked layers, topmost first, as overlayfs wants them.
    pub fn layers(&self, image: &Image) -> Vec<PathBuf> {
        image.layers.iter().rev().map(|layer| self.layer(layer)).collect()
    }

    /// A new empty directory to make a layer in.
    pub(crate) fn start_layer(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.inner.root.join("making").join(name);
        let failed = || Error::file(format!("create {}", path.display()));
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed())?;
        }
        fs::create_dir_all(&path).map_err(failed())?;
        Ok(path)
    }

    /// Puts a finished layer in its place, durably.
    pub(crate) fn finish_layer(&self, making: &Path, name: &str) -> Result<(), Error> {
        let path = self.layer(name);
        let place = || {
            files::sync_tree(making)?;
            if path.exists() {
                return fs::remove_dir_all(making);
            }
            fs::rename(making, &path)?;
            files::sync_parent(&path)
        };
        place().map_err(Error::file(format!("keep the layer {}", path.display())))
    }

    /// Keeps an image, whose id follows from what it is, and gives it the names that it carries.
    pub(crate) fn keep(&self, mut image: Image) -> Result<ImageId, Error> {
        let content = (&image.config, &image.architecture, &image.layers, &image.created);
        let bytes = serde_json::to_vec(&content).unwrap_or_default();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        image.id = ImageId(format!("sha256:{digest}"));
        let mut images = self.images();
        for other in images.values_mut().filter(|other| other.id != image.id) {
            let before = other.references.len();
            other.references.retain(|name| !image.references.contains(name));
            if other.references.len() != before {
                self.write(other)?;
            }
        }
        self.write(&image)?;
        let id = image.id.clone();
        images.insert(id.clone(), image);
        Ok(id)
    }

    fn write(&self, image: &Image) -> Result<(), Error> {
        let path = self.inner.root.join("images").join(format!("{}.json", image.id.digits()));
        let bytes = serde_json::to_vec(image).unwrap_or_default();
        files::write_whole(&path, &bytes).map_err(Error::file(format!("write {}", path.display())))
    }

    fn layer(&self, name: &str) -> PathBuf {
        self.inner.root.join("layers").join(name)
    }

    fn images(&self) -> MutexGuard<'_, BTreeMap<ImageId, Image>> {
        self.inner.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(directory: &Path) -> Result<BTreeMap<ImageId, Image>, Error> {
    let failed = || Error::file(format!("read {}", directory.display()));
    let mut images = BTreeMap::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            // Half-written when the machine stopped.
            fs::remove_file(&path).map_err(failed())?;
            continue;
        }
        let bytes = fs::read(&path).map_err(failed())?;
        match serde_json::from_slice::<Image>(&bytes) {
            Ok(image) => drop(images.insert(image.id.clone(), image)),
            Err(error) => {
                let source = std::io::Error::other(error);
                return Err(Error::File { what: format!("read {}", path.display()), source });
            }
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(store: &ImageStore, name: &str, command: &str) -> ImageId {
        let layer = format!("layer-{command}");
        let making = store.start_layer(&layer).unwrap();
        fs::write(making.join("file"), command).unwrap();
        store.finish_layer(&making, &layer).unwrap();
        let reference = name.parse::<Reference>().unwrap().canonical();
        let mut image = Image { references: vec![reference], layers: vec![layer], ..Image::default() };
        image.config.cmd = vec![command.to_owned()];
        store.keep(image).unwrap()
    }

    #[test]
    fn images_are_found_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = ImageStore::open(directory.path()).unwrap();
        let id = keep(&store, "web", "one");
        let newer = keep(&store, "web:latest", "two");
        drop(store);
        fs::create_dir_all(directory.path().join("making/half")).unwrap();
        fs::write(directory.path().join("images/x.new"), b"half").unwrap();
        let store = ImageStore::open(directory.path()).unwrap();
        let found = store.find("docker.io/library/web").unwrap();
        assert_eq!(found.id, newer, "a name leads to the image that got it last");
        assert_eq!(store.find(id.digits()).unwrap().config.cmd, ["one"]);
        assert_eq!(fs::read(store.layers(&found)[0].join("file")).unwrap(), b"two");
        assert!(!directory.path().join("making").exists());
        assert!(matches!(store.find("nothing:1"), Err(Error::NotFound(_))));
        assert!(matches!(store.find("sha256:"), Err(Error::NotFound(_))));
    }
}
