use serde::{Deserialize, Serialize};
use skep_model as model;

use super::mount_options::{BindOptions, TmpfsOptions, VolumeOptions};
use crate::error::{Others, Unsupported, refuse_others};

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// `bind`, `volume` or `tmpfs`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// The path on the host, or the volume's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// True when the container may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Has no meaning on Linux.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub consistency: String,
    /// Of a bind mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_options: Option<BindOptions>,
    /// Of a volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_options: Option<VolumeOptions>,
    /// Of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<TmpfsOptions>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

impl From<&model::Mount> for Mount {
    fn from(mount: &model::Mount) -> Self {
        let common = Self { target: mount.target.clone(), read_only: mount.read_only, ..Self::default() };
        match &mount.kind {
            model::MountKind::Bind { source, propagation, recursion } => Self {
                kind: "bind".into(),
                source: source.clone(),
                bind_options: BindOptions::new(*propagation, *recursion),
                ..common
            },
            model::MountKind::Volume(volume) => Self {
                kind: "volume".into(),
                source: volume.name.clone(),
                volume_options: VolumeOptions::new(volume),
                ..common
            },
            model::MountKind::Tmpfs { size_bytes, mode } => {
                let options =
                    TmpfsOptions { size_bytes: *size_bytes, mode: *mode, ..TmpfsOptions::default() };
                Self { kind: "tmpfs".into(), tmpfs_options: Some(options), ..common }
            }
        }
    }
}

impl TryFrom<Mount> for model::Mount {
    type Error = Unsupported;

    fn try_from(mount: Mount) -> Result<Self, Unsupported> {
        refuse_others("Mounts", &mount.others)?;
        mount.refuse_options_of_others()?;
        let kind = match mount.kind.as_str() {
            "bind" => {
                let (propagation, recursion) = mount.bind_options.unwrap_or_default().into_model()?;
                model::MountKind::Bind { source: mount.source, propagation, recursion }
            }
            "volume" => {
                let volume = mount.volume_options.unwrap_or_default().into_model(mount.source)?;
                model::MountKind::Volume(volume)
            }
            "tmpfs" if !mount.source.is_empty() => {
                return Err(Unsupported::value("Mounts.Source", "a tmpfs has no source: leave it out"));
            }
            "tmpfs" => {
                let options = mount.tmpfs_options.unwrap_or_default();
                refuse_others("Mounts.TmpfsOptions", &options.others)?;
                model::MountKind::Tmpfs { size_bytes: options.size_bytes, mode: options.mode }
            }
            other => {
                let reason = format!("'{other}' is not one of bind, volume, tmpfs");
                return Err(Unsupported::value("Mounts.Type", reason));
            }
        };
        Ok(Self { target: mount.target, kind, read_only: mount.read_only })
    }
}

impl Mount {
    fn refuse_options_of_others(&self) -> Result<(), Unsupported> {
        let given = [
            ("bind", "Mounts.BindOptions", self.bind_options.is_some()),
            ("volume", "Mounts.VolumeOptions", self.volume_options.is_some()),
            ("tmpfs", "Mounts.TmpfsOptions", self.tmpfs_options.is_some()),
        ];
        match given.into_iter().find(|(kind, _, given)| *given && *kind != self.kind) {
            Some((kind, field, _)) => {
                let reason = format!("these are of type {kind}, and the mount is of type '{}'", self.kind);
                Err(Unsupported::value(field, reason))
            }
            None => Ok(()),
        }
    }
}
