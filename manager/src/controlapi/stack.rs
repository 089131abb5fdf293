//! Stacks: a deploy is one transaction, all of it or nothing.

use std::sync::Arc;

use skep_model::{
    Change, Meta, Network, NetworkId, NetworkTarget, ObjectKey, Service, ServiceId, ServiceSpec, Stack,
    StackId, StackRevision, StackSpec, Timestamp, Transaction, limits, validate_stack,
};
use skep_store::{Scratch, View};

use super::network::{check_place, given_up, new_network};
use super::port::check_ports;
use super::service::{check_mode, created, removed, resolve_networks, updated};
use super::{ControlApi, ControlError};

/// What a deploy did, by full names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackDeployed {
    /// Which deploy of the stack this was, from 1.
    pub revision: u64,
    /// Services that are new.
    pub created: Vec<String>,
    /// Services that changed.
    pub updated: Vec<String>,
    /// Services that were already so.
    pub unchanged: Vec<String>,
    /// Services that the file does not name any more and that were removed.
    pub removed: Vec<String>,
    /// Networks that are new.
    pub networks: Vec<String>,
}

/// What a removal removed, by full names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackRemoved {
    /// The services.
    pub services: Vec<String>,
    /// The networks.
    pub networks: Vec<String>,
}

impl ControlApi {
    /// Makes the cluster's stack as the spec says. With `prune`, services and networks of the stack that the spec does not
    /// name go.
    ///
    /// # Errors
    /// When anything in the spec is wrong or clashes with what there is; then nothing is changed.
    pub async fn deploy_stack(
        &self,
        mut spec: StackSpec,
        prune: bool,
    ) -> Result<StackDeployed, ControlError> {
        spec.services = spec.services.into_iter().map(ServiceSpec::normalized).collect();
        validate_stack(&spec)?;
        let now = self.env.now();
        let ids = Ids {
            stack: StackId::new(self.env.random().id()),
            networks: spec.networks.iter().map(|_| NetworkId::new(self.env.random().id())).collect(),
            services: spec.services.iter().map(|_| ServiceId::new(self.env.random().id())).collect(),
        };
        self.door.change(|view| Deploy::new(view, &spec, now).run(&ids, prune)).await
    }

    /// Removes a stack's services and networks.
    ///
    /// # Errors
    /// When nothing belongs to a stack of this name.
    pub async fn remove_stack(&self, name: &str) -> Result<StackRemoved, ControlError> {
        self.door
            .change(|view| {
                let mut changes = Vec::new();
                let mut gone = StackRemoved::default();
                for service in view.stack_services(name) {
                    gone.services.push(service.spec.name.clone());
                    changes.push(removed(service));
                }
                for network in view.stack_networks(name).into_iter().filter(|network| !network.removing) {
                    gone.networks.push(network.spec.name.clone());
                    changes.push(given_up(network));
                }
                if let Some(stack) = view.stack_named(name) {
                    changes.push(Change::Remove {
                        key: ObjectKey::Stack(stack.id),
                        version: stack.meta.version,
                    });
                }
                if changes.is_empty() {
                    return Err(ControlError::NotFound(format!("nothing found in stack: {name}")));
                }
                Ok((Transaction { changes }, gone))
            })
            .await
    }
}

/// Ids for what may be new; drawn before, since a decision may be made again.
struct Ids {
    stack: StackId,
    networks: Vec<NetworkId>,
    services: Vec<ServiceId>,
}

/// One decision on how to come from a view to a spec.
struct Deploy<'a> {
    view: &'a View,
    spec: &'a StackSpec,
    now: Timestamp,
    scratch: Scratch,
    done: StackDeployed,
}

impl<'a> Deploy<'a> {
    fn new(view: &'a View, spec: &'a StackSpec, now: Timestamp) -> Self {
        Self { view, spec, now, scratch: Scratch::new(view.clone()), done: StackDeployed::default() }
    }

    fn run(mut self, ids: &Ids, prune: bool) -> Result<(Transaction, StackDeployed), ControlError> {
        self.networks(&ids.networks)?;
        if prune {
            self.prune();
        }
        for (id, spec) in ids.services.iter().zip(&self.spec.services) {
            self.service(*id, spec)?;
        }
        self.stack(ids.stack);
        Ok((self.scratch.into_transaction(), self.done))
    }

