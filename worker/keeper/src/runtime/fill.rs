//! A new volume gets what the image has where the volume is mounted.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, XattrFlags,
    chownat, fchmod, fgetxattr, flistxattr, flock, fsetxattr, fstat, futimens, mkdirat, mknodat, openat,
    readlinkat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use std::ffi::{CStr, CString};

use super::root::Root;

/// Longest value of an extended attribute: the kernel's bound.
const VALUE_MAX: usize = 64 << 10;

/// Copies what is at `target` in `root` to the directory behind `tree`, if that is empty. Whoever else wants to fill it waits.
pub(super) fn fill(root: &Root, target: &Path, tree: &OwnedFd) -> io::Result<()> {
    let to = match directory(tree, c".") {
        Err(Errno::NOTDIR) => return Ok(()),
        answer => answer?,
    };
    flock(&to, FlockOperation::LockExclusive)?;
    let from = match root.open(target, OFlags::RDONLY | OFlags::DIRECTORY) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        answer => answer?,
    };
    if entries(&to)?.next().is_some() {
        return Ok(());
    }
    copy_directory(&from, &to)
}

fn copy_directory(from: &OwnedFd, to: &OwnedFd) -> io::Result<()> {
    for name in entries(from)? {
        let name = name?;
        let found = statat(from, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => {
                mkdirat(to, &name, Mode::RWXU)?;
                copy_directory(&directory(from, &name)?, &directory(to, &name)?)?;
            }
            FileType::RegularFile => copy_file(from, to, &name)?,
            FileType::Symlink => {
                symlinkat(readlinkat(from, &name, Vec::new())?, to, &name)?;
                own(to, &name, &found)?;
                utimensat(to, &name, &times(&found), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            kind => {
                mknodat(to, &name, kind, Mode::from_raw_mode(found.st_mode), found.st_rdev)?;
                own(to, &name, &found)?;
            }
        }
    }
    like(from, to)
}

fn copy_file(from: &OwnedFd, to: &OwnedFd, name: &CStr) -> io::Result<()> {
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut source = File::from(openat(from, name, read, Mode::empty())?);
    let write = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut copy = File::from(openat(to, name, write, Mode::RUSR | Mode::WUSR)?);
    io::copy(&mut source, &mut copy)?;
    like(&source, &copy)
}

/// Owner, mode, attributes and times; in this order, as a new owner takes set-user-ID bits and capabilities away.
fn like(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    let (from, to) = (from.as_fd(), to.as_fd());
    let found = fstat(from)?;
    rustix::fs::fchown(to, Some(Uid::from_raw(found.st_uid)), Some(Gid::from_raw(found.st_gid)))?;
    fchmod(to, Mode::from_raw_mode(found.st_mode))?;
    let mut names = vec![0_u8; VALUE_MAX];
    let length = match flistxattr(from, &mut names) {
        // A file system without them.
        Err(Errno::OPNOTSUPP) => 0,
        answer => answer?,
    };
    for name in names.get(..length).unwrap_or_default().split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        // Overlayfs's own are about the layer, not about the file.
        if name.to_bytes().starts_with(b"trusted.overlay.") {
            continue;
        }
        let mut value = vec![0_u8; VALUE_MAX];
        let length = fgetxattr(from, name, &mut value)?;
        fsetxattr(to, name, value.get(..length).unwrap_or_default(), XattrFlags::empty())?;
    }
    Ok(futimens(to, &times(&found))?)
}

fn own(directory: &OwnedFd, name: &CStr, found: &Stat) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(found.st_uid), Gid::from_raw(found.st_gid));
    Ok(chownat(directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn times(found: &Stat) -> Timestamps {
    let time = |seconds, nanos: u64| Timespec { tv_sec: seconds, tv_nsec: nanos.cast_signed() };
    Timestamps {
        last_access: time(found.st_atime, found.st_atime_nsec),
        last_modification: time(found.st_mtime, found.st_mtime_nsec),
    }
}

fn directory(parent: &OwnedFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

/// The names in a directory but for itself and its parent.
fn entries(directory: &OwnedFd) -> io::Result<impl Iterator<Item = io::Result<CString>>> {
    let all = Dir::read_from(directory)?;
    Ok(all.filter_map(|entry| match entry {
        Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => None,
        Ok(entry) => Some(Ok(entry.file_name().to_owned())),
        Err(error) => Some(Err(error.into())),
    }))
}
