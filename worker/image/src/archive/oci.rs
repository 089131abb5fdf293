//! The OCI image layout: `index.json` names manifests by digest and size
//! (<https://github.com/opencontainers/image-spec>, image-layout.md, image-index.md, manifest.md).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::spool::{Spool, json};
use super::{Archived, ArchivedLayer};
use crate::platform::Platform;
use crate::{Error, Reference, digest};

/// The file that tells the form.
pub(super) const INDEX: &str = "index.json";
/// The annotation of BuildKit, containerd and Docker: the whole name.
const NAME: &str = "io.containerd.image.name";
/// The annotation of the specification: a whole name with some tools, a tag alone with others.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// BuildKit's mark of what is not an image but says something of one.
const ABOUT: &str = "vnd.docker.reference.type";
/// Indexes in indexes.
const DEPTH_MAX: usize = 4;

#[derive(Clone, Deserialize)]
struct Descriptor {
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    platform: Option<Platform>,
}

/// An index or a manifest: which one it is tells what it holds, since the media type may be left out.
#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// The archive's images that are for this machine.
pub(super) fn images(spool: &Spool) -> Result<Vec<Archived>, Error> {
    let index: Document = json(INDEX, &spool.bytes(INDEX)?)?;
    let mut search = Search { spool, found: BTreeMap::new(), order: Vec::new(), others: BTreeSet::new() };
    for descriptor in index.manifests.unwrap_or_default() {
        search.visit(&descriptor, None, 0)?;
    }
    if search.order.is_empty() && !search.others.is_empty() {
        let image = search.others.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Error::Platform { image, machine: Platform::of_machine().to_string() });
    }
    let Search { mut found, order, .. } = search;
    let images = order.iter().filter_map(|digest| found.remove(digest));
    images.map(|(manifest, references)| image(spool, manifest, references)).collect()
}

/// What was found so far, by the digest of its manifest.
struct Search<'a> {
    spool: &'a Spool,
    found: BTreeMap<String, (Document, Vec<Reference>)>,
    order: Vec<String>,
    /// Platforms that are not this machine's.
    others: BTreeSet<String>,
}

impl Search<'_> {
    /// Looks at a manifest or index; tells whether it has an image for this machine.
    fn visit(
        &mut self,
        descriptor: &Descriptor,
        name: Option<Reference>,
        depth: usize,
    ) -> Result<bool, Error> {
        let noted = |key: &str| descriptor.annotations.as_ref().and_then(|notes| notes.get(key));
        if noted(ABOUT).is_some() {
            return Ok(false);
        }
        if let Some(platform) = descriptor.platform.as_ref().filter(|platform| !platform.fits()) {
            self.others.insert(platform.to_string());
            return Ok(false);
        }
        if depth > DEPTH_MAX {
            return Err(Error::Archive("its indexes are nested too deep".to_owned()));
        }
        let whole = |text: &&String| text.contains(['/', ':']);
        let own = noted(NAME).or_else(|| noted(REF_NAME).filter(whole));
        let name = own.map(|text| text.parse()).transpose()?.or(name);
        let document: Document = json(&descriptor.digest, &blob(self.spool, descriptor)?)?;
        if let Some(manifests) = &document.manifests {
            for manifest in manifests {
                // The first that fits is the one that the author prefers.
                if self.visit(manifest, name.clone(), depth + 1)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if !self.found.contains_key(&descriptor.digest) {
            self.order.push(descriptor.digest.clone());
        }
        let entry = self.found.entry(descriptor.digest.clone()).or_insert((document, Vec::new()));
        entry.1.extend(name);
        Ok(true)
    }
}

fn image(spool: &Spool, manifest: Document, references: Vec<Reference>) -> Result<Archived, Error> {
    let config =
        manifest.config.ok_or_else(|| Error::Archive("a manifest names no configuration".to_owned()))?;
    let layer = |layer: Descriptor| {
        let name = path(&layer)?;
        let place = spool.get(&name)?;
        check_size(&name, layer.size, place.size)?;
        Ok(ArchivedLayer { name, place, stated: Some((layer.digest, layer.size)) })
    };
    let layers = manifest.layers.unwrap_or_default().into_iter().map(layer).collect::<Result<_, Error>>()?;
    Ok(Archived { config: blob(spool, &config)?, references, layers })
}

/// The bytes of a manifest or configuration, with digest and size checked.
fn blob(spool: &Spool, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
    let name = path(descriptor)?;
    let bytes = spool.bytes(&name)?;
    check_size(&name, descriptor.size, bytes.len() as u64)?;
    let found = digest::of(&bytes);
    if found != descriptor.digest {
        return Err(Error::Mismatch {
            what: format!("'{name}'"),
            expected: descriptor.digest.clone(),
            found,
        });
    }
    Ok(bytes)
}

fn check_size(name: &str, expected: u64, found: u64) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let bytes = |count| format!("{count} bytes");
    Err(Error::Mismatch { what: format!("'{name}'"), expected: bytes(expected), found: bytes(found) })
}

fn path(descriptor: &Descriptor) -> Result<String, Error> {
    Ok(format!("blobs/sha256/{}", digest::digits(&descriptor.digest)?))
}
