//! A file system in a file: a copy of the file is what a disk holds after a power cut, since what the kernel has not
//! written out yet is not in it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An ext4 image and where it is mounted; unmounted when dropped, also while a test fails.
pub(crate) struct Image {
    file: PathBuf,
    mount: PathBuf,
}

impl Image {
    /// Makes an empty file system of `mebibytes` and mounts it.
    pub(crate) fn create(directory: &Path, mebibytes: u64) -> io::Result<Self> {
        let file = directory.join("image");
        std::fs::File::create(&file)?.set_len(mebibytes << 20)?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&file))?;
        Self::mount(file, directory.join("mounted"))
    }

    fn mount(file: PathBuf, mount: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&mount)?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&file).arg(&mount))?;
        Ok(Self { file, mount })
    }

    /// The power cut: copies what is on the "disk" now and mounts the copy, which replays the journal.
    pub(crate) fn cut_power(&self) -> io::Result<Self> {
        let copy = self.file.with_extension("after");
        run(Command::new("cp").arg("--sparse=always").arg(&self.file).arg(&copy))?;
        Self::mount(copy, self.mount.with_extension("after"))
    }

    /// The root of the mounted file system.
    pub(crate) fn root(&self) -> &Path {
        &self.mount
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // Twice: a process that was just killed may hold it for a moment. A lazy unmount always goes through, and the
        // loop device detaches itself with the last user.
        if run(Command::new("umount").arg(&self.mount)).is_err()
            && let Err(error) = run(Command::new("umount").arg("-l").arg(&self.mount))
        {
            tracing::warn!(mount = %self.mount.display(), %error, "a test's file system stays mounted");
        }
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
