use anyhow::{Context, Result};

use skep_harness::{Api, encoded};

/// The image of all containers of a run.
pub(crate) const NAME: &str = "skep-bench:1";
/// Debian's busybox-static.
const BUSYBOX: &str = "/bin/busybox";
/// Applets by name; `true` is what the floor runs.
const APPLETS: &[&str] = &["sh", "sleep", "true"];

/// Gives a daemon the image: one static program and no more.
pub(crate) fn import(api: &Api) -> Result<()> {
    let (repository, tag) = NAME.split_once(':').unwrap_or((NAME, ""));
    let change = encoded(r#"CMD ["/bin/sleep","1000000"]"#);
    let path = format!("/images/create?fromSrc=-&repo={repository}&tag={tag}&changes={change}");
    api.upload(&path, &archive()?).context("import the image").map(drop)
}

/// Its root file system.
pub(crate) fn archive() -> Result<Vec<u8>> {
    let program = std::fs::read(BUSYBOX).with_context(|| format!("{BUSYBOX} (Debian: busybox-static)"))?;
    let mut archive = tar::Builder::new(Vec::new());
    for name in ["bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"] {
        let mut header = header(tar::EntryType::Directory, 0);
        archive.append_data(&mut header, name, std::io::empty())?;
    }
    let length = u64::try_from(program.len())?;
    archive.append_data(&mut header(tar::EntryType::Regular, length), "bin/busybox", &*program)?;
    for name in APPLETS {
        archive.append_link(&mut header(tar::EntryType::Symlink, 0), format!("bin/{name}"), "busybox")?;
    }
    Ok(archive.into_inner()?)
}

fn header(kind: tar::EntryType, length: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(length);
    header
}
