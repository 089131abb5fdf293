use std::path::Path;

use clap::Args;
use skep_model::{Hook, ServiceSpec, Ulimit};

use super::lists::{
    add_words, put_items, put_pairs, put_variables, remove_keys, remove_variables, remove_words,
};
use crate::failure::Failure;

/// What a new service's process has several of.
#[derive(Debug, Args)]
pub(crate) struct ProcessLists {
    /// Set environment variables; without a value, as they are here.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read in a file of environment variables.
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Set one or more supplementary user groups for the container.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Sysctl options.
    #[arg(long, value_name = "NAME=VALUE")]
    sysctl: Vec<String>,
    /// Ulimit options.
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = ulimit)]
    ulimit: Vec<Ulimit>,
    /// Run this in each container after its start; the task runs when it has succeeded.
    #[arg(long, value_name = "COMMAND", value_parser = hook)]
    post_start: Vec<Hook>,
    /// Run this in each container before its stop signal, within the grace period.
    #[arg(long, value_name = "COMMAND", value_parser = hook)]
    pre_stop: Vec<Hook>,
}

/// Changes of the same.
#[derive(Debug, Args)]
pub(crate) struct ProcessChanges {
    /// Add or update an environment variable.
    #[arg(long, value_name = "NAME[=VALUE]")]
    env_add: Vec<String>,
    /// Remove an environment variable.
    #[arg(long, value_name = "NAME")]
    env_rm: Vec<String>,
    /// Add an additional supplementary user group to the container.
    #[arg(long, value_name = "GROUP")]
    group_add: Vec<String>,
    /// Remove a previously added supplementary user group from the container.
    #[arg(long, value_name = "GROUP")]
    group_rm: Vec<String>,
    /// Add or update a Sysctl option.
    #[arg(long, value_name = "NAME=VALUE")]
    sysctl_add: Vec<String>,
    /// Remove a Sysctl option.
    #[arg(long, value_name = "NAME")]
    sysctl_rm: Vec<String>,
    /// Add or update a ulimit option.
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = ulimit)]
    ulimit_add: Vec<Ulimit>,
    /// Remove a ulimit option.
    #[arg(long, value_name = "NAME")]
    ulimit_rm: Vec<String>,
    /// Run this after the start instead of what was said before; an empty one takes all away.
    #[arg(long, value_name = "COMMAND", value_parser = hook)]
    post_start: Vec<Hook>,
    /// Run this before the stop signal instead of what was said before; an empty one takes all away.
    #[arg(long, value_name = "COMMAND", value_parser = hook)]
    pre_stop: Vec<Hook>,
}

impl ProcessLists {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) -> Result<(), Failure> {
        let container = &mut spec.task.container;
        // Files first: what stands on the command line wins.
        for file in &self.env_file {
            put_variables(&mut container.environment, &filled(variables(Path::new(file))?));
        }
        put_variables(&mut container.environment, &filled(self.env.clone()));
        add_words(&mut container.groups, &self.group);
        put_pairs(&mut container.sysctls, &self.sysctl);
        put_items(&mut container.ulimits, &self.ulimit, |limit| limit.name.clone());
        container.post_start = some(&self.post_start);
        container.pre_stop = some(&self.pre_stop);
        Ok(())
    }
}

impl ProcessChanges {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let container = &mut spec.task.container;
        remove_variables(&mut container.environment, &self.env_rm);
        put_variables(&mut container.environment, &filled(self.env_add.clone()));
        remove_words(&mut container.groups, &self.group_rm);
        add_words(&mut container.groups, &self.group_add);
        remove_keys(&mut container.sysctls, &self.sysctl_rm);
        put_pairs(&mut container.sysctls, &self.sysctl_add);
        container.ulimits.retain(|limit| !self.ulimit_rm.contains(&limit.name));
        put_items(&mut container.ulimits, &self.ulimit_add, |limit| limit.name.clone());
        if !self.post_start.is_empty() {
            container.post_start = some(&self.post_start);
        }
        if !self.pre_stop.is_empty() {
            container.pre_stop = some(&self.pre_stop);
        }
    }
}

/// The variables in a file, a line each.
fn variables(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// A name alone is the variable of here; one that is not there is left out, as with Docker.
fn filled(entries: Vec<String>) -> Vec<String> {
    let fill = |entry: String| match entry.contains('=') {
        true => Some(entry),
        false => std::env::var(&entry).ok().map(|value| format!("{entry}={value}")),
    };
    entries.into_iter().filter_map(fill).collect()
}

fn some(hooks: &[Hook]) -> Vec<Hook> {
    hooks.iter().filter(|hook| !hook.command.is_empty()).cloned().collect()
}

fn hook(line: &str) -> Result<Hook, String> {
    Ok(Hook { command: skep_compose::split_command(line)?, ..Hook::default() })
}

fn ulimit(text: &str) -> Result<Ulimit, String> {
    let wrong = || format!("'{text}' is not a limit like nofile=1024:4096");
    let (name, values) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= -1).ok_or_else(wrong);
    let limit = Ulimit { name: name.to_owned(), soft: number(soft)?, hard: number(hard)? };
    let above = limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard);
    if above { Err(format!("'{text}': the soft limit is above the hard one")) } else { Ok(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ulimits_are_read() {
        let limit = |soft, hard| Ok(Ulimit { name: "nofile".into(), soft, hard });
        assert_eq!(ulimit("nofile=10:20"), limit(10, 20));
        assert_eq!(ulimit("nofile=10"), limit(10, 10));
        assert_eq!(ulimit("nofile=10:-1"), limit(10, -1));
        for bad in ["nofile", "nofile=", "nofile=20:10", "nofile=-1:10", "=1", "nofile=x"] {
            assert!(ulimit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_hook_takes_all_away() {
        assert_eq!(some(&[hook("").unwrap()]), []);
        assert_eq!(some(&[hook("sh -c 'a b'").unwrap()])[0].command, ["sh", "-c", "a b"]);
    }
}
