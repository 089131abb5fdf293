//! File systems in the place of a volume, as mount(8) would mount them: `type`, `device`, and options with commas between them.

use std::fs;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount as mount_now, umount2};

use super::volume::Volume;
use crate::error::EngineError;

/// Words that are flags of mount(2); with false, the word takes the flag away.
const FLAGS: [(&str, MsFlags, bool); 17] = [
    ("ro", MsFlags::MS_RDONLY, true),
    ("rw", MsFlags::MS_RDONLY, false),
    ("nosuid", MsFlags::MS_NOSUID, true),
    ("suid", MsFlags::MS_NOSUID, false),
    ("nodev", MsFlags::MS_NODEV, true),
    ("dev", MsFlags::MS_NODEV, false),
    ("noexec", MsFlags::MS_NOEXEC, true),
    ("exec", MsFlags::MS_NOEXEC, false),
    ("sync", MsFlags::MS_SYNCHRONOUS, true),
    ("async", MsFlags::MS_SYNCHRONOUS, false),
    ("dirsync", MsFlags::MS_DIRSYNC, true),
    ("noatime", MsFlags::MS_NOATIME, true),
    ("nodiratime", MsFlags::MS_NODIRATIME, true),
    ("relatime", MsFlags::MS_RELATIME, true),
    ("strictatime", MsFlags::MS_STRICTATIME, true),
    ("bind", MsFlags::MS_BIND, true),
    ("rbind", MsFlags::MS_BIND.union(MsFlags::MS_REC), true),
];

/// Mounts what a volume's options say at its data, if it is not there.
pub(super) fn mount(volume: &Volume, data: &Path) -> Result<(), EngineError> {
    if volume.options.is_empty() || is_mounted(data)? {
        return Ok(());
    }
    let option = |key: &str| volume.options.get(key).map(String::as_str).unwrap_or_default();
    let (kind, device) = (option("type"), option("device"));
    let (flags, rest) = parse(option("o"));
    let rest = if kind.starts_with("nfs") { with_address(&rest) } else { rest };
    let failed = || {
        EngineError::file(format!(
            "mount {device} (type {kind}, o {}) for volume {}",
            option("o"),
            volume.name
        ))
    };
    mount_now(Some(device), data, Some(kind), flags, Some(rest.as_str()))
        .map_err(|errno| failed()(errno.into()))?;
    // A bind mount takes no other flag before it is there.
    if flags.contains(MsFlags::MS_BIND) && flags.contains(MsFlags::MS_RDONLY) {
        let again = mount_now(None::<&str>, data, None::<&str>, flags | MsFlags::MS_REMOUNT, None::<&str>);
        again.map_err(|errno| failed()(errno.into()))?;
    }
    Ok(())
}

/// Takes it away, if it is there.
pub(super) fn unmount(data: &Path) -> Result<(), EngineError> {
    if !is_mounted(data)? {
        return Ok(());
    }
    umount2(data, MntFlags::MNT_DETACH)
        .map_err(|errno| EngineError::file(format!("unmount {}", data.display()))(errno.into()))
}

fn is_mounted(data: &Path) -> Result<bool, EngineError> {
    let path = "/proc/self/mountinfo";
    let mounts = fs::read_to_string(path).map_err(EngineError::file(format!("read {path}")))?;
    let data = escaped(&data.display().to_string());
    Ok(mounts.lines().any(|line| line.split(' ').nth(4) == Some(data.as_str())))
}

/// As the kernel writes paths in its lists of mounts.
fn escaped(path: &str) -> String {
    path.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012")
}

/// The flags among comma-separated options, and the others, which are the file system's.
fn parse(options: &str) -> (MsFlags, String) {
    let (mut flags, mut rest) = (MsFlags::empty(), Vec::new());
    for word in options.split(',').filter(|word| !word.is_empty() && *word != "defaults") {
        match FLAGS.iter().find(|(known, ..)| *known == word) {
            Some((_, flag, set)) => flags.set(*flag, *set),
            None => rest.push(word),
        }
    }
    (flags, rest.join(","))
}

/// NFS of the kernel wants the server's address in place of its name.
fn with_address(options: &str) -> String {
    let looked_up = |word: &str| {
        let name = word.strip_prefix("addr=").filter(|name| name.parse::<IpAddr>().is_err())?;
        let address = (name, 0).to_socket_addrs().ok()?.next()?;
        Some(format!("addr={}", address.ip()))
    };
    let words = options.split(',').map(|word| looked_up(word).unwrap_or_else(|| word.to_owned()));
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_told_from_a_file_systems_options() {
        let (flags, rest) = parse("ro,uid=3,nosuid,suid,size=1m");
        assert_eq!((flags, rest.as_str()), (MsFlags::MS_RDONLY, "uid=3,size=1m"));
        let (flags, rest) = parse("defaults,rbind");
        assert_eq!((flags, rest.as_str()), (MsFlags::MS_BIND | MsFlags::MS_REC, ""));
        assert_eq!(with_address("addr=127.0.0.1,rw"), "addr=127.0.0.1,rw");
        assert_eq!(escaped("/a b"), "/a\\040b");
    }

    #[test]
    fn a_file_system_comes_and_goes() {
        let home = tempfile::tempdir().unwrap();
        let options = [("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=64k,mode=700")];
        let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let volume = Volume { name: "t".into(), options, ..Volume::default() };
        for _ in 0..2 {
            mount(&volume, home.path()).unwrap();
        }
        assert!(is_mounted(home.path()).unwrap());
        fs::write(home.path().join("file"), "x").unwrap();
        unmount(home.path()).unwrap();
        unmount(home.path()).unwrap();
        assert!(!home.path().join("file").exists());
        let wrong =
            [("type", "nothing"), ("device", "x")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let wrong = Volume { options: wrong.into(), ..volume };
        let told = mount(&wrong, home.path()).unwrap_err().to_string();
        assert!(told.starts_with("mount x (type nothing, o ) for volume t: "), "{told}");
    }
}
