use clap::Args;
use skep_model::{GenericCount, ServiceSpec};

use super::lists::put_items;
use super::process::set;

/// What tasks may use and what is kept free for them.
#[derive(Debug, Args)]
pub(crate) struct Resources {
    /// Limit CPUs.
    #[arg(long, value_name = "DECIMAL", value_parser = skep_compose::parse_cpus)]
    limit_cpu: Option<u64>,
    /// Limit memory.
    #[arg(long, value_name = "BYTES", value_parser = skep_compose::parse_bytes)]
    limit_memory: Option<u64>,
    /// Limit maximum number of processes (0 = unlimited).
    #[arg(long, value_name = "COUNT")]
    limit_pids: Option<u64>,
    /// Reserve CPUs.
    #[arg(long, value_name = "DECIMAL", value_parser = skep_compose::parse_cpus)]
    reserve_cpu: Option<u64>,
    /// Reserve memory.
    #[arg(long, value_name = "BYTES", value_parser = skep_compose::parse_bytes)]
    reserve_memory: Option<u64>,
}

/// Generic resources of a new service.
#[derive(Debug, Args)]
pub(crate) struct Generics {
    /// User defined resources that nodes have.
    #[arg(long, value_name = "KIND=COUNT", value_parser = generic)]
    generic_resource: Vec<GenericCount>,
}

/// Changes of them.
#[derive(Debug, Args)]
pub(crate) struct GenericChanges {
    /// Add a generic resource.
    #[arg(long, value_name = "KIND=COUNT", value_parser = generic)]
    generic_resource_add: Vec<GenericCount>,
    /// Remove a generic resource.
    #[arg(long, value_name = "KIND")]
    generic_resource_rm: Vec<String>,
}

impl Resources {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let resources = &mut spec.task.resources;
        set(&mut resources.limits.nano_cpus, self.limit_cpu.as_ref());
        set(&mut resources.limits.memory_bytes, self.limit_memory.as_ref());
        set(&mut resources.limits.pids, self.limit_pids.as_ref());
        set(&mut resources.reservations.nano_cpus, self.reserve_cpu.as_ref());
        set(&mut resources.reservations.memory_bytes, self.reserve_memory.as_ref());
    }
}

impl Generics {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let wanted = &mut spec.task.resources.reservations.generic;
        put_items(wanted, &self.generic_resource, |each| each.kind.clone());
    }
}

impl GenericChanges {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let wanted = &mut spec.task.resources.reservations.generic;
        wanted.retain(|each| !self.generic_resource_rm.contains(&each.kind));
        put_items(wanted, &self.generic_resource_add, |each| each.kind.clone());
    }
}

fn generic(text: &str) -> Result<GenericCount, String> {
    let wrong = || format!("'{text}' is not a number of things like GPU=2");
    let (kind, count) = text.split_once('=').filter(|(kind, _)| !kind.is_empty()).ok_or_else(wrong)?;
    Ok(GenericCount { kind: kind.to_owned(), count: count.parse().map_err(|_| wrong())? })
}
