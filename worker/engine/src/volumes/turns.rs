use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Lets those who work on one name do so one after the other. Others are not held up: mounting a volume of a server that does not
/// answer takes minutes.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

impl Turns {
    /// Does something while nobody else does anything with this name.
    pub(super) fn with<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        let turn = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(taken.entry(name.to_owned()).or_default())
        };
        let _mine = turn.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_same_name_is_waited_for() {
        let turns = Turns::default();
        let ((says_held, held), (release, released)) = (channel(), channel::<()>());
        let (says_done, done) = channel();
        thread::scope(|scope| {
            let turns = &turns;
            scope.spawn(move || {
                turns.with("slow", || {
                    says_held.send(()).unwrap();
                    released.recv().unwrap();
                });
            });
            held.recv().unwrap();
            assert_eq!(turns.with("other", || 7), 7);
            scope.spawn(move || turns.with("slow", || says_done.send(()).unwrap()));
            assert!(done.recv_timeout(Duration::from_millis(50)).is_err(), "it is somebody else's turn");
            release.send(()).unwrap();
            done.recv().unwrap();
        });
        turns.with("last", || ());
        assert_eq!(turns.taken.lock().unwrap().len(), 1, "names that nobody works on are forgotten");
    }
}
