use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::limits;

use crate::error::{Others, Unsupported, refuse_others};

/// The file as which a secret or config stands in a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FileTarget {
    /// The path.
    pub name: String,
    /// The owner's number.
    #[serde(rename = "UID")]
    pub uid: String,
    /// The group's number.
    #[serde(rename = "GID")]
    pub gid: String,
    /// The mode bits.
    pub mode: u32,
}

impl Default for FileTarget {
    fn default() -> Self {
        let root = || "0".to_owned();
        Self { name: String::new(), uid: root(), gid: root(), mode: limits::FILE_MODE_DEFAULT }
    }
}

/// A secret that a container sees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SecretReference {
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileTarget>,
    /// Its id; it is looked up by its name when empty.
    #[serde(rename = "SecretID")]
    pub secret_id: String,
    /// Its name.
    pub secret_name: String,
    /// Which version of its content; the present one when 0. Docker has no such thing.
    #[serde(rename = "SecretVersion", skip_serializing_if = "is_zero")]
    pub version: u64,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A config that a container sees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConfigFile {
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileTarget>,
    /// Its id; it is looked up by its name when empty.
    #[serde(rename = "ConfigID")]
    pub config_id: String,
    /// Its name.
    pub config_name: String,
    /// Which version of its content; the present one when 0. Docker has no such thing.
    #[serde(rename = "ConfigVersion", skip_serializing_if = "is_zero")]
    pub version: u64,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<&model::FileTarget> for FileTarget {
    fn from(file: &model::FileTarget) -> Self {
        Self { name: file.path.clone(), uid: file.uid.clone(), gid: file.gid.clone(), mode: file.mode }
    }
}

impl From<FileTarget> for model::FileTarget {
    fn from(file: FileTarget) -> Self {
        Self { path: file.name, uid: file.uid, gid: file.gid, mode: file.mode }
    }
}

impl From<&model::SecretReference> for SecretReference {
    fn from(reference: &model::SecretReference) -> Self {
        Self {
            file: Some(FileTarget::from(&reference.file)),
            secret_id: reference.id.map(|id| id.to_string()).unwrap_or_default(),
            secret_name: reference.name.clone(),
            version: reference.version,
            others: Others::new(),
        }
    }
}

impl TryFrom<SecretReference> for model::SecretReference {
    type Error = Unsupported;

    fn try_from(reference: SecretReference) -> Result<Self, Unsupported> {
        refuse_others("Secrets", &reference.others)?;
        let id = optional_id("Secrets.SecretID", &reference.secret_id)?;
        let file = reference.file.unwrap_or_else(|| named(&reference.secret_name)).into();
        Ok(Self { id, name: reference.secret_name, version: reference.version, file })
    }
}

impl From<&model::ConfigReference> for ConfigFile {
    fn from(reference: &model::ConfigReference) -> Self {
        Self {
            file: Some(FileTarget::from(&reference.file)),
            config_id: reference.id.map(|id| id.to_string()).unwrap_or_default(),
            config_name: reference.name.clone(),
            version: reference.version,
            others: Others::new(),
        }
    }
}

impl TryFrom<ConfigFile> for model::ConfigReference {
    type Error = Unsupported;

    fn try_from(reference: ConfigFile) -> Result<Self, Unsupported> {
        refuse_others("Configs", &reference.others)?;
        let id = optional_id("Configs.ConfigID", &reference.config_id)?;
        let file = reference.file.unwrap_or_else(|| named(&reference.config_name)).into();
        Ok(Self { id, name: reference.config_name, version: reference.version, file })
    }
}

fn named(name: &str) -> FileTarget {
    FileTarget { name: name.to_owned(), ..FileTarget::default() }
}

fn optional_id<T: std::str::FromStr>(field: &str, text: &str) -> Result<Option<T>, Unsupported> {
    let wrong = || Unsupported::value(field, format!("'{text}' is no id; leave it out to go by the name"));
    (!text.is_empty()).then(|| text.parse().map_err(|_| wrong())).transpose()
}
