use std::collections::VecDeque;
use std::time::Duration;

use super::plan::HealthPlan;

/// Results that are kept of a container.
const RESULTS_KEPT: usize = 5;
/// Most bytes of a check's output in the reason of a failure; the end tells most.
const REASON_BYTES_MAX: usize = 256;

/// How a container with a health check is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthStatus {
    /// No check has decided yet.
    #[default]
    Starting,
    /// The last check that decided succeeded.
    Healthy,
    /// Too many failed in a row.
    Unhealthy,
}

impl HealthStatus {
    /// Docker's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// What happened when a container came to be so, in events.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Self::Starting => "health_status: starting",
            Self::Healthy => "health_status: healthy",
            Self::Unhealthy => "health_status: unhealthy",
        }
    }
}

/// How one check ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthResult {
    /// When it began, nanoseconds since the epoch.
    pub began_ns: u64,
    /// When it ended.
    pub ended_ns: u64,
    /// 0 is success; -1 when it did not end by itself or could not be started.
    pub exit_code: i32,
    /// What it wrote, the last bytes of it, or why it could not.
    pub output: String,
}

/// What is known of a container's health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What follows from the results.
    pub status: HealthStatus,
    /// Failures since the last success.
    pub failing_streak: u32,
    /// The last results, oldest first.
    pub results: VecDeque<HealthResult>,
}

impl Health {
    /// Takes in a result that came when the container had run for so long.
    pub(crate) fn note(&mut self, plan: &HealthPlan, result: HealthResult, runs: Duration) {
        if result.exit_code == 0 {
            self.failing_streak = 0;
            self.status = HealthStatus::Healthy;
        } else if self.status != HealthStatus::Starting || runs >= plan.start_period {
            self.failing_streak = self.failing_streak.saturating_add(1);
            if self.failing_streak >= plan.retries {
                self.status = HealthStatus::Unhealthy;
            }
        }
        self.results.push_back(result);
        while self.results.len() > RESULTS_KEPT {
            self.results.pop_front();
        }
    }

    /// Why a container is unhealthy, for people.
    pub(crate) fn reason(&self) -> String {
        let last = self.results.back();
        let output = last.map(|result| result.output.trim()).unwrap_or_default();
        let start = output.ceil_char_boundary(output.len().saturating_sub(REASON_BYTES_MAX));
        let end = output.get(start..).unwrap_or_default();
        match (end.is_empty(), last) {
            (false, _) => end.to_owned(),
            (true, Some(result)) => format!("the check ended with {} and wrote nothing", result.exit_code),
            (true, None) => "no check succeeded".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> HealthPlan {
        HealthPlan { retries: 2, start_period: Duration::from_secs(10), ..HealthPlan::default() }
    }

    fn result(exit_code: i32) -> HealthResult {
        HealthResult { exit_code, output: format!("code {exit_code}\n"), ..HealthResult::default() }
    }

    /// The states after results at these seconds.
    fn states(results: &[(i32, u64)]) -> Vec<(&'static str, u32)> {
        let mut health = Health::default();
        let note = |(code, runs): &(i32, u64)| {
            health.note(&plan(), result(*code), Duration::from_secs(*runs));
            (health.status.word(), health.failing_streak)
        };
        results.iter().map(note).collect()
    }

    #[test]
    fn failures_count_after_the_start_and_in_a_row() {
        assert_eq!(
            states(&[(1, 1), (1, 2), (1, 3), (1, 11), (1, 12)]),
            [("starting", 0), ("starting", 0), ("starting", 0), ("starting", 1), ("unhealthy", 2)]
        );
        assert_eq!(
            states(&[(0, 1), (1, 2), (0, 3), (-1, 4), (2, 5), (0, 6)]),
            [
                ("healthy", 0),
                ("healthy", 1),
                ("healthy", 0),
                ("healthy", 1),
                ("unhealthy", 2),
                ("healthy", 0)
            ],
            "the start is over with the first success"
        );
    }

    #[test]
    fn the_last_results_are_kept_and_the_end_of_the_last_is_the_reason() {
        let mut health = Health::default();
        assert_eq!(health.reason(), "no check succeeded");
        for code in 1..=7 {
            health.note(&plan(), result(code), Duration::from_secs(20));
        }
        assert_eq!(health.results.iter().map(|result| result.exit_code).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(health.reason(), "code 7");
        let long = HealthResult { output: format!("{}ä the end", "x".repeat(1000)), ..result(1) };
        health.note(&plan(), long, Duration::from_secs(20));
        assert!(health.reason().ends_with("ä the end") && health.reason().len() <= REASON_BYTES_MAX);
        health.note(&plan(), HealthResult { output: String::new(), ..result(3) }, Duration::from_secs(20));
        assert_eq!(health.reason(), "the check ended with 3 and wrote nothing");
    }
}
