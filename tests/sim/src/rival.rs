//! A user that changes the same few services as other users, at any manager, and writes down what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_manager::{ControlError, Core};
use skep_model::{ServiceMode, ServiceSpec};
use skep_store::View;

use crate::chance::Chance;
use crate::client::is_certain;
use crate::faults::AT_ANSWER;
use crate::history::{Seen, Told, Value, Wish};
use crate::managers::Running;
use crate::plant::Plant;
use crate::world::{Stream, World};

/// How long a read may take.
const READ_LIMIT: Duration = Duration::from_secs(4);
/// How long a patient user waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Services that are shared at a time.
const SHARED: u64 = 2;
/// The label that holds the value.
const LABEL: &str = "value";

/// One such user.
pub(crate) struct Rival {
    world: Arc<World>,
    chance: Chance,
    /// The last value that it wrote.
    value: Value,
    /// What it read last of each service.
    seen: BTreeMap<String, Seen>,
}

impl Rival {
    /// The user of this number.
    pub(crate) fn new(world: &Arc<World>, number: u64) -> Self {
        let chance = world.stream(Stream::Rivals, number);
        Self { world: Arc::clone(world), chance, value: number * 1_000_000, seen: BTreeMap::new() }
    }

    /// Works for so long.
    pub(crate) async fn run(mut self, limit: Duration) {
        loop {
            tokio::time::sleep(self.chance.millis(40, 700)).await;
            if self.world.events.elapsed() >= limit {
                return;
            }
            let running = self.world.managers.all_running();
            let Some(manager) = self.chance.pick(&running).cloned() else { continue };
            let object = self.world.histories.current(self.chance.below(SHARED));
            let wish = self.wish(&object);
            self.ask(&manager, object, wish).await;
        }
    }

    fn wish(&mut self, object: &str) -> Wish {
        self.value += 1;
        match (self.chance.below(12), self.seen.get(object)) {
            (0..=4, _) => Wish::Read,
            (5..=6, _) => Wish::Create(self.value),
            (7..=8, Some(seen)) => Wish::Update(*seen, self.value),
            (11, _) => Wish::Remove,
            _ => Wish::Replace(self.value),
        }
    }

    /// Asks, waits more or less patiently, and writes down what comes of it.
    async fn ask(&mut self, manager: &Running, object: String, wish: Wish) {
        let (histories, site) = (&self.world.histories, manager.site);
        let number = histories.asked(&object, wish);
        let plant = self.world.plant;
        let asked = manager.life.spawn(perform(Arc::clone(&manager.core), object.clone(), wish, plant));
        let patience = if self.chance.below(4) == 0 { self.chance.millis(10, 500) } else { PATIENCE };
        let told = match (tokio::time::timeout(patience, asked).await, wish) {
            (Ok(Ok(told)), _) => told,
            (_, Wish::Read) => Told::Failed,
            _ => Told::Unknown,
        };
        histories.told(&object, number, told);
        self.world.events.note(format_args!("{object} {number} {wish:?} at {site}: {told:?}"));
        if let Told::Found(Some(seen)) = told {
            self.seen.insert(object, seen);
        }
        if told == Told::Done && self.world.faults.strike(&manager.life, AT_ANSWER) {
            manager.life.kill();
        }
    }
}

/// What a manager does for a user: as its API, it waits for all that was acknowledged before it answers from its state.
async fn perform(core: Arc<Core>, name: String, wish: Wish, plant: Option<Plant>) -> Told {
    let waits = match wish {
        Wish::Create(_) => false,
        Wish::Read => !skips_barrier(plant, &core),
        Wish::Update(..) | Wish::Replace(_) | Wish::Remove => true,
    };
    if waits && core.quorum().read_barrier(READ_LIMIT).await.is_err() {
        return Told::Failed;
    }
    let control = core.control();
    let result = match wish {
        Wish::Read => return Told::Found(found(&control.view(), &name)),
        Wish::Create(value) => control.create_service(spec(&name, value)).await.map(drop),
        Wish::Update((_, version), value) => {
            control.update_service(&name, Some(version), spec(&name, value)).await
        }
        Wish::Replace(value) => control.update_service(&name, None, spec(&name, value)).await,
        Wish::Remove => control.remove_service(&name).await.map(drop),
    };
    match result {
        Ok(()) => Told::Done,
        Err(ControlError::NotFound(_)) => Told::Missing,
        Err(ControlError::NameTaken { .. }) => Told::Taken,
        Err(ControlError::OutOfSequence) => Told::Changed,
        Err(ControlError::Unavailable(text)) if !is_certain(&text) => Told::Unknown,
        Err(_) => Told::Failed,
    }
}

/// Whether a read answers at once (a planted bug).
fn skips_barrier(plant: Option<Plant>, core: &Core) -> bool {
    match plant {
        Some(Plant::StaleRead) => true,
        Some(Plant::LeaderRead) => core.raft().is_leader(),
        _ => false,
    }
}

/// A service that runs nothing and holds a value.
fn spec(name: &str, value: Value) -> ServiceSpec {
    let mut spec = ServiceSpec { name: name.to_owned(), ..ServiceSpec::default() };
    spec.labels.insert(LABEL.to_owned(), value.to_string());
    spec.task.container.image = "web:1".to_owned();
    spec.mode = ServiceMode::Replicated { replicas: 0 };
    spec
}

/// What a state holds under a name.
pub(crate) fn found(view: &View, name: &str) -> Option<Seen> {
    let service = view.service_named(name)?;
    let value = service.spec.labels.get(LABEL)?.parse().ok()?;
    Some((value, service.meta.version))
}
