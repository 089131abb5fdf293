//! Services.

use std::sync::Arc;

use skep_model::{
    Change, Kind, Meta, NetworkTarget, ObjectKey, Service, ServiceEndpoint, ServiceId, ServiceMode,
    ServiceRevision, ServiceSpec, Transaction, validate_service,
};
use skep_store::View;

use super::content::resolve_contents;
use super::port::check_ports;
use super::{ControlApi, ControlError};

impl ControlApi {
    /// Makes a service.
    ///
    /// # Errors
    /// When the spec is wrong, its name, a port is taken, or a network is missing.
    pub async fn create_service(&self, spec: ServiceSpec) -> Result<ServiceId, ControlError> {
        validate_service(&spec)?;
        let spec = spec.normalized();
        let id = ServiceId::new(self.env.random().id());
        self.door
            .change(|view| {
                if view.service_named(&spec.name).is_some() {
                    return Err(ControlError::NameTaken { kind: Kind::Service, name: spec.name.clone() });
                }
                let spec = resolve_networks(view, spec.clone())?;
                check_ports(view, None, &spec)?;
                Ok((Transaction { changes: created(id, spec) }, ()))
            })
            .await?;
        Ok(id)
    }

    /// Replaces a service's spec. `version` is the one that was read; none takes the present one.
    ///
    /// # Errors
    /// When there is no such service, the spec is wrong, or somebody changed the service meanwhile.
    pub async fn update_service(
        &self,
        reference: &str,
        version: Option<u64>,
        spec: ServiceSpec,
    ) -> Result<(), ControlError> {
        validate_service(&spec)?;
        let spec = spec.normalized();
        self.door
            .change(|view| {
                let service = view.find_service(reference)?;
                if version.is_some_and(|version| version != service.meta.version) {
                    return Err(ControlError::OutOfSequence);
                }
                if spec.name != service.spec.name {
                    return Err(ControlError::Precondition("renaming services is not supported".into()));
                }
                let spec = resolve_networks(view, spec.clone())?;
                check_ports(view, Some(service.id), &spec)?;
                Ok((Transaction { changes: updated(service, spec) }, ()))
            })
            .await
    }

    /// Changes the number of replicas.
    ///
    /// # Errors
    /// When there is no such service, or too many are asked for.
    pub async fn scale_service(&self, reference: &str, replicas: u64) -> Result<(), ControlError> {
        self.door
            .change(|view| {
                let service = view.find_service(reference)?;
                let spec = ServiceSpec {
                    mode: ServiceMode::Replicated { replicas },
                    ..ServiceSpec::clone(&service.spec)
                };
                validate_service(&spec)?;
                Ok((Transaction { changes: updated(service, spec) }, ()))
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

/// The changes that make a service and its first revision.
pub(super) fn created(id: ServiceId, spec: ServiceSpec) -> Vec<Change> {
    let spec = Arc::new(spec);
    let service = Service {
        id,
        meta: Meta::default(),
        spec: Arc::clone(&spec),
        spec_version: 1,
        previous_spec: None,
        update: None,
        job: None,
        rebalance: Vec::new(),
        endpoint: ServiceEndpoint::default(),
    };
    vec![Change::Create(service.into()), Change::Create(revision(id, 1, spec).into())]
}

/// The changes that give a service another spec; none when it is the same.
pub(super) fn updated(service: &Service, spec: ServiceSpec) -> Vec<Change> {
    if spec == *service.spec {
        return Vec::new();
    }
    let (spec, spec_version) = (Arc::new(spec), service.spec_version + 1);
    let revision = revision(service.id, spec_version, Arc::clone(&spec));
    let next =
        Service { spec, spec_version, previous_spec: Some(Arc::clone(&service.spec)), ..service.clone() };
    vec![Change::Update(next.into()), Change::Create(revision.into())]
}

/// The change that removes a service.
pub(super) fn removed(service: &Service) -> Change {
    Change::Remove { key: ObjectKey::Service(service.id), version: service.meta.version }
}

fn revision(service: ServiceId, spec_version: u64, spec: Arc<ServiceSpec>) -> ServiceRevision {
    ServiceRevision { service, spec_version, meta: Meta::default(), spec }
}
