use std::sync::Arc;
use std::time::Duration;

use crate::world::World;

/// How long nothing may happen any more.
const QUIET: Duration = Duration::from_secs(20);

/// The planners' last rounds clean up behind what was just done.
const LAST_ROUNDS: Duration = Duration::from_secs(2);

/// Once all is as it should be, nobody writes; until this simulated time a write may be one of a user that gave up on it.
pub(crate) async fn planners_get_quiet(world: &World, users_until: Duration) -> Result<(), String> {
    tokio::time::sleep(LAST_ROUNDS).await;
    let Some(leader) = world.managers.leader() else { return Err("nobody leads".to_owned()) };
    let store = Arc::clone(leader.core.control().store());
    let version = store.view().version();
    let mut watch = store.watch(version);
    loop {
        match tokio::time::timeout(QUIET, watch.next()).await {
            Err(_) => return Ok(()),
            Ok(Ok(_)) if world.events.elapsed() < users_until => {}
            Ok(Ok(commit)) => {
                let (version, events) = (commit.version, &commit.events);
                return Err(format!("a write after all was done, at {version}: {events:?}"));
            }
            Ok(Err(behind)) => return Err(behind.to_string()),
        }
    }
}
