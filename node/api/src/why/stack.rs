//! Why a stack is as it is.

use skep_model::Timestamp;
use skep_rest::{Why, WhyLink, rfc3339};
use skep_store::View;

use super::service;

/// Explains a stack: each of its services.
pub(super) fn explain(view: &View, name: &str, now: Timestamp) -> Why {
    let parts: Vec<Why> =
        view.stack_services(name).into_iter().map(|each| service::explain(view, each, now)).collect();
    let bad: Vec<&str> =
        parts.iter().filter(|part| part.state != "ok").map(|part| part.name.as_str()).collect();
    let (state, reason) = match bad.as_slice() {
        [] if parts.is_empty() => ("empty", "no service belongs to it".to_owned()),
        [] => ("ok", format!("all {} services are as wanted", parts.len())),
        names => (
            "not ok",
            format!("{} of {} services are not as wanted: {}", names.len(), parts.len(), names.join(", ")),
        ),
    };
    let stack = view.stack_named(name);
    let deployed = stack.map(|stack| WhyLink {
        at: rfc3339(stack.meta.updated_at),
        by: "user".into(),
        what: format!("stack {name} was deployed as revision {}", stack.revision),
    });
    Why {
        kind: "stack".into(),
        id: stack.map(|stack| stack.id.to_string()).unwrap_or_default(),
        name: name.to_owned(),
        state: state.into(),
        reason,
        chain: deployed.into_iter().collect(),
        parts,
        ..Why::default()
    }
}
