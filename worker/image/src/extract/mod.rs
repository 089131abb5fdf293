//! Layers unpacked into a directory, as overlayfs wants them.
//!
//! Every path is resolved by the kernel inside the directory (`openat2` with `RESOLVE_IN_ROOT`): no link in an archive leads
//! out of it. Extended attributes are kept on files and directories; on links and devices they are let go, since the
//! kernel sets those only by path.

mod extractor;
mod root;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::Hashing;
use crate::tape::Tape;
use crate::{Error, compression};
use extractor::Extractor;

/// What was unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unpacked {
    /// The digest of the uncompressed archive.
    pub(crate) diff_id: String,
    /// Bytes of the files' content.
    pub(crate) bytes: u64,
}

/// Unpacks a layer, plain or compressed, into a directory.
///
/// # Errors
/// When the layer is damaged, wants to leave the directory, or cannot be written. What was written so far stays.
pub(crate) fn extract(directory: &File, layer: impl Read) -> Result<Unpacked, Error> {
    let broken = |error: std::io::Error| Error::Layer(error.to_string());
    let mut tape = Tape::new(Hashing::new(compression::open(layer).map_err(broken)?));
    let mut extractor = Extractor::new(directory);
    while let Some(entry) = tape.next().map_err(broken)? {
        let named =
            |reason: String| Error::Layer(format!("{}: {reason}", String::from_utf8_lossy(&entry.path)));
        extractor.put(&entry, &mut tape).map_err(named)?;
    }
    let bytes = extractor.finish().map_err(Error::Layer)?;
    // What stands after the end still counts for the digest.
    let (diff_id, _) = tape.into_source().finish().map_err(broken)?;
    Ok(Unpacked { diff_id, bytes })
}

/// Opens the directory that a layer goes to.
pub(crate) fn open_directory(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(Error::file(format!("open {}", path.display())))
}

#[cfg(test)]
mod tests;
