use futures::Stream;
use skep_engine::EngineEvent;
use skep_rest::{Event, EventActor};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The engine's events in the API's form; ends with the engine.
pub(super) fn stream(events: Receiver<EngineEvent>) -> impl Stream<Item = Event> {
    futures::stream::unfold(events, |mut events| async move {
        loop {
            match events.recv().await {
                Ok(event) => return Some((shown(event), events)),
                Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "a reader of events is too slow"),
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

fn shown(event: EngineEvent) -> Event {
    Event {
        kind: event.kind.into(),
        action: event.action.into(),
        actor: EventActor { id: event.id, attributes: event.attributes },
        scope: "local".into(),
        time: event.at_ns / 1_000_000_000,
        time_nano: event.at_ns,
    }
}
