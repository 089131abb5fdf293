use clap::Args;
use skep_model::{ConfigReference, Mount, SecretReference, ServiceSpec};

use super::data_flag::{config, secret};
use super::lists::put_items;
use crate::commands::mount_flag;

/// What a new service's containers see of files.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// Attach a filesystem mount to the service: type=volume|bind|tmpfs,source=...,target=...
    #[arg(long, value_name = "FIELDS", value_parser = mount_flag::model)]
    mount: Vec<Mount>,
    /// Specify secrets to expose to the service.
    #[arg(long, value_name = "SECRET|source=SECRET,target=PATH,uid=,gid=,mode=", value_parser = secret)]
    secret: Vec<SecretReference>,
    /// Specify configurations to expose to the service.
    #[arg(long, value_name = "CONFIG|source=CONFIG,target=PATH,uid=,gid=,mode=", value_parser = config)]
    config: Vec<ConfigReference>,
}

/// Changes of the same.
#[derive(Debug, Args)]
pub(crate) struct DataChanges {
    /// Add or update a mount on a service.
    #[arg(long, value_name = "FIELDS", value_parser = mount_flag::model)]
    mount_add: Vec<Mount>,
    /// Remove a mount by its target path.
    #[arg(long, value_name = "PATH")]
    mount_rm: Vec<String>,
    /// Add or update a secret on a service.
    #[arg(long, value_name = "SECRET|source=SECRET,target=PATH,uid=,gid=,mode=", value_parser = secret)]
    secret_add: Vec<SecretReference>,
    /// Remove a secret.
    #[arg(long, value_name = "SECRET")]
    secret_rm: Vec<String>,
    /// Add or update a config file on a service.
    #[arg(long, value_name = "CONFIG|source=CONFIG,target=PATH,uid=,gid=,mode=", value_parser = config)]
    config_add: Vec<ConfigReference>,
    /// Remove a configuration file.
    #[arg(long, value_name = "CONFIG")]
    config_rm: Vec<String>,
}

impl Data {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let container = &mut spec.task.container;
        container.mounts.extend(self.mount.iter().cloned());
        container.secrets.extend(self.secret.iter().cloned());
        container.configs.extend(self.config.iter().cloned());
    }
}

impl DataChanges {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let container = &mut spec.task.container;
        container.mounts.retain(|mount| !self.mount_rm.contains(&mount.target));
        put_items(&mut container.mounts, &self.mount_add, |mount| mount.target.clone());
        let gone = |names: &[String], name: &str, id: Option<String>| {
            names.iter().any(|gone| gone == name || Some(gone) == id.as_ref())
        };
        container.secrets.retain(|own| !gone(&self.secret_rm, &own.name, own.id.map(|id| id.to_string())));
        put_items(&mut container.secrets, &self.secret_add, |own| (own.name.clone(), own.file.path.clone()));
        container.configs.retain(|own| !gone(&self.config_rm, &own.name, own.id.map(|id| id.to_string())));
        put_items(&mut container.configs, &self.config_add, |own| (own.name.clone(), own.file.path.clone()));
    }
}
