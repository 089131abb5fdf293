//! A user beside a manager: makes, changes, scales and removes services of its own, and reads them.

use std::sync::Arc;
use std::time::Duration;

use skep_manager::ControlError;
use skep_model::{FailureAction, ServiceMode, ServiceSpec, UpdateConfig};
use skep_store::View;

use crate::chance::Chance;
use crate::faults::AT_ANSWER;
use crate::ledger::Wish;
use crate::managers::Running;
use crate::world::{Stream, World};

/// How long a read may take.
const READ_LIMIT: Duration = Duration::from_secs(3);
/// Services of one client at a time.
const SERVICES_MAX: usize = 2;
/// Replicas of a service.
const REPLICAS_MAX: u64 = 4;

/// One client.
pub(crate) struct Client {
    world: Arc<World>,
    chance: Chance,
    number: u64,
    names: u64,
    /// Services that are known to be there.
    services: Vec<(String, u64, u64)>,
    /// The highest version that it has read.
    seen: u64,
}

/// What came of a wish.
enum Answer {
    Done,
    Refused(String),
    Unknown(String),
}

impl Client {
    /// The client of this number.
    pub(crate) fn new(world: &Arc<World>, number: u64) -> Self {
        let chance = world.stream(Stream::Clients, number);
        Self { world: Arc::clone(world), chance, number, names: 0, services: Vec::new(), seen: 0 }
    }

    /// Works for so long.
    pub(crate) async fn run(mut self, limit: Duration) {
        loop {
            tokio::time::sleep(self.chance.millis(50, 1_200)).await;
            if self.world.events.elapsed() >= limit {
                return;
            }
            let Some(manager) = self.manager() else { continue };
            match self.chance.below(10) {
                0..=2 => self.read(manager).await,
                3..=5 if self.services.len() < SERVICES_MAX => self.create(manager).await,
                3..=7 => self.change(manager).await,
                _ => self.remove(manager).await,
            }
        }
    }

    /// Mostly the leader; any manager is asked now and then.
    fn manager(&self) -> Option<Running> {
        let leader = self.world.managers.leader().filter(|_| self.chance.below(4) > 0);
        leader.or_else(|| self.chance.pick(&self.world.managers.all_running()).cloned())
    }

    async fn create(&mut self, manager: Running) {
        self.names += 1;
        let name = format!("c{}-{}", self.number, self.names);
        let replicas = 1 + self.chance.below(REPLICAS_MAX);
        let (spec, wish) = service(&name, replicas, 1);
        let control = manager.core.control();
        let answer = self.ask(&manager, async move { control.create_service(spec).await.map(drop) }).await;
        if self.told(&manager, "create", &name, wish, answer) {
            self.services.push((name, replicas, 1));
        }
    }

    async fn change(&mut self, manager: Running) {
        let Some((name, replicas, image)) = self.chance.pick(&self.services).cloned() else { return };
        let control = manager.core.control();
        let own = name.clone();
        if self.chance.below(3) > 0 {
            let replicas = 1 + self.chance.below(REPLICAS_MAX);
            let wish = service(&name, replicas, image).1;
            let scaling = async move { control.scale_service(&own, replicas).await };
            let answer = self.ask(&manager, scaling).await;
            if self.told(&manager, "scale", &name, wish, answer) {
                self.services.push((name, replicas, image));
            }
        } else {
            let (spec, wish) = service(&name, replicas, image + 1);
            let updating = async move { control.update_service(&own, None, spec).await };
            let answer = self.ask(&manager, updating).await;
            if self.told(&manager, "update", &name, wish, answer) {
                self.services.push((name, replicas, image + 1));
            }
        }
    }

    async fn remove(&mut self, manager: Running) {
        let Some((name, _, _)) = self.chance.pick(&self.services).cloned() else { return };
        let control = manager.core.control();
        let own = name.clone();
        let removing = async move { control.remove_service(&own).await.map(drop) };
        let answer = self.ask(&manager, removing).await;
        self.told(&manager, "remove", &name, None, answer);
    }

    /// Lets a manager do something; the manager may die right after its answer.
    async fn ask(
        &self,
        manager: &Running,
        work: impl Future<Output = Result<(), ControlError>> + Send + 'static,
    ) -> Answer {
        match manager.life.spawn(work).await {
            Ok(Ok(())) => Answer::Done,
            Ok(Err(ControlError::Unavailable(text))) if !is_certain(&text) => Answer::Unknown(text),
            Ok(Err(error)) => Answer::Refused(error.to_string()),
            Err(_) => Answer::Unknown("the manager died".to_owned()),
        }
    }

    /// Writes down what was told before it is used. True when the service is there as wished.
    fn told(&mut self, manager: &Running, verb: &str, name: &str, wish: Wish, answer: Answer) -> bool {
        let (world, own, site) = (&self.world, self.number, manager.site);
        match answer {
            Answer::Done => {
                world.events.note(format_args!("c{own} {verb} {name} at {site}: done {wish:?}"));
                let stays = wish.is_some();
                world.ledger.acknowledged(name, wish);
                self.services.retain(|service| service.0 != name);
                if world.faults.strike(&manager.life, AT_ANSWER) {
                    manager.life.kill();
                }
                stays
            }
            Answer::Refused(text) => {
                world.events.note(format_args!("c{own} {verb} {name} at {site}: refused, {text}"));
                false
            }
            // It may still come true at any time, so the service is never touched again.
            Answer::Unknown(text) => {
                world.events.note(format_args!("c{own} {verb} {name} at {site}: unknown, {text}"));
                world.ledger.unknown(name, wish);
                self.services.retain(|service| service.0 != name);
                false
            }
        }
    }

    async fn read(&mut self, manager: Running) {
        let core = Arc::clone(&manager.core);
        let reading = async move {
            let barrier = core.quorum().read_barrier(READ_LIMIT).await;
            barrier.map(|()| core.control().view())
        };
        if let Ok(Ok(view)) = manager.life.spawn(reading).await {
            self.check(&manager, &view);
        }
    }

    /// Reads never go back, and hold what was acknowledged.
    fn check(&mut self, manager: &Running, view: &View) {
        let (own, site, version) = (self.number, manager.site, view.version());
        self.world.events.note(format_args!("c{own} read {version} at {site}"));
        if version < self.seen {
            let seen = self.seen;
            self.world.violate(&format!("reads go back: c{own} read {seen} before and {version} at {site}"));
        }
        self.seen = version;
        if let Err(wrong) = self.world.ledger.compare(view, &format!("c{own}-")) {
            self.world.violate(&format!("a read at {site} lacks what was acknowledged: {wrong}"));
        }
    }
}

/// Whether an error says that nothing was done: this manager did not lead, or there was no leader.
pub(crate) fn is_certain(text: &str) -> bool {
    ["does not lead", "does not have a leader"].iter().any(|said| text.contains(said))
}

fn service(name: &str, replicas: u64, image: u64) -> (ServiceSpec, Wish) {
    let mut spec = ServiceSpec { name: name.to_owned(), ..ServiceSpec::default() };
    spec.task.container.image = format!("web:{image}");
    spec.task.restart.delay = Duration::from_secs(1);
    spec.mode = ServiceMode::Replicated { replicas };
    // What fails here does so by chance: updates go on, so that all comes to be as the last one says.
    spec.update = Some(UpdateConfig { failure_action: FailureAction::Continue, ..UpdateConfig::default() });
    let spec = spec.normalized();
    let wish = (replicas, spec.task.container.image.clone());
    (spec, Some(wish))
}
