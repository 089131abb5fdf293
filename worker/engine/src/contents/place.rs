//! A container's files in memory of their own, below a folder of the node.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use skep_keeper::config::Bind;

use super::file::ContentFile;
use crate::error::EngineError;

/// Bytes of a page: files take whole ones.
const PAGE_BYTES: usize = 4096;
/// Inodes beyond one for each file.
const INODES_SPARE: usize = 2;

/// Writes the files; gives what mounts each. When it fails nothing is left.
pub(super) fn write(folder: &Path, files: &[ContentFile]) -> Result<Vec<Bind>, EngineError> {
    let written = mounted(folder, files).and_then(|()| {
        let each = files.iter().enumerate();
        each.map(|(index, file)| put(folder, index, file)).collect::<io::Result<Vec<Bind>>>()
    });
    written.map_err(|error| {
        if let Err(left) = remove(folder) {
            tracing::warn!(error = %left, "memory of secrets was not given back");
        }
        EngineError::file(format!("write secrets and configs to {}", folder.display()))(error)
    })
}

/// Gives the memory back; there may be none.
pub(super) fn remove(folder: &Path) -> Result<(), EngineError> {
    let failed = || EngineError::file(format!("remove {}", folder.display()));
    if !folder.exists() {
        return Ok(());
    }
    match umount2(folder, MntFlags::MNT_DETACH) {
        // Nothing is mounted there.
        Ok(()) | Err(nix::errno::Errno::EINVAL) => {}
        Err(errno) => return Err(failed()(errno.into())),
    }
    fs::remove_dir(folder).map_err(failed())
}

fn mounted(folder: &Path, files: &[ContentFile]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let pages: usize = files.iter().map(|file| file.bytes.len().div_ceil(PAGE_BYTES)).sum();
    let options =
        format!("mode=700,size={},nr_inodes={}", (pages + 1) * PAGE_BYTES, files.len() + INODES_SPARE);
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Ok(mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some(options.as_str()))?)
}

fn put(folder: &Path, index: usize, file: &ContentFile) -> io::Result<Bind> {
    let path = folder.join(index.to_string());
    fs::write(&path, &file.bytes)?;
    // The owner first: a change of it takes set-id bits away.
    std::os::unix::fs::chown(&path, Some(file.uid), Some(file.gid))?;
    fs::set_permissions(&path, Permissions::from_mode(file.mode))?;
    Ok(Bind { readonly: true, ..Bind::new(path, &file.target) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn files_come_and_go_with_their_memory() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("c1");
        let file = |target: &str, bytes: usize| ContentFile {
            target: target.into(),
            uid: 3,
            gid: 4,
            mode: 0o440,
            bytes: vec![b'x'; bytes],
        };
        let binds = write(&folder, &[file("/a", 1), file("/b", 5000)]).unwrap();
        assert!(binds.iter().all(|bind| bind.readonly));
        let read = fs::metadata(&binds[1].source).unwrap();
        assert_eq!((read.len(), read.uid(), read.gid(), read.mode() & 0o7777), (5000, 3, 4, 0o440));
        remove(&folder).unwrap();
        assert!(!folder.exists());
        remove(&folder).unwrap();
    }
}
