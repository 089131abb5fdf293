use std::collections::BTreeMap;

use skep_model::{STACK_LABEL, VolumeMount};

use super::Setting;
use super::environment::labels;
use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};

/// The volumes that a file declares, by the names that it gives them.
#[derive(Default)]
pub(super) struct VolumeNames {
    declared: BTreeMap<String, VolumeMount>,
}

impl VolumeNames {
    /// Reads `volumes` of a file.
    pub(super) fn read(field: Option<&Field<'_>>, setting: Setting<'_>, out: &mut Findings) -> Self {
        let entries = field.map(|field| field.entries(out)).unwrap_or_default();
        let declared =
            entries.iter().map(|entry| (entry.key.to_owned(), declared(entry, setting, out))).collect();
        Self { declared }
    }

    /// The volume of this name.
    ///
    /// # Errors
    /// When the file does not declare it.
    pub(super) fn find(&self, name: &str) -> Result<VolumeMount, String> {
        let found = self.declared.get(name).cloned();
        found.ok_or_else(|| {
            format!("volume '{name}' is not declared: add '{name}:' under 'volumes:' of the file")
        })
    }
}

fn declared(field: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> VolumeMount {
    let mut volume = VolumeMount { name: setting.full_name(field.key), ..VolumeMount::default() };
    let (mut external, mut name) = (false, None);
    for entry in field.entries(out) {
        match entry.key {
            "external" => external = entry.switch(out).unwrap_or_default(),
            "name" => name = entry.text(out),
            "driver" => volume.driver = entry.text(out).unwrap_or_default(),
            "driver_opts" => volume.options = labels(&entry, out),
            "labels" => volume.labels = labels(&entry, out),
            _ => refuse_unknown(&entry, &["external", "name", "driver", "driver_opts", "labels"], out),
        }
    }
    if external {
        if !volume.driver.is_empty() || !volume.options.is_empty() || !volume.labels.is_empty() {
            field.refuse(out, "is external, so it is made elsewhere: remove all but 'name'");
        }
        return VolumeMount { name: name.unwrap_or_else(|| field.key.to_owned()), ..VolumeMount::default() };
    }
    volume.labels.insert(STACK_LABEL.to_owned(), setting.project.to_owned());
    VolumeMount { name: name.unwrap_or(volume.name), ..volume }
}
