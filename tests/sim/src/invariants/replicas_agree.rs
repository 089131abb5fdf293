use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use skep_model::Object;
use skep_store::Commit;

use crate::managers::Running;

/// What the first replica that got there applied at each index.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    by_version: BTreeMap<u64, u64>,
}

impl Agreement {
    /// Every replica applies the same at the same index, in every life.
    pub(crate) fn check(&mut self, manager: &Running, commit: &Commit) -> Result<(), String> {
        let digest = digest(&format!("{:?}", commit.events));
        let first = *self.by_version.entry(commit.version).or_insert(digest);
        if first != digest {
            return Err(format!("{} applies something else at index {}", manager.site, commit.version));
        }
        Ok(())
    }
}

/// After healing all replicas hold the same.
pub(crate) fn replicas_equal(managers: &[Running]) -> Result<(), String> {
    let digests: Vec<(u64, u64)> = managers
        .iter()
        .map(|manager| {
            let view = manager.core.control().view();
            let objects: Vec<Object> = view.objects().collect();
            (view.version(), digest(&format!("{objects:?}")))
        })
        .collect();
    if digests.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(format!("replicas differ: {digests:?}"));
    }
    Ok(())
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
