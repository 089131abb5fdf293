//! From what a node holds and a container's spec to the files that the container sees. Pure.

use std::collections::BTreeMap;

use skep_model::template::{TemplateError, Term, expand};
use skep_model::{AssignedContent, ContainerSpec, ContentKey, ContentReference, FileTarget, TaskTemplate};
use thiserror::Error;

use super::file::ContentFile;

/// A container cannot have its secrets or configs.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum ContentError {
    /// Managers have not sent it yet.
    #[error("{kind} '{name}' has not come from a manager yet")]
    Missing {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It is a template that cannot be filled in.
    #[error("{kind} '{name}': {reason}")]
    Template {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Its owner is no number.
    #[error("{kind} '{name}': '{number}' is not the number of an owner")]
    Owner {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What it is instead.
        number: String,
    },
}

/// Contents by their keys.
pub(super) type Held = BTreeMap<ContentKey, AssignedContent>;

/// The files of a container.
pub(super) fn fill(
    held: &Held,
    spec: &ContainerSpec,
    template: &TaskTemplate<'_>,
) -> Result<Vec<ContentFile>, ContentError> {
    let filling = Filling { held, spec, template };
    let secrets = spec.secrets.iter().map(|own| filling.file("secret", own, secret_key(own), own.path()));
    let configs = spec.configs.iter().map(|own| filling.file("config", own, config_key(own), own.path()));
    secrets.chain(configs).collect()
}

fn secret_key(own: &skep_model::SecretReference) -> Option<ContentKey> {
    Some(ContentKey::Secret(own.id?, own.version))
}

fn config_key(own: &skep_model::ConfigReference) -> Option<ContentKey> {
    Some(ContentKey::Config(own.id?, own.version))
}

struct Filling<'a> {
    held: &'a Held,
    spec: &'a ContainerSpec,
    template: &'a TaskTemplate<'a>,
}

impl Filling<'_> {
    fn file<I>(
        &self,
        kind: &'static str,
        own: &ContentReference<I>,
        key: Option<ContentKey>,
        target: String,
    ) -> Result<ContentFile, ContentError> {
        let missing = || ContentError::Missing { kind, name: own.name.clone() };
        let content = key.and_then(|key| self.held.get(&key)).ok_or_else(missing)?;
        let number = |text: &String| {
            let wrong = || ContentError::Owner { kind, name: own.name.clone(), number: text.clone() };
            text.parse().map_err(|_| wrong())
        };
        let FileTarget { uid, gid, mode, .. } = &own.file;
        Ok(ContentFile {
            target,
            uid: number(uid)?,
            gid: number(gid)?,
            mode: *mode,
            bytes: self.bytes(content).map_err(|reason| ContentError::Template {
                kind,
                name: own.name.clone(),
                reason,
            })?,
        })
    }

    fn bytes(&self, content: &AssignedContent) -> Result<Vec<u8>, String> {
        if !content.templated {
            return Ok(content.content.0.clone());
        }
        let text = std::str::from_utf8(&content.content.0)
            .map_err(|_| "a template is text, and this is none".to_owned())?;
        let filled = expand(text, &|term| self.value(term)).map_err(|error: TemplateError| error.to_string());
        Ok(filled?.into_bytes())
    }

    /// What stands behind a term: what a task's templates know, and `env`, `secret` and `config` of the container itself. Secrets and
    /// configs are named by where they stand in it, and are not filled in within each other.
    fn value(&self, term: &Term<'_>) -> Option<String> {
        let Term::Call { function, argument } = term else { return self.template.value(term) };
        match *function {
            "env" => {
                let value = |variable: &String| {
                    let (name, value) = variable.split_once('=')?;
                    (name == argument).then(|| value.to_owned())
                };
                // As Docker's: one that is not set is empty.
                Some(self.spec.environment.iter().rev().find_map(value).unwrap_or_default())
            }
            "secret" => {
                let own = self.spec.secrets.iter().find(|own| own.file.path == *argument)?;
                self.text(secret_key(own))
            }
            "config" => {
                let own = self.spec.configs.iter().find(|own| own.file.path == *argument)?;
                self.text(config_key(own))
            }
            _ => None,
        }
    }

    fn text(&self, key: Option<ContentKey>) -> Option<String> {
        let content = self.held.get(&key?)?;
        Some(String::from_utf8_lossy(&content.content.0).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skep_model::{
        ConfigId, ConfigReference, Content, NodeId, SecretId, SecretReference, ServiceId, ServiceSpec,
        TaskAssignment, TaskId, TaskState,
    };

    use super::*;

    fn file(path: &str) -> FileTarget {
        FileTarget { path: path.into(), uid: "1".into(), gid: "2".into(), mode: 0o400 }
    }

    fn filled(held: &Held, spec: &ContainerSpec) -> Result<Vec<ContentFile>, ContentError> {
        let mut service = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
        service.task.container = spec.clone();
        let task = TaskAssignment {
            id: TaskId::new(1),
            service: ServiceId::new(2),
            slot: 3,
            node: NodeId::new(4),
            desired: TaskState::Running,
            spec: Arc::new(service),
            networks: Vec::new(),
            egress: false,
            generic: Vec::new(),
        };
        let template =
            TaskTemplate { task: &task, node_hostname: "box", node_os: "linux", node_architecture: "x86_64" };
        fill(held, spec, &template)
    }

    fn held(config: &str) -> Held {
        let secret = ContentKey::Secret(SecretId::new(1), 1);
        let site = ContentKey::Config(ConfigId::new(2), 5);
        let content = |key, templated, text: &str| AssignedContent {
            key,
            templated,
            content: Content(text.as_bytes().to_vec()),
        };
        [(secret, content(secret, false, "s3{{cret")), (site, content(site, true, config))].into()
    }

    fn spec() -> ContainerSpec {
        let secret =
            SecretReference { id: Some(SecretId::new(1)), name: "key".into(), version: 1, file: file("key") };
        let config = ConfigReference {
            id: Some(ConfigId::new(2)),
            name: "site".into(),
            version: 5,
            file: file("/etc/site"),
        };
        ContainerSpec {
            environment: vec!["A=1".into(), "A=2".into()],
            secrets: vec![secret],
            configs: vec![config],
            ..ContainerSpec::default()
        }
    }

    #[test]
    fn templates_know_the_task_and_what_the_container_has() {
        let text = r#"{{.Service.Name}} {{.Node.Hostname}} {{env "A"}}{{env "B"}} {{secret "key"}}"#;
        let files = filled(&held(text), &spec()).unwrap();
        assert_eq!(files[0].target, "/run/secrets/key");
        assert_eq!((files[0].bytes.as_slice(), files[0].uid, files[0].mode), (&b"s3{{cret"[..], 1, 0o400));
        assert_eq!(files[1].target, "/etc/site");
        assert_eq!(String::from_utf8_lossy(&files[1].bytes), "web box 2 s3{{cret");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = |text: &str, spec: &ContainerSpec| filled(&held(text), spec).unwrap_err().to_string();
        let mut other = spec();
        other.configs[0].version = 4;
        assert_eq!(error("x", &other), "config 'site' has not come from a manager yet");
        let unknown = error("{{secret \"none\"}}", &spec());
        assert_eq!(unknown, "config 'site': template: there is no secret \"none\"");
    }
}
