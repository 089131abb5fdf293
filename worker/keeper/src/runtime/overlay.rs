//! The root file system: layers put over each other, mounted in the container's own mount namespace only.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use super::root::Root;
use crate::config::RootFs;
use crate::error::Step;
use crate::{Failure, FailureKind};

/// fsconfig(2) takes values of at most 255 bytes; longer paths go by way of a descriptor.
const VALUE_MAX: usize = 255;

/// Mounts the root in this process's mount namespace (over its own upper directory, which nobody else sees) and
/// gives its directory.
pub(super) fn mount(rootfs: &RootFs) -> Result<Root, Failure> {
    let kind = FailureKind::RootFs;
    for path in rootfs.lower.iter().chain([&rootfs.upper]) {
        if !path.is_dir() {
            let message = format!("root file system: layer {} is not a directory", path.display());
            return Err(Failure::new(kind, message));
        }
    }
    let tree = if rootfs.lower.is_empty() {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        open_tree(CWD, &rootfs.upper, flags).step(kind, || "root file system")?
    } else {
        overlay(rootfs)
            .step(kind, || format!("root file system: overlay of {} layers", rootfs.lower.len()))?
    };
    move_mount(&tree, "", CWD, &rootfs.upper, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .step(kind, || "root file system")?;
    Ok(Root::from_fd(tree))
}

fn overlay(rootfs: &RootFs) -> io::Result<OwnedFd> {
    match configured(rootfs, true) {
        Err(rustix::io::Errno::INVAL) => configured(rootfs, false).map_err(Into::into),
        answer => answer.map_err(Into::into),
    }
}

/// `one_by_one`: `lowerdir+` of kernel 6.5; otherwise all layers in one value.
fn configured(rootfs: &RootFs, one_by_one: bool) -> rustix::io::Result<OwnedFd> {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let mut open = Vec::new();
    let mut short = |path: &Path, always: bool| -> rustix::io::Result<String> {
        let text = path.to_str().filter(|text| !always && text.len() <= VALUE_MAX);
        if let Some(text) = text {
            return Ok(text.to_owned());
        }
        let fd = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
        open.push(fd);
        Ok(name)
    };
    fsconfig_set_string(&context, "source", "skep")?;
    if one_by_one {
        for path in &rootfs.lower {
            fsconfig_set_string(&context, "lowerdir+", short(path, false)?)?;
        }
    } else {
        // As descriptors: short, and no colon or comma to escape.
        let names: Vec<String> =
            rootfs.lower.iter().map(|path| short(path, true)).collect::<rustix::io::Result<_>>()?;
        fsconfig_set_string(&context, "lowerdir", names.join(":"))?;
    }
    fsconfig_set_string(&context, "upperdir", short(&rootfs.upper, false)?)?;
    fsconfig_set_string(&context, "workdir", short(&rootfs.work, false)?)?;
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
}
