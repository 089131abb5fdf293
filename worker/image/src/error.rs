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
