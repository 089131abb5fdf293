//! What clients were told, outside of every node's memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use skep_model::ServiceMode;
use skep_store::View;

/// What a client wants of a service; none when it should not be there.
pub(crate) type Wish = Option<(u64, String)>;

/// For each service that a client ever named, what it may be now.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    services: BTreeMap<String, Vec<Wish>>,
    acknowledged: u64,
}

impl Ledger {
    /// The wish was acknowledged: nothing else may be there from now on.
    pub(crate) fn acknowledged(&self, service: &str, wish: Wish) {
        let mut state = self.lock();
        state.acknowledged += 1;
        state.services.insert(service.to_owned(), vec![wish]);
    }

    /// Nobody knows whether the wish came true.
    pub(crate) fn unknown(&self, service: &str, wish: Wish) {
        self.lock().services.entry(service.to_owned()).or_insert_with(|| vec![None]).push(wish);
    }

    /// How many wishes were acknowledged.
    pub(crate) fn count(&self) -> u64 {
        self.lock().acknowledged
    }

    /// Compares a state that holds all that was acknowledged, for the services whose names begin so.
    pub(crate) fn compare(&self, view: &View, prefix: &str) -> Result<(), String> {
        let state = self.lock();
        for (name, possible) in state.services.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let found = found(view, name);
            if !possible.contains(&found) {
                return Err(format!("service {name} is {found:?} and should be one of {possible:?}"));
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(view: &View, name: &str) -> Wish {
    let service = view.service_named(name)?;
    let ServiceMode::Replicated { replicas } = service.spec.mode else { return None };
    Some((replicas, service.spec.task.container.image.clone()))
}
