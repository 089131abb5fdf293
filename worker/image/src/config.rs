//! An image's configuration file (<https://github.com/opencontainers/image-spec>, config.md).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;
use crate::{Config, Error, Healthcheck};

/// What is read of the file, and all that is written of one that we make.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ConfigFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    #[serde(flatten)]
    pub(crate) platform: Platform,
    #[serde(default)]
    config: Option<Execution>,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RootFs {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

/// Go programs write `null` for what is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Execution {
    user: Option<String>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
}

impl ConfigFile {
    /// Reads the file, and checks that it is for this machine.
    ///
    /// # Errors
    /// When it cannot be read, or is for another kind of machine.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::Archive(format!("the image's configuration: {error}")))?;
        if !file.platform.fits() {
            let machine = Platform::of_machine().to_string();
            return Err(Error::Platform { image: file.platform.to_string(), machine });
        }
        Ok(file)
    }

    /// A file for an image that is made here.
    pub(crate) fn new(config: &Config, created: String, diff_ids: Vec<String>, comment: String) -> Self {
        let set = |words: &[String]| words.iter().map(|word| (word.clone(), serde_json::json!({}))).collect();
        let execution = Execution {
            user: Some(config.user.clone()),
            env: Some(config.env.clone()),
            entrypoint: Some(config.entrypoint.clone()).filter(|words| !words.is_empty()),
            cmd: Some(config.cmd.clone()).filter(|words| !words.is_empty()),
            working_dir: Some(config.working_dir.clone()),
            exposed_ports: Some(set(&config.exposed_ports)),
            volumes: Some(set(&config.volumes)).filter(|all: &BTreeMap<_, _>| !all.is_empty()),
            labels: Some(config.labels.clone()),
            stop_signal: config.stop_signal.clone(),
            healthcheck: config.healthcheck.clone(),
        };
        Self {
            created: Some(created),
            platform: Platform::of_machine(),
            config: Some(execution),
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids: Some(diff_ids) },
            comment: Some(comment),
        }
    }

    /// The file's content; its digest is the image's id.
    ///
    /// # Errors
    /// When it cannot be written down, which no content of ours leads to.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|error| Error::File {
            what: "write the image's configuration".to_owned(),
            source: error.into(),
        })
    }

    /// The digests of the layers' uncompressed archives, bottom first.
    pub(crate) fn diff_ids(&self) -> &[String] {
        self.rootfs.diff_ids.as_deref().unwrap_or_default()
    }

    /// What a container of the image runs.
    pub(crate) fn execution(&self) -> Config {
        let config = self.config.clone().unwrap_or_default();
        Config {
            user: config.user.unwrap_or_default(),
            env: config.env.unwrap_or_default(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            working_dir: config.working_dir.unwrap_or_default(),
            exposed_ports: config.exposed_ports.unwrap_or_default().into_keys().collect(),
            volumes: config.volumes.unwrap_or_default().into_keys().collect(),
            labels: config.labels.unwrap_or_default(),
            stop_signal: config.stop_signal.filter(|signal| !signal.is_empty()),
            healthcheck: config.healthcheck,
        }
    }
}
