use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::assess::ServiceProgress;

/// Since when services have all their tasks, the same ones: between two looks one may have failed and another have taken its place.
#[derive(Debug, Default)]
pub(super) struct Steady {
    since: Option<(Instant, Vec<BTreeSet<String>>)>,
}

impl Steady {
    /// How long it has been so, with what is seen now; none when something is missing.
    pub(super) fn look(&mut self, now: Instant, services: &[ServiceProgress]) -> Option<Duration> {
        let before = self.since.take();
        if !services.iter().all(|service| service.converged) {
            return None;
        }
        let good: Vec<BTreeSet<String>> = services.iter().map(|service| service.good.clone()).collect();
        let same = before.filter(|(_, before)| *before == good);
        let (since, _) = self.since.insert(same.unwrap_or((now, good)));
        Some(now.saturating_duration_since(*since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::count::Count;

    #[test]
    fn another_task_begins_anew() {
        let web = |task: &str, converged| {
            let count = Count { done: 1, wanted: 1, is_job: false };
            let good = BTreeSet::from([task.to_owned()]);
            [ServiceProgress {
                name: "web".into(),
                count,
                good,
                converged,
                phase: String::new(),
                ending: None,
            }]
        };
        let (mut steady, start) = (Steady::default(), Instant::now());
        let second = |number| start + Duration::from_secs(number);
        let seen = [
            (0, "a", true, Some(0)),
            (2, "a", true, Some(2)),
            (3, "b", true, Some(0)),
            (4, "b", true, Some(1)),
            (5, "b", false, None),
            (6, "b", true, Some(0)),
        ];
        for (at, task, converged, steady_for) in seen {
            let found = steady.look(second(at), &web(task, converged));
            assert_eq!(found, steady_for.map(Duration::from_secs), "at {at}");
        }
    }
}
