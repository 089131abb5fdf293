//! Images from archives.

use std::io::Read;
use std::path::PathBuf;

use crate::archive::{self, Archived, ArchivedLayer, Spool};
use crate::config::ConfigFile;
use crate::digest::{self, Hashing};
use crate::store::Layer;
use crate::workplace::Workplace;
use crate::{Error, ImageId, ImageStore, Reference, unpack};

/// What an archive brought: one for each name, or one for an image without any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The image.
    pub id: ImageId,
    /// Its name.
    pub reference: Option<Reference>,
}

impl ImageStore {
    /// Takes in all images of an archive that are for this machine: what `docker save` writes or an OCI image layout,
    /// plain or compressed with gzip or zstd. Names that other images have move to the new ones. All images are taken in,
    /// or none is.
    ///
    /// # Errors
    /// When the archive cannot be read, is damaged or forged, has no image for this machine, or the store cannot be written.
    pub fn load(&self, archive: impl Read) -> Result<Vec<Loaded>, Error> {
        let work = self.workplace()?;
        let spool = Spool::new(archive, &work.join("archive"))?;
        let images = archive::images(&spool)?;
        let _change = self.change();
        let mut loading = Loading { store: self, spool: &spool, work: &work, made: Vec::new() };
        let layers = images.iter().map(|image| loading.layers(image)).collect::<Result<Vec<_>, _>>()?;
        self.place_layers(&loading.made)?;
        let mut loaded = Vec::new();
        for (image, layers) in images.into_iter().zip(layers) {
            let id = self.keep(&image.config, layers, &image.references)?;
            if image.references.is_empty() {
                loaded.push(Loaded { id: id.clone(), reference: None });
            }
            let named = |reference| Loaded { id: id.clone(), reference: Some(reference) };
            loaded.extend(image.references.into_iter().map(named));
        }
        Ok(loaded)
    }
}

/// The layers of an archive on their way into the store.
struct Loading<'a> {
    store: &'a ImageStore,
    spool: &'a Spool,
    work: &'a Workplace,
    made: Vec<(PathBuf, Layer)>,
}

impl Loading<'_> {
    /// The image's layers; those that the store has not are unpacked.
    fn layers(&mut self, image: &Archived) -> Result<Vec<Layer>, Error> {
        let config = ConfigFile::parse(&image.config)?;
        let diff_ids = config.diff_ids();
        if diff_ids.len() != image.layers.len() {
            return Err(Error::Archive(format!(
                "the image has {} layers, but its configuration names {}",
                image.layers.len(),
                diff_ids.len()
            )));
        }
        if diff_ids.is_empty() {
            return Err(Error::Archive("the image has no layers: there is nothing to run".to_owned()));
        }
        let mut layers: Vec<Layer> = Vec::new();
        for (diff_id, archived) in diff_ids.iter().zip(&image.layers) {
            let layer = self.layer(diff_id, archived)?;
            // overlayfs refuses a directory that is named twice; the upper one hides all of the lower one's.
            layers.retain(|lower| lower.name != layer.name);
            layers.push(layer);
        }
        Ok(layers)
    }

    fn layer(&mut self, diff_id: &str, archived: &ArchivedLayer) -> Result<Layer, Error> {
        let name = digest::digits(diff_id)?;
        let made = || self.made.iter().map(|(_, layer)| layer).find(|layer| layer.name == name).cloned();
        if let Some(known) = self.store.known_layer(name).or_else(made) {
            return Ok(known);
        }
        let directory = self.work.directory(name)?;
        let mut source = Hashing::new(self.spool.reader(archived.place));
        let unpacked = unpack::unpack(self.store.binary(), &directory, &mut source);
        let (digest, size) = source.finish().map_err(Error::file("read the archive"))?;
        if let Some((expected, stated)) = &archived.stated {
            // A damaged archive explains why unpacking failed, so this is said first.
            check(&format!("'{}'", archived.name), expected, &digest)?;
            check(&format!("'{}'", archived.name), &format!("{stated} bytes"), &format!("{size} bytes"))?;
        }
        let unpacked = unpacked?;
        check(&format!("the layer '{}', uncompressed,", archived.name), diff_id, &unpacked.diff_id)?;
        let layer = Layer { name: name.to_owned(), bytes: unpacked.bytes };
        self.made.push((directory, layer.clone()));
        Ok(layer)
    }
}

fn check(what: &str, expected: &str, found: &str) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::Mismatch { what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
}
