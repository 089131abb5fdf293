use std::cmp::Ordering;

/// Compares as people count: `web.2` before `web.10`.
pub(crate) fn natural(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    loop {
        let (digits, rest) = split_digits(one);
        let (other_digits, other_rest) = split_digits(other);
        if !digits.is_empty() && !other_digits.is_empty() {
            let order = number(digits).cmp(&number(other_digits)).then(digits.len().cmp(&other_digits.len()));
            if order.is_ne() {
                return order;
            }
            (one, other) = (rest, other_rest);
            continue;
        }
        let (mut left, mut right) = (one.chars(), other.chars());
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) if a != b => return a.cmp(&b),
            _ => (one, other) = (left.as_str(), right.as_str()),
        }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Orders digits by value, of any length.
fn number(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count() {
        let mut names = vec!["web.10", "web.2", "api.1", "web.1", "web"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["api.1", "web", "web.1", "web.2", "web.10"]);
        assert_eq!(natural("a007", "a7"), Ordering::Greater);
        assert_eq!(natural("a", "a"), Ordering::Equal);
    }
}
