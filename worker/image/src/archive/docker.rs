//! The form of `docker save`: `manifest.json` names the files of each image
//! (<https://github.com/moby/docker-image-spec>, "Combined Image JSON + Filesystem Changeset Format").

use serde::Deserialize;

use super::spool::{Spool, json};
use super::{Archived, ArchivedLayer};
use crate::{Error, digest};

/// The file that tells the form.
pub(super) const MANIFEST: &str = "manifest.json";
/// Where newer versions have files, by their digests.
const BLOBS: &str = "blobs/sha256/";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// The archive's images.
pub(super) fn images(spool: &Spool) -> Result<Vec<Archived>, Error> {
    let items: Vec<Item> = json(MANIFEST, &spool.bytes(MANIFEST)?)?;
    items.into_iter().map(|item| image(spool, item)).collect()
}

fn image(spool: &Spool, item: Item) -> Result<Archived, Error> {
    let config = spool.bytes(&item.config)?;
    if let Some(expected) = stated(&item.config) {
        let found = digest::of(&config);
        if found != expected {
            return Err(Error::Mismatch { what: format!("'{}'", item.config), expected, found });
        }
    }
    let references =
        item.repo_tags.unwrap_or_default().iter().map(|tag| tag.parse()).collect::<Result<_, _>>()?;
    let layer = |name: String| {
        let place = spool.get(&name)?;
        let digest = name.strip_prefix(BLOBS).filter(|digits| digest::are_digits(digits));
        let stated = digest.map(|digits| (format!("sha256:{digits}"), place.size));
        Ok(ArchivedLayer { place, stated, name })
    };
    let layers = item.layers.unwrap_or_default().into_iter().map(layer).collect::<Result<_, Error>>()?;
    Ok(Archived { config, references, layers })
}

/// The digest that a file's name promises: `<digits>.json`, or `<digits>` among the blobs.
fn stated(name: &str) -> Option<String> {
    let digits = name.strip_prefix(BLOBS).or_else(|| name.strip_suffix(".json"))?;
    digest::are_digits(digits).then(|| format!("sha256:{digits}"))
}
