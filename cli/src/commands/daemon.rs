//! The daemon's flags are dockerd's, and so is its configuration file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use skep_model::GenericResource;
use skep_node::DaemonOptions;

use crate::failure::Failure;

const DATA_ROOT: &str = "/var/lib/skep";
const EXEC_ROOT: &str = "/run/skep";
const DATA_ROOT_VARIABLE: &str = "SKEP_DATA_ROOT";
const EXEC_ROOT_VARIABLE: &str = "SKEP_EXEC_ROOT";

/// Where a daemon keeps things unless it is told otherwise.
pub(crate) fn data_root() -> PathBuf {
    std::env::var_os(DATA_ROOT_VARIABLE).map_or_else(|| DATA_ROOT.into(), PathBuf::from)
}

/// Where a daemon keeps what is gone after a reboot, unless it is told otherwise.
pub(crate) fn exec_root() -> PathBuf {
    std::env::var_os(EXEC_ROOT_VARIABLE).map_or_else(|| EXEC_ROOT.into(), PathBuf::from)
}

/// Run the daemon in the foreground.
#[derive(Debug, Args)]
pub(crate) struct Daemon {
    /// Directory of what is kept [default: /var/lib/skep].
    #[arg(long, value_name = "DIR", env = DATA_ROOT_VARIABLE)]
    data_root: Option<PathBuf>,
    /// Directory of what is gone after a reboot [default: /run/skep].
    #[arg(long, value_name = "DIR", env = EXEC_ROOT_VARIABLE)]
    exec_root: Option<PathBuf>,
    /// Sockets to listen on [default: unix://EXEC_ROOT/skep.sock].
    #[arg(short = 'H', long = "host", value_name = "unix://PATH")]
    hosts: Vec<String>,
    /// File for the daemon's process id [default: EXEC_ROOT/skep.pid].
    #[arg(short, long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    /// Settings in JSON, with dockerd's names.
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Labels of the daemon, KEY=VALUE.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// What this node has that tasks may reserve, KIND=NUMBER or KIND=NAME; may be repeated.
    #[arg(long = "node-generic-resource", value_name = "KIND=VALUE")]
    generic: Vec<String>,
    /// What is logged: debug, info, warn, error or fatal [default: info].
    #[arg(short, long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How it is logged: text or json [default: text].
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Log debug messages.
    #[arg(short = 'D', long)]
    debug: bool,
    /// Leave the session of the terminal.
    #[arg(long, hide = true)]
    background: bool,
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ConfigFile {
    data_root: Option<PathBuf>,
    exec_root: Option<PathBuf>,
    hosts: Option<Vec<String>>,
    pidfile: Option<PathBuf>,
    labels: Option<Vec<String>>,
    node_generic_resources: Option<Vec<String>>,
    log_level: Option<String>,
    log_format: Option<String>,
    debug: Option<bool>,
}

impl Daemon {
    /// Runs the daemon until it is told to end. `host` and `debug` are those before the word `daemon`.
    pub(crate) fn run(mut self, host: Option<String>, debug: bool) -> Result<(), Failure> {
        if self.background {
            // Fails when it leads a session already, which is as good.
            let _ = rustix::process::setsid();
        }
        if self.hosts.is_empty() {
            self.hosts.extend(host.filter(|host| !host.is_empty()));
        }
        self.debug |= debug;
        let file = match &self.config_file {
            Some(path) => read(path)?,
            None => ConfigFile::default(),
        };
        skep_node::run(self.options(file)?).map_err(|error| Failure::Asked(format!("skep daemon: {error}")))
    }

    fn options(self, file: ConfigFile) -> Result<DaemonOptions, Failure> {
        self.refuse_twice(&file)?;
        let exec_root = self.exec_root.or(file.exec_root).unwrap_or_else(|| EXEC_ROOT.into());
        let mut hosts = if self.hosts.is_empty() { file.hosts.unwrap_or_default() } else { self.hosts };
        if hosts.is_empty() {
            hosts.push(format!("unix://{}/skep.sock", exec_root.display()));
        }
        if let Some(host) = hosts.iter().find(|host| !host.starts_with("unix:///")) {
            return Err(Failure::Asked(format!(
                "'{host}' cannot be listened on: write unix:///path/to/skep.sock"
            )));
        }
        let labels = if self.labels.is_empty() { file.labels.unwrap_or_default() } else { self.labels };
        if let Some(label) =
            labels.iter().find(|label| label.split_once('=').is_none_or(|(key, _)| key.is_empty()))
        {
            return Err(Failure::Asked(format!("'{label}' is not a label: write KEY=VALUE")));
        }
        let generic = if self.generic.is_empty() {
            file.node_generic_resources.unwrap_or_default()
        } else {
            self.generic
        };
        let generic = GenericResource::list(&generic).map_err(|error| Failure::Asked(error.to_string()))?;
        let log_format = self.log_format.or(file.log_format).unwrap_or_else(|| "text".to_owned());
        Ok(DaemonOptions {
            data_root: self.data_root.or(file.data_root).unwrap_or_else(|| DATA_ROOT.into()),
            pidfile: self.pidfile.or(file.pidfile).unwrap_or_else(|| exec_root.join("skep.pid")),
            exec_root,
            hosts,
            labels,
            generic,
            log_level: known(
                self.log_level.or(file.log_level),
                &["info", "debug", "warn", "error", "fatal"],
            )?,
            log_json: known(Some(log_format), &["text", "json"])? == "json",
            debug: self.debug || file.debug.unwrap_or_default(),
        })
    }

    /// What is said in two places might be said differently; dockerd refuses that, too.
    fn refuse_twice(&self, file: &ConfigFile) -> Result<(), Failure> {
        let twice = [
            ("data-root", self.data_root.is_some() && file.data_root.is_some()),
            ("exec-root", self.exec_root.is_some() && file.exec_root.is_some()),
            ("hosts", !self.hosts.is_empty() && file.hosts.is_some()),
            ("pidfile", self.pidfile.is_some() && file.pidfile.is_some()),
            ("labels", !self.labels.is_empty() && file.labels.is_some()),
            ("node-generic-resources", !self.generic.is_empty() && file.node_generic_resources.is_some()),
            ("log-level", self.log_level.is_some() && file.log_level.is_some()),
            ("log-format", self.log_format.is_some() && file.log_format.is_some()),
            ("debug", self.debug && file.debug.is_some()),
        ];
        let names: Vec<&str> = twice.iter().filter(|(_, twice)| *twice).map(|(name, _)| *name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let file = self.config_file.as_deref().unwrap_or_else(|| Path::new("")).display();
        Err(Failure::Asked(format!(
            "the following are given both as a flag and in the configuration file {file}: {}; remove one of each",
            names.join(", ")
        )))
    }
}

fn known(word: Option<String>, known: &[&str]) -> Result<String, Failure> {
    let word = word.unwrap_or_else(|| known.first().copied().unwrap_or_default().to_owned());
    if known.contains(&word.as_str()) {
        return Ok(word);
    }
    Err(Failure::Asked(format!("'{word}' is not one of {}", known.join(", "))))
}

fn read(path: &Path) -> Result<ConfigFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Asked(format!("the configuration file {}: {error}", path.display())))
}

#[cfg(test)]
#[path = "daemon_test.rs"]
mod tests;
