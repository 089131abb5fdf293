//! A container's root as a directory descriptor. Every path inside is resolved by the kernel as if that directory
//! were `/`, so that no symbolic link of an image leads out of it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, mkdirat};
use rustix::io::Errno;

/// Links followed before a path is called a loop: the kernel's number.
const LINKS_MAX: u8 = 40;

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

    /// Opens the directory `path`, making what is missing (mode 755), also behind links that lead nowhere yet.
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        self.directory_within(path, LINKS_MAX)
    }

    fn directory_within(&self, path: &Path, links: u8) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.open(path, flags) {
            Err(Errno::NOENT) => {}
            answer => return answer.map_err(Into::into),
        }
        let mut so_far = PathBuf::from("/");
        let mut at = self.open("/", flags)?;
        for part in path.components().filter(|part| matches!(part, Component::Normal(_))) {
            let parent = so_far.clone();
            so_far.push(part);
            at = match self.open(&so_far, flags) {
                Err(Errno::NOENT) => match mkdirat(&at, part.as_os_str(), Mode::from_raw_mode(0o755)) {
                    Ok(()) => self.open(&so_far, flags)?,
                    Err(Errno::EXIST) if links > 0 => {
                        let target = link_target(&at, &parent, part.as_os_str())?;
                        self.directory_within(&target, links - 1)?
                    }
                    Err(error) => return Err(error.into()),
                },
                answer => answer?,
            };
        }
        Ok(at)
    }

    /// Opens the file `path` as a place, making it (empty) and its directories if missing, also behind a link.
    pub(super) fn file(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut path = path.to_owned();
        for _ in 0..=LINKS_MAX {
            match self.place(&path) {
                Err(Errno::NOENT) => {}
                answer => return answer.map_err(Into::into),
            }
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(Errno::INVAL.into());
            };
            let directory = self.directory(parent)?;
            let mode = Mode::from_raw_mode(0o644);
            match rustix::fs::mknodat(&directory, name, FileType::RegularFile, mode, 0) {
                Ok(()) => return self.place(&path).map_err(Into::into),
                Err(Errno::EXIST) => path = link_target(&directory, parent, name)?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::LOOP.into())
    }
}

/// Where the link `name` in the directory `path` leads, as a path from the root without `..`. The kernel resolves it
/// again inside the root, so that a wrong answer (a link among the parents) can only make the wrong place inside.
fn link_target(directory: &OwnedFd, path: &Path, name: &OsStr) -> io::Result<PathBuf> {
    let link = rustix::fs::readlinkat(directory, name, Vec::new())?;
    let mut target = PathBuf::from("/");
    for part in path.join(OsStr::from_bytes(link.as_bytes())).components() {
        match part {
            Component::Normal(part) => target.push(part),
            Component::ParentDir => drop(target.pop()),
            _ => {}
        }
    }
    Ok(target)
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
        std::os::unix::fs::symlink("../run/later/conf", dir.path().join("inside-conf")).unwrap();
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
        std::fs::create_dir(dir.path().join("inside")).unwrap();
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let root = Root::from_fd(rustix::fs::open(dir.path(), flags, Mode::empty()).unwrap());
        root.directory(Path::new("/link/a/b")).unwrap();
        root.file(Path::new("/up/etc/passwd")).unwrap();
        root.file(Path::new("/inside-conf")).unwrap();
        assert!(root.file(Path::new("/loop")).is_err());
        assert!(root.directory(Path::new("/loop/x")).is_err());
        assert!(dir.path().join("run/later/conf").is_file());
        assert!(dir.path().join("inside/a/b").is_dir());
        assert_eq!(std::fs::read(dir.path().join("etc/passwd")).unwrap(), b"");
    }
}
