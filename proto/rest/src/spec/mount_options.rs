use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model as model;

use crate::error::{Others, Unsupported, refuse_others};

/// What is special of a bind mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BindOptions {
    /// How mounts spread; `rprivate` when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub propagation: String,
    /// True when mounts below it stay behind.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub non_recursive: bool,
    /// True when mounts below a read-only one stay writable.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only_non_recursive: bool,
    /// True when the start fails where one cannot be made read-only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only_force_recursive: bool,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// What is special of a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumeOptions {
    /// True when a new volume stays empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_copy: bool,
    /// Labels of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// How a new one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_config: Option<VolumeDriver>,
    /// Its folder that is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subpath: String,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// How a volume is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumeDriver {
    /// The driver; `local` when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
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
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

impl BindOptions {
    /// None where they say nothing.
    pub(super) fn new(propagation: model::Propagation, recursion: model::Recursion) -> Option<Self> {
        let word = if propagation == model::Propagation::default() { "" } else { propagation.word() };
        let options = Self {
            propagation: word.to_owned(),
            non_recursive: recursion == model::Recursion::Disabled,
            read_only_non_recursive: recursion == model::Recursion::Writable,
            read_only_force_recursive: recursion == model::Recursion::ReadOnly,
            others: Others::new(),
        };
        (options != Self::default()).then_some(options)
    }

    pub(super) fn into_model(self) -> Result<(model::Propagation, model::Recursion), Unsupported> {
        refuse_others("Mounts.BindOptions", &self.others)?;
        let propagation = match self.propagation.as_str() {
            "" => model::Propagation::default(),
            word => {
                word.parse().map_err(|error| Unsupported::value("Mounts.BindOptions.Propagation", error))?
            }
        };
        let recursion =
            match (self.non_recursive, self.read_only_non_recursive, self.read_only_force_recursive) {
                (false, false, false) => model::Recursion::Enabled,
                (true, false, false) => model::Recursion::Disabled,
                (false, true, false) => model::Recursion::Writable,
                (false, false, true) => model::Recursion::ReadOnly,
                _ => {
                    let reason =
                        "NonRecursive, ReadOnlyNonRecursive and ReadOnlyForceRecursive exclude each other";
                    return Err(Unsupported::value("Mounts.BindOptions", reason));
                }
            };
        Ok((propagation, recursion))
    }
}

impl VolumeOptions {
    /// None where they say nothing.
    pub(super) fn new(volume: &model::VolumeMount) -> Option<Self> {
        let map = |labels: &model::Labels| (!labels.is_empty()).then(|| labels.clone());
        let driver = VolumeDriver { name: volume.driver.clone(), options: map(&volume.options) };
        let options = Self {
            no_copy: volume.no_copy,
            labels: map(&volume.labels),
            driver_config: (driver != VolumeDriver::default()).then_some(driver),
            subpath: volume.subpath.clone(),
            others: Others::new(),
        };
        (options != Self::default()).then_some(options)
    }

    pub(super) fn into_model(self, name: String) -> Result<model::VolumeMount, Unsupported> {
        refuse_others("Mounts.VolumeOptions", &self.others)?;
        let driver = self.driver_config.unwrap_or_default();
        Ok(model::VolumeMount {
            name,
            no_copy: self.no_copy,
            subpath: self.subpath,
            labels: self.labels.unwrap_or_default(),
            driver: driver.name,
            options: driver.options.unwrap_or_default(),
        })
    }
}
