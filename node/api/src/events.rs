//! `GET /events`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures::{Stream, StreamExt, stream};
use skep_model::Timestamp;
use skep_rest::Event;
use skep_runtime::{Env, Latest};

use crate::api::Api;
use crate::body::{json_line, streamed};
use crate::filters::Filters;
use crate::host::Host;
use crate::moment::parse_moment;
use crate::params::Params;
use crate::refusal::Refusal;

/// Events that are kept for `since` and for readers that lag.
const EVENTS_KEPT: usize = 1024;
/// How long entering a swarm waits until its events are followed.
const FOLLOW_TIMEOUT: Duration = Duration::from_millis(300);
/// What events can be narrowed by; those of the second line name an object by id or name.
const FILTERS: &[&str] = &["type", "event", "scope", "label", "daemon"];
const OBJECTS: &[&str] = &["container", "image", "service", "node", "network", "secret", "config", "stack"];

/// The latest events of this daemon, numbered from 1.
#[derive(Clone, Debug)]
pub(crate) struct EventHistory {
    kept: Arc<Mutex<VecDeque<(u64, Event)>>>,
    newest: Latest<u64>,
    /// Whether the swarm's objects are followed.
    pub(crate) following: Latest<bool>,
    /// Counts the times that this node may have become a manager.
    pub(crate) entered: Latest<u64>,
}

impl EventHistory {
    /// Without events.
    pub(crate) fn new() -> Self {
        Self {
            kept: Arc::default(),
            newest: Latest::new(0),
            following: Latest::new(false),
            entered: Latest::new(0),
        }
    }

    /// Takes down what happens until the host says no more.
    pub(crate) async fn record(self, host: Arc<dyn Host>) {
        let mut events = host.events();
        while let Some(event) = events.next().await {
            self.push(event);
        }
    }

    /// This node entered a swarm: nothing that happens from now on is to be missed.
    pub(crate) async fn enter_swarm(&self, env: &Env) {
        self.entered.update(|count| *count += 1);
        if env.timeout(FOLLOW_TIMEOUT, self.following.wait_for(|following| *following)).await.is_err() {
            tracing::debug!("the swarm's events are not followed: this node is no manager");
        }
    }

    pub(crate) fn push(&self, event: Event) {
        let number = self.newest.get() + 1;
        {
            let mut kept = self.lock();
            kept.push_back((number, event));
            if kept.len() > EVENTS_KEPT {
                kept.pop_front();
            }
        }
        self.newest.set(number);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Event)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kept events and the number of the newest one.
    fn past(&self) -> (u64, Vec<Event>) {
        let kept = self.lock();
        let newest = kept.back().map_or(0, |entry| entry.0);
        (newest, kept.iter().map(|entry| entry.1.clone()).collect())
    }

    fn after(self, seen: u64) -> impl Stream<Item = Event> + Send {
        stream::unfold((self, seen), |(history, seen)| async move {
            history.newest.wait_for(|newest| *newest > seen).await;
            // A reader that lags too far goes on with the oldest that is kept.
            let next = history.lock().iter().find(|entry| entry.0 > seen).cloned();
            next.map(|(number, event)| (event, (history, number)))
        })
    }
}

/// Events from `since` (or now) to `until` (or shutdown).
pub(crate) async fn events(State(api): State<Api>, params: Params) -> Result<Response, Refusal> {
    let filters = params.filters(&[FILTERS, OBJECTS].concat())?;
    let now = api.env.now();
    let moment = |key: &str| params.get(key).map(|text| parse_moment(key, text, now)).transpose();
    let (since, until) = (moment("since")?, moment("until")?);
    let (newest, mut past) = api.events.past();
    let wanted = move |event: &Event| {
        let at = Timestamp::from_nanos(event.time_nano);
        since.is_none_or(|since| at >= since)
            && until.is_none_or(|until| at <= until)
            && fits(&filters, event)
    };
    past.retain(|event| since.is_some() && wanted(event));
    let ended = api.shutdown.clone().cancelled_owned();
    let env = api.env.clone();
    let end = async move {
        match until {
            Some(until) => env.sleep_until(until).await,
            None => std::future::pending().await,
        }
    };
    let live = api.events.after(newest).filter(move |event| std::future::ready(wanted(event)));
    let all = stream::iter(past).chain(live.take_until(Box::pin(end))).take_until(Box::pin(ended));
    Ok(streamed("application/json", all.map(|event| json_line(&event))))
}

fn fits(filters: &Filters, event: &Event) -> bool {
    let actor = &event.actor;
    let names = |value: &str| {
        let name = actor.attributes.get("name");
        actor.id.starts_with(value) || name.is_some_and(|name| name == value)
    };
    filters.any("type", |value| event.kind == value)
        && filters.any("event", |value| event.action == value)
        && filters.any("scope", |value| event.scope == value)
        && filters.labels("label", &actor.attributes)
        && filters.any("daemon", |value| event.kind == "daemon" && names(value))
        && OBJECTS.iter().all(|kind| filters.any(kind, |value| of_object(event, kind, value, names(value))))
}

/// Whether an event is of an object of this kind, or of a container that belongs to it.
fn of_object(event: &Event, kind: &str, value: &str, named: bool) -> bool {
    let belongs = event.actor.attributes.get(kind).is_some_and(|found| found == value);
    (event.kind == kind && named) || belongs
}
