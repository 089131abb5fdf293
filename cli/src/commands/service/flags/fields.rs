//! Flags whose value is fields with commas between them, as Docker has it: `type=bind,source=/a,readonly`.

/// A field: its key in small letters, and its value where it has one.
pub(in crate::commands) type Field<'a> = (String, Option<&'a str>);

/// The fields of a flag's value. One within double quotes may hold commas; two quotes stand for one.
///
/// # Errors
/// When a quote is never closed.
pub(in crate::commands) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let start = fields.last().is_some_and(String::is_empty);
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut fields, '"');
            }
            '"' if quoted => quoted = false,
            '"' if start => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            other => push(&mut fields, other),
        }
    }
    if quoted { Err(format!("a \" is never closed: '{text}'")) } else { Ok(fields) }
}

fn push(fields: &mut [String], character: char) {
    if let Some(last) = fields.last_mut() {
        last.push(character);
    }
}

/// A field's key and value.
pub(in crate::commands) fn pair(field: &str) -> Field<'_> {
    match field.split_once('=') {
        Some((key, value)) => (key.trim().to_ascii_lowercase(), Some(value)),
        None => (field.trim().to_ascii_lowercase(), None),
    }
}

/// The value of a field that needs one.
pub(in crate::commands) fn needed<'a>(key: &str, value: Option<&'a str>) -> Result<&'a str, String> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| format!("{key} needs a value: {key}=..."))
}

/// Yes or no; a field without a value says yes.
pub(in crate::commands) fn flag(key: &str, value: Option<&str>) -> Result<bool, String> {
    match value.unwrap_or("true") {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(format!("'{other}' is neither true nor false for {key}")),
    }
}

/// Mode bits in octal.
pub(in crate::commands) fn mode(key: &str, value: &str) -> Result<u32, String> {
    u32::from_str_radix(value, 8).map_err(|_| format!("'{value}' is not a mode like 0440 for {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_fields_together() {
        assert_eq!(split("a=1,b").unwrap(), ["a=1", "b"]);
        assert_eq!(split(r#"type=volume,"volume-opt=o=addr=1,rw",x"#).unwrap()[1], "volume-opt=o=addr=1,rw");
        assert_eq!(split(r#""a""b""#).unwrap(), [r#"a"b"#]);
        assert!(split(r#""a"#).is_err());
    }

    #[test]
    fn values_are_read() {
        assert_eq!(pair("Source=/A"), ("source".to_owned(), Some("/A")));
        assert_eq!(flag("ro", None), Ok(true));
        assert!(flag("ro", Some("x")).is_err());
        assert_eq!(mode("mode", "0440"), Ok(0o440));
        assert!(needed("source", Some("")).is_err());
    }
}
