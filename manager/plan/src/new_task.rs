//! Tasks as orchestrators make them.

use std::sync::Arc;

use skep_model::{
    Change, Dismissal, Meta, Object, RestartHistory, Service, Task, TaskId, TaskState, TaskStatus, Timestamp,
};
use skep_store::View;

use crate::place::Place;

/// A new task for a place of a service, with the service's present spec, that is to start at once.
pub(crate) fn new_task(view: &View, now: Timestamp, service: &Service, place: Place) -> Task {
    Task {
        id: derive_id(view, now, service, place, None),
        meta: Meta { created_at: now, updated_at: now, version: 0 },
        service: service.id,
        spec_version: service.spec_version,
        slot: place.slot,
        node: place.node,
        desired: goal(service),
        status: TaskStatus { at: now, message: "created".into(), ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

/// A task of this spec that takes the place of `old` and starts at `not_before`, when `old` has ended.
pub(crate) fn replacement(
    view: &View,
    now: Timestamp,
    service: &Service,
    old: &Task,
    spec_version: u64,
    not_before: Timestamp,
) -> Task {
    let place = Place::of(old);
    let before = old.restarts.as_deref().filter(|_| old.spec_version == spec_version);
    let attempts = before.map_or(0, |history| history.attempts);
    let recent = before.map_or_else(Vec::new, |history| history.recent.clone());
    let history = RestartHistory { attempts, recent, replaces: Some(old.id), not_before };
    Task {
        id: derive_id(view, now, service, place, Some(old.id)),
        spec_version,
        desired: TaskState::Ready,
        restarts: Some(Box::new(history)),
        ..new_task(view, now, service, place)
    }
}

/// What managers want of a task of this service in the end.
pub(crate) fn goal(service: &Service) -> TaskState {
    if service.spec.mode.is_job() { TaskState::Complete } else { TaskState::Running }
}

/// The change that lets managers want an end of a task (`Shutdown` or `Remove`); none when it cannot or need not be. The first
/// reason stays: what came later ended a task that was to end anyway.
pub(crate) fn dismiss(task: &Arc<Task>, desired: TaskState, now: Timestamp, why: &str) -> Option<Change> {
    if task.desired == desired || !task.desired.desired_may_become(desired) {
        return None;
    }
    let dismissed = task.dismissed.clone().unwrap_or_else(|| Dismissal { at: now, why: why.into() }.into());
    let task = Task { desired, dismissed: Some(dismissed), ..Task::clone(task) };
    Some(Change::Update(Object::Task(Arc::new(task))))
}

/// An id that looks random but follows from what the planner sees: planners draw no random numbers. The view's version
/// and the time make it new, and a transaction that creates what exists is refused.
fn derive_id(view: &View, now: Timestamp, service: &Service, place: Place, old: Option<TaskId>) -> TaskId {
    let mut state = mix(view.version()) ^ mix(now.as_nanos()).rotate_left(17);
    let node = place.node.map_or(0, |node| node.value());
    for part in [service.id.value(), node, old.map_or(0, |old| old.value()), place.slot.into()] {
        state = mix(mix(state ^ part as u64) ^ (part >> 64) as u64);
    }
    let bits = (u128::from(mix(state)) << 64) | u128::from(mix(state.rotate_left(32) ^ 1));
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
