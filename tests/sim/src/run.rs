//! One run under one seed.

use std::cell::RefCell;
use std::sync::{Arc, Once};

use skep_runtime::sim::spawn_outside;

use crate::birth;
use crate::client::Client;
use crate::healing;
use crate::invariants::Always;
use crate::nemesis::Nemesis;
use crate::options::{Options, STEP};
use crate::outcome::Outcome;
use crate::rival::Rival;
use crate::world::World;

/// Users at work.
const CLIENTS: u64 = 3;
/// Users that change the same services.
const RIVALS: u64 = 3;

thread_local! {
    /// What panicked on this thread.
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs the cluster under a seed, with faults and then without.
///
/// # Errors
/// When the runtime cannot be made.
pub fn run(options: &Options) -> std::io::Result<Outcome> {
    watch_panics();
    PANICS.take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(live(options)))
}

async fn live(options: &Options) -> Outcome {
    let world = World::new(options);
    if let Err(wrong) = whole_life(&world, options.steps).await {
        world.violate(&wrong);
    }
    let simulated = world.events.elapsed();
    let (hash, events) = world.events.identity();
    let (lines, violation) = (world.events.lines(), world.violation());
    world.end();
    let (acknowledged, histories) = (world.ledger.count(), world.histories.counts());
    Outcome { hash, events, simulated, acknowledged, histories, violation, lines }
}

async fn whole_life(world: &Arc<World>, steps: u64) -> Result<(), String> {
    birth::begin(world).await?;
    let faults_end = world.events.elapsed() + STEP * u32::try_from(steps).unwrap_or(u32::MAX);
    world.faults.switch(true);
    let clients = (0..CLIENTS).map(|number| spawn_outside(Client::new(world, number).run(faults_end)));
    let mut busy: Vec<_> = clients.collect();
    busy.extend((0..RIVALS).map(|number| spawn_outside(Rival::new(world, number).run(faults_end))));
    busy.push(spawn_outside(Nemesis::new(world).run(faults_end)));
    let mut always = Always::default();
    let mut healing = None;
    loop {
        tokio::time::sleep(STEP).await;
        always.check(world)?;
        if let Some(panic) = PANICS.with_borrow(|panics| panics.first().cloned()) {
            return Err(format!("panic: {panic}"));
        }
        if let Some(violation) = world.violation() {
            return Err(violation);
        }
        if healing.is_none() && world.events.elapsed() >= faults_end {
            let (own, busy) = (Arc::clone(world), std::mem::take(&mut busy));
            healing = Some(spawn_outside(async move { healing::heal(&own, busy).await }));
        }
        if let Some(healed) = healing.take_if(|healing| healing.is_finished()) {
            return healed.await.map_err(|error| error.to_string())?;
        }
    }
}

/// A panic in a task of a node would otherwise only be told to whoever waits for the task.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            PANICS.with_borrow_mut(|panics| panics.push(panic.to_string().replace('\n', " ")));
        }));
    });
}
