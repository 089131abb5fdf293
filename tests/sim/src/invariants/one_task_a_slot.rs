use std::collections::BTreeMap;

use skep_executor::fake::FakeContainer;
use skep_model::{ServiceId, TaskId};
use skep_store::View;

use crate::world::World;

/// No slot of a service has two running containers, on whatever nodes.
pub(crate) fn one_task_a_slot(world: &World, view: &View) -> Result<(), String> {
    let mut slots: BTreeMap<(ServiceId, u32), TaskId> = BTreeMap::new();
    for (_, machine) in world.agents.machines() {
        let containers = machine.containers().into_iter();
        for (id, _) in containers.filter(|(_, state)| *state == FakeContainer::Running) {
            let Some(task) = view.task(id) else { continue };
            if let Some(other) = slots.insert((task.service, task.slot), id) {
                return Err(format!("slot {} of {} runs twice: {other} and {id}", task.slot, task.service));
            }
        }
    }
    Ok(())
}
