use serde_json::Value;

use crate::failure::Failure;

/// A part of Go's templates: `{{.Field}}`, `{{.Deep.Field}}`, `{{json .}}`, `{{json .Field}}`, `{{println .Field}}` is not
/// among them; `\t` and `\n` stand for tab and line end. Everything else is refused, not printed wrongly.
#[derive(Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Field { path: Vec<String>, json: bool },
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((action, after)) = after.split_once("}}") else {
                return Err(Failure::Asked(format!("the template '{text}' has a {{{{ without }}}}")));
            };
            parts.push(Part::Text(before.to_owned()));
            parts.push(action_of(action)?);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Refuses fields that are not among these.
    pub(crate) fn only_knows(&self, fields: &[&str]) -> Result<(), Failure> {
        for part in &self.0 {
            if let Part::Field { path, .. } = part
                && let Some(field) = path.first()
                && !fields.contains(&field.as_str())
            {
                let known = fields.join(", ");
                return Err(Failure::Asked(format!(
                    "the template asks for '.{field}', which is not there: use {known}"
                )));
            }
        }
        Ok(())
    }

    /// The template with the fields of a value put in.
    pub(crate) fn render(&self, value: &Value) -> String {
        self.0.iter().map(|part| part.render(value)).collect()
    }
}

impl Part {
    fn render(&self, value: &Value) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Field { path, json } => {
                let found = path.iter().try_fold(value, |value, key| value.get(key));
                match found {
                    Some(found) if *json => found.to_string(),
                    None if *json => "null".to_owned(),
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Null) | None => "<no value>".to_owned(),
                    Some(other) => other.to_string(),
                }
            }
        }
    }
}

fn action_of(action: &str) -> Result<Part, Failure> {
    let refused = || {
        Failure::Asked(format!(
            "'{{{{{action}}}}}' is not supported in templates: use {{{{.Field}}}}, {{{{json .}}}} or {{{{json .Field}}}}"
        ))
    };
    let action = action.trim().trim_matches('-').trim();
    let words: Vec<&str> = action.split_whitespace().collect();
    let (json, path) = match words.as_slice() {
        ["json", path] => (true, *path),
        [path] => (false, *path),
        _ => return Err(refused()),
    };
    let path = path.strip_prefix('.').ok_or_else(refused)?;
    let keys: Vec<String> = path.split('.').filter(|_| !path.is_empty()).map(str::to_owned).collect();
    let word = |key: &String| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !keys.iter().all(word) {
        return Err(refused());
    }
    Ok(Part::Field { path: keys, json })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_put_in() {
        let value = json!({"Name": "web", "Spec": {"Replicas": 3, "Labels": {"a": "b"}}});
        let render = |text: &str| Template::parse(text).unwrap().render(&value);
        assert_eq!(render("{{.Name}}: {{ .Spec.Replicas }}"), "web: 3");
        assert_eq!(render("{{json .Spec.Labels}}"), r#"{"a":"b"}"#);
        assert_eq!(render("{{.Nothing}}\\t{{.Name}}"), "<no value>\tweb");
        assert_eq!(render("{{json .}}"), value.to_string());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in
            ["{{range .X}}{{end}}", "{{if .X}}", "{{.Name", "{{index .X 0}}", "{{upper .Name}}", "{{name}}"]
        {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[{}.a-z ]{0,30}|.{0,30}") {
            let _ = Template::parse(&text);
        }
    }
}
