use skep_store::View;

use crate::world::World;

/// Every service is as the last acknowledged wish said, or as one of which nobody knows.
pub(crate) fn acknowledged_writes_survive(world: &World, view: &View) -> Result<(), String> {
    world.ledger.compare(view, "").map_err(|wrong| format!("an acknowledged write is lost: {wrong}"))
}
