//! Images from bare root file systems.

use std::io::Read;

use jiff::Timestamp;

use crate::config::ConfigFile;
use crate::store::Layer;
use crate::{Config, Error, ImageId, ImageStore, Reference, changes, digest, unpack};

impl ImageStore {
    /// Makes an image of one layer from an archive of a root file system, plain or compressed with gzip or zstd. The changes
    /// are Dockerfile instructions (`CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `LABEL`, `USER`, `WORKDIR`, `STOPSIGNAL`).
    ///
    /// # Errors
    /// When a change is not possible, the archive cannot be unpacked, or the store cannot be written.
    pub fn import(
        &self,
        archive: impl Read,
        reference: Option<Reference>,
        changes: &[String],
    ) -> Result<ImageId, Error> {
        let mut config = Config::default();
        for change in changes {
            changes::apply(&mut config, change)?;
        }
        let work = self.workplace()?;
        let directory = work.directory("layer")?;
        let unpacked = unpack::unpack(self.binary(), &directory, archive)?;
        let layer = Layer { name: digest::digits(&unpacked.diff_id)?.to_owned(), bytes: unpacked.bytes };
        let file = ConfigFile::new(
            &config,
            Timestamp::now().to_string(),
            vec![unpacked.diff_id],
            "imported from a root file system".to_owned(),
        );
        let raw = file.bytes()?;
        let _change = self.change();
        if self.known_layer(&layer.name).is_none() {
            self.place_layers(&[(directory, layer.clone())])?;
        }
        self.keep(&raw, vec![layer], reference.as_slice())
    }
}
