//! Updates and rollbacks.

use super::*;

#[test]
fn a_changed_spec_replaces_one_task_at_a_time() {
    let mut world = World::new(1);
    world.deploy(spec(3));
    world.work();
    let mut changed = spec(3);
    changed.task.container.image = "web:2".into();
    world.deploy(changed);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1);
    world.report(TaskState::Shutdown, |task| task.desired == TaskState::Shutdown);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1, "the next waits for the first");
    world.work();
    assert_eq!(world.running(), 3);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 3);
    assert_eq!(world.view().revisions().count(), 2, "history still names the old spec");
}

