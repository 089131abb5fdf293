//! The mounts and device nodes that every container has.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, makedev, mknodat, statat, symlinkat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string,
    fsmount, fsopen,
};

use super::mounts::put;
use super::root::Root;
use crate::config::{ContainerConfig, Device};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// A new mount of a file system, not yet attached. An empty value sets a flag.
pub(super) fn new_mount(kind: &str, flags: MountAttrFlags, values: &[(&str, &str)]) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in values {
        if value.is_empty() {
            fsconfig_set_flag(&context, *key)?;
        } else {
            fsconfig_set_string(&context, *key, *value)?;
        }
    }
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?)
}

/// Mounts `/proc`, `/sys`, `/dev` and what is in it, and makes the device nodes.
pub(super) fn mount_all(root: &Root, config: &ContainerConfig, unified: bool) -> Result<(), Failure> {
    let safe = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let readonly = safe | MountAttrFlags::MOUNT_ATTR_RDONLY;
    let for_programs = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let shm = config.shm_size_bytes.to_string();
    let mount = |path: &str, kind: &str, flags, values: &[(&str, &str)]| {
        let attach = || put(&new_mount(kind, flags, values)?, &root.directory(Path::new(path))?);
        attach().step(FailureKind::Mount, || format!("mount {path}"))
    };
    mount("/proc", "proc", safe, &[])?;
    mount("/sys", "sysfs", readonly, &[])?;
    if unified {
        mount("/sys/fs/cgroup", "cgroup2", readonly, &[])?;
    }
    mount("/dev", "tmpfs", MountAttrFlags::MOUNT_ATTR_NOSUID, &[("mode", "755"), ("size", "64m")])?;
    mount("/dev/pts", "devpts", for_programs, &[("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")])?;
    mount("/dev/shm", "tmpfs", safe, &[("mode", "1777"), ("size", &shm)])?;
    mount("/dev/mqueue", "mqueue", safe, &[])?;
    nodes(root, &config.devices)
}

fn nodes(root: &Root, devices: &[Device]) -> Result<(), Failure> {
    let standard = || -> io::Result<()> {
        let dev = root.directory(Path::new("/dev"))?;
        let all = Mode::from_raw_mode(0o666);
        for (name, minor) in [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)] {
            mknodat(&dev, name, FileType::CharacterDevice, all, makedev(1, minor))?;
        }
        mknodat(&dev, "tty", FileType::CharacterDevice, all, makedev(5, 0))?;
        for (name, to) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] {
            symlinkat(to, &dev, name)?;
        }
        if root.place("/proc/kcore").is_ok() {
            symlinkat("/proc/kcore", &dev, "core")?;
        }
        Ok(())
    };
    standard().step(FailureKind::System, || "device nodes")?;
    for device in devices {
        let make = || -> io::Result<()> {
            let stat = statat(CWD, &device.host_path, AtFlags::empty())?;
            let (Some(parent), Some(name)) = (device.path.parent(), device.path.file_name()) else {
                return Err(rustix::io::Errno::INVAL.into());
            };
            let (kind, mode) = (FileType::from_raw_mode(stat.st_mode), Mode::from_raw_mode(stat.st_mode));
            mknodat(root.directory(parent)?, name, kind, mode, stat.st_rdev)?;
            Ok(())
        };
        make().step(FailureKind::System, || format!("device {}", device.host_path.display()))?;
    }
    Ok(())
}
