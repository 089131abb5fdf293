//! What a container may not see or change: masked paths, read-only paths, the root; and its kernel settings.

use std::io::{self, Write};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags, open_tree};

use super::mounts::put;
use super::root::{Root, is_directory};
use super::standard::new_mount;
use super::sys;
use crate::config::{ContainerConfig, Network};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// Writes the kernel settings asked for, and the two that make low ports and ping free of privilege.
pub(super) fn write_sysctls(root: &Root, config: &ContainerConfig) -> Result<(), Failure> {
    let write = |key: &str, value: &str| -> io::Result<()> {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        std::fs::File::from(root.open(path, OFlags::WRONLY)?).write_all(value.as_bytes())
    };
    if config.network == Network::New {
        for (key, value) in
            [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647")]
        {
            // Defaults of convenience: an old kernel without them is no reason to refuse the container.
            let _ = write(key, value);
        }
    }
    let mut asked = config.sysctls.iter();
    asked.try_for_each(|(k, v)| write(k, v).step(FailureKind::Config, || format!("sysctl {k}={v}")))
}

/// Hides and protects what the configuration lists. Paths that do not exist need nothing.
pub(super) fn protect(root: &Root, config: &ContainerConfig) -> Result<(), Failure> {
    for path in &config.masked_paths {
        existing(mask(root, path)).step(FailureKind::Mount, || format!("masking {path}"))?;
    }
    for path in &config.readonly_paths {
        existing(make_readonly(root, path))
            .step(FailureKind::Mount, || format!("making {path} read-only"))?;
    }
    if config.rootfs.readonly {
        sys::set_mount(root, libc::MOUNT_ATTR_RDONLY, 0, false)
            .step(FailureKind::RootFs, || "read-only root file system")?;
    }
    Ok(())
}

fn existing(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => Ok(()),
        other => other,
    }
}

fn mask(root: &Root, path: &str) -> io::Result<()> {
    let place = root.place(path)?;
    if is_directory(&place)? {
        let flags = MountAttrFlags::MOUNT_ATTR_RDONLY
            | MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        return put(&new_mount("tmpfs", flags, &[("nr_blocks", "1"), ("nr_inodes", "1")])?, &place);
    }
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let null = root.place(Path::new("/dev/null"))?;
    put(&open_tree(&null, "", flags)?, &place)
}

fn make_readonly(root: &Root, path: &str) -> io::Result<()> {
    let place = root.place(path)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(&place, "", flags)?;
    sys::set_mount(&tree, libc::MOUNT_ATTR_RDONLY, 0, true)?;
    put(&tree, &place)
}
