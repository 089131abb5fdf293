use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use skep_rest::{Service, Task};

use super::assess::{ServiceProgress, assess};
use super::board::Board;
use crate::client::{Client, Filters, Query};
use crate::failure::Failure;

/// Between two looks.
const POLL_PERIOD: Duration = Duration::from_millis(150);
/// How long services must have all their tasks before that is believed: a program that ends at once was running, too.
const STEADY_FOR: Duration = Duration::from_millis(600);

/// What is waited for.
pub(crate) struct Goal {
    /// Which services.
    pub(crate) services: Filters,
    /// Which tasks.
    pub(crate) tasks: Filters,
    /// Tasks that were there before; their failures do not count.
    pub(crate) known: BTreeSet<String>,
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
        Self { services, tasks, known: BTreeSet::new(), timeout, quiet }
    }

    async fn of(
        client: &Client,
        services: Filters,
        tasks: Filters,
        timeout: Duration,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let mut goal = Self { services, tasks, known: BTreeSet::new(), timeout, quiet };
        goal.known = goal.tasks(client).await?.into_iter().map(|task| task.id).collect();
        Ok(goal)
    }

    async fn tasks(&self, client: &Client) -> Result<Vec<Task>, Failure> {
        let query = Query::new("/tasks").with_some("filters", self.tasks.json().as_deref());
        Ok(client.get::<Option<Vec<Task>>>(query.as_str()).await?.unwrap_or_default())
    }

    async fn look(&self, client: &Client) -> Result<Vec<ServiceProgress>, Failure> {
        let query = Query::new("/services").with_some("filters", self.services.json().as_deref());
        let mut services = client.get::<Option<Vec<Service>>>(query.as_str()).await?.unwrap_or_default();
        services.sort_by(|one, other| one.spec.name.cmp(&other.spec.name));
        let tasks = self.tasks(client).await?;
        Ok(services.iter().map(|service| assess(service, &tasks, &self.known)).collect())
    }
}

/// Waits until every service has its tasks running.
///
/// # Errors
/// `NotConverged` with the task and its error when tasks fail again and again, `TimedOut` with what is missing.
pub(crate) async fn converge(client: &Client, goal: &Goal) -> Result<(), Failure> {
    let deadline = Instant::now() + goal.timeout;
    let mut board = Board::new(goal.quiet);
    let mut steady_since = None;
    loop {
        let services = goal.look(client).await?;
        board.show(&services)?;
        if let Some(reason) = services.iter().find_map(|service| service.hopeless.clone()) {
            return Err(Failure::NotConverged(format!(
                "The services did not converge: {reason}. They are kept and tried again; see: skep service ps, skep service logs"
            )));
        }
        if services.iter().all(|service| service.converged) {
            if steady_since.get_or_insert_with(Instant::now).elapsed() >= STEADY_FOR {
                return Ok(());
            }
        } else {
            steady_since = None;
        }
        if Instant::now() >= deadline {
            return Err(timed_out(&services, goal.timeout));
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

fn timed_out(services: &[ServiceProgress], timeout: Duration) -> Failure {
    let missing = services.iter().filter(|service| !service.converged);
    let missing: Vec<String> = missing
        .map(|service| {
            format!(
                "{} has {} of {} tasks ({})",
                service.name, service.running, service.desired, service.phase
            )
        })
        .collect();
    Failure::TimedOut(format!("Not converged after {} s: {}", timeout.as_secs(), missing.join("; ")))
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
