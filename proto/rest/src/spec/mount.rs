use serde::{Deserialize, Serialize};
use skep_model as model;

use crate::error::{Others, Unsupported, refuse_others};

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// `bind` or `tmpfs`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// The path on the host.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// True when the container may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<TmpfsOptions>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A tmpfs's size and mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TmpfsOptions {
    /// Bytes; 0 for no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Mode bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

impl From<&model::Mount> for Mount {
    fn from(mount: &model::Mount) -> Self {
        let common = Self { target: mount.target.clone(), read_only: mount.read_only, ..Self::default() };
        match &mount.kind {
            model::MountKind::Bind { source } => {
                Self { kind: "bind".into(), source: source.clone(), ..common }
            }
            model::MountKind::Tmpfs { size_bytes, mode } => {
                let options = TmpfsOptions { size_bytes: *size_bytes, mode: *mode };
                Self { kind: "tmpfs".into(), tmpfs_options: Some(options), ..common }
            }
        }
    }
}

impl TryFrom<Mount> for model::Mount {
    type Error = Unsupported;

    fn try_from(mount: Mount) -> Result<Self, Unsupported> {
        refuse_others("Mounts", &mount.others)?;
        let kind = match mount.kind.as_str() {
            "bind" => model::MountKind::Bind { source: mount.source },
            "tmpfs" => {
                let options = mount.tmpfs_options.unwrap_or_default();
                model::MountKind::Tmpfs { size_bytes: options.size_bytes, mode: options.mode }
            }
            other => {
                return Err(Unsupported::value(
                    "Mounts.Type",
                    format!("'{other}' is not one of bind, tmpfs"),
                ));
            }
        };
        Ok(Self { target: mount.target, kind, read_only: mount.read_only })
    }
}
