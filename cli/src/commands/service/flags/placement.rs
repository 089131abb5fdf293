use clap::Args;
use skep_model::ServiceSpec;

use super::lists::{add_words, remove_words};
use super::process::set;

/// Where a new service's tasks may run.
#[derive(Debug, Args)]
pub(crate) struct Placing {
    /// Placement constraints.
    #[arg(long, value_name = "KEY==VALUE|KEY!=VALUE")]
    constraint: Vec<String>,
    /// Add a placement preference.
    #[arg(long, value_name = "spread=LABEL", value_parser = preference)]
    placement_pref: Vec<String>,
    /// Maximum number of tasks per node (0 = unlimited).
    #[arg(long, value_name = "COUNT")]
    replicas_max_per_node: Option<u64>,
}

/// Changes of the same.
#[derive(Debug, Args)]
pub(crate) struct PlacingChanges {
    /// Add or update a placement constraint.
    #[arg(long, value_name = "KEY==VALUE|KEY!=VALUE")]
    constraint_add: Vec<String>,
    /// Remove a constraint.
    #[arg(long, value_name = "CONSTRAINT")]
    constraint_rm: Vec<String>,
    /// Add a placement preference.
    #[arg(long, value_name = "spread=LABEL", value_parser = preference)]
    placement_pref_add: Vec<String>,
    /// Remove a placement preference.
    #[arg(long, value_name = "spread=LABEL", value_parser = preference)]
    placement_pref_rm: Vec<String>,
    /// Maximum number of tasks per node (0 = unlimited).
    #[arg(long, value_name = "COUNT")]
    replicas_max_per_node: Option<u64>,
}

impl Placing {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let placement = &mut spec.task.placement;
        add_words(&mut placement.constraints, &self.constraint);
        add_words(&mut placement.spread, &self.placement_pref);
        set(&mut placement.max_replicas_per_node, self.replicas_max_per_node.as_ref());
    }
}

impl PlacingChanges {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let placement = &mut spec.task.placement;
        let same = |one: &str, other: &str| squeezed(one) == squeezed(other);
        placement.constraints.retain(|own| !self.constraint_rm.iter().any(|gone| same(own, gone)));
        add_words(&mut placement.constraints, &self.constraint_add);
        remove_words(&mut placement.spread, &self.placement_pref_rm);
        add_words(&mut placement.spread, &self.placement_pref_add);
        set(&mut placement.max_replicas_per_node, self.replicas_max_per_node.as_ref());
    }
}

/// Spaces around an operator mean nothing.
fn squeezed(constraint: &str) -> String {
    constraint.split_whitespace().collect()
}

fn preference(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is not a preference like spread=node.labels.zone");
    let (strategy, descriptor) = text.split_once('=').ok_or_else(wrong)?;
    if !strategy.eq_ignore_ascii_case("spread") || descriptor.is_empty() {
        return Err(wrong());
    }
    Ok(descriptor.to_owned())
}
