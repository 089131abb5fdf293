//! Secrets and configs, which have one shape.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use skep_model as model;

use crate::error::{Others, refuse_others};
use crate::{Unsupported, Version, rfc3339};

/// The driver whose name Docker gives to templates.
const TEMPLATE_DRIVER: &str = "golang";

/// `GET /secrets/{id}` and `GET /configs/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Held {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What it is.
    pub spec: HeldSpec,
    /// The number of its present content, which goes up with each that is given to it. Docker has no such thing.
    pub content_version: u64,
}

/// What a secret or config is; the body of its creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeldSpec {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The content in base64; never shown of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// How it is filled in for each task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templating: Option<Templating>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// How a content is filled in for each task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Templating {
    /// `golang`; empty for not at all.
    pub name: String,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// The answer to a creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HeldCreated {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
}

/// The body of `POST /secrets/{id}/rotate` and `POST /configs/{id}/rotate`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeldRotate {
    /// The new content in base64.
    pub data: String,
}

/// The answer to it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeldRotated {
    /// The number of the content.
    pub content_version: u64,
    /// The names of the services that are brought to it.
    pub services: Vec<String>,
}

impl HeldRotate {
    /// With this content.
    pub fn new(content: &[u8]) -> Self {
        Self { data: STANDARD.encode(content) }
    }

    /// The content.
    ///
    /// # Errors
    /// When it is not base64.
    pub fn content(&self) -> Result<model::Content, Unsupported> {
        decoded(&self.data)
    }
}

impl HeldSpec {
    /// With this content.
    pub fn new(spec: &model::SecretSpec, content: &[u8]) -> Self {
        Self { data: Some(STANDARD.encode(content)), ..Self::from(spec) }
    }

    /// The content that comes with it.
    ///
    /// # Errors
    /// When it is not base64.
    pub fn content(&self) -> Result<model::Content, Unsupported> {
        decoded(self.data.as_deref().unwrap_or_default())
    }
}

fn decoded(text: &str) -> Result<model::Content, Unsupported> {
    let bytes =
        STANDARD.decode(text).map_err(|error| Unsupported::value("Data", format!("no base64: {error}")))?;
    Ok(model::Content(bytes))
}

impl From<&model::SecretSpec> for HeldSpec {
    fn from(spec: &model::SecretSpec) -> Self {
        let driver = Templating { name: TEMPLATE_DRIVER.into(), ..Templating::default() };
        Self {
            name: spec.name.clone(),
            labels: Some(spec.labels.clone()),
            templating: spec.templated.then_some(driver),
            ..Self::default()
        }
    }
}

impl TryFrom<&HeldSpec> for model::SecretSpec {
    type Error = Unsupported;

    fn try_from(spec: &HeldSpec) -> Result<Self, Unsupported> {
        refuse_others("Spec", &spec.others)?;
        let driver = spec.templating.clone().unwrap_or_default();
        refuse_others("Templating", &driver.others)?;
        if !matches!(driver.name.as_str(), "" | TEMPLATE_DRIVER) {
            let reason = format!("'{}' is not a template driver: use {TEMPLATE_DRIVER}", driver.name);
            return Err(Unsupported::value("Templating.Name", reason));
        }
        Ok(Self {
            name: spec.name.clone(),
            labels: spec.labels.clone().unwrap_or_default(),
            templated: !driver.name.is_empty(),
        })
    }
}

impl Held {
    /// A secret: all but its content.
    pub fn secret(secret: &model::Secret) -> Self {
        shown(secret, &secret.id)
    }

    /// A config with its content.
    pub fn config(config: &model::Config) -> Self {
        let mut shown = shown(config, &config.id);
        shown.spec.data = config.content(config.latest()).map(|content| STANDARD.encode(&content.0));
        shown
    }
}

fn shown<I>(held: &model::Held<I>, id: &impl ToString) -> Held {
    Held {
        id: id.to_string(),
        version: Version { index: held.meta.version },
        created_at: rfc3339(held.meta.created_at),
        updated_at: rfc3339(held.meta.updated_at),
        spec: HeldSpec::from(&held.spec),
        content_version: held.latest(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_and_templates_are_read() {
        let text = r#"{"Name":"key","Labels":{},"Data":"aGk=","Templating":{"Name":"golang"}}"#;
        let read: HeldSpec = serde_json::from_str(text).unwrap();
        assert_eq!(read.content().unwrap().0, b"hi");
        assert!(model::SecretSpec::try_from(&read).unwrap().templated);
        let driver = HeldSpec {
            templating: Some(Templating { name: "x".into(), ..Default::default() }),
            ..read.clone()
        };
        assert!(model::SecretSpec::try_from(&driver).is_err());
        assert!(HeldSpec { data: Some("-".into()), ..read }.content().is_err());
        let other: HeldSpec = serde_json::from_str(r#"{"Name":"key","Driver":{"Name":"vault"}}"#).unwrap();
        assert!(model::SecretSpec::try_from(&other).is_err());
    }
}
