//! Names for what was given none.

const FIRST: [&str; 24] = [
    "amber", "blithe", "brisk", "calm", "clever", "dapper", "eager", "fleet", "gentle", "golden", "humble",
    "jolly", "keen", "lively", "merry", "nimble", "patient", "quiet", "ready", "sturdy", "sunny", "tidy",
    "warm", "wise",
];
const SECOND: [&str; 24] = [
    "apiary",
    "beekeeper",
    "bloom",
    "buzz",
    "clover",
    "comb",
    "drone",
    "field",
    "flower",
    "forager",
    "garden",
    "heather",
    "hive",
    "honey",
    "lavender",
    "linden",
    "meadow",
    "nectar",
    "orchard",
    "pollen",
    "queen",
    "skep",
    "swarm",
    "wax",
];

/// A name like `brisk_meadow` that nobody has, chosen by a random number.
pub fn free_name(random: u128, taken: impl Fn(&str) -> bool) -> String {
    let pick = |words: &[&'static str; 24], number: u128| {
        usize::try_from(number % 24).ok().and_then(|index| words.get(index)).copied().unwrap_or_default()
    };
    let plain = format!("{}_{}", pick(&FIRST, random), pick(&SECOND, random / 24));
    if !taken(&plain) {
        return plain;
    }
    format!("{plain}_{:012x}", random >> 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_tail() {
        assert_eq!(free_name(2 + 24 * 16, |_| false), "brisk_meadow");
        let other = free_name(2 + 24 * 16, |name| name == "brisk_meadow");
        assert!(other.starts_with("brisk_meadow_"), "{other}");
        for name in [free_name(u128::MAX, |_| true), free_name(0, |_| false)] {
            assert!(crate::validate_container_name("name", &name).is_ok(), "{name}");
        }
    }
}
