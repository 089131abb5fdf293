//! What users were told of shared objects fits one order of all operations, in which each took effect at once between its
//! begin and its end. An operation whose outcome nobody knows took effect at any time after its begin, or never: it stands
//! as one that ends after all others and is right in any state.

use std::collections::BTreeMap;

use skep_store::View;
use todc_utils::{Action, History, Specification, WGLChecker};

use crate::history::{Moment, Seen, Told, Value, Wish};
use crate::rival::found;
use crate::world::World;

/// An object as one machine would keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    value: Option<Value>,
    /// The object's version is at least this, and any later one is higher still.
    version_min: u64,
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    wish: Wish,
    told: Told,
}

struct OneMachine;

impl Specification for OneMachine {
    type State = State;
    type Operation = Operation;

    fn init() -> State {
        State::default()
    }

    fn apply(operation: &Operation, state: &State) -> (bool, State) {
        let after = match (operation.wish, operation.told) {
            (Wish::Read, Told::Found(found)) => read(found, *state),
            (_, Told::Done) => done(operation.wish, *state),
            // When it could not have been done it changed nothing.
            (_, Told::Unknown) => Some(done(operation.wish, *state).unwrap_or(*state)),
            (_, Told::Missing) => state.value.is_none().then_some(*state),
            (_, Told::Taken | Told::Changed) => state.value.is_some().then_some(*state),
            _ => Some(*state),
        };
        (after.is_some(), after.unwrap_or(*state))
    }
}

fn read(found: Option<Seen>, state: State) -> Option<State> {
    let Some((value, version)) = found else { return state.value.is_none().then_some(state) };
    // The swarm itself may write to an object, which raises its version.
    let right = state.value == Some(value) && version >= state.version_min;
    right.then_some(State { value: Some(value), version_min: version })
}

fn done(wish: Wish, state: State) -> Option<State> {
    let (right, value) = match wish {
        Wish::Read => return Some(state),
        Wish::Create(value) => (state.value.is_none(), Some(value)),
        Wish::Update((seen, version), value) => {
            (state.value == Some(seen) && version >= state.version_min, Some(value))
        }
        Wish::Replace(value) => (state.value.is_some(), Some(value)),
        Wish::Remove => (state.value.is_some(), None),
    };
    right.then_some(State { value, version_min: state.version_min + 1 })
}

/// Checks the histories of all shared objects, with what is there in the end.
pub(crate) fn histories_fit_one_order(world: &World, view: &View) -> Result<(), String> {
    for (object, mut moments) in world.histories.all() {
        let last = moments.len();
        moments.push(Moment::Asked(last, Wish::Read));
        moments.push(Moment::Told(last, Told::Found(found(view, &object))));
        linearizable(&object, &moments)?;
    }
    Ok(())
}

/// Checks the history of one object.
fn linearizable(object: &str, moments: &[Moment]) -> Result<(), String> {
    let actions = actions(moments);
    if actions.is_empty() || WGLChecker::<OneMachine>::is_linearizable(History::from_actions(actions)) {
        return Ok(());
    }
    Err(format!("what users were told of {object} fits no order: {}", shown(moments)))
}

/// The history as the checker takes it: each operation is a process of its own, and knows its outcome from the start.
fn actions(moments: &[Moment]) -> Vec<(usize, Action<Operation>)> {
    let outcomes: BTreeMap<usize, Told> = moments
        .iter()
        .filter_map(|moment| match moment {
            Moment::Told(number, told) => Some((*number, *told)),
            Moment::Asked(..) => None,
        })
        .collect();
    let mut open = BTreeMap::new();
    let mut actions = Vec::new();
    for moment in moments {
        match *moment {
            Moment::Asked(number, wish) => {
                let told = outcomes.get(&number).copied().unwrap_or(Told::Unknown);
                open.insert(number, Operation { wish, told });
                actions.push((number, Action::Call(Operation { wish, told })));
            }
            Moment::Told(number, told) if told != Told::Unknown => {
                let ended = open.remove(&number);
                actions.extend(ended.map(|operation| (number, Action::Response(operation))));
            }
            Moment::Told(..) => {}
        }
    }
    actions.extend(open.into_iter().map(|(number, operation)| (number, Action::Response(operation))));
    actions
}

fn shown(moments: &[Moment]) -> String {
    let line = |moment: &Moment| match moment {
        Moment::Asked(number, wish) => format!("{number}? {wish:?}"),
        Moment::Told(number, told) => format!("{number}: {told:?}"),
    };
    moments.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations one after the other, and reads of that state.
    fn check(operations: &[(Wish, Told)]) -> bool {
        let moments = operations
            .iter()
            .enumerate()
            .flat_map(|(number, (wish, told))| [Moment::Asked(number, *wish), Moment::Told(number, *told)]);
        linearizable("it", &moments.collect::<Vec<_>>()).is_ok()
    }

    fn found(value: Value, version: u64) -> (Wish, Told) {
        (Wish::Read, Told::Found(Some((value, version))))
    }

    const NOTHING: (Wish, Told) = (Wish::Read, Told::Found(None));

    #[test]
    fn what_is_acknowledged_is_read() {
        let made = (Wish::Create(1), Told::Done);
        let changed = (Wish::Replace(2), Told::Done);
        assert!(check(&[NOTHING, made, found(1, 5), found(1, 6), changed, found(2, 7)]));
        assert!(!check(&[made, NOTHING]));
        assert!(!check(&[made, changed, found(1, 6)]), "a stale read");
        assert!(!check(&[made, found(1, 6), found(1, 5)]), "a version that goes back");
        assert!(
            !check(&[made, (Wish::Replace(2), Told::Failed), found(2, 6)]),
            "it was said not to have happened"
        );
        assert!(!check(&[made, (Wish::Remove, Told::Missing)]));
        assert!(!check(&[made, (Wish::Remove, Told::Done), (Wish::Create(2), Told::Taken)]));
        assert!(!check(&[made, made]));
    }

    #[test]
    fn an_update_counts_only_on_what_was_seen() {
        let made = (Wish::Create(1), Told::Done);
        let update = (Wish::Update((1, 5), 3), Told::Done);
        assert!(check(&[made, found(1, 5), update, found(3, 6)]));
        assert!(!check(&[made, found(1, 5), (Wish::Replace(2), Told::Done), update]));
        assert!(!check(&[made, found(1, 6), update]), "the version was another by then");
        assert!(check(&[made, found(1, 6), (Wish::Update((1, 5), 3), Told::Changed), found(1, 6)]));
    }

    #[test]
    fn an_unknown_outcome_may_come_true_once_and_at_any_time() {
        let made = (Wish::Create(1), Told::Done);
        let unknown = (Wish::Replace(2), Told::Unknown);
        assert!(check(&[made, unknown, found(1, 5), found(2, 6), found(2, 6)]));
        assert!(check(&[made, unknown, found(1, 5)]));
        assert!(!check(&[made, unknown, found(2, 6), found(1, 7)]));
        assert!(!check(&[made, unknown, found(2, 6), (Wish::Replace(3), Told::Done), found(2, 8)]));
    }
}
