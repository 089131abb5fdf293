use std::time::Duration;

use clap::Args;
use skep_model::{ContainerSpec, ServiceSpec};

use super::lists::{add_words, remove_words};
use crate::commands::duration;
use crate::failure::Failure;

/// How a service's process runs: what is said in one way in both commands.
#[derive(Debug, Args)]
pub(crate) struct Process {
    /// Overwrite the default ENTRYPOINT of the image; words as in a shell.
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// Working directory inside the container.
    #[arg(short, long, value_name = "PATH")]
    workdir: Option<String>,
    /// Username or UID (format: NAME|UID[:GROUP|GID]).
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Container hostname.
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Allocate a pseudo-TTY.
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    tty: Option<bool>,
    /// Use an init inside each container that forwards signals and reaps processes.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    init: Option<bool>,
    /// Mount the container's root as read only.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    read_only: Option<bool>,
    /// Isolation: default is the only one.
    #[arg(long, value_parser = ["default"])]
    isolation: Option<String>,
    /// Signal to stop the container.
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Time to wait before force killing a container.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    stop_grace_period: Option<Duration>,
    /// Add Linux capabilities.
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Drop Linux capabilities.
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Tune host's OOM preferences (-1000 to 1000).
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    oom_score_adj: Option<i32>,
    /// Windows only.
    #[arg(long, hide = true)]
    credential_spec: Option<String>,
}

impl Process {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) -> Result<(), Failure> {
        if self.credential_spec.is_some() {
            let text = "--credential-spec is for Windows containers, which Skep does not run: leave it out";
            return Err(Failure::Asked(text.into()));
        }
        let container = &mut spec.task.container;
        if let Some(line) = &self.entrypoint {
            container.entrypoint = skep_compose::split_command(line)
                .map_err(|reason| Failure::Asked(format!("--entrypoint: {reason}")))?;
        }
        set(&mut container.working_directory, self.workdir.as_ref());
        set(&mut container.user, self.user.as_ref());
        set(&mut container.hostname, self.hostname.as_ref());
        set(
            &mut container.stop_signal,
            self.stop_signal.as_ref().map(|name| name.to_ascii_uppercase()).as_ref(),
        );
        set(&mut container.tty, self.tty.as_ref());
        set(&mut container.read_only, self.read_only.as_ref());
        set(&mut container.oom_score_adj, self.oom_score_adj.as_ref());
        container.init = self.init.or(container.init);
        container.stop_grace = self.stop_grace_period.or(container.stop_grace);
        self.capabilities(container);
        Ok(())
    }

    /// What is added is dropped no more, and the other way round.
    fn capabilities(&self, container: &mut ContainerSpec) {
        let (added, dropped) = (capabilities(&self.cap_add), capabilities(&self.cap_drop));
        remove_words(&mut container.capability_drop, &added);
        remove_words(&mut container.capability_add, &dropped);
        add_words(&mut container.capability_add, &added);
        add_words(&mut container.capability_drop, &dropped);
    }
}

/// In the form in which Docker stores them: `CAP_NET_ADMIN`, `ALL`.
fn capabilities(words: &[String]) -> Vec<String> {
    let whole = |word: &String| {
        let word = word.to_ascii_uppercase();
        if word == "ALL" || word.starts_with("CAP_") { word } else { format!("CAP_{word}") }
    };
    words.iter().map(whole).collect()
}

/// Takes a new value where one is given.
pub(super) fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}
