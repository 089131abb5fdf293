use crate::{Invalid, Labels};

/// The service label that says how connections are spread: `round-robin` or `source`.
pub const BALANCE_LABEL: &str = "skep.balance";
/// The service label that says whether tasks of the node where a connection arrives come first: `true` or `false`.
pub const PREFER_LOCAL_LABEL: &str = "skep.prefer-local";

/// How connections to a service are spread over its tasks. A service says it with labels, so that every tool that knows Docker's
/// words can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Connections from one address go to one task, as long as the tasks stay the same; else each goes to the next.
    pub by_source: bool,
    /// Connections go to tasks of the node where they arrive, if it has any.
    pub prefer_local: bool,
}

impl Balance {
    /// What the labels say.
    ///
    /// # Errors
    /// When one of them has a value that means nothing.
    pub fn of(labels: &Labels) -> Result<Self, Invalid> {
        let wrong = |label: &str, value: &str, known: &str| {
            Invalid::new(format!("labels.{label}"), format!("'{value}' is not one of {known}"))
        };
        let by_source = match labels.get(BALANCE_LABEL).map(String::as_str) {
            None | Some("round-robin") => false,
            Some("source") => true,
            Some(other) => return Err(wrong(BALANCE_LABEL, other, "round-robin, source")),
        };
        let prefer_local = match labels.get(PREFER_LOCAL_LABEL).map(String::as_str) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(wrong(PREFER_LOCAL_LABEL, other, "true, false")),
        };
        Ok(Self { by_source, prefer_local })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_how_to_balance() {
        let of = |pairs: &[(&str, &str)]| {
            Balance::of(&pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
        };
        assert_eq!(of(&[]), Ok(Balance::default()));
        let both = Balance { by_source: true, prefer_local: true };
        assert_eq!(of(&[(BALANCE_LABEL, "source"), (PREFER_LOCAL_LABEL, "true"), ("other", "x")]), Ok(both));
        let error = of(&[(BALANCE_LABEL, "sticky")]).unwrap_err();
        assert_eq!(error.to_string(), "labels.skep.balance: 'sticky' is not one of round-robin, source");
        assert!(of(&[(PREFER_LOCAL_LABEL, "yes")]).is_err());
    }
}
