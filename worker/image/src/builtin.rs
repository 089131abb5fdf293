//! The built-in image `skep/whoami`, made from the running binary itself, so that examples and tests need no registry.

use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use jiff::Timestamp;

use crate::config::ConfigFile;
use crate::store::Layer;
use crate::{Config, Error, ImageId, ImageStore, Reference};

/// The image's name.
pub const NAME: &str = "skep/whoami";

/// Whether a text names the built-in image.
pub fn is_reference(text: &str) -> bool {
    let canonical = |text: &str| text.parse::<Reference>().ok().map(|reference| reference.canonical());
    canonical(text).is_some_and(|name| canonical(NAME) == Some(name))
}

/// Makes the image if it is not there, or is of another binary than the one that runs: so it may be removed like any other.
/// The binary has to be static: its libraries are not taken along.
///
/// # Errors
/// When the binary cannot be read or the store cannot be written.
pub fn ensure(store: &ImageStore) -> Result<ImageId, Error> {
    let binary = fs::metadata("/proc/self/exe").map_err(Error::file("look at the running binary"))?;
    let name = layer_name(&binary);
    let _change = store.change();
    if let Ok(image) = store.find(NAME)
        && image.layers.first() == Some(&name)
    {
        return Ok(image.id);
    }
    let work = store.workplace()?;
    let directory = work.directory("layer")?;
    let bytes = fill(&directory).map_err(Error::file("copy the running binary into an image"))?;
    let config = Config {
        entrypoint: vec!["/skep".into(), "whoami".into()],
        exposed_ports: vec!["80/tcp".into()],
        ..Config::default()
    };
    let created = Timestamp::new(binary.mtime(), 0).unwrap_or_default().to_string();
    // The layer never was an archive, so there is no digest of one; its name makes the id follow from the binary.
    let file = ConfigFile::new(&config, created, Vec::new(), format!("made from the running binary, {name}"));
    let raw = file.bytes()?;
    let layer = Layer { name, bytes };
    if store.known_layer(&layer.name).is_none() {
        store.place_layers(&[(directory, layer.clone())])?;
    }
    store.keep(&raw, vec![layer], &[NAME.parse()?])
}

/// Tells one binary from another without reading all of it.
fn layer_name(binary: &Metadata) -> String {
    format!("whoami-{:x}-{:x}-{:x}-{:x}", binary.ino(), binary.size(), binary.mtime(), binary.mtime_nsec())
}

/// Fills the layer; gives the size of what is in it.
fn fill(root: &Path) -> io::Result<u64> {
    for directory in ["etc", "tmp", "proc", "sys", "dev"] {
        fs::create_dir(root.join(directory))?;
    }
    fs::set_permissions(root.join("tmp"), Permissions::from_mode(0o1777))?;
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/skep\nnobody:x:65534:65534:nobody:/:/skep\n")?;
    fs::write(root.join("etc/group"), "root:x:0:\nnogroup:x:65534:\n")?;
    let mut from = File::open("/proc/self/exe")?;
    let mut to = File::create(root.join("skep"))?;
    let copied = io::copy(&mut from, &mut to)?;
    fs::set_permissions(root.join("skep"), Permissions::from_mode(0o755))?;
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = ImageStore::open(directory.path()).unwrap();
        assert!(is_reference("skep/whoami:latest") && is_reference("docker.io/skep/whoami"));
        assert!(!is_reference("skep/other"));
        let id = ensure(&store).unwrap();
        assert_eq!(ensure(&store).unwrap(), id);
        let image = store.find("skep/whoami").unwrap();
        let binary = store.layers(&image)[0].join("skep");
        assert_eq!(fs::metadata(binary).unwrap().len(), image.size_bytes);
        assert!(store.raw_config(&id).unwrap().starts_with(b"{\"created\""));
        store.remove("skep/whoami", false).unwrap();
        assert!(store.find(NAME).is_err());
        assert_eq!(ensure(&store).unwrap(), id, "it is made again");
    }
}
