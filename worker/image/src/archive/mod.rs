//! Image archives: what `docker save` and OCI tools write.

mod docker;
mod oci;
mod spool;

use crate::{Error, Reference};
pub(crate) use spool::{Spool, Stored};

/// One image of an archive.
pub(crate) struct Archived {
    /// The configuration as it stands in the archive; its digest is the image's id.
    pub(crate) config: Vec<u8>,
    pub(crate) references: Vec<Reference>,
    /// Bottom first.
    pub(crate) layers: Vec<ArchivedLayer>,
}

/// One layer of an archive, plain or compressed.
pub(crate) struct ArchivedLayer {
    pub(crate) name: String,
    pub(crate) place: Stored,
    /// The digest and size that its bytes have to have, where the archive states them.
    pub(crate) stated: Option<(String, u64)>,
}

/// The images that are for this machine.
///
/// # Errors
/// When the archive is of no known form, is damaged, or has images for other machines alone.
pub(crate) fn images(spool: &Spool) -> Result<Vec<Archived>, Error> {
    // The OCI form goes first: newer `docker save` writes both, and only this one states digests and sizes.
    let images = if spool.find(oci::INDEX).is_some() {
        oci::images(spool)?
    } else if spool.find(docker::MANIFEST).is_some() {
        docker::images(spool)?
    } else {
        return Err(Error::Archive(
            "it has neither index.json nor manifest.json, so it is not made by 'docker save' or an OCI tool; \
             a root file system goes in by import"
                .to_owned(),
        ));
    };
    if images.is_empty() {
        return Err(Error::Archive("it holds no image".to_owned()));
    }
    Ok(images)
}
