//! What containers there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::container::{Container, ContainerInfo, ContainerState};
use crate::error::EngineError;

/// All containers of the node, by id.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
}

impl Registry {
    pub(crate) fn insert(&self, info: ContainerInfo, state: ContainerState) -> Arc<Container> {
        let container = Arc::new(Container::new(info, state));
        self.lock().insert(container.info.id.clone(), Arc::clone(&container));
        container
    }

    /// Inserts a container that is being made, unless another one has its name.
    pub(crate) fn insert_named(&self, info: ContainerInfo) -> Result<Arc<Container>, EngineError> {
        let mut containers = self.lock();
        if let Some(other) = containers.values().find(|other| other.info.name == info.name) {
            return Err(EngineError::NameTaken { name: info.name, container: other.info.id.clone() });
        }
        let container = Arc::new(Container::new(info, ContainerState::default()));
        containers.insert(container.info.id.clone(), Arc::clone(&container));
        Ok(container)
    }

    /// Whether a container has this name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.lock().values().any(|container| container.info.name == name)
    }

    /// The same container with something else known of it; one that is gone stays so.
    pub(crate) fn replace(&self, info: ContainerInfo) {
        if let Some(container) = self.lock().get_mut(&info.id) {
            *container = Arc::new(Container { info, ..Container::clone(container) });
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Container>> {
        self.lock().get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Container>> {
        self.lock().remove(id)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Container>> {
        self.lock().values().cloned().collect()
    }

    /// A container by id, name or unique start of its id.
    pub(crate) fn find(&self, reference: &str) -> Result<Arc<Container>, EngineError> {
        let containers = self.lock();
        if let Some(container) = containers.get(reference) {
            return Ok(Arc::clone(container));
        }
        let name = reference.strip_prefix('/').unwrap_or(reference);
        if let Some(container) = containers.values().find(|container| container.info.name == name) {
            return Ok(Arc::clone(container));
        }
        let missing = || EngineError::NoContainer(reference.to_owned());
        let mut found =
            containers.range(reference.to_owned()..).take_while(|(id, _)| id.starts_with(reference));
        let first = found.next().filter(|_| !reference.is_empty()).ok_or_else(missing)?;
        match found.next() {
            Some(_) => Err(EngineError::Ambiguous(reference.to_owned())),
            None => Ok(Arc::clone(first.1)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Container>>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_found_by_id_name_and_prefix() {
        let registry = Registry::default();
        for (id, name) in [("abc1", "one"), ("abc2", "two"), ("def", "three")] {
            let info = ContainerInfo { id: id.into(), name: name.into(), ..ContainerInfo::default() };
            registry.insert(info, ContainerState::default());
        }
        let name_of = |reference: &str| registry.find(reference).map(|found| found.info.name.clone());
        assert_eq!(name_of("abc2").unwrap(), "two");
        assert_eq!(name_of("/one").unwrap(), "one");
        assert_eq!(name_of("d").unwrap(), "three");
        assert!(matches!(name_of("abc"), Err(EngineError::Ambiguous(_))));
        assert!(matches!(name_of(""), Err(EngineError::NoContainer(_))));
    }

    #[test]
    fn a_name_is_had_once_and_what_is_known_of_its_container_changes() {
        let registry = Registry::default();
        let info = |id: &str| ContainerInfo { id: id.into(), name: "db".into(), ..ContainerInfo::default() };
        let first = registry.insert_named(info("a1")).unwrap();
        let taken = registry.insert_named(info("b2")).unwrap_err();
        assert_eq!(
            taken.to_string(),
            "Conflict. The container name \"/db\" is already in use by container \"a1\". You have to remove (or rename) \
             that container to be able to reuse that name."
        );
        registry.replace(ContainerInfo { egress: true, ..info("a1") });
        first.state.update(|state| state.error = "seen".into());
        let again = registry.find("db").unwrap();
        assert!(again.info.egress && again.state.get().error == "seen");
        registry.remove("a1");
        registry.replace(info("a1"));
        assert!(!registry.has_name("db"));
    }
}
