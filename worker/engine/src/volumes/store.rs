use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use skep_durable::{Database, Tree};
use skep_runtime::Latest;

use super::turns::Turns;
use super::volume::Volume;
use super::{data_of, mounting};
use crate::error::EngineError;

/// Begins the names of folders that are being removed; no volume's name begins so.
const GOING: &str = ".going-";

/// What volumes there are. All calls but those that only look block: on the disk, on a server whose file system is mounted, and on
/// others that work on the same volume.
#[derive(Debug)]
pub(crate) struct Volumes {
    root: PathBuf,
    tree: Tree,
    known: Mutex<BTreeMap<String, Volume>>,
    turns: Turns,
    /// The names of those that somebody named, in order.
    named: Latest<Vec<String>>,
}

impl Volumes {
    pub(crate) fn open(root: PathBuf, database: &Database) -> Result<Self, EngineError> {
        fs::create_dir_all(&root).map_err(EngineError::file(format!("create {}", root.display())))?;
        let tree = database.tree("volumes")?;
        let mut known = BTreeMap::new();
        for (key, value) in tree.iter()? {
            let name = String::from_utf8_lossy(&key).into_owned();
            match serde_json::from_slice::<Volume>(&value) {
                Ok(volume) => drop(known.insert(name, volume)),
                Err(error) => {
                    tracing::warn!(volume = name, %error, "what is known of a volume cannot be read")
                }
            }
        }
        let volumes = Self {
            root,
            tree,
            known: Mutex::new(known),
            turns: Turns::default(),
            named: Latest::new(Vec::new()),
        };
        volumes.find_folders()?;
        Ok(volumes)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The names of those that somebody named; to be waited for.
    pub(crate) fn named(&self) -> &Latest<Vec<String>> {
        &self.named
    }

    pub(crate) fn all(&self) -> Vec<Volume> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Volume> {
        self.lock().get(name).cloned()
    }

    /// The volume of this name, made if there is none; true when it was made. What is mounted in its place, is.
    pub(crate) fn ensure(&self, wanted: Volume, use_now: bool) -> Result<(Volume, bool), EngineError> {
        let name = wanted.name.clone();
        self.turns.with(&name, || {
            let (volume, made) = self.find_or_make(wanted)?;
            if use_now {
                mounting::mount(&volume, &data_of(&self.root, &volume.name))?;
            }
            Ok((volume, made))
        })
    }

    fn find_or_make(&self, wanted: Volume) -> Result<(Volume, bool), EngineError> {
        match self.get(&wanted.name) {
            Some(there) if !wanted.options.is_empty() && there.options != wanted.options => {
                Err(EngineError::State(format!(
                    "volume {} is there with other options: remove it first, or choose another name",
                    wanted.name
                )))
            }
            Some(there) => Ok((there, false)),
            None => {
                self.make(&wanted)?;
                let mut known = self.lock();
                known.insert(wanted.name.clone(), wanted.clone());
                self.note(&known);
                Ok((wanted, true))
            }
        }
    }

    /// Removes a volume that `users` names no container of; false when there was none. Nobody begins to use it meanwhile.
    pub(crate) fn remove(&self, name: &str, users: impl Fn() -> Vec<String>) -> Result<bool, EngineError> {
        self.turns.with(name, || self.remove_now(name, users))
    }

    fn remove_now(&self, name: &str, users: impl Fn() -> Vec<String>) -> Result<bool, EngineError> {
        if self.get(name).is_none() {
            return Ok(false);
        }
        let containers = users();
        if !containers.is_empty() {
            return Err(EngineError::VolumeInUse { name: name.to_owned(), containers });
        }
        mounting::unmount(&data_of(&self.root, name))?;
        let (folder, going) = (self.root.join(name), self.root.join(format!("{GOING}{name}")));
        match fs::rename(&folder, &going) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(EngineError::file(format!("move {}", folder.display())))?,
        }
        self.tree.remove(name.as_bytes())?;
        {
            let mut known = self.lock();
            known.remove(name);
            self.note(&known);
        }
        delete(&going)?;
        Ok(true)
    }

