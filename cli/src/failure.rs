use std::process::ExitCode;

use skep_compose::Problem;
use thiserror::Error;

/// Exit code of a wait for services whose tasks fail.
pub(crate) const EXIT_NOT_CONVERGED: u8 = 3;
/// Exit code of a wait that took too long.
pub(crate) const EXIT_TIMED_OUT: u8 = 4;
/// Exit code of an update that failed and was rolled back.
pub(crate) const EXIT_ROLLED_BACK: u8 = 5;
/// Exit code of an update, or a rollback, that is paused.
pub(crate) const EXIT_PAUSED: u8 = 6;

/// What the help of commands that wait for services says of the above.
pub(crate) const WAITING_CODES: &str = "Exit code: 0 when the service is as wanted (or with --detach, when that is accepted), 1 \
when it is refused, 3 when its tasks fail again and again, 4 when --timeout is over, 5 when the update failed and was rolled \
back, 6 when the update or the rollback is paused.";

/// Exit code of a run whose container the daemon could not make or start.
const EXIT_NOT_RUN: u8 = 125;
/// Exit code of a run whose command cannot be executed.
const EXIT_NOT_EXECUTABLE: u8 = 126;
/// Exit code of a run whose command is not there.
const EXIT_NOT_FOUND: u8 = 127;

/// Why a command did not do what it was asked for.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Nobody listens on the socket.
    #[error(
        "Cannot connect to the Skep daemon at {host}: is it running? Start it with: sudo skep daemon (or: skep up FILE)"
    )]
    NotRunning { host: String },
    /// The socket is not for this user.
    #[error(
        "Permission denied on the Skep daemon's socket at {host}: run this with sudo, or become a member of the group skep"
    )]
    Denied { host: String },
    /// The daemon refuses or fails.
    #[error("Error response from daemon: {message}")]
    Daemon { status: u16, message: String },
    /// The daemon says something that is not understood, or stops in the middle.
    #[error("{doing}: {reason}")]
    Talk { doing: String, reason: String },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    /// A compose file cannot be deployed.
    #[error("{}", problems(.0))]
    Compose(Vec<Problem>),
    /// Anything else that is wrong with what was asked for.
    #[error("{0}")]
    Asked(String),
    /// Tasks fail.
    #[error("{0}")]
    NotConverged(String),
    /// It took too long.
    #[error("{0}")]
    TimedOut(String),
    /// An update failed, and the spec before is back.
    #[error("{0}")]
    RolledBack(String),
    /// An update or a rollback stopped on its way.
    #[error("{0}")]
    Paused(String),
    /// What was looked at has faults, which have been printed.
    #[error("there are faults")]
    FaultsFound,
    /// A container ended so; it has said why itself.
    #[error("the container ended with exit code {0}")]
    Ended(u8),
    /// A container did not come to run.
    #[error("{message}")]
    NotRun {
        /// Why.
        message: String,
        /// What a shell sees: 125, or what stands for a command that is not there or not to be executed.
        code: u8,
    },
    /// Nobody reads the output any more.
    #[error("the output is closed")]
    OutputClosed,
}

impl Failure {
    /// What a shell sees.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotConverged(_) => ExitCode::from(EXIT_NOT_CONVERGED),
            Self::TimedOut(_) => ExitCode::from(EXIT_TIMED_OUT),
            Self::RolledBack(_) => ExitCode::from(EXIT_ROLLED_BACK),
            Self::Paused(_) => ExitCode::from(EXIT_PAUSED),
            Self::Ended(code) | Self::NotRun { code, .. } => ExitCode::from(*code),
            _ => ExitCode::FAILURE,
        }
    }

    /// As `docker run` has it: what keeps a container from running is told apart from how it ends.
    pub(crate) fn of_run(self) -> Self {
        let message = self.to_string();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let code = match &self {
            Self::Ended(_) | Self::OutputClosed => return self,
            Self::Daemon { .. } if says(&["executable file not found"]) => EXIT_NOT_FOUND,
            Self::Daemon { .. } if says(&["permission denied"]) => EXIT_NOT_EXECUTABLE,
            _ => EXIT_NOT_RUN,
        };
        Self::NotRun { message, code }
    }

    /// The daemon does not know what was named.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Daemon { status: 404, .. })
    }

    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    pub(crate) fn talk(doing: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Talk { doing: doing.into(), reason: reason.to_string() }
    }
}

fn problems(problems: &[Problem]) -> String {
    let mut text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    let things =
        if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
    text.push_str(&format!("The file was not deployed: {things}, see above."));
    text
}
