//! Services.

use std::sync::Arc;

use skep_model::{
    Change, Kind, NetworkTarget, ObjectKey, Service, ServiceId, ServiceMode, ServiceSpec, Timestamp,
    Transaction, UpdateState, UpdateStatus, free_name, validate_service,
};
use skep_store::View;

use super::content::resolve_contents;
use super::port::check_ports;
use super::{ControlApi, ControlError};

impl ControlApi {
    /// Makes a service. One without a name gets one that is free.
    ///
    /// # Errors
    /// When the spec is wrong, its name, a port is taken, or a network is missing.
    pub async fn create_service(&self, spec: ServiceSpec) -> Result<ServiceId, ControlError> {
        let mut spec = spec.normalized();
        let nameless = spec.name.is_empty().then(|| self.env.random().id());
        if let Some(random) = nameless {
            spec.name = free_name(random, |_| false);
        }
        validate_service(&spec)?;
        let (id, now) = (ServiceId::new(self.env.random().id()), self.env.now());
        self.door
            .change(|view| {
                let mut spec = spec.clone();
                if let Some(random) = nameless {
                    spec.name = free_name(random, |name| view.service_named(name).is_some());
                }
                if view.service_named(&spec.name).is_some() {
                    return Err(ControlError::NameTaken { kind: Kind::Service, name: spec.name });
                }
                let spec = resolve_networks(view, spec)?;
                check_ports(view, None, &spec)?;
                Ok((Transaction { changes: created(id, spec, now) }, ()))
            })
            .await?;
        Ok(id)
    }

    /// Replaces a service's spec. `version` is the one that was read; none takes the present one.
    ///
    /// # Errors
    /// When there is no such service, the spec is wrong or of another mode, or somebody changed the service meanwhile.
    pub async fn update_service(
        &self,
        reference: &str,
        version: Option<u64>,
        spec: ServiceSpec,
    ) -> Result<(), ControlError> {
        let (spec, now) = (spec.normalized(), self.env.now());
        validate_service(&spec)?;
        self.door
            .change(|view| {
                let service = read(view, reference, version)?;
                if spec.name != service.spec.name {
                    return Err(ControlError::Unsupported("renaming services is not supported".into()));
                }
                check_mode(service, &spec)?;
                let spec = resolve_networks(view, spec.clone())?;
                check_ports(view, Some(service.id), &spec)?;
                Ok((Transaction { changes: updated(service, spec, now) }, ()))
            })
            .await
    }

    /// Brings a service back to the spec that it had before; what it has now becomes the one before. `version` is the one that
    /// was read; none takes the present one.
    ///
    /// # Errors
    /// When there is no such service, it had no other spec, somebody changed it meanwhile, or a port or a secret of that spec is
    /// not to be had any more.
    pub async fn rollback_service(&self, reference: &str, version: Option<u64>) -> Result<(), ControlError> {
        let now = self.env.now();
        self.door
            .change(|view| {
                let service = read(view, reference, version)?;
                let Some(before) = service.previous_spec.as_deref() else {
                    let text = format!("service {} does not have a previous spec", service.spec.name);
                    return Err(ControlError::Precondition(text));
                };
                let spec = resolve_networks(view, before.clone())?;
                check_ports(view, Some(service.id), &spec)?;
                let (next, revision) = service.with_spec(Arc::new(spec), now);
                let rollback = UpdateStatus {
                    state: UpdateState::RollbackStarted,
                    started_at: now,
                    message: "manually requested rollback".into(),
                    ..UpdateStatus::default()
                };
                // A job is not updated in steps, so it is not rolled back in steps either.
                let update = Some(Box::new(rollback)).filter(|_| !service.spec.mode.is_job());
                let next = Service { update, ..next };
                let changes = vec![Change::Update(next.into()), Change::Create(revision.into())];
                Ok((Transaction { changes }, ()))
            })
            .await
    }

