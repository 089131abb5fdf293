use clap::Args;
use skep_model::ServiceSpec;

use super::lists::{put_pairs, remove_keys};

/// Labels of a new service.
#[derive(Debug, Args)]
pub(crate) struct Identity {
    /// Service labels.
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Container labels.
    #[arg(long, value_name = "KEY[=VALUE]")]
    container_label: Vec<String>,
}

/// Changes of labels.
#[derive(Debug, Args)]
pub(crate) struct IdentityChanges {
    /// Add or update a service label.
    #[arg(long, value_name = "KEY[=VALUE]")]
    label_add: Vec<String>,
    /// Remove a label by its key.
    #[arg(long, value_name = "KEY")]
    label_rm: Vec<String>,
    /// Add or update a container label.
    #[arg(long, value_name = "KEY[=VALUE]")]
    container_label_add: Vec<String>,
    /// Remove a container label by its key.
    #[arg(long, value_name = "KEY")]
    container_label_rm: Vec<String>,
}

impl Identity {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        put_pairs(&mut spec.labels, &self.label);
        put_pairs(&mut spec.task.container.labels, &self.container_label);
    }
}

impl IdentityChanges {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        remove_keys(&mut spec.labels, &self.label_rm);
        put_pairs(&mut spec.labels, &self.label_add);
        remove_keys(&mut spec.task.container.labels, &self.container_label_rm);
        put_pairs(&mut spec.task.container.labels, &self.container_label_add);
    }
}
