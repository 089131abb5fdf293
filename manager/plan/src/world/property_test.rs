//! What holds in every world: planners come to rest, and what they come to is what was asked for.

use proptest::prelude::*;
use skep_model::{Availability, FailureAction, RestartPolicy, UpdateConfig, UpdateOrder, UpdateState};

use super::*;

const NODES: u128 = 3;

/// Something that happens.
#[derive(Clone, Debug)]
enum Event {
    /// A service of this mode (by its number) is made or changed: image, size, update settings.
    Deploy { mode: u8, tag: u8, size: u64, update: UpdateConfig },
    /// A service goes.
    Remove { mode: u8 },
    /// A node is ready or down, takes tasks or not, and fits services or not.
    Node { id: u128, ready: bool, availability: Availability, fits: bool },
    /// The agents do what is desired; where the salt says so, tasks fail instead.
    Work { salt: u64, failures: u8 },
    /// Running tasks end by themselves.
    End { salt: u64, state: TaskState },
    /// Time passes.
    Wait { seconds: u64 },
    /// Somebody asks for a rebalancing, and sets the swarm so that it does so by itself.
    Rebalance { percent: u8 },
}

fn update_config() -> impl Strategy<Value = UpdateConfig> {
    let action =
        prop_oneof![Just(FailureAction::Pause), Just(FailureAction::Continue), Just(FailureAction::Rollback)];
    let order = prop_oneof![Just(UpdateOrder::StopFirst), Just(UpdateOrder::StartFirst)];
    (0..3_u64, 0..8_u64, action, 0..2_u32, order).prop_map(
        |(parallelism, delay, failure_action, ratio, order)| UpdateConfig {
            parallelism,
            delay: Duration::from_secs(delay),
            failure_action,
            max_failure_ppm: ratio * 400_000,
            order,
            ..UpdateConfig::default()
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let availability =
        prop_oneof![Just(Availability::Active), Just(Availability::Pause), Just(Availability::Drain)];
    let ended = prop_oneof![Just(TaskState::Failed), Just(TaskState::Complete)];
    prop_oneof![
        3 => (0..4_u8, 1..4_u8, 0..5_u64, update_config())
            .prop_map(|(mode, tag, size, update)| Event::Deploy { mode, tag, size, update }),
        1 => (0..4_u8).prop_map(|mode| Event::Remove { mode }),
        2 => (1..=NODES, any::<bool>(), availability, prop::bool::weighted(0.7))
            .prop_map(|(id, ready, availability, fits)| Event::Node { id, ready, availability, fits }),
        5 => (any::<u64>(), 0..3_u8).prop_map(|(salt, failures)| Event::Work { salt, failures }),
        2 => (any::<u64>(), ended).prop_map(|(salt, state)| Event::End { salt, state }),
        3 => (0..8_u64).prop_map(|seconds| Event::Wait { seconds }),
        1 => Just(Event::Wait { seconds: 31 }),
        1 => (0..=100_u8).prop_map(|percent| Event::Rebalance { percent }),
    ]
}

fn spec_of(mode: u8, tag: u8, size: u64, update: UpdateConfig) -> ServiceSpec {
    let mut spec = spec(size);
    spec.name = format!("s{mode}");
    spec.task.container.image = format!("web:{tag}");
    spec.task.placement.constraints = vec!["node.labels.unfit != yes".into()];
    spec.mode = match mode {
        0 => ServiceMode::Replicated { replicas: size },
        1 => ServiceMode::Global,
        2 => ServiceMode::ReplicatedJob { max_concurrent: 2, total_completions: size },
        _ => ServiceMode::GlobalJob,
    };
    if spec.mode.is_job() {
        spec.task.restart = RestartPolicy { condition: RestartCondition::OnFailure, ..spec.task.restart };
    } else {
        (spec.update, spec.rollback) = (Some(update), Some(update));
    }
    spec
}

/// Whether this one of the tasks is meant.
fn chosen(task: &Task, salt: u64, of_four: u8) -> bool {
    (task.id.value() as u64 ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62 < of_four.into()
}

impl World {
    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Deploy { mode, tag, size, update } => {
                let known = self.of_mode(mode).map(|service| service.id.value());
                let id = known.unwrap_or_else(|| self.view().version().into());
                self.deploy_as(id, spec_of(mode, tag, size, update));
            }
            Event::Remove { mode } => {
                let Some(service) = self.of_mode(mode) else { return };
                let key = skep_model::ObjectKey::Service(service.id);
                self.write(vec![Change::Remove { key, version: service.meta.version }]);
                self.settle();
            }
            Event::Node { id, ready, availability, fits } => {
                let (state, now) = (if ready { NodeState::Ready } else { NodeState::Down }, self.now);
                self.change_node(id, |node| {
                    if node.status.state != state {
                        (node.status.state, node.status.since) = (state, now);
                    }
                    node.spec.availability = availability;
                    let unfit = (!fits).then(|| ("unfit".to_owned(), "yes".to_owned()));
                    node.spec.labels = unfit.into_iter().collect();
                });
            }
            Event::Work { salt, failures } => {
                let view = self.view();
                let there = |task: &Task| {
                    let node = task.node.and_then(|id| view.node(id));
                    node.is_some_and(|node| node.status.state == NodeState::Ready)
                };
                self.report(TaskState::Shutdown, |task| {
                    there(task) && task.desired > TaskState::Complete && !task.status.state.is_ended()
                });
                let fails = |task: &Task| chosen(task, salt, failures);
                self.report(TaskState::Failed, |task| there(task) && is_to_run(task) && fails(task));
                self.report(TaskState::Running, |task| there(task) && is_to_run(task));
            }
            Event::End { salt, state } => {
                let runs = |task: &Task| task.status.state == TaskState::Running && chosen(task, salt, 1);
                self.report(state, runs);
            }
            Event::Wait { seconds } => self.wait(Duration::from_secs(seconds)),
            Event::Rebalance { percent } => {
                self.rebalance_by_itself(percent);
                // The API refuses others.
                if let Some(service) = self.of_mode(0).filter(|service| service.rebalance.is_empty()) {
                    self.ask_to_rebalance(&service);
                }
            }
        }
        self.check_places();
    }

    fn of_mode(&self, mode: u8) -> Option<Arc<Service>> {
        self.view().service_named(&format!("s{mode}")).cloned()
    }

    /// A place has one wanted task, or two of which the older is to go.
    fn check_places(&self) {
        let view = self.view();
        for service in view.services() {
            let counts = view.task_counts(service.id);
            if let Some(most) = service.spec.mode.replicas() {
                assert!(u64::from(counts.slots) <= most, "{} has {} slots", service.spec.name, counts.slots);
            }
            for tasks in crate::place::wanted_places(&view, service.id).values() {
                assert!(tasks.len() <= 2, "{} has {} tasks in a place", service.spec.name, tasks.len());
            }
            if let ServiceMode::ReplicatedJob { max_concurrent, .. } = service.spec.mode {
                let busy = counts.slots - counts.complete;
                assert!(u64::from(busy) <= max_concurrent, "{busy} tasks of a job at a time");
            }
        }
    }

    /// Everything is mended, and agents do what they are told until nothing is left to do.
    fn mend(&mut self) {
        for id in 1..=NODES {
            self.change_node(id, |node| {
                node.status.state = NodeState::Ready;
                node.spec.availability = Availability::Active;
                node.spec.labels.clear();
            });
        }
        for _ in 0..20 {
            self.finish();
            let view = self.view();
            let of_job = |task: &Task| task.desired == TaskState::Complete;
            if !view.tasks().any(|task| of_job(task) && task.status.state == TaskState::Running) {
                return;
            }
            self.report(TaskState::Complete, |task| of_job(task) && task.status.state == TaskState::Running);
        }
        panic!("the jobs do not come to their end");
    }

    fn check_mended(&self) {
        let view = self.view();
        for service in view.services() {
            let (counts, mode) = (view.task_counts(service.id), service.spec.mode);
            let places = mode.replicas().unwrap_or(NODES as u64);
            assert_eq!(u64::from(counts.wanted), places, "{}", service.spec.name);
            let well = if mode.is_job() { counts.complete } else { counts.running };
            assert_eq!(u64::from(well), places, "{}: {counts:?}", service.spec.name);
            let state = service.update.as_ref().map(|update| update.state);
            assert!(!state.is_some_and(UpdateState::is_running), "{}: {state:?}", service.spec.name);
            let paused = matches!(state, Some(UpdateState::Paused | UpdateState::RollbackPaused));
            let image = |task: &Arc<Task>| view.task_spec(task).map(|spec| spec.task.container.image.clone());
            let wanted = Some(service.spec.task.container.image.clone());
            assert!(paused || view.wanted_tasks(service.id).all(|task| image(task) == wanted));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn planners_bring_about_what_was_asked_for(events in prop::collection::vec(event(), 1..40)) {
        let mut world = World::new(NODES);
        for event in &events {
            world.happen(event);
        }
        world.mend();
        world.check_mended();
        let version = world.view().version();
        world.wait(Duration::from_secs(3600));
        prop_assert_eq!(world.view().version(), version, "then there is nothing to plan");
    }

    #[test]
    fn an_update_stops_no_more_than_its_parallelism(
        replicas in 1..7_u64,
        update in update_config(),
        steps in prop::collection::vec((any::<u64>(), 0..4_u64), 0..60),
    ) {
        let mut world = World::new(NODES);
        world.deploy(spec_of(0, 1, replicas, update));
        world.work();
        world.deploy(spec_of(0, 2, replicas, update));
        for (salt, seconds) in steps {
            world.report(TaskState::Shutdown, |task| {
                task.desired > TaskState::Complete && !task.status.state.is_ended() && chosen(task, salt, 3)
            });
            world.report(TaskState::Running, |task| is_to_run(task) && chosen(task, salt, 2));
            world.wait(Duration::from_secs(seconds));
            let stopped = match update {
                UpdateConfig { order: UpdateOrder::StartFirst, .. } => 0,
                UpdateConfig { parallelism: 0, .. } => replicas,
                UpdateConfig { parallelism, .. } => parallelism,
            };
            prop_assert!(world.running() as u64 + stopped >= replicas);
        }
        world.finish();
        prop_assert_eq!(world.update().state, UpdateState::Completed);
    }
}
