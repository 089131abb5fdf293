use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use skep_keeper::config::Bind;
use skep_model::{AssignedContent, ContainerSpec, ContentKey, TaskTemplate};

use super::file::ContentFile;
use super::fill::{ContentError, fill};
use super::place;
use crate::error::EngineError;

/// What managers gave this node of secrets and configs. It is on no disk; after a restart it comes again with the next session.
#[derive(Debug)]
pub(crate) struct Contents {
    held: Mutex<BTreeMap<ContentKey, AssignedContent>>,
    /// Where the memory of each container's files is mounted.
    root: PathBuf,
}

impl Contents {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { held: Mutex::default(), root }
    }

    /// Takes new ones, all of them when it is `complete`, and forgets others.
    pub(crate) fn apply(&self, new: Vec<AssignedContent>, gone: &[ContentKey], complete: bool) {
        let mut held = self.lock();
        if complete {
            held.clear();
        }
        held.retain(|key, _| !gone.contains(key));
        held.extend(new.into_iter().map(|content| (content.key, content)));
    }

    /// The files that a container is to see.
    ///
    /// # Errors
    /// When one is not here yet, or is a template that cannot be filled in.
    pub(crate) fn files(
        &self,
        spec: &ContainerSpec,
        template: &TaskTemplate<'_>,
    ) -> Result<Vec<ContentFile>, ContentError> {
        fill(&self.lock(), spec, template)
    }

    /// Puts a container's files into memory of their own; gives what mounts them. What was there before goes.
    pub(crate) fn write(&self, container: &str, files: &[ContentFile]) -> Result<Vec<Bind>, EngineError> {
        let folder = self.root.join(container);
        place::remove(&folder)?;
        if files.is_empty() { Ok(Vec::new()) } else { place::write(&folder, files) }
    }

    /// Removes a container's files.
    pub(crate) fn remove(&self, container: &str) -> Result<(), EngineError> {
        place::remove(&self.root.join(container))
    }

    /// Removes the files of containers that are not there any more.
    pub(crate) fn sweep(&self, there: &BTreeSet<String>) -> Result<(), EngineError> {
        let Ok(entries) = std::fs::read_dir(&self.root) else { return Ok(()) };
        let gone = entries.flatten().filter(|entry| !there.contains(&*entry.file_name().to_string_lossy()));
        gone.map(|entry| entry.path()).try_for_each(|folder| place::remove(&folder))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ContentKey, AssignedContent>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
