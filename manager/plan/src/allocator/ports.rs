//! Published ports.

use std::collections::BTreeMap;

use skep_model::{PortConfig, Protocol, Service, limits};
use skep_store::View;

/// Which ports are published, by which service.
pub(super) struct Ports {
    taken: BTreeMap<(Protocol, u16), String>,
}

impl Ports {
    pub(super) fn new(view: &View) -> Self {
        let mut taken = BTreeMap::new();
        for service in view.services() {
            for port in &service.endpoint.ports {
                taken.insert((port.protocol, port.published), service.spec.name.clone());
            }
        }
        Self { taken }
    }

    /// The service's ports with dynamic ones filled in; those that it has already stay as they are.
    ///
    /// Says which service has a port that is asked for.
    pub(super) fn assign(&mut self, service: &Service) -> Result<Vec<PortConfig>, String> {
        let name = &service.spec.name;
        for old in &service.endpoint.ports {
            // One that another service was given meanwhile stays that one's.
            if self.taken.get(&(old.protocol, old.published)) == Some(name) {
                self.taken.remove(&(old.protocol, old.published));
            }
        }
        let mut ports = Vec::with_capacity(service.spec.endpoint.ports.len());
        for port in &service.spec.endpoint.ports {
            let published = match port.published {
                0 => self.dynamic(service, *port)?,
                fixed => fixed,
            };
            if let Some(owner) = self.taken.get(&(port.protocol, published)).filter(|owner| *owner != name) {
                return Err(format!(
                    "port {published}/{} is already published by service {owner}",
                    port.protocol
                ));
            }
            self.taken.insert((port.protocol, published), name.clone());
            ports.push(PortConfig { published, ..*port });
        }
        Ok(ports)
    }

    fn dynamic(&self, service: &Service, port: PortConfig) -> Result<u16, String> {
        let before = service.endpoint.ports.iter().find(|old| {
            (old.protocol, old.target, old.mode) == (port.protocol, port.target, port.mode)
                && !self.taken.contains_key(&(old.protocol, old.published))
        });
        let range = limits::PUBLISHED_PORT_DYNAMIC_FIRST..=limits::PUBLISHED_PORT_DYNAMIC_LAST;
        let free = || range.into_iter().find(|&number| !self.taken.contains_key(&(port.protocol, number)));
        before.map(|old| old.published).or_else(free).ok_or_else(|| {
            format!("no {} port of the dynamic range is free for target port {}", port.protocol, port.target)
        })
    }
}
