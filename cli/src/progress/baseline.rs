use std::collections::{BTreeMap, BTreeSet};

use skep_rest::{Service, UpdateStatus};

/// What there was before a command changed services, and is not its doing.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    /// Ids of tasks: their failures do not count.
    pub(crate) tasks: BTreeSet<String>,
    /// How far the latest update was, by the service's id.
    pub(crate) updates: BTreeMap<String, UpdateStatus>,
    /// The command itself asks for the spec before: that a rollback completes is what is wanted.
    pub(crate) is_rollback: bool,
}

impl Baseline {
    /// How far the service's update is, unless it had come to its end before.
    pub(crate) fn update_of<'a>(&self, service: &'a Service) -> Option<&'a UpdateStatus> {
        let update = service.update_status.as_ref()?;
        let ended_before = !update.is_under_way() && self.updates.get(&service.id) == Some(update);
        (!ended_before).then_some(update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_ended_before_is_not_this_ones() {
        let update = |state: &str| UpdateStatus { state: state.into(), ..UpdateStatus::default() };
        let service = |state: &str| Service {
            id: "s".into(),
            update_status: Some(update(state)),
            ..Service::default()
        };
        let baseline =
            |state: &str| Baseline { updates: [("s".into(), update(state))].into(), ..Baseline::default() };
        assert_eq!(baseline("rollback_completed").update_of(&service("rollback_completed")), None);
        assert!(baseline("rollback_completed").update_of(&service("updating")).is_some());
        assert!(baseline("updating").update_of(&service("updating")).is_some(), "it is waited for");
        assert!(Baseline::default().update_of(&service("completed")).is_some());
    }
}
