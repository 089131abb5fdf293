//! A Dockerfile's `HEALTHCHECK`.

use crate::Healthcheck;

/// `NONE`, or `[--interval=30s ...] CMD command`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn healthcheck(text: &str) -> Result<Healthcheck, String> {
    let mut check = Healthcheck::default();
    let mut rest = text.trim();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).ok_or("it has no CMD")?;
        let (name, value) = flag.split_once('=').ok_or(format!("'--{flag}' has no value"))?;
        match name {
            "interval" => check.interval = nanos(value)?,
            "timeout" => check.timeout = nanos(value)?,
            "start-period" => check.start_period = nanos(value)?,
            "start-interval" => check.start_interval = nanos(value)?,
            "retries" => check.retries = value.parse().map_err(|_| format!("'{value}' is not a number"))?,
            _ => return Err(format!("'--{name}' is not known")),
        }
        rest = after.trim_start();
    }
    let (word, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let test = match (word.to_ascii_uppercase().as_str(), command.trim()) {
        ("NONE", "") => vec!["NONE".to_owned()],
        ("CMD", "") => return Err("CMD says nothing".to_owned()),
        ("CMD", command) => match serde_json::from_str::<Vec<String>>(command) {
            Ok(words) => std::iter::once("CMD".to_owned()).chain(words).collect(),
            Err(_) => vec!["CMD-SHELL".to_owned(), command.to_owned()],
        },
        _ => return Err(format!("'{word}' is neither CMD nor NONE")),
    };
    Ok(Healthcheck { test: Some(test), ..check })
}

/// `1m30s`, `500ms`.
fn nanos(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}' is not a time like 30s or 1m");
    let (mut rest, mut total) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = rest.split_at(digits);
        let length = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(length);
        let factor: u64 = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        total = number.checked_mul(factor).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_and_every_flag() {
        let check =
            healthcheck("--interval=1m30s --retries=2 --start-interval=500ms CMD wget -q x || exit 1")
                .unwrap();
        assert_eq!((check.interval, check.retries, check.start_interval), (90_000_000_000, 2, 500_000_000));
        assert_eq!(check.test.unwrap(), ["CMD-SHELL", "wget -q x || exit 1"]);
        let check = healthcheck("--timeout=3s --start-period=1h CMD [\"a\", \"b c\"]").unwrap();
        assert_eq!((check.timeout, check.start_period), (3_000_000_000, 3_600_000_000_000));
        assert_eq!(check.test.unwrap(), ["CMD", "a", "b c"]);
        assert_eq!(healthcheck("none").unwrap().test.unwrap(), ["NONE"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, told) in [
            ("true", "'true' is neither"),
            ("CMD", "CMD says nothing"),
            ("--retries=x CMD a", "'x' is not a number"),
            ("--interval=5 CMD a", "'5' is not a time"),
            ("--interval= CMD a", "'' is not a time"),
            ("--interval=9999999999h CMD a", "'9999999999h' is not a time"),
            ("--every=1s CMD a", "'--every' is not known"),
            ("--retries CMD a", "'--retries' has no value"),
            ("--retries=1", "it has no CMD"),
        ] {
            assert!(healthcheck(text).unwrap_err().starts_with(told), "{text}");
        }
    }
}
