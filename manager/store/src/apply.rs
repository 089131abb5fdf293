//! What every replica does with a replicated transaction. Deterministic: the same tables, index, time and transaction
//! give the same result everywhere.

use std::sync::Arc;

use skep_model::{Change, Meta, Object, ObjectKey, Timestamp, Transaction};

use crate::index::name_of;
use crate::refused::Refused;
use crate::resting;
use crate::tables::Tables;
use crate::watch::Event;

/// Applies all of the transaction or nothing; `index` becomes the version of everything it changes.
pub(crate) fn apply(
    tables: &mut Tables,
    index: u64,
    at: Timestamp,
    transaction: Transaction,
) -> Result<Vec<Event>, Refused> {
    check(tables, &transaction)?;
    let mut next = tables.clone();
    next.version = index;
    let mut events = Vec::with_capacity(transaction.changes.len());
    for change in transaction.changes {
        events.push(apply_change(&mut next, index, at, change)?);
    }
    next.resting.forget(at);
    *tables = next;
    Ok(events)
}

/// Whether the transaction fits the tables as they stand (names are only checked while applying).
pub(crate) fn check(tables: &Tables, transaction: &Transaction) -> Result<(), Refused> {
    transaction.changes.iter().try_for_each(|change| match change {
        Change::Create(object) => match tables.get(object.key()) {
            Some(_) => Err(Refused::Conflict { key: object.key() }),
            None => Ok(()),
        },
        Change::Update(object) => check_version(tables, object.key(), object.meta().version),
        Change::Remove { key, version } => check_version(tables, *key, *version),
    })
}

fn check_version(tables: &Tables, key: ObjectKey, read: u64) -> Result<(), Refused> {
    match tables.get(key) {
        None => Err(Refused::Missing { key }),
        Some(stored) if stored.meta().version != read => Err(Refused::Conflict { key }),
        Some(_) => Ok(()),
    }
}

fn apply_change(tables: &mut Tables, index: u64, at: Timestamp, change: Change) -> Result<Event, Refused> {
    let key = change.key();
    tables.changed[key.kind() as usize] = index;
    let before = tables.get(key);
    let after = match change {
        Change::Create(object) => {
            Some(object.with_meta(Meta { version: index, created_at: at, updated_at: at }))
        }
        Change::Update(object) => {
            let created_at = object.meta().created_at;
            let object = with_timeline(object, before.as_ref());
            Some(object.with_meta(Meta { version: index, created_at, updated_at: at }))
        }
        Change::Remove { .. } => None,
    };
    match &after {
        Some(object) => {
            check_name(tables, object)?;
            tables.put(object.clone());
        }
        None => tables.remove(key),
    }
    resting::note(tables, before.as_ref(), after.as_ref(), at);
    Ok(Event { key, before, after })
}

/// A task with a note of the state that it came into; what the writer says of earlier ones does not count.
fn with_timeline(object: Object, before: Option<&Object>) -> Object {
    match (object, before) {
        (Object::Task(mut task), Some(Object::Task(before))) => {
            let moved = task.status.state != before.status.state;
            if moved || task.timeline != before.timeline {
                let step = moved.then_some((task.status.state, task.status.at));
                let timeline = before.timeline.iter().copied().chain(step).collect();
                Arc::make_mut(&mut task).timeline = timeline;
            }
            Object::Task(task)
        }
        (object, _) => object,
    }
}

fn check_name(tables: &Tables, object: &Object) -> Result<(), Refused> {
    let Some(name) = name_of(object) else { return Ok(()) };
    let kind = object.key().kind();
    match tables.indexes.names.get(&(kind, name.to_owned())) {
        Some(&owner) if owner != object.key() => Err(Refused::NameTaken { kind, name: name.to_owned() }),
        _ => Ok(()),
    }
}
