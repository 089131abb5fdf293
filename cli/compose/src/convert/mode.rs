use skep_model::{RestartCondition, ServiceMode, ServiceSpec, limits};

use crate::reader::{Field, Findings};

/// `deploy.mode` and `deploy.replicas`, which mean something together.
#[derive(Default)]
pub(super) struct Mode<'n> {
    mode: Option<Field<'n>>,
    replicas: Option<Field<'n>>,
}

impl<'n> Mode<'n> {
    pub(super) fn mode(&mut self, field: Field<'n>) {
        self.mode = Some(field);
    }

    pub(super) fn replicas(&mut self, field: Field<'n>) {
        self.replicas = Some(field);
    }

    /// What both say of a service. A job's tasks are not replaced when they end well.
    pub(super) fn apply(&self, spec: &mut ServiceSpec, out: &mut Findings) {
        let word = self.mode.as_ref().and_then(|field| field.text(out));
        let replicas = self.replicas.as_ref().and_then(|field| field.number(out));
        let count = replicas.unwrap_or(limits::REPLICAS_DEFAULT);
        spec.mode = match word.as_deref() {
            None | Some("replicated") => ServiceMode::Replicated { replicas: count },
            Some("replicated-job") => {
                ServiceMode::ReplicatedJob { max_concurrent: count, total_completions: count }
            }
            Some("global") => ServiceMode::Global,
            Some("global-job") => ServiceMode::GlobalJob,
            Some(other) => {
                let known = "use replicated, global, replicated-job or global-job";
                if let Some(field) = &self.mode {
                    field.refuse(out, format!("'{other}' is not a mode: {known}"));
                }
                return;
            }
        };
        if let Some(field) = self.replicas.as_ref().filter(|_| spec.mode.is_global()) {
            field.refuse_key(out, "is for services that are not global: remove it");
        }
        if spec.mode.is_job() {
            spec.task.restart.condition = RestartCondition::OnFailure;
        }
    }
}
