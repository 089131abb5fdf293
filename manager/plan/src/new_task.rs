//! Tasks as orchestrators make them.

use std::sync::Arc;

use skep_model::{
    Change, Meta, Object, RestartHistory, Service, Task, TaskId, TaskState, TaskStatus, Timestamp,
};
use skep_store::View;

/// A new task for a slot of a service, with the service's present spec.
pub(crate) fn new_task(
    view: &View,
    now: Timestamp,
    service: &Service,
    slot: u32,
    desired: TaskState,
) -> Task {
    Task {
        id: derive_id(view, now, service, slot),
        meta: Meta { created_at: now, updated_at: now, version: 0 },
        service: service.id,
        spec_version: service.spec_version,
        slot,
        node: None,
        desired,
        status: TaskStatus { at: now, message: "created".into(), ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
    }
}

/// A task that takes the place of `old` in its slot and starts at `not_before`, when `old` has ended.
pub(crate) fn replacement(
    view: &View,
    now: Timestamp,
    service: &Service,
    old: &Task,
    not_before: Timestamp,
) -> Task {
    let mut task = new_task(view, now, service, old.slot, TaskState::Ready);
    let before = old.restarts.as_deref().filter(|_| old.spec_version == service.spec_version);
    let attempts = before.map_or(0, |history| history.attempts);
    let recent = before.map_or_else(Vec::new, |history| history.recent.clone());
    task.restarts = Some(Box::new(RestartHistory { attempts, recent, replaces: Some(old.id), not_before }));
    task
}

/// The change that lets managers want something else of a task; none when it cannot or need not be.
pub(crate) fn desire(task: &Arc<Task>, desired: TaskState) -> Option<Change> {
    if task.desired == desired || !task.desired.desired_may_become(desired) {
        return None;
    }
    Some(Change::Update(Object::Task(Arc::new(Task { desired, ..Task::clone(task) }))))
}

/// An id that looks random but follows from what the planner sees: planners draw no random numbers. The view's version
/// and the time make it new, and a transaction that creates what exists is refused.
fn derive_id(view: &View, now: Timestamp, service: &Service, slot: u32) -> TaskId {
    let mut state = mix(view.version()) ^ mix(now.as_nanos()).rotate_left(17);
    for part in [service.id.value() as u64, (service.id.value() >> 64) as u64, u64::from(slot)] {
        state = mix(state ^ part);
    }
    let bits = (u128::from(mix(state)) << 64) | u128::from(mix(state ^ u64::from(slot).rotate_left(32) ^ 1));
    // The version and variant bits of a uuid, version 4, as all ids have them.
    let version = (bits & !(0xf << 76)) | (0x4 << 76);
    TaskId::new((version & !(0x3 << 62)) | (0x2 << 62))
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
