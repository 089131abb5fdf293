use clap::Args;
use serde_json::Value;
use skep_rest::{Service, TaskSpec};

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::{self, binary_size, inspected, service_ports};

/// Display detailed information on one or more services.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.Spec.Name}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print the information in a human friendly format.
    #[arg(long, conflicts_with = "format")]
    pretty: bool,
    /// Names or ids.
    #[arg(required = true)]
    services: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if self.pretty {
            for name in &self.services {
                pretty(&one(client, name).await?)?;
            }
            return Ok(());
        }
        let mut found = Vec::new();
        for name in &self.services {
            found.push(client.get::<Value>(&path(name)).await?);
        }
        inspected(found, self.format.as_deref())
    }
}

/// A service by name or id.
pub(crate) async fn one(client: &Client, name: &str) -> Result<Service, Failure> {
    client.get(&path(name)).await
}

fn path(name: &str) -> String {
    format!("/services/{}", Query::segment(name))
}

fn pretty(service: &Service) -> Result<(), Failure> {
    let spec = &service.spec;
    let mut lines = vec![format!("ID:\t\t{}", service.id), format!("Name:\t\t{}", spec.name)];
    let labels = spec.labels.iter().flatten();
    let labels: Vec<String> = labels.map(|(key, value)| format!(" {key}={value}")).collect();
    if !labels.is_empty() {
        lines.push("Labels:".to_owned());
        lines.extend(labels);
    }
    lines.push("Service Mode:\tReplicated".to_owned());
    let replicated = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref());
    lines.push(format!(" Replicas:\t{}", replicated.and_then(|mode| mode.replicas).unwrap_or(1)));
    lines.extend(container(&spec.task_template));
    if !service.endpoint.ports.is_empty() {
        lines.push(format!("Ports:\t\t{}", service_ports(&service.endpoint.ports)));
    }
    lines.into_iter().try_for_each(output::line)
}

fn container(task: &TaskSpec) -> Vec<String> {
    let spec = &task.container_spec;
    let mut lines = vec!["ContainerSpec:".to_owned(), format!(" Image:\t\t{}", spec.image)];
    let lists = [("Command", &spec.command), ("Args", &spec.args), ("Env", &spec.env)];
    for (name, words) in lists {
        lines.extend(
            words
                .as_ref()
                .filter(|words| !words.is_empty())
                .map(|words| format!(" {name}:\t\t{}", words.join(" "))),
        );
    }
    let limits = task.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    if let Some(limits) = limits.filter(|limits| limits.memory_bytes != 0) {
        lines.push(format!("Resources:\n Limits:\n  Memory:\t{}", binary_size(limits.memory_bytes)));
    }
    lines
}
