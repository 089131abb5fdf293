//! Names given and taken, and images removed.

use std::fs;

use crate::{Error, Image, ImageId, ImageStore, Reference};

/// Digits of an id that are shown, as everywhere with Docker.
const SHORT_DIGITS: usize = 12;

/// What a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A name is no more, as people write it.
    Untagged(String),
    /// An image is no more.
    Deleted(ImageId),
}

impl ImageStore {
    /// Gives an image (by name, id or start of its id) one more name; another image that has it loses it.
    ///
    /// # Errors
    /// When there is no such image, or the store cannot be written.
    pub fn tag(&self, source: &str, target: &Reference) -> Result<(), Error> {
        let _change = self.change();
        let image = self.find(source)?;
        self.name(image, std::slice::from_ref(target))
    }

    /// Removes a name, and with its last name the image and the layers that no other image has. By id, all names go, if it
    /// is one or `force` is set. Whether containers use the image is for the caller to know.
    ///
    /// # Errors
    /// When there is no such image, it has several names and an id was given without `force`, or files cannot be removed.
    pub fn remove(&self, text: &str, force: bool) -> Result<Vec<Removed>, Error> {
        let _change = self.change();
        let mut image = self.find(text)?;
        let name = text.parse::<Reference>().ok().map(|reference| reference.canonical());
        let by_name = name.filter(|name| image.references.contains(name));
        if let Some(name) = by_name.filter(|_| image.references.len() > 1) {
            image.references.retain(|other| *other != name);
            self.write(image)?;
            return Ok(vec![Removed::Untagged(shown(&name))]);
        }
        if image.references.len() > 1 && !force {
            let id = image.id.digits().chars().take(SHORT_DIGITS).collect();
            let names: Vec<String> = image.references.iter().map(|name| shown(name)).collect();
            return Err(Error::Conflict { id, names: names.join(", ") });
        }
        self.forget(&image.id)?;
        self.remove_layers(&image)?;
        let untagged = image.references.iter().map(|name| Removed::Untagged(shown(name)));
        Ok(untagged.chain([Removed::Deleted(image.id.clone())]).collect())
    }

    /// Removes the layers of a forgotten image that no other has.
    fn remove_layers(&self, image: &Image) -> Result<(), Error> {
        let work = self.workplace()?;
        for name in image.layers.iter().filter(|name| self.known_layer(name).is_none()) {
            let path = self.layer(name);
            // Renamed first: what is half removed must not look like a layer.
            fs::rename(&path, work.join(name)).map_err(Error::file(format!("remove {}", path.display())))?;
        }
        Ok(())
    }
}

fn shown(canonical: &str) -> String {
    canonical.parse::<Reference>().map_or_else(|_| canonical.to_owned(), |reference| reference.to_string())
}
