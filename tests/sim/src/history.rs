//! What users asked of shared objects and what they were told, in the order in which it happened.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Operations on one object.
const ASKED_MAX: usize = 80;
/// Operations on one object of which nobody knows the outcome.
const UNKNOWN_MAX: usize = 6;

/// A value that is written only once, so that it tells which write is seen.
pub(crate) type Value = u64;

/// What a read finds: the value and the version of the object.
pub(crate) type Seen = (Value, u64);

/// What a user asks of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Looks.
    Read,
    /// Makes the object with a value.
    Create(Value),
    /// Changes it, if it still is as it was seen.
    Update(Seen, Value),
    /// Changes it, whatever it is.
    Replace(Value),
    /// Removes it.
    Remove,
}

/// What the user was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What is there.
    Found(Option<Seen>),
    /// It is done.
    Done,
    /// It is there already.
    Taken,
    /// It is not there.
    Missing,
    /// Somebody else changed it.
    Changed,
    /// Nothing was done, for reasons that say nothing of the object.
    Failed,
    /// Nobody knows, and it may still happen.
    Unknown,
}

/// The begin or the end of an operation; operations are numbered by their begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// A user asks.
    Asked(usize, Wish),
    /// A user is told.
    Told(usize, Told),
}

/// The histories of all shared objects, by name.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    objects: Mutex<BTreeMap<String, Object>>,
}

#[derive(Debug, Default)]
struct Object {
    asked: usize,
    unknown: usize,
    moments: Vec<Moment>,
}

impl Histories {
    /// A user asks now; answers with the number of the operation.
    pub(crate) fn asked(&self, object: &str, wish: Wish) -> usize {
        let mut objects = self.lock();
        let held = objects.entry(object.to_owned()).or_default();
        let number = held.asked;
        held.asked += 1;
        held.moments.push(Moment::Asked(number, wish));
        number
    }

    /// The user is told now.
    pub(crate) fn told(&self, object: &str, number: usize, told: Told) {
        let mut objects = self.lock();
        let held = objects.entry(object.to_owned()).or_default();
        held.unknown += usize::from(told == Told::Unknown);
        held.moments.push(Moment::Told(number, told));
    }

    /// The name of the object that users share at a place. When one has had a long history, or too many operations of which
    /// nobody knows (each doubles what there is to check), another takes its place.
    pub(crate) fn current(&self, place: u64) -> String {
        let name = |turn: u64| format!("s{place}-{turn}");
        let objects = self.lock();
        let spent = |name: &String| {
            let held = objects.get(name);
            held.is_some_and(|held| held.asked >= ASKED_MAX || held.unknown >= UNKNOWN_MAX)
        };
        let mut turn = 0;
        while spent(&name(turn)) {
            turn += 1;
        }
        name(turn)
    }

    /// How many objects there are, and how many operations on all of them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let objects = self.lock();
        (objects.len() as u64, objects.values().map(|held| held.asked as u64).sum())
    }

    /// All objects with what happened to each.
    pub(crate) fn all(&self) -> BTreeMap<String, Vec<Moment>> {
        self.lock().iter().map(|(name, held)| (name.clone(), held.moments.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
