//! What each entry of a layer becomes.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chmodat, chownat, fchmod,
    fchown, fsetxattr, futimens, linkat, makedev, mkdirat, mknodat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;

use super::root::{Root, is_directory, is_whiteout, look, parts, remove};
use crate::tape::{Entry, Kind};

/// Marks of removed names in layers (OCI image specification, layer.md, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Other names of the kind are the bookkeeping of an old file system (aufs).
const BOOKKEEPING: &[u8] = b".wh..wh.";
/// overlayfs's attributes steer where it looks for files: only we may set them.
const OVERLAY_XATTR: &[u8] = b"trusted.overlay.";
const OPAQUE_XATTR: &str = "trusted.overlay.opaque";

/// Reasons are texts: the caller adds the entry's path.
type Result<T> = std::result::Result<T, String>;

/// Unpacks one layer.
pub(super) struct Extractor<'a> {
    root: Root<'a>,
    /// Directories' times, set at the end: filling a directory changes its own.
    times: Vec<(Vec<OsString>, Timestamps)>,
    bytes: u64,
}

impl<'a> Extractor<'a> {
    pub(super) fn new(directory: &'a File) -> Self {
        Self { root: Root::new(directory.as_fd()), times: Vec::new(), bytes: 0 }
    }

    /// Makes what the entry says.
    pub(super) fn put(&mut self, entry: &Entry, content: &mut impl Read) -> Result<()> {
        let path = parts(&entry.path)?;
        let Some((name, folder)) = path.split_last() else {
            return self.put_root(entry);
        };
        if let Some(hidden) = name.as_bytes().strip_prefix(WHITEOUT) {
            return self.put_mark(folder, name.as_bytes(), OsStr::from_bytes(hidden));
        }
        match entry.kind {
            Kind::Directory => {
                self.put_directory(entry, folder, name)?;
                let owned = path.iter().map(|part| (*part).to_owned()).collect();
                self.times.push((owned, times(entry)));
                Ok(())
            }
            Kind::HardLink => self.put_link(entry, folder, name),
            Kind::File => self.put_file(entry, folder, name, content),
            _ => self.put_special(entry, folder, name),
        }
    }

