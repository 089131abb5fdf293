use std::time::{Duration, Instant};

use skep_rest::{Service, Task};

use super::assess::{ServiceProgress, assess};
use super::baseline::Baseline;
use super::board::Board;
use super::steady::Steady;
use crate::client::{Client, Filters, Query};
use crate::failure::Failure;

/// Between two looks.
const POLL_PERIOD: Duration = Duration::from_millis(150);
/// How long services must have the same tasks before that is believed: a program that ends at once was running, too.
const STEADY_FOR: Duration = Duration::from_millis(600);

/// What is waited for.
pub(crate) struct Goal {
    /// Which services.
    pub(crate) services: Filters,
    /// Which tasks.
    pub(crate) tasks: Filters,
    baseline: Baseline,
    /// How long services must be as they should.
    steady_for: Duration,
    pub(crate) timeout: Duration,
    pub(crate) quiet: bool,
}

impl Goal {
    /// Everything in a stack.
    pub(crate) async fn stack(
        client: &Client,
        name: &str,
        timeout: Duration,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let filters = Filters::default().with_stack(name);
        Self::of(client, filters.clone(), filters, timeout, quiet).await
    }

    /// One service, by its id.
    pub(crate) async fn service(
        client: &Client,
        id: &str,
        timeout: Duration,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let (services, tasks) = (Filters::default().with("id", id), Filters::default().with("service", id));
        Self::of(client, services, tasks, timeout, quiet).await
    }

    /// A service that was just made, by its id.
    pub(crate) fn new_service(id: &str, timeout: Duration, quiet: bool) -> Self {
        let (services, tasks) = (Filters::default().with("id", id), Filters::default().with("service", id));
        Self { services, tasks, baseline: Baseline::default(), steady_for: STEADY_FOR, timeout, quiet }
    }

    /// Believes that services have their tasks only when they have had them for so long.
    #[must_use]
    pub(crate) fn watched_for(self, time: Duration) -> Self {
        Self { steady_for: time.max(STEADY_FOR), ..self }
    }

    /// Takes it for right that services go back to the spec before.
    #[must_use]
    pub(crate) fn rolling_back(mut self) -> Self {
        self.baseline.is_rollback = true;
        self
    }

    async fn of(
        client: &Client,
        services: Filters,
        tasks: Filters,
        timeout: Duration,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let baseline = Baseline::default();
        let mut goal = Self { services, tasks, baseline, steady_for: STEADY_FOR, timeout, quiet };
        goal.baseline.tasks = goal.tasks(client).await?.into_iter().map(|task| task.id).collect();
        let updates = goal.services(client).await?.into_iter();
        goal.baseline.updates =
            updates.filter_map(|service| Some((service.id, service.update_status?))).collect();
        Ok(goal)
    }

    async fn services(&self, client: &Client) -> Result<Vec<Service>, Failure> {
        let query = Query::new("/services").with_some("filters", self.services.json().as_deref());
        let query = query.with_flag("status", true);
        Ok(client.get::<Option<Vec<Service>>>(query.as_str()).await?.unwrap_or_default())
    }

    async fn tasks(&self, client: &Client) -> Result<Vec<Task>, Failure> {
        let query = Query::new("/tasks").with_some("filters", self.tasks.json().as_deref());
        Ok(client.get::<Option<Vec<Task>>>(query.as_str()).await?.unwrap_or_default())
    }

    async fn look(&self, client: &Client) -> Result<Vec<ServiceProgress>, Failure> {
        let mut services = self.services(client).await?;
        services.sort_by(|one, other| one.spec.name.cmp(&other.spec.name));
        let tasks = self.tasks(client).await?;
        Ok(services.iter().map(|service| assess(service, &tasks, &self.baseline)).collect())
    }
}

/// Waits until every service has its tasks running, its job done, its update completed.
///
/// # Errors
/// `NotConverged` with the task and its error when tasks fail again and again, `RolledBack` and `Paused` when an update fails,
/// `TimedOut` with what is missing.
pub(crate) async fn converge(client: &Client, goal: &Goal) -> Result<(), Failure> {
    let deadline = Instant::now() + goal.timeout;
    let mut board = Board::new(goal.quiet);
    let mut steady = Steady::default();
    loop {
        let services = goal.look(client).await?;
        board.show(&services)?;
        if let Some(ending) = services.iter().find_map(|service| service.ending.clone()) {
            return Err(ending.into());
        }
        if steady.look(Instant::now(), &services).is_some_and(|time| time >= goal.steady_for) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(timed_out(&services, goal.timeout));
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

fn timed_out(services: &[ServiceProgress], timeout: Duration) -> Failure {
    let seconds = timeout.as_secs();
    let missing: Vec<&ServiceProgress> = services.iter().filter(|service| !service.converged).collect();
    let Some(first) = missing.first() else {
        return Failure::TimedOut(format!("The tasks did not run steadily within {seconds} s"));
    };
    let told = missing.iter().map(|ServiceProgress { name, count, phase, .. }| {
        let what = if count.is_job { "completions" } else { "tasks" };
        format!("{name} has {} of {} {what} ({phase})", count.done, count.wanted)
    });
    let told: Vec<String> = told.collect();
    Failure::TimedOut(format!(
        "Not converged after {seconds} s: {}. It goes on without this command. More: skep why {}",
        told.join("; "),
        first.name
    ))
}

/// Waits until no task of these runs any more.
///
/// # Errors
/// `TimedOut` with how many are left.
pub(crate) async fn gone(client: &Client, tasks: &Filters, timeout: Duration) -> Result<(), Failure> {
    let deadline = Instant::now() + timeout;
    let query = Query::new("/tasks").with_some("filters", tasks.json().as_deref());
    loop {
        let tasks = client.get::<Option<Vec<Task>>>(query.as_str()).await?.unwrap_or_default();
        let left = tasks.iter().filter(|task| may_run(task)).count();
        if left == 0 {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let things = if left == 1 { "1 task is".to_owned() } else { format!("{left} tasks are") };
            return Err(Failure::TimedOut(format!(
                "{things} not gone after {} s; they are still being stopped: skep ps shows them",
                timeout.as_secs()
            )));
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

fn may_run(task: &Task) -> bool {
    let ended = ["complete", "shutdown", "failed", "rejected", "orphaned", "remove"];
    !ended.contains(&task.status.state.as_str())
}
