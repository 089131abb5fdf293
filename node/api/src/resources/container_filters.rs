use skep_model::TASK_ID_LABEL;
use skep_rest::ContainerSummary;

use crate::filters::{Filters, fits_part};
use crate::params::Params;
use crate::refusal::Refusal;

const KNOWN: &[&str] =
    &["id", "name", "label", "status", "exited", "ancestor", "health", "volume", "network", "is-task"];
const STATES: &[&str] = &["created", "restarting", "running", "removing", "paused", "exited", "dead"];
const HEALTHS: &[&str] = &["starting", "healthy", "unhealthy", "none"];

/// What a list of containers is narrowed to.
pub(crate) struct ContainerFilters {
    filters: Filters,
    is_task: Option<bool>,
}

impl ContainerFilters {
    /// As the call says.
    pub(crate) fn of(params: &Params) -> Result<Self, Refusal> {
        let filters = params.filters(KNOWN)?;
        filters.plain("name")?;
        let one_of = |known: &[&str]| format!("one of {}", known.join(", "));
        check(&filters, "status", |state| STATES.contains(&state), &one_of(STATES))?;
        check(&filters, "health", |status| HEALTHS.contains(&status), &one_of(HEALTHS))?;
        check(&filters, "exited", |code| code.parse::<i32>().is_ok(), "an exit code")?;
        let is_task = filters.switch("is-task")?;
        Ok(Self { filters, is_task })
    }

    /// Whether containers that do not run are asked for.
    pub(crate) fn ask_for_states(&self) -> bool {
        ["status", "exited"].iter().any(|key| self.filters.values(key).is_some())
    }

    /// Whether a container is among those that are asked for.
    pub(crate) fn fit(&self, container: &ContainerSummary) -> bool {
        let filters = &self.filters;
        filters.prefix("id", &container.id)
            && filters.any("name", |name| is_named(container, name))
            && filters.labels("label", &container.labels)
            && filters.any("status", |state| state == container.state)
            && filters.any("exited", |code| container.status.starts_with(&format!("Exited ({code}) ")))
            && filters.any("ancestor", |image| is_image(container, image))
            && filters.any("health", |status| status == container.health.status)
            && filters.any("volume", |volume| has_mount(container, volume))
            && filters.any("network", |name| !container.network_settings["Networks"][name].is_null())
            && self.is_task.is_none_or(|wanted| wanted == container.labels.contains_key(TASK_ID_LABEL))
    }
}

/// Refuses values of a key that mean nothing; `known` says which do.
fn check(filters: &Filters, key: &str, is_known: impl Fn(&str) -> bool, known: &str) -> Result<(), Refusal> {
    match filters.values(key).and_then(|values| values.iter().find(|value| !is_known(value))) {
        Some(value) => Err(Refusal::malformed(format!("invalid filter '{key}={value}': use {known}"))),
        None => Ok(()),
    }
}

fn is_named(container: &ContainerSummary, value: &str) -> bool {
    let fits = |name: &String| fits_part(value, name) || fits_part(value, name.trim_start_matches('/'));
    container.names.iter().any(fits)
}

/// By the volume's name, or by where it is in the container.
fn has_mount(container: &ContainerSummary, volume: &str) -> bool {
    container.mounts.iter().any(|mount| mount["Name"] == volume || mount["Destination"] == volume)
}

fn is_image(container: &ContainerSummary, image: &str) -> bool {
    let digest = container.image_id.trim_start_matches("sha256:");
    let id = image.trim_start_matches("sha256:");
    container.image == image
        || container.image == format!("{image}:latest")
        || (!id.is_empty() && digest.starts_with(id))
}