    /// Changes the number of replicas, or of a job, how often it is to complete.
    ///
    /// # Errors
    /// When there is no such service, it has no such number, or too many are asked for.
    pub async fn scale_service(&self, reference: &str, replicas: u64) -> Result<(), ControlError> {
        let now = self.env.now();
        self.door
            .change(|view| {
                let service = view.find_service(reference)?;
                let mode = scaled(service.spec.mode, replicas)?;
                let spec = ServiceSpec { mode, ..ServiceSpec::clone(&service.spec) };
                validate_service(&spec)?;
                Ok((Transaction { changes: updated(service, spec, now) }, ()))
            })
            .await
    }

    /// Removes a service; its tasks are stopped and forgotten.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn remove_service(&self, reference: &str) -> Result<ServiceId, ControlError> {
        self.door
            .change(|view| {
                let service = view.find_service(reference)?;
                Ok((Transaction { changes: vec![removed(service)] }, service.id))
            })
            .await
    }
}

/// Names of networks, secrets and configs become ids.
pub(super) fn resolve_networks(view: &View, mut spec: ServiceSpec) -> Result<ServiceSpec, ControlError> {
    for attachment in &mut spec.task.networks {
        if let NetworkTarget::Name(name) = &attachment.target {
            let network = view.find_network(name)?;
            if network.spec.ingress {
                let text = format!("service '{}' cannot attach to the ingress network '{name}'", spec.name);
                return Err(ControlError::Precondition(text));
            }
            attachment.target = NetworkTarget::Id(network.id);
        }
    }
    resolve_contents(view, &mut spec)?;
    Ok(spec)
}

/// The service, as it was read before.
fn read<'a>(view: &'a View, reference: &str, version: Option<u64>) -> Result<&'a Arc<Service>, ControlError> {
    let service = view.find_service(reference)?;
    match version {
        Some(version) if version != service.meta.version => Err(ControlError::OutOfSequence),
        _ => Ok(service),
    }
}

/// A service stays what it is: replicated or global, with an end or without.
pub(super) fn check_mode(service: &Service, spec: &ServiceSpec) -> Result<(), ControlError> {
    let (before, after) = (service.spec.mode.word(), spec.mode.word());
    if before == after {
        return Ok(());
    }
    let name = &spec.name;
    Err(ControlError::Unsupported(format!(
        "service mode change is not allowed: service {name} is {before} and cannot become {after}; remove it first, or \
         give the new one another name"
    )))
}

/// The mode with another number.
fn scaled(mode: ServiceMode, replicas: u64) -> Result<ServiceMode, ControlError> {
    match mode {
        ServiceMode::Replicated { .. } => Ok(ServiceMode::Replicated { replicas }),
        ServiceMode::ReplicatedJob { max_concurrent, .. } => {
            Ok(ServiceMode::ReplicatedJob { max_concurrent, total_completions: replicas })
        }
        ServiceMode::Global | ServiceMode::GlobalJob => {
            let text = "scale can only be used with replicated or replicated-job mode";
            Err(ControlError::Precondition(text.into()))
        }
    }
}

/// The changes that make a service and its first revision.
pub(super) fn created(id: ServiceId, spec: ServiceSpec, now: Timestamp) -> Vec<Change> {
    let (service, revision) = Service::new(id, Arc::new(spec), now);
    vec![Change::Create(service.into()), Change::Create(revision.into())]
}

/// The changes that give a service another spec; none when it is the same, but then an update that was paused goes on.
pub(super) fn updated(service: &Service, spec: ServiceSpec, now: Timestamp) -> Vec<Change> {
    let paused = service.update.as_ref().is_some_and(|update| update.state.is_paused());
    if spec == *service.spec && !paused {
        return Vec::new();
    }
    let (next, revision) = service.with_spec(Arc::new(spec), now);
    vec![Change::Update(next.into()), Change::Create(revision.into())]
}

/// The change that removes a service.
pub(super) fn removed(service: &Service) -> Change {
    Change::Remove { key: ObjectKey::Service(service.id), version: service.meta.version }
}
