//! Archives of both forms go in whole and honest, or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use skep_image::{Error, ImageStore, Removed};
use tempfile::TempDir;

use crate::archives::{Layout, architecture, config, digest, docker_archive, gzip, tar, zstd};

const NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A store whose layers are unpacked by the process that is made for it.
fn store() -> (TempDir, ImageStore) {
    let directory = tempfile::tempdir().unwrap();
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_skep-unpack"));
    let store = ImageStore::open_with(directory.path(), Some(binary)).unwrap();
    (directory, store)
}

/// Nothing of what was tried is left.
fn assert_empty(root: &Path) {
    for part in ["layers", "images", "configs", "making"] {
        let path = root.join(part);
        let count = if path.exists() { fs::read_dir(&path).unwrap().count() } else { 0 };
        assert_eq!(count, 0, "{part}");
    }
}

fn refused(archive: &[u8]) -> String {
    let (directory, store) = store();
    let text = store.load(archive).unwrap_err().to_string();
    assert_empty(directory.path());
    text
}

#[test]
fn a_docker_archive_goes_in_and_is_found_after_a_restart() {
    let (directory, store) = store();
    let (base, top) = (tar(&[("bin/a", b"base"), ("b", b"1")]), tar(&[(".wh.b", b"")]));
    // The same layer twice: overlayfs would refuse it.
    let config = config("run", architecture(), &[&base, &top, &base]);
    let archive = docker_archive(&["web:1", "web:2"], &config, &[&base, &top, &base]);
    let loaded = store.load(gzip(&archive).as_slice()).unwrap();
    let names: Vec<String> = loaded.iter().map(|one| one.reference.as_ref().unwrap().to_string()).collect();
    assert_eq!(names, ["web:1", "web:2"]);
    drop(store);
    let store = ImageStore::open(directory.path()).unwrap();
    let image = store.find("web:2").unwrap();
    assert_eq!(image.id, loaded[0].id);
    assert_eq!(image.id.to_string(), digest(&config));
    assert_eq!(store.raw_config(&image.id).unwrap(), config, "also what is not read of it");
    assert_eq!((image.architecture.as_str(), image.os.as_str()), (architecture(), "linux"));
    assert_eq!((image.size_bytes, image.created.as_str()), (5, "2024-01-02T03:04:05Z"));
    let run = &image.config;
    assert_eq!((&run.cmd[..], &run.env[..]), (&["run".to_owned()][..], &["A=b".to_owned()][..]));
    assert!(run.entrypoint.is_empty() && run.labels["k"] == "v" && run.exposed_ports == ["80/tcp"]);
    assert_eq!((run.working_dir.as_str(), run.user.as_str()), ("/w", "1:2"));
    assert_eq!(run.stop_signal.as_deref(), Some("SIGINT"));
    let layers = store.layers(&image);
    assert_eq!(layers.len(), 2);
    assert_eq!(fs::read(layers[0].join("bin/a")).unwrap(), b"base", "the topmost is first");
}

#[test]
fn a_layout_has_the_image_for_this_machine() {
    let (directory, store) = store();
    let layer = tar(&[("a", b"1")]);
    let mut layout = Layout::default();
    let other = layout.image(&config("other", "s390x", &[&layer]), &[&gzip(&layer)]);
    let ours = layout.image(&config("ours", architecture(), &[&layer]), &[&zstd(&layer)]);
    let index = layout.index(vec![(other, "s390x"), (ours, architecture())]);
    layout.name(index, NAME, "docker.io/library/web:1");
    let plain = layout.image(&config("plain", architecture(), &[&layer]), &[&layer]);
    layout.name(plain.clone(), REF_NAME, "example.org/a/b:2");
    layout.name(plain, REF_NAME, "latest");
    let loaded = store.load(zstd(&layout.bytes()).as_slice()).unwrap();
    let names: Vec<String> = loaded.iter().map(|one| one.reference.as_ref().unwrap().to_string()).collect();
    assert_eq!(names, ["web:1", "example.org/a/b:2"]);
    assert_eq!(store.find("web:1").unwrap().config.cmd, ["ours"]);
    assert_eq!(fs::read_dir(directory.path().join("layers")).unwrap().count(), 1, "both share the layer");
    let unnamed = {
        let mut layout = Layout::default();
        let image = layout.image(&config("unnamed", architecture(), &[&layer]), &[&layer]);
        layout.name(image, REF_NAME, "latest");
        store.load(layout.bytes().as_slice()).unwrap()
    };
    assert!(unnamed.len() == 1 && unnamed[0].reference.is_none());
    assert!(store.find(unnamed[0].id.digits()).unwrap().references.is_empty());
}

