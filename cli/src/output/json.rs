use serde::Serialize;
use serde_json::Value;

use super::Template;
use super::print::line;
use crate::failure::Failure;

/// JSON for people: indented by four, as Docker prints it.
fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Prints what `inspect` found: an array, or each through `--format`.
pub(crate) fn inspected(found: Vec<Value>, format: Option<&str>) -> Result<(), Failure> {
    match format {
        None => line(pretty(&Value::Array(found))),
        Some("json") => found.iter().try_for_each(|value| line(value.to_string())),
        Some(format) => {
            let template = Template::parse(format)?;
            found.iter().try_for_each(|value| line(template.render(value)))
        }
    }
}
