//! Lists and maps of a spec that flags add to and take from.

use skep_model::Labels;

/// `KEY[=VALUE]` pairs put in, later ones winning.
pub(in crate::commands) fn put_pairs(map: &mut Labels, pairs: &[String]) {
    for pair in pairs {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        map.insert(key.to_owned(), value.to_owned());
    }
}

/// Keys taken out.
pub(in crate::commands) fn remove_keys(map: &mut Labels, keys: &[String]) {
    for key in keys {
        map.remove(key);
    }
}

/// Words put in that are not there yet.
pub(super) fn add_words(list: &mut Vec<String>, words: &[String]) {
    for word in words {
        if !list.contains(word) {
            list.push(word.clone());
        }
    }
}

/// Words taken out.
pub(super) fn remove_words(list: &mut Vec<String>, words: &[String]) {
    list.retain(|word| !words.contains(word));
}

/// Items put in, each in the place of one with the same key.
pub(super) fn put_items<T: Clone, K: PartialEq>(list: &mut Vec<T>, items: &[T], key: impl Fn(&T) -> K) {
    for item in items {
        match list.iter_mut().find(|other| key(other) == key(item)) {
            Some(place) => place.clone_from(item),
            None => list.push(item.clone()),
        }
    }
}

/// Variables put in, each in the place of one with the same name.
pub(super) fn put_variables(list: &mut Vec<String>, variables: &[String]) {
    put_items(list, variables, |variable| name_of(variable).to_owned());
}

/// Variables of these names taken out.
pub(super) fn remove_variables(list: &mut Vec<String>, names: &[String]) {
    list.retain(|variable| !names.iter().any(|name| name == name_of(variable)));
}

fn name_of(variable: &str) -> &str {
    variable.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_their_place() {
        let mut list = vec!["A=1".to_owned(), "B=2".to_owned()];
        put_variables(&mut list, &["A=3".to_owned(), "C=4".to_owned()]);
        assert_eq!(list, ["A=3", "B=2", "C=4"]);
        remove_variables(&mut list, &["A".to_owned(), "X".to_owned()]);
        assert_eq!(list, ["B=2", "C=4"]);
    }

    #[test]
    fn pairs_without_a_value_are_empty() {
        let mut map = Labels::new();
        put_pairs(&mut map, &["a=1".to_owned(), "b".to_owned(), "a=2=3".to_owned()]);
        assert_eq!(map, [("a".to_owned(), "2=3".to_owned()), ("b".to_owned(), String::new())].into());
        remove_keys(&mut map, &["b".to_owned()]);
        assert_eq!(map.len(), 1);
    }
}
