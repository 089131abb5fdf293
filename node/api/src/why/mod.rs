//! Why something is as it is: the whole chain from what a user wanted to the last line that a container wrote. Pure: it reads what the
//! store holds of tasks, also of those that are gone, and asks nobody.

mod life;
mod service;
mod spec_change;
mod stack;
mod task;

use skep_model::Timestamp;
use skep_rest::Why;
use skep_store::View;

use crate::refusal::Refusal;
use life::Life;

/// Explains what a name stands for: a service, a stack, or a task by its id, a start of it, or `service.slot`.
pub(crate) fn explain(view: &View, reference: &str, now: Timestamp) -> Result<Why, Refusal> {
    if let Some(service) = view.service_named(reference) {
        return Ok(service::explain(view, service, now));
    }
    let stack = view.stack_names().iter().any(|name| name == reference);
    if stack || view.stack_named(reference).is_some() {
        return Ok(stack::explain(view, reference, now));
    }
    if let Some(life) = Life::find(view, reference)? {
        return Ok(task::explain(view, &life, now));
    }
    if let Ok(service) = view.find_service(reference) {
        return Ok(service::explain(view, service, now));
    }
    Err(Refusal::not_found(format!("no such task, service or stack: {reference}")))
}
