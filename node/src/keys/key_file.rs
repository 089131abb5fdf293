use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A small file that is replaced in one step, and whose former content does not stay on the disk.
///
/// The former file keeps a second name while it is replaced, so that a crash between the replacement and the overwriting
/// leaves something to overwrite: [`KeyFile::open`] finishes it.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Finishes what a crash interrupted.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let file = Self { path };
        file.tidy()?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The content; none when there is no file.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the content. With the answer the new one is on disk and the former one is overwritten; a crash in between
    /// leaves the one or the other, whole.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.tidy()?;
        let partial = self.partial();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if self.path.exists() {
            fs::hard_link(&self.path, self.former())?;
            self.sync_directory()?;
        }
        fs::rename(&partial, &self.path)?;
        self.sync_directory()?;
        self.overwrite(&self.former())
    }

    /// Removes the file; what was in it is overwritten.
    pub(super) fn remove(&self) -> io::Result<()> {
        self.tidy()?;
        self.overwrite(&self.path)
    }

    fn tidy(&self) -> io::Result<()> {
        self.overwrite(&self.partial())?;
        let (former, current) = (identity(&self.former())?, identity(&self.path)?);
        match (former, current) {
            (None, _) => return Ok(()),
            (Some(former), Some(current)) if former != current => return self.overwrite(&self.former()),
            // The crash came before the replacement: it is the content.
            (Some(_), Some(_)) => fs::remove_file(self.former())?,
            // No crash leaves this, but content is never thrown away that has nothing in its place.
            (Some(_), None) => fs::rename(self.former(), &self.path)?,
        }
        self.sync_directory()
    }

    /// Zeros over the content, then the name is removed; nothing when there is no such file.
    fn overwrite(&self, path: &Path) -> io::Result<()> {
        let mut file = match OpenOptions::new().write(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        file.write_all(&vec![0; length])?;
        file.sync_all()?;
        fs::remove_file(path)?;
        self.sync_directory()
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    }

    fn partial(&self) -> PathBuf {
        self.path.with_extension("partial")
    }

    fn former(&self) -> PathBuf {
        self.path.with_extension("former")
    }
}

/// Which file it is, whatever its name.
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(directory).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn the_former_content_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::open(directory.path().join("key")).unwrap();
        assert_eq!(file.read().unwrap(), None);
        file.write(b"clear secret").unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
        // Another name of the same blocks shows what becomes of them.
        let witness = directory.path().join("witness");
        fs::hard_link(file.path(), &witness).unwrap();
        file.write(b"sealed").unwrap();
        assert_eq!(fs::read(&witness).unwrap(), [0; 12]);
        assert_eq!(file.read().unwrap().unwrap(), b"sealed");
        assert_eq!(names(directory.path()), ["key", "witness"]);
        fs::remove_file(&witness).unwrap();
        fs::hard_link(file.path(), &witness).unwrap();
        file.remove().unwrap();
        assert_eq!(fs::read(&witness).unwrap(), [0; 6]);
        assert_eq!(names(directory.path()), ["witness"]);
    }

    #[test]
    fn what_a_crash_left_is_finished() {
        let directory = tempfile::tempdir().unwrap();
        let (path, at) = (directory.path().join("key"), |name: &str| directory.path().join(name));
        fs::write(&path, "old").unwrap();
        fs::write(at("key.partial"), "half").unwrap();
        fs::hard_link(&path, at("key.former")).unwrap();
        let file = KeyFile::open(path.clone()).unwrap();
        assert_eq!(
            (file.read().unwrap().unwrap().as_slice(), names(directory.path())),
            (b"old".as_slice(), vec!["key".to_owned()])
        );
        fs::write(at("key.former"), "older").unwrap();
        fs::hard_link(at("key.former"), at("witness")).unwrap();
        let file = KeyFile::open(path).unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"old");
        assert_eq!(fs::read(at("witness")).unwrap(), [0; 5]);
        assert_eq!(names(directory.path()), ["key", "witness"]);
    }
}
