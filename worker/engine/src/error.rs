use thiserror::Error;

/// The engine could not do what was asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The keeper refused, or cannot be reached.
    #[error(transparent)]
    Keeper(#[from] skep_keeper::Error),
    /// The image store says no.
    #[error(transparent)]
    Image(#[from] skep_image::Error),
    /// The network says no.
    #[error(transparent)]
    Network(#[from] skep_network::NetworkError),
    /// A file or directory of the engine cannot be used.
    #[error("{what}: {source}")]
    File {
        /// What was done, to which file.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// There is no such container.
    #[error("No such container: {0}")]
    NoContainer(String),
    /// The reference fits several containers.
    #[error("container {0} is ambiguous: several ids start so")]
    Ambiguous(String),
    /// A blocking call was lost, because the daemon shuts down.
    #[error("the daemon is shutting down")]
    Stopped,
    /// The container cannot do that as it is.
    #[error("{0}")]
    State(String),
}

impl EngineError {
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { what: what.into(), source }
    }
}

impl From<skep_runtime::Lost> for EngineError {
    fn from(_: skep_runtime::Lost) -> Self {
        Self::Stopped
    }
}