    /// Sets what has to be set last; gives the bytes of all files.
    pub(super) fn finish(mut self) -> Result<u64> {
        for (path, times) in std::mem::take(&mut self.times).into_iter().rev() {
            let Some((name, folder)) = path.split_last() else {
                let root = self.root.folder(&[], false).and_then(readable).map_err(said("open the layer"))?;
                futimens(root, &times).map_err(said("set the layer's time"))?;
                continue;
            };
            let folder: Vec<&OsStr> = folder.iter().map(OsString::as_os_str).collect();
            // A later entry may have replaced it.
            if let Ok(folder) = self.root.folder(&folder, false)
                && look(folder, name).is_ok_and(|found| found.is_some_and(|found| is_directory(&found)))
            {
                utimensat(folder, name.as_os_str(), &times, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(said("set a directory's time"))?;
            }
        }
        Ok(self.bytes)
    }

    fn put_root(&mut self, entry: &Entry) -> Result<()> {
        if entry.kind != Kind::Directory {
            return Err("the layer's root is not a directory".to_owned());
        }
        let root = self.root.folder(&[], false).and_then(readable).map_err(said("open the layer"))?;
        describe(&root, entry)?;
        self.times.push((Vec::new(), times(entry)));
        Ok(())
    }

    fn put_directory(&mut self, entry: &Entry, path: &[&OsStr], name: &OsStr) -> Result<()> {
        let folder = self.folder(path)?;
        let found = look(&folder, name).map_err(said("look for it"))?;
        if !found.as_ref().is_some_and(is_directory) {
            if found.is_some() {
                self.clear(&folder, name)?;
            }
            mkdirat(&folder, name, Mode::RWXU).map_err(said("make the directory"))?;
        }
        let made = open_directory(&folder, name).map_err(said("open the directory"))?;
        if found.as_ref().is_some_and(is_whiteout) {
            // The layer removes what was below this name, and puts something new there.
            set_opaque(&made)?;
        }
        describe(&made, entry)
    }

    fn put_file(
        &mut self,
        entry: &Entry,
        path: &[&OsStr],
        name: &OsStr,
        content: &mut impl Read,
    ) -> Result<()> {
        let folder = self.folder(path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = self.place(&folder, name, || openat(&folder, name, flags, Mode::RUSR | Mode::WUSR))?;
        let mut file = File::from(made);
        self.bytes += io::copy(content, &mut file).map_err(|error| format!("write it: {error}"))?;
        let file = OwnedFd::from(file);
        describe(&file, entry)?;
        futimens(&file, &times(entry)).map_err(said("set its time"))
    }

    /// Links, pipes and devices.
    fn put_special(&mut self, entry: &Entry, path: &[&OsStr], name: &OsStr) -> Result<()> {
        let folder = self.folder(path)?;
        let mode = Mode::from_raw_mode(entry.mode);
        let node = |kind, device| mknodat(&folder, name, kind, mode, device);
        self.place(&folder, name, || match entry.kind {
            Kind::Character(major, minor) => node(FileType::CharacterDevice, makedev(major, minor)),
            Kind::Block(major, minor) => node(FileType::BlockDevice, makedev(major, minor)),
            Kind::Fifo => node(FileType::Fifo, 0),
            _ => symlinkat(entry.link.as_slice(), &folder, name),
        })?;
        chownat(&folder, name, owner(entry), group(entry), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(said("set its owner"))?;
        if entry.kind != Kind::Symlink {
            // It was made just now and is no link; what made it took the umask away from its mode.
            chmodat(&folder, name, mode, AtFlags::empty()).map_err(said("set its mode"))?;
        }
        utimensat(&folder, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW).map_err(said("set its time"))
    }

    fn put_link(&mut self, entry: &Entry, path: &[&OsStr], name: &OsStr) -> Result<()> {
        let link = String::from_utf8_lossy(&entry.link);
        let nowhere = || format!("it is a hard link to '{link}', which the layer does not have before it");
        let target = parts(&entry.link).map_err(|reason| format!("hard link to '{link}': {reason}"))?;
        let (target_name, target_path) = target.split_last().ok_or_else(nowhere)?;
        let from = self.root.folder(target_path, false).and_then(keep).map_err(|_| nowhere())?;
        let found =
            look(&from, target_name).map_err(said("look for the link's target"))?.ok_or_else(nowhere)?;
        let folder = self.folder(path)?;
        let same = look(&folder, name).map_err(said("look for it"))?;
        if same.is_some_and(|same| (same.st_dev, same.st_ino) == (found.st_dev, found.st_ino)) {
            return Ok(());
        }
        self.place(&folder, name, || linkat(&from, *target_name, &folder, name, AtFlags::empty()))
    }

    /// Marks of what a layer removes.
    fn put_mark(&mut self, path: &[&OsStr], mark: &[u8], hidden: &OsStr) -> Result<()> {
        if mark == OPAQUE {
            let folder =
                self.folder(path).and_then(|folder| readable(folder).map_err(said("open the folder")))?;
            return set_opaque(&folder);
        }
        if mark.starts_with(BOOKKEEPING) {
            return Ok(());
        }
        if matches!(hidden.as_bytes(), b"" | b"." | b"..") {
            return Err("it marks a folder itself as removed, which no layer may".to_owned());
        }
        let folder = self.folder(path)?;
        match look(&folder, hidden).map_err(said("look for what it removes"))? {
            // What this layer itself puts there stays, and hides what is below it by being there.
            Some(found) if is_directory(&found) => {
                set_opaque(&open_directory(&folder, hidden).map_err(said("open the folder"))?)
            }
            Some(_) => Ok(()),
            None => mknodat(&folder, hidden, FileType::CharacterDevice, Mode::empty(), 0)
                .map_err(said("mark the name as removed")),
        }
    }

    fn folder(&mut self, path: &[&OsStr]) -> Result<OwnedFd> {
        let reason = |error| match error {
            Errno::EXIST => "a folder of its path is a link that leads nowhere".to_owned(),
            error => format!("make its folder: {error}"),
        };
        self.root.folder(path, true).and_then(keep).map_err(reason)
    }

    /// Makes something new; what has the name already goes away.
    fn place<T>(
        &mut self,
        folder: &OwnedFd,
        name: &OsStr,
        make: impl Fn() -> rustix::io::Result<T>,
    ) -> Result<T> {
        match make() {
            Err(Errno::EXIST) => {
                self.clear(folder, name)?;
                make()
            }
            made => made,
        }
        .map_err(said("make it"))
    }

    fn clear(&mut self, folder: &OwnedFd, name: &OsStr) -> Result<()> {
        self.root.forget();
        remove(folder, name).map_err(said("remove what had its name"))
    }
}

/// Owner, mode and attributes, in an order in which none takes another away: a new owner clears set-id bits and
/// capabilities.
fn describe(file: &OwnedFd, entry: &Entry) -> Result<()> {
    fchown(file, owner(entry), group(entry)).map_err(said("set its owner"))?;
    fchmod(file, Mode::from_raw_mode(entry.mode)).map_err(said("set its mode"))?;
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| !name.starts_with(OVERLAY_XATTR)) {
        match fsetxattr(file, name.as_slice(), value, XattrFlags::empty()) {
            // The file system, or the kernel without the security module that it is of, has no such attribute.
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(error) => {
                return Err(format!("set its attribute '{}': {error}", String::from_utf8_lossy(name)));
            }
        }
    }
    Ok(())
}

fn set_opaque(directory: &OwnedFd) -> Result<()> {
    fsetxattr(directory, OPAQUE_XATTR, b"y", XattrFlags::empty()).map_err(said("mark the folder as opaque"))
}

fn owner(entry: &Entry) -> Option<Uid> {
    Some(Uid::from_raw(entry.uid))
}

fn group(entry: &Entry) -> Option<Gid> {
    Some(Gid::from_raw(entry.gid))
}

fn times(entry: &Entry) -> Timestamps {
    let time = Timespec { tv_sec: entry.mtime.0, tv_nsec: entry.mtime.1 };
    Timestamps { last_access: time, last_modification: time }
}

/// The folder, for longer than the root's memory of it.
fn keep(folder: impl AsFd) -> rustix::io::Result<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(folder, 0)
}

/// The folder, opened so that its attributes can be set.
fn readable(folder: impl AsFd) -> rustix::io::Result<OwnedFd> {
    open_directory(folder, OsStr::new("."))
}

fn open_directory(folder: impl AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

fn said(what: &'static str) -> impl FnOnce(Errno) -> String {
    move |error| format!("{what}: {error}")
}
