use thiserror::Error;

/// The image store could not do what was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// No image has the name or id.
    #[error("No such image: {0} (this version pulls from no registry: load or import the image first)")]
    NotFound(String),
    /// Several images' ids start so.
    #[error("image {0} is ambiguous: several ids start so")]
    Ambiguous(String),
    /// A text is not an image reference.
    #[error("invalid reference format: '{text}': {reason}")]
    Reference {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An image archive is damaged, or is of a form that is not read.
    #[error("cannot read the image archive: {0}")]
    Archive(String),
    /// A layer is damaged, or does what no layer may.
    #[error("cannot unpack the layer: {0}")]
    Layer(String),
    /// Something of an archive is not what its digest or size says: it was damaged on its way, or forged.
    #[error(
        "cannot read the image archive: {what} has {found}, but has to have {expected}; get the archive again"
    )]
    Mismatch {
        /// Which part.
        what: String,
        /// The digest or size that is stated.
        expected: String,
        /// The digest or size that it has.
        found: String,
    },
    /// The image is made for another kind of machine.
    #[error(
        "the image is made for {image}, but this machine is {machine}: use one that is made for {machine}"
    )]
    Platform {
        /// What it is made for: `linux/arm64`; several with commas.
        image: String,
        /// This machine.
        machine: String,
    },
    /// A change to an imported image is not possible.
    #[error("cannot change the image by '{change}': {reason}")]
    Change {
        /// The instruction.
        change: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An id was given of an image with several names.
    #[error(
        "conflict: unable to delete {id} (must be forced) - image is referenced by several names: {names}"
    )]
    Conflict {
        /// The id's first digits.
        id: String,
        /// The names.
        names: String,
    },
    /// The process that unpacks layers did not do its work.
    #[error("the process that unpacks layers: {0}")]
    Process(String),
    /// A file of the store cannot be used.
    #[error("{what}: {source}")]
    File {
        /// What was done, to which file.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { what: what.into(), source }
    }
}
