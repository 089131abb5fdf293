use std::collections::{BTreeMap, BTreeSet};

/// How many removals are remembered. Whoever lags further behind is told everything again.
const GONE_KEPT: usize = 10_000;

/// A map that knows when each of its values changed last.
#[derive(Debug)]
pub(super) struct Changing<K, V> {
    values: BTreeMap<K, (V, u64)>,
    changed: BTreeSet<(u64, K)>,
    gone: BTreeSet<(u64, K)>,
    /// Removals up to here are not remembered any more.
    forgotten: u64,
}

impl<K, V> Default for Changing<K, V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), changed: BTreeSet::new(), gone: BTreeSet::new(), forgotten: 0 }
    }
}

impl<K: Copy + Ord, V: PartialEq> Changing<K, V> {
    /// Makes the value what it is at this revision; none removes it. Says whether that is a change.
    pub(super) fn set(&mut self, revision: u64, key: K, value: Option<V>) -> bool {
        let before = self.values.get(&key);
        if before.map(|(value, _)| value) == value.as_ref() {
            return false;
        }
        if let Some((_, at)) = before {
            self.changed.remove(&(*at, key));
        }
        match value {
            Some(value) => {
                self.values.insert(key, (value, revision));
                self.changed.insert((revision, key));
            }
            None => {
                self.values.remove(&key);
                self.gone.insert((revision, key));
                if self.gone.len() > GONE_KEPT {
                    self.forgotten = self.gone.pop_first().map_or(self.forgotten, |(at, _)| at);
                }
            }
        }
        true
    }

    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.values.get(&key).map(|(value, _)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.values.iter().map(|(key, (value, _))| (*key, value))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = K> {
        self.values.keys().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether [`Self::gone`] still knows of every removal since this revision.
    pub(super) fn remembers(&self, revision: u64) -> bool {
        revision >= self.forgotten
    }

    /// The values that changed after this revision.
    pub(super) fn since(&self, revision: u64) -> impl Iterator<Item = (K, &V)> {
        let keys = self.changed.iter().rev().take_while(move |(at, _)| *at > revision);
        keys.filter_map(|(_, key)| Some((*key, self.get(*key)?)))
    }

    /// What was removed after this revision and is not there again.
    pub(super) fn gone(&self, revision: u64) -> impl Iterator<Item = K> {
        let keys = self.gone.iter().rev().take_while(move |(at, _)| *at > revision).map(|(_, key)| *key);
        keys.filter(|key| !self.values.contains_key(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_changed_since() {
        let mut map = Changing::default();
        assert!(map.set(1, 'a', Some(1)) && map.set(1, 'b', Some(1)) && map.set(2, 'b', Some(2)));
        assert!(!map.set(3, 'b', Some(2)) && !map.set(3, 'c', None), "nothing changed");
        assert_eq!(map.since(0).count(), 2);
        assert_eq!(map.since(1).collect::<Vec<_>>(), [('b', &2)]);
        assert!(map.set(4, 'a', None));
        assert_eq!(map.gone(3).collect::<Vec<_>>(), ['a']);
        assert_eq!(map.gone(4).count(), 0);
        map.set(5, 'a', Some(7));
        assert_eq!((map.gone(0).count(), map.since(4).count(), map.len()), (0, 1, 2));
    }

    #[test]
    fn what_is_too_long_ago_is_not_pretended_to_be_known() {
        let mut map = Changing::default();
        let most = u64::try_from(GONE_KEPT).unwrap();
        for revision in 1..=most + 1 {
            map.set(revision, revision, Some(()));
            map.set(revision, revision, None);
        }
        assert!(!map.remembers(0) && map.remembers(1));
    }
}
