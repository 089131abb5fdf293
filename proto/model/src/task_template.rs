use crate::template::{self, TemplateError, Term};
use crate::{Labels, TaskAssignment};

/// What templates in a task's hostname, environment and mounts may name.
#[derive(Clone, Copy, Debug)]
pub struct TaskTemplate<'a> {
    /// The task.
    pub task: &'a TaskAssignment,
    /// The host name of its node.
    pub node_hostname: &'a str,
    /// The operating system of its node.
    pub node_os: &'a str,
    /// The machine type of its node.
    pub node_architecture: &'a str,
}

/// The fields that there are.
const FIELDS: [&str; 9] = [
    ".Service.ID",
    ".Service.Name",
    ".Node.ID",
    ".Node.Hostname",
    ".Node.Platform.OS",
    ".Node.Platform.Architecture",
    ".Task.ID",
    ".Task.Name",
    ".Task.Slot",
];
const LABELS: &str = ".Service.Labels";

impl TaskTemplate<'_> {
    /// The text with everything filled in.
    ///
    /// # Errors
    /// When it names something else, or a label that the service does not have.
    pub fn expand(&self, text: &str) -> Result<String, TemplateError> {
        if !template::is_template(text) {
            return Ok(text.to_owned());
        }
        template::expand(text, &|term| self.value(term))
    }

    /// What stands behind a term; none for what there is not.
    pub fn value(&self, term: &Term<'_>) -> Option<String> {
        let spec = &self.task.spec;
        if let Some(found) = label(&spec.labels, term) {
            return Some(found);
        }
        let Term::Field(field) = term else { return None };
        Some(match *field {
            ".Service.ID" => self.task.service.to_string(),
            ".Service.Name" => spec.name.clone(),
            ".Node.ID" => self.task.node.to_string(),
            ".Node.Hostname" => self.node_hostname.to_owned(),
            ".Node.Platform.OS" => self.node_os.to_owned(),
            ".Node.Platform.Architecture" => self.node_architecture.to_owned(),
            ".Task.ID" => self.task.id.to_string(),
            ".Task.Name" => self.task.container_name(),
            // Of a global service the place is the node, as in Docker Swarm.
            ".Task.Slot" if self.task.slot == 0 => self.task.node.to_string(),
            ".Task.Slot" => self.task.slot.to_string(),
            _ => return None,
        })
    }
}

/// Checks that a text of a service with these labels can be filled in on any node.
///
/// # Errors
/// As [`TaskTemplate::expand`].
pub(crate) fn check_task_template(text: &str, labels: &Labels) -> Result<(), TemplateError> {
    let known = |term: &Term<'_>| match term {
        Term::Field(field) if FIELDS.contains(field) => Some(String::new()),
        term => label(labels, term),
    };
    template::expand(text, &known).map(drop)
}

fn label(labels: &Labels, term: &Term<'_>) -> Option<String> {
    match term {
        // As Go writes a map.
        Term::Field(LABELS) => {
            let all: Vec<String> = labels.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            Some(format!("map[{}]", all.join(" ")))
        }
        Term::Field(field) => labels.get(field.strip_prefix(LABELS)?.strip_prefix('.')?).cloned(),
        Term::Entry { map: LABELS, key } => labels.get(key).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{NodeId, ServiceId, ServiceSpec, TaskId, TaskState};

    #[test]
    fn every_field_has_a_value_and_nothing_else() {
        let labels = Labels::from([("tier".to_owned(), "front".to_owned())]);
        let task = TaskAssignment {
            id: TaskId::new(7),
            service: ServiceId::new(8),
            slot: 3,
            node: NodeId::new(9),
            desired: TaskState::Running,
            spec: Arc::new(ServiceSpec {
                name: "web".into(),
                labels: labels.clone(),
                ..ServiceSpec::default()
            }),
            networks: Vec::new(),
            egress: false,
            generic: Vec::new(),
        };
        let known =
            TaskTemplate { task: &task, node_hostname: "box", node_os: "linux", node_architecture: "x86_64" };
        for field in FIELDS {
            let text = format!("{{{{{field}}}}}");
            assert!(!known.expand(&text).unwrap().is_empty(), "{field}");
            assert_eq!(check_task_template(&text, &labels), Ok(()), "{field}");
        }
        let text = r#"{{.Node.Hostname}}-{{.Task.Slot}}-{{index .Service.Labels "tier"}}-{{.Service.Labels.tier}} {{.Service.Labels}}"#;
        assert_eq!(known.expand(text).unwrap(), "box-3-front-front map[tier:front]");
        let global = TaskAssignment { slot: 0, ..task.clone() };
        let known = TaskTemplate { task: &global, ..known };
        assert_eq!(known.expand("{{.Task.Slot}}").unwrap(), NodeId::new(9).to_string());
        for wrong in ["{{.Task.Nam}}", "{{.Service.Labels.x}}", r#"{{secret "x"}}"#] {
            assert_eq!(known.expand(wrong).unwrap_err(), check_task_template(wrong, &labels).unwrap_err());
        }
    }
}
