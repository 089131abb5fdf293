//! From a task's assignment to what this node makes of it: templates filled in, generic resources told. Pure.

use std::collections::BTreeMap;

use skep_model::template::TemplateError;
use skep_model::{
    ContainerSpec, GenericResource, GenericValue, Mount, MountKind, TaskAssignment, TaskTemplate,
};

use crate::facts::Facts;

/// Begins the names of the variables that say what a task was given.
const RESOURCE_PREFIX: &str = "DOCKER_RESOURCE_";

/// The container's spec as it is on this node.
pub(crate) fn on_node(assignment: &TaskAssignment, node: &Facts) -> Result<ContainerSpec, TemplateError> {
    let template = template_of(assignment, node);
    let fill = |text: &String| template.expand(text);
    let mut spec = assignment.spec.task.container.clone();
    spec.hostname = fill(&spec.hostname)?;
    spec.environment = spec.environment.iter().map(fill).collect::<Result<_, _>>()?;
    for mount in &mut spec.mounts {
        fill_mount(mount, &fill)?;
    }
    // What was given wins over what the service says.
    spec.environment.extend(resources(&assignment.generic));
    Ok(spec)
}

/// What the task's templates know on this node.
pub(crate) fn template_of<'a>(task: &'a TaskAssignment, node: &'a Facts) -> TaskTemplate<'a> {
    TaskTemplate {
        task,
        node_hostname: &node.hostname,
        node_os: "linux",
        node_architecture: &node.architecture,
    }
}

fn fill_mount(
    mount: &mut Mount,
    fill: &dyn Fn(&String) -> Result<String, TemplateError>,
) -> Result<(), TemplateError> {
    mount.target = fill(&mount.target)?;
    match &mut mount.kind {
        MountKind::Bind { source, .. } => *source = fill(source)?,
        MountKind::Volume(volume) => {
            volume.name = fill(&volume.name)?;
            for text in volume.labels.values_mut().chain(volume.options.values_mut()) {
                *text = fill(text)?;
            }
        }
        MountKind::Tmpfs { .. } => {}
    }
    Ok(())
}

/// `DOCKER_RESOURCE_GPU=a,b`, or how many where one is like the other.
fn resources(given: &[GenericResource]) -> Vec<String> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in given {
        let value = match &resource.value {
            GenericValue::Discrete(count) => count.to_string(),
            GenericValue::Named(name) => name.clone(),
        };
        kinds.entry(resource.kind.to_uppercase()).or_default().push(value);
    }
    kinds.iter().map(|(kind, values)| format!("{RESOURCE_PREFIX}{kind}={}", values.join(","))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skep_model::{NodeId, ServiceId, ServiceSpec, TaskId, TaskState, VolumeMount};

    use super::*;

    #[test]
    fn texts_are_filled_in_and_resources_told() {
        let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
        spec.task.container.hostname = "{{.Service.Name}}-{{.Task.Slot}}".into();
        spec.task.container.environment = vec!["NODE={{.Node.Hostname}}".into()];
        let volume = VolumeMount {
            name: "data-{{.Task.Slot}}".into(),
            options: [("o".to_owned(), "uid={{.Task.Slot}}".to_owned())].into(),
            ..VolumeMount::default()
        };
        spec.task.container.mounts = vec![
            Mount { target: "/{{.Service.Name}}".into(), kind: MountKind::Volume(volume), read_only: false },
            Mount { target: "/b".into(), kind: MountKind::bind("/x/{{.Task.Slot}}"), read_only: false },
        ];
        let given = |kind: &str, value| GenericResource { kind: kind.into(), value };
        let task = TaskAssignment {
            id: TaskId::new(1),
            service: ServiceId::new(2),
            slot: 3,
            node: NodeId::new(4),
            desired: TaskState::Running,
            spec: Arc::new(spec),
            networks: Vec::new(),
            egress: false,
            generic: vec![
                given("gpu", GenericValue::Named("a".into())),
                given("gpu", GenericValue::Named("b".into())),
                given("ssd", GenericValue::Discrete(2)),
            ],
        };
        let node = Facts { hostname: "box".into(), ..Facts::default() };
        let made = on_node(&task, &node).unwrap();
        assert_eq!(made.hostname, "web-3");
        assert_eq!(made.environment, ["NODE=box", "DOCKER_RESOURCE_GPU=a,b", "DOCKER_RESOURCE_SSD=2"]);
        let MountKind::Volume(volume) = &made.mounts[0].kind else { panic!("a volume") };
        assert_eq!((made.mounts[0].target.as_str(), volume.name.as_str()), ("/web", "data-3"));
        assert_eq!(volume.options["o"], "uid=3");
        assert_eq!(made.mounts[1].kind, MountKind::bind("/x/3"));
    }
}
