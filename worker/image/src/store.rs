//! The images that this node has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::ConfigFile;
use crate::unpack::Binary;
use crate::workplace::Workplace;
use crate::{Error, Image, ImageId, Reference, collect, digest, files};

/// Images and their unpacked layers below one directory; cheap to clone, and safe to use from several threads.
///
/// `layers/` has a directory for each layer, named by the digest of its uncompressed archive; `configs/` the images'
/// configurations as they came; `images/` what we know of each; `making/` what is not part of the store yet.
#[derive(Clone, Debug)]
pub struct ImageStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    binary: Binary,
    images: Mutex<BTreeMap<ImageId, Image>>,
    /// Held by what adds or removes images, over all its steps.
    changing: Mutex<()>,
}

/// A layer that an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The name of its directory.
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

impl ImageStore {
    /// Opens the store at `root`; what a crash left half-made is removed. Layers are unpacked in this process.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(root: &Path) -> Result<Self, Error> {
        Self::open_with(root, None)
    }

    /// Opens the store; layers are unpacked by `binary`, started as `BINARY unpack ...` (see [`crate::unpack_main`]).
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open_with(root: &Path, binary: Option<PathBuf>) -> Result<Self, Error> {
        for part in ["layers", "images", "configs"] {
            let path = root.join(part);
            fs::create_dir_all(&path).map_err(Error::file(format!("create {}", path.display())))?;
        }
        let images = collect::recover(root)?;
        let inner =
            Inner { root: root.to_owned(), binary, images: Mutex::new(images), changing: Mutex::new(()) };
        Ok(Self { inner: Arc::new(inner) })
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

    /// The image's configuration file as it came: also what we do not read of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn raw_config(&self, id: &ImageId) -> Result<Vec<u8>, Error> {
        let path = self.config(id);
        fs::read(&path).map_err(Error::file(format!("read {}", path.display())))
    }

    /// Keeps an image with the configuration, whose digest is its id, and gives it the names. Its layers have to be kept
    /// already, and the lock on changes be held.
    pub(crate) fn keep(&self, raw: &[u8], layers: Vec<Layer>, names: &[Reference]) -> Result<ImageId, Error> {
        let file = ConfigFile::parse(raw)?;
        let id = ImageId(digest::of(raw));
        let known = self.images().get(&id).cloned();
        let image = Image {
            id: id.clone(),
            references: known.map(|known| known.references).unwrap_or_default(),
            created: file.created.clone().unwrap_or_default(),
            size_bytes: layers.iter().map(|layer| layer.bytes).sum(),
            config: file.execution(),
            architecture: file.platform.architecture.clone(),
            os: file.platform.os,
            layer_bytes: layers.iter().map(|layer| layer.bytes).collect(),
            layers: layers.into_iter().map(|layer| layer.name).collect(),
        };
        let path = self.config(&id);
        files::write_whole(&path, raw).map_err(Error::file(format!("write {}", path.display())))?;
        self.name(image, names)?;
        Ok(id)
    }

    /// Writes an image, with these names added and taken from every other. The image goes first: a crash in between leaves
    /// two with the name, and the next open lets the newer one have it.
    pub(crate) fn name(&self, mut image: Image, names: &[Reference]) -> Result<(), Error> {
        let names: Vec<String> = names.iter().map(Reference::canonical).collect();
        for name in &names {
            if !image.references.contains(name) {
                image.references.push(name.clone());
            }
        }
        let id = image.id.clone();
        self.write(image)?;
        let taken =
            |other: &&Image| other.id != id && other.references.iter().any(|name| names.contains(name));
        let others: Vec<Image> = self.images().values().filter(taken).cloned().collect();
        for mut other in others {
            other.references.retain(|name| !names.contains(name));
            self.write(other)?;
        }
        Ok(())
    }

    /// Writes what is known of an image, durably.
    pub(crate) fn write(&self, image: Image) -> Result<(), Error> {
        collect::write(&self.inner.root, &image)?;
        self.images().insert(image.id.clone(), image);
        Ok(())
    }

    /// The image is no more; its layers are left.
    pub(crate) fn forget(&self, id: &ImageId) -> Result<(), Error> {
        collect::forget(&self.inner.root, id)?;
        self.images().remove(id);
        Ok(())
    }

    /// Waits until nobody else adds or removes images.
    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.inner.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn workplace(&self) -> Result<Workplace, Error> {
        Workplace::new(&collect::making(&self.inner.root))
    }

    pub(crate) fn binary(&self) -> &Binary {
        &self.inner.binary
    }

    /// Where a layer is kept.
    pub(crate) fn layer(&self, name: &str) -> PathBuf {
        self.inner.root.join("layers").join(name)
    }

    /// A layer that an image of the store has.
    pub(crate) fn known_layer(&self, name: &str) -> Option<Layer> {
        let images = self.images();
        let layers = images.values().flat_map(|image| image.layers.iter().zip(&image.layer_bytes));
        let mut known = layers.filter(|(known, _)| *known == name);
        known.next().map(|(name, bytes)| Layer { name: name.clone(), bytes: *bytes })
    }

    /// Puts finished layers, each a directory of its own, in their places, durably. The lock on changes has to be held.
    pub(crate) fn place_layers(&self, made: &[(PathBuf, Layer)]) -> Result<(), Error> {
        files::sync_file_system(&self.inner.root).map_err(Error::file("write the layers to disk"))?;
        for (from, layer) in made {
            let to = self.layer(&layer.name);
            let place = || {
                // Nobody's layer may be there, of an image whose removal did not end.
                if to.exists() {
                    fs::remove_dir_all(&to)?;
                }
                fs::rename(from, &to)?;
                files::sync_parent(&to)
            };
            place().map_err(Error::file(format!("keep the layer {}", to.display())))?;
        }
        Ok(())
    }

    fn config(&self, id: &ImageId) -> PathBuf {
        collect::config(&self.inner.root, id)
    }

    pub(crate) fn images(&self) -> MutexGuard<'_, BTreeMap<ImageId, Image>> {
        self.inner.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