#[test]
fn what_is_forged_or_damaged_leaves_nothing() {
    let layer = tar(&[("a", &[b'x'; 3000])]);
    let (honest, forged) = (config("a", architecture(), &[&layer]), tar(&[("a", b"evil")]));
    let text = refused(&docker_archive(&["web"], &honest, &[&forged]));
    assert!(text.contains(&digest(&layer)) && text.contains(&digest(&forged)), "{text}");
    let change = |change: &dyn Fn(&mut Layout)| {
        let mut layout = Layout::default();
        let image = layout.image(&honest, &[&layer]);
        layout.name(image, NAME, "web");
        change(&mut layout);
        refused(&layout.bytes())
    };
    // The layer is the first blob, then the configuration, then the manifest.
    for blob in 0..3 {
        let flipped = change(&|layout| *layout.files[blob].1.last_mut().unwrap() ^= 1);
        assert!(flipped.contains("sha256:") && flipped.contains("has to have"), "{flipped}");
        let longer = change(&|layout| layout.files[blob].1.push(0));
        assert!(longer.contains("bytes, but has to have"), "{longer}");
        let missing = change(&|layout| drop(layout.files.remove(blob)));
        assert!(missing.contains("which its manifest names"), "{missing}");
    }
    let escaping = change(&|layout| layout.manifests[0]["digest"] = "sha256:../../etc/passwd".into());
    assert!(escaping.contains("is not a digest"), "{escaping}");
    let evil = docker_archive(&["w"], &config("a", architecture(), &[&forged, &forged]), &[&forged]);
    assert!(refused(&evil).contains("has 1 layers"));
}

#[test]
fn an_archive_that_is_cut_leaves_nothing() {
    let layer = tar(&[("a", &[b'x'; 3000])]);
    let archive = docker_archive(&["web"], &config("a", architecture(), &[&layer]), &[&layer]);
    for length in [0, 100, 1000, 3000, 5000] {
        refused(&archive[..length]);
    }
    let packed = gzip(&archive);
    assert!(refused(&packed[..packed.len() / 2]).contains("archive"));
    assert!(refused(b"this is no archive").contains("archive"));
    assert!(refused(&layer).contains("neither index.json nor manifest.json"));
}

#[test]
fn a_bad_layer_is_explained() {
    let bad =
        |bytes: &[u8]| refused(&docker_archive(&["web"], &config("a", architecture(), &[bytes]), &[bytes]));
    let mut escaping = tar(&[("aa/x", b"evil")]);
    escaping[..2].copy_from_slice(b"..");
    // The checksum's digits: two letters became two dots.
    let sum = u32::from(b'a') * 2 - u32::from(b'.') * 2;
    let stated = u32::from_str_radix(str::from_utf8(&escaping[148..155]).unwrap(), 8).unwrap();
    escaping[148..155].copy_from_slice(format!("{:07o}", stated - sum).as_bytes());
    let text = bad(&escaping);
    assert!(text.contains("../x") && text.contains("leaves the layer"), "{text}");
    assert!(bad(&[b'z'; 1024]).contains("not a tar archive"));
}

#[test]
fn another_machine_is_named() {
    let layer = tar(&[("a", b"1")]);
    let config = config("a", "s390x", &[&layer]);
    let both = |text: &str| {
        let here = format!("linux/{}", architecture());
        assert!(text.contains("linux/s390x") && text.contains(&here), "{text}");
    };
    both(&refused(&docker_archive(&["web"], &config, &[&layer])));
    let mut layout = Layout::default();
    let image = layout.image(&config, &[&layer]);
    let index = layout.index(vec![(image, "s390x")]);
    layout.name(index, NAME, "web");
    both(&refused(&layout.bytes()));
}

#[test]
fn a_name_moves_and_the_old_image_stays_without_one() {
    let (_directory, store) = store();
    let layer = tar(&[("a", b"1")]);
    let load = |command: &str| {
        let config = config(command, architecture(), &[&layer]);
        store.load(docker_archive(&["web"], &config, &[&layer]).as_slice()).unwrap().remove(0).id
    };
    let (old, new) = (load("old"), load("new"));
    assert_eq!(store.find("web").unwrap().id, new);
    assert!(store.find(old.digits()).unwrap().references.is_empty());
    assert_eq!(store.remove(old.digits(), false).unwrap(), [Removed::Deleted(old)]);
    assert!(store.layers(&store.find("web").unwrap())[0].join("a").exists(), "the layer is still used");
    assert_eq!(load("new"), new, "again the same");
}

#[test]
fn a_process_that_cannot_unpack_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let layer = tar(&[("a", &vec![0; 1_000_000])]);
    let archive = docker_archive(&["web"], &config("a", architecture(), &[&layer]), &[&layer]);
    for (binary, said) in [("/bin/false", "exit status: 1"), ("/nowhere/skep", "start /nowhere/skep")] {
        let store = ImageStore::open_with(directory.path(), Some(binary.into())).unwrap();
        let error = store.load(archive.as_slice()).unwrap_err();
        assert!(matches!(error, Error::Process(_) | Error::File { .. }));
        assert!(error.to_string().contains(said), "{error}");
        assert_empty(directory.path());
    }
}
