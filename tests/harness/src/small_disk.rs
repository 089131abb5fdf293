use std::fs;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// A directory with a file system of its own, in memory. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    directory: PathBuf,
}

impl SmallDisk {
    /// Mounts it.
    pub(crate) fn mount(directory: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(directory).expect("a directory");
        let size = format!("size={mebibytes}m");
        mount(Some("none"), directory, Some("tmpfs"), MsFlags::empty(), Some(size.as_str()))
            .expect("a file system in memory can be mounted");
        Self { directory: directory.to_owned() }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = umount2(&self.directory, MntFlags::MNT_DETACH) {
            eprintln!("{} was not unmounted: {error}", self.directory.display());
        }
    }
}
