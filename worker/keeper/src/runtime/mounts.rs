//! The mounts asked for: files and directories of the node, and memory.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::fill::fill;
use super::root::{Root, is_directory};
use super::standard::new_mount;
use super::sys;
use crate::config::{Bind, Mount, Propagation, Recursion};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// A mount that is not yet attached, and what it is.
pub(super) struct Prepared<'a> {
    mount: &'a Mount,
    tree: Option<OwnedFd>,
}

/// Opens all sources as the node sees them, before the mount namespace is cut off from it: a shared or slave mount
/// then stays in touch with the node's. Sorted so that parents are attached before children.
pub(super) fn prepare(mounts: &[Mount]) -> Result<Vec<Prepared<'_>>, Failure> {
    let mut sorted: Vec<&Mount> = mounts.iter().collect();
    sorted.sort_by_key(|mount| mount.target().components().count());
    sorted.into_iter().map(|mount| Ok(Prepared { mount, tree: source(mount)? })).collect()
}

fn source(mount: &Mount) -> Result<Option<OwnedFd>, Failure> {
    let Mount::Bind(bind) = mount else { return Ok(None) };
    match open_source(bind) {
        Ok(tree) => Ok(Some(tree)),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
            Err(Failure::new(FailureKind::MountSource, missing(bind)))
        }
        Err(error) => Err(error).step(FailureKind::Mount, || {
            format!("mount {}: source {}", bind.target.display(), bind.source.display())
        }),
    }
}

fn open_source(bind: &Bind) -> rustix::io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if bind.recursion != Recursion::None {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    if bind.within.as_os_str().is_empty() {
        return open_tree(CWD, &bind.source, flags);
    }
    let base = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let base = Root::from_fd(openat(CWD, &bind.source, base, Mode::empty())?);
    open_tree(base.place(&bind.within)?, "", flags | OpenTreeFlags::AT_EMPTY_PATH)
}

/// In Docker's words.
fn missing(bind: &Bind) -> String {
    let Bind { source, within, .. } = bind;
    if within.as_os_str().is_empty() {
        let source = source.display();
        return format!("invalid mount config for type \"bind\": bind source path does not exist: {source}");
    }
    format!("invalid mount: there is no {} in {}", within.display(), source.display())
}

/// Attaches a prepared mount inside `root`, making its target if missing.
pub(super) fn attach(prepared: &Prepared<'_>, root: &Root) -> Result<(), Failure> {
    let target = prepared.mount.target();
    let what = || format!("mount {}", target.display());
    match (prepared.mount, &prepared.tree) {
        (Mount::Bind(mount), Some(tree)) => bind(tree, root, mount).step(FailureKind::Mount, what),
        (Mount::Tmpfs { size_bytes, mode, options, .. }, _) => {
            tmpfs(root, target, (*size_bytes, *mode), options).step(FailureKind::Mount, what)
        }
        (Mount::Bind(_), None) => Ok(()),
    }
}

fn bind(tree: &OwnedFd, root: &Root, mount: &Bind) -> io::Result<()> {
    if mount.fill {
        fill(root, &mount.target, tree)?;
    }
    let propagation = match mount.propagation {
        Propagation::Private => libc::MS_PRIVATE,
        Propagation::Slave => libc::MS_SLAVE,
        Propagation::Shared => libc::MS_SHARED,
    };
    let recursive = mount.recursion != Recursion::None;
    sys::set_mount(tree, 0, propagation, recursive && mount.propagation_below)?;
    if mount.readonly {
        sys::set_mount(tree, libc::MOUNT_ATTR_RDONLY, 0, mount.recursion == Recursion::ReadOnly)?;
    }
    let target = &mount.target;
    let place = if is_directory(tree)? { root.directory(target)? } else { root.file(target)? };
    put(tree, &place)
}

fn tmpfs(
    root: &Root,
    target: &Path,
    size_mode: (Option<u64>, Option<u32>),
    options: &[String],
) -> io::Result<()> {
    let (size, mode) = size_mode;
    let mut flags = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let mut values = vec![("mode", format!("{:o}", mode.unwrap_or(0o1777)))];
    values.extend(size.map(|bytes| ("size", bytes.to_string())));
    for option in options {
        match option.as_str() {
            "exec" => flags.remove(MountAttrFlags::MOUNT_ATTR_NOEXEC),
            "suid" => flags.remove(MountAttrFlags::MOUNT_ATTR_NOSUID),
            "dev" => flags.remove(MountAttrFlags::MOUNT_ATTR_NODEV),
            "ro" => flags.insert(MountAttrFlags::MOUNT_ATTR_RDONLY),
            "rw" | "nosuid" | "nodev" | "noexec" => {}
            other => {
                values.push(other.split_once('=').map_or((other, String::new()), |(k, v)| (k, v.into())))
            }
        }
    }
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let tree = new_mount("tmpfs", flags, &values)?;
    put(&tree, &root.directory(target)?)
}

/// Attaches a mount at an opened place.
pub(super) fn put(tree: &OwnedFd, place: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tree, "", place, "", flags).map_err(Into::into)
}