    fn networks(&mut self, ids: &[NetworkId]) -> Result<(), ControlError> {
        for (id, spec) in ids.iter().zip(&self.spec.networks) {
            let known = self.view.network_named(&spec.name);
            match known {
                None => {
                    let view = self.scratch.view();
                    check_place(&view, spec)?;
                    self.done.networks.push(spec.name.clone());
                    self.scratch.apply([Change::Create(new_network(*id, spec.clone()).into())]);
                }
                Some(network) if network.spec == *spec => {
                    if network.removing {
                        let kept = Network { removing: false, ..Network::clone(network) };
                        self.scratch.apply([Change::Update(kept.into())]);
                    }
                }
                Some(_) => {
                    return Err(ControlError::Precondition(format!(
                        "network {} exists with other settings: remove the stack that it belongs to first, or name \
                         this one otherwise",
                        spec.name
                    )));
                }
            }
        }
        Ok(())
    }

    fn prune(&mut self) {
        for service in self.view.stack_services(&self.spec.name) {
            if !self.spec.services.iter().any(|spec| spec.name == service.spec.name) {
                self.done.removed.push(service.spec.name.clone());
                self.scratch.apply([removed(service)]);
            }
        }
        for network in self.view.stack_networks(&self.spec.name) {
            if !self.spec.networks.iter().any(|spec| spec.name == network.spec.name) {
                self.scratch.apply([given_up(network)]);
            }
        }
    }

    fn service(&mut self, id: ServiceId, spec: &ServiceSpec) -> Result<(), ControlError> {
        let view = self.scratch.view();
        let known = view.service_named(&spec.name);
        let spec = resolve_networks(&view, spec.clone()).map_err(|error| external_missing(error, spec))?;
        check_ports(&view, known.map(|service| service.id), &spec)?;
        known.map_or(Ok(()), |service| check_mode(service, &spec))?;
        let name = spec.name.clone();
        let changes = self.service_changes(id, known, spec);
        let group = match (known, changes.is_empty()) {
            (None, _) => &mut self.done.created,
            (Some(_), true) => &mut self.done.unchanged,
            (Some(_), false) => &mut self.done.updated,
        };
        group.push(name);
        self.scratch.apply(changes);
        Ok(())
    }

    fn service_changes(&self, id: ServiceId, known: Option<&Arc<Service>>, spec: ServiceSpec) -> Vec<Change> {
        match known {
            Some(service) => {
                // Only a forced update of the service itself counts this up; a deploy keeps it.
                let mut spec = spec;
                spec.task.force_update = service.spec.task.force_update;
                updated(service, spec, self.now)
            }
            None => created(id, spec, self.now),
        }
    }

    fn stack(&mut self, id: StackId) {
        let Some(stack) = self.view.stack_named(&self.spec.name) else {
            self.done.revision = 1;
            let spec = Arc::new(self.spec.clone());
            let stack = Stack { id, meta: Meta::default(), spec, revision: 1, previous: Vec::new() };
            self.scratch.apply([Change::Create(stack.into())]);
            return;
        };
        self.done.revision = stack.revision;
        if *stack.spec == *self.spec {
            return;
        }
        self.done.revision += 1;
        let mut previous = stack.previous.clone();
        let before = StackRevision {
            revision: stack.revision,
            deployed_at: stack.meta.updated_at.max(stack.meta.created_at),
            spec: Arc::clone(&stack.spec),
        };
        previous.insert(0, before);
        previous.truncate(limits::STACK_REVISIONS_KEPT);
        let meta = Meta { updated_at: self.now, ..stack.meta };
        let spec = Arc::new(self.spec.clone());
        let next = Stack { id: stack.id, meta, spec, revision: self.done.revision, previous };
        self.scratch.apply([Change::Update(next.into())]);
    }
}

/// A network that is none of the stack's own has to be there.
fn external_missing(error: ControlError, spec: &ServiceSpec) -> ControlError {
    let ControlError::NotFound(text) = error else { return error };
    let names = spec.task.networks.iter().filter_map(|attachment| match &attachment.target {
        NetworkTarget::Name(name) => Some(name.as_str()),
        NetworkTarget::Id(_) => None,
    });
    let missing = names.into_iter().find(|name| text.ends_with(name)).unwrap_or_default();
    ControlError::NotFound(format!(
        "network \"{missing}\" is declared as external, but could not be found: create it before the stack is deployed"
    ))
}
