//! A container's root as a directory descriptor. Every path inside is resolved by the kernel as if that directory
//! were `/`, so that no symbolic link of an image leads out of it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// A root directory.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// Takes an open directory.
    pub(super) fn from_fd(directory: OwnedFd) -> Self {
        Self(directory)
    }

    /// The root of this process.
    pub(super) fn current() -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, "/", flags, Mode::empty())?))
    }

    /// Opens `path` inside.
    pub(super) fn open(&self, path: impl AsRef<Path>, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        loop {
            let flags = flags | OFlags::CLOEXEC;
            match rustix::fs::openat2(&self.0, path.as_ref(), flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                answer => return answer,
            }
        }
    }

    /// Opens `path` as a place only, for mounting.
    pub(super) fn place(&self, path: impl AsRef<Path>) -> rustix::io::Result<OwnedFd> {
        self.open(path, OFlags::PATH)
    }

    /// The whole content of the file `path` inside.
    pub(super) fn read(&self, path: &str) -> io::Result<String> {
        io::read_to_string(std::fs::File::from(self.open(path, OFlags::RDONLY)?))
    }

    /// Opens the directory `path`, making what is missing (mode 755).
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.open(path, flags) {
            Err(Errno::NOENT) => {}
            answer => return answer.map_err(Into::into),
        }
        let mut so_far = std::path::PathBuf::from("/");
        let mut at = self.open("/", flags)?;
        for part in path.components().filter(|part| matches!(part, Component::Normal(_))) {
            so_far.push(part);
            at = match self.open(&so_far, flags) {
                Err(Errno::NOENT) => {
                    match rustix::fs::mkdirat(&at, part.as_os_str(), Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => self.open(&so_far, flags)?,
                        Err(error) => return Err(error.into()),
                    }
                }
                answer => answer?,
            };
        }
        Ok(at)
    }

    /// Opens the file `path` as a place, making it (empty) and its directories if missing.
    pub(super) fn file(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.place(path) {
            Err(Errno::NOENT) => {}
            answer => return answer.map_err(Into::into),
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Errno::INVAL.into());
        };
        let parent = self.directory(parent)?;
        rustix::fs::mknodat(&parent, name, FileType::RegularFile, Mode::from_raw_mode(0o644), 0)?;
        self.place(path).map_err(Into::into)
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether a descriptor is a directory.
pub(super) fn is_directory(fd: impl AsFd) -> io::Result<bool> {
    let stat = rustix::fs::statat(fd, "", AtFlags::EMPTY_PATH)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside_and_missing_parts_are_made() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/inside", dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("../../../..", dir.path().join("up")).unwrap();
        std::fs::create_dir(dir.path().join("inside")).unwrap();
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let root = Root::from_fd(rustix::fs::open(dir.path(), flags, Mode::empty()).unwrap());
        root.directory(Path::new("/link/a/b")).unwrap();
        root.file(Path::new("/up/etc/passwd")).unwrap();
        assert!(dir.path().join("inside/a/b").is_dir());
        assert_eq!(std::fs::read(dir.path().join("etc/passwd")).unwrap(), b"");
    }
}
