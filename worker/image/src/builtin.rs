//! The built-in image `skep/whoami`, made from the running binary itself, so that examples and tests need no registry.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::{Config, Error, Image, ImageId, ImageStore, Reference};

/// The image's name.
pub const NAME: &str = "skep/whoami";

/// Whether a text names the built-in image.
pub fn is_reference(text: &str) -> bool {
    let canonical = |text: &str| text.parse::<Reference>().ok().map(|reference| reference.canonical());
    canonical(text).is_some_and(|name| canonical(NAME) == Some(name))
}

/// Makes the image if it is not there, or is of another binary than the one that runs. The binary has to be static: its
/// libraries are not taken along.
///
/// # Errors
/// When the binary cannot be read or the store cannot be written.
pub fn ensure(store: &ImageStore) -> Result<ImageId, Error> {
    let layer = layer_name().map_err(Error::file("look at the running binary"))?;
    if let Ok(image) = store.find(NAME)
        && image.layers.first() == Some(&layer)
    {
        return Ok(image.id);
    }
    let making = store.start_layer(&layer)?;
    let size_bytes = fill(&making).map_err(Error::file("copy the running binary into an image"))?;
    store.finish_layer(&making, &layer)?;
    let reference = NAME.parse::<Reference>()?.canonical();
    store.keep(Image {
        references: vec![reference],
        size_bytes,
        config: Config {
            entrypoint: vec!["/skep".into(), "whoami".into()],
            exposed_ports: vec!["80/tcp".into()],
            ..Config::default()
        },
        architecture: if cfg!(target_arch = "aarch64") { "arm64".into() } else { "amd64".into() },
        layers: vec![layer],
        ..Image::default()
    })
}

/// Tells one binary from another without reading all of it.
fn layer_name() -> io::Result<String> {
    let binary = fs::metadata("/proc/self/exe")?;
    Ok(format!(
        "whoami-{:x}-{:x}-{:x}-{:x}",
        binary.ino(),
        binary.size(),
        binary.mtime(),
        binary.mtime_nsec()
    ))
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
    }
}
