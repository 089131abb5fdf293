//! Secrets, configs, and records of forgotten tasks.

use std::sync::Arc;

use skep_model::{Config, ConfigId, Kind, ObjectKey, Secret, SecretId, TaskId, TaskRecord};

use crate::view::{FindError, View, by_prefix};

impl View {
    /// One secret.
    pub fn secret(&self, id: SecretId) -> Option<&Arc<Secret>> {
        self.tables().secrets.get(&id)
    }

    /// The secret of this name.
    pub fn secret_named(&self, name: &str) -> Option<&Arc<Secret>> {
        match self.named(Kind::Secret, name)? {
            ObjectKey::Secret(id) => self.secret(id),
            _ => None,
        }
    }

    /// All secrets, by id.
    pub fn secrets(&self) -> impl Iterator<Item = &Arc<Secret>> {
        self.tables().secrets.values()
    }

    /// A secret by id, name or unique start of its id, in this order.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_secret(&self, reference: &str) -> Result<&Arc<Secret>, FindError> {
        let exact = reference.parse().ok().and_then(|id| self.secret(id));
        let named = exact.or_else(|| self.secret_named(reference));
        named.map_or_else(|| by_prefix(Kind::Secret, reference, self.secrets(), |secret| secret.id), Ok)
    }

    /// One config.
    pub fn config(&self, id: ConfigId) -> Option<&Arc<Config>> {
        self.tables().configs.get(&id)
    }

    /// The config of this name.
    pub fn config_named(&self, name: &str) -> Option<&Arc<Config>> {
        match self.named(Kind::Config, name)? {
            ObjectKey::Config(id) => self.config(id),
            _ => None,
        }
    }

    /// All configs, by id.
    pub fn configs(&self) -> impl Iterator<Item = &Arc<Config>> {
        self.tables().configs.values()
    }

    /// A config by id, name or unique start of its id, in this order.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_config(&self, reference: &str) -> Result<&Arc<Config>, FindError> {
        let exact = reference.parse().ok().and_then(|id| self.config(id));
        let named = exact.or_else(|| self.config_named(reference));
        named.map_or_else(|| by_prefix(Kind::Config, reference, self.configs(), |config| config.id), Ok)
    }

    /// What is kept of a task that was forgotten.
    pub fn task_record(&self, id: TaskId) -> Option<&Arc<TaskRecord>> {
        self.tables().records.get(&id)
    }

    /// How many such records there are.
    pub fn task_record_count(&self) -> usize {
        self.tables().records.len()
    }

    /// All such records, by the task's id.
    pub fn task_records(&self) -> impl Iterator<Item = &Arc<TaskRecord>> {
        self.tables().records.values()
    }
}
