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
    /// What is asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Another container has the name (in Docker's words).
    #[error(
        "Conflict. The container name \"/{name}\" is already in use by container \"{container}\". You have to remove (or rename) that \
         container to be able to reuse that name."
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The other container's id.
        container: String,
    },
    /// A container's command could not be run.
    #[error("{}", not_run(reason, *exit_code))]
    Start {
        /// Why.
        reason: String,
        /// The exit code to show, e.g. 127 for a command that is not there.
        exit_code: i32,
    },
    /// A port of this host is somebody else's.
    #[error(transparent)]
    Port(#[from] skep_network::PortInUse),
    /// The container has no place on a network of the swarm.
    #[error(transparent)]
    Attach(#[from] crate::plain::AttachError),
    /// The node's database says no.
    #[error(transparent)]
    Database(#[from] skep_durable::Error),
    /// There is no such volume.
    #[error("get {0}: no such volume")]
    NoVolume(String),
    /// Containers have the volume (in Docker's words).
    #[error("remove {name}: volume is in use - [{}]", containers.join(", "))]
    VolumeInUse {
        /// The volume.
        name: String,
        /// The containers' ids.
        containers: Vec<String>,
    },
    /// Something does not come to its end.
    #[error("{0}")]
    Stuck(String),
}

/// With the words by which Docker's client knows which exit code to give.
fn not_run(reason: &str, exit_code: i32) -> String {
    match exit_code {
        127 => format!("{reason}: executable file not found"),
        126 if !reason.contains("permission denied") => format!("{reason}: permission denied"),
        _ => reason.to_owned(),
    }
}

impl EngineError {
    /// What the keeper says of a command itself, with the exit code that stands for it.
    pub(crate) fn of_start(self) -> Self {
        match self {
            Self::Keeper(skep_keeper::Error::Refused(failure)) => {
                Self::Start { exit_code: failure.kind.exit_code(), reason: failure.message }
            }
            other => other,
        }
    }

    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { what: what.into(), source }
    }
}

impl From<skep_runtime::Lost> for EngineError {
    fn from(_: skep_runtime::Lost) -> Self {
        Self::Stopped
    }
}