    /// Takes away what is mounted in a volume's place, if no container has the volume.
    pub(crate) fn release(&self, name: &str, users: impl Fn() -> Vec<String>) -> Result<(), EngineError> {
        self.turns.with(name, || match self.get(name) {
            Some(volume) if !volume.options.is_empty() && users().is_empty() => {
                mounting::unmount(&data_of(&self.root, name))
            }
            _ => Ok(()),
        })
    }

    /// Bytes of a volume's data; what is mounted in its place does not count.
    pub(crate) fn size_bytes(&self, name: &str) -> u64 {
        size_bytes(&data_of(&self.root, name))
    }

    fn make(&self, volume: &Volume) -> Result<(), EngineError> {
        let data = data_of(&self.root, &volume.name);
        fs::create_dir_all(&data).map_err(EngineError::file(format!("create {}", data.display())))?;
        let bytes = serde_json::to_vec(volume).map_err(io::Error::other);
        let bytes = bytes.map_err(EngineError::file(format!("write down volume {}", volume.name)))?;
        Ok(self.tree.put(volume.name.as_bytes(), &bytes)?)
    }

    /// Ends removals that a crash interrupted, and takes in folders that the database does not know.
    fn find_folders(&self) -> Result<(), EngineError> {
        let failed = || EngineError::file(format!("read {}", self.root.display()));
        let mut known = self.lock();
        for entry in fs::read_dir(&self.root).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(GOING) {
                delete(&entry.path())?;
            } else if !known.contains_key(&name) && entry.path().join("_data").is_dir() {
                tracing::warn!(
                    volume = name,
                    "a volume was found that nothing was known of; its data is kept"
                );
                known.insert(name.clone(), Volume { name, ..Volume::default() });
            }
        }
        for name in known.keys() {
            let data = data_of(&self.root, name);
            fs::create_dir_all(&data).map_err(EngineError::file(format!("create {}", data.display())))?;
        }
        self.note(&known);
        Ok(())
    }

    fn note(&self, known: &BTreeMap<String, Volume>) {
        let named = known.values().filter(|volume| !volume.is_anonymous());
        let names: Vec<String> = named.map(|volume| volume.name.clone()).collect();
        if self.named.get() != names {
            self.named.set(names);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Volume>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn delete(path: &Path) -> Result<(), EngineError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(EngineError::file(format!("remove {}", path.display()))),
    }
}

fn size_bytes(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Volume {
        Volume { name: name.into(), labels: [("a".to_owned(), "b".to_owned())].into(), ..Volume::default() }
    }

    #[test]
    fn volumes_are_made_found_again_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let database = Database::open(home.path().join("db")).unwrap();
        let root = home.path().join("volumes");
        let volumes = Volumes::open(root.clone(), &database).unwrap();
        assert!(volumes.ensure(named("data"), false).unwrap().1);
        assert!(!volumes.ensure(named("data"), true).unwrap().1, "it is there");
        volumes.ensure(named("own").unnamed(), false).unwrap();
        fs::write(data_of(&root, "data").join("file"), "12345").unwrap();
        assert_eq!((volumes.named().get(), volumes.size_bytes("data")), (vec!["data".to_owned()], 5));
        let other = Volume { options: [("type".to_owned(), "tmpfs".to_owned())].into(), ..named("data") };
        assert!(volumes.ensure(other, false).unwrap_err().to_string().contains("with other options"));
        drop(volumes);

        // One that the database lost, and one whose removal was interrupted.
        fs::create_dir_all(data_of(&root, "lost")).unwrap();
        fs::create_dir_all(root.join(".going-x/_data")).unwrap();
        let volumes = Volumes::open(root.clone(), &database).unwrap();
        assert_eq!(volumes.named().get(), ["data", "lost"]);
        assert!(volumes.get("own").unwrap().is_anonymous() && !root.join(".going-x").exists());
        assert_eq!(volumes.get("data").unwrap().labels["a"], "b");

        let used = volumes.remove("data", || vec!["c1".into(), "c2".into()]).unwrap_err();
        assert_eq!(used.to_string(), "remove data: volume is in use - [c1, c2]");
        assert!(volumes.remove("data", Vec::new).unwrap());
        assert!(!root.join("data").exists() && !volumes.remove("data", Vec::new).unwrap());
        assert_eq!(Volumes::open(root, &database).unwrap().named().get(), ["lost"]);
    }
}
