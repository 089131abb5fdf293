//! Names, imports, removals, crashes and company.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::thread;

use skep_image::{Error, ImageStore, Reference, Removed};

use crate::archives::{architecture, config, docker_archive, gzip, tar};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn count(root: &Path, part: &str) -> usize {
    fs::read_dir(root.join(part)).map_or(0, Iterator::count)
}

fn untagged(name: &str) -> Removed {
    Removed::Untagged(name.to_owned())
}

#[test]
fn a_root_file_system_becomes_an_image() {
    let directory = tempfile::tempdir().unwrap();
    let store = ImageStore::open(directory.path()).unwrap();
    let root = tar(&[("bin/sh", b"shell")]);
    let changes = ["CMD [\"/bin/sh\"]".to_owned(), "ENV A=1".to_owned(), "EXPOSE 80".to_owned()];
    let id = store.import(gzip(&root).as_slice(), Some(reference("base")), &changes).unwrap();
    let image = store.find("base").unwrap();
    assert_eq!((image.id, image.size_bytes, image.config.cmd), (id.clone(), 5, vec!["/bin/sh".to_owned()]));
    assert!(image.config.exposed_ports == ["80/tcp"] && image.config.env == ["A=1"]);
    assert!(image.created.ends_with('Z') && image.architecture == architecture());
    let raw: serde_json::Value = serde_json::from_slice(&store.raw_config(&id).unwrap()).unwrap();
    assert_eq!(raw["rootfs"]["diff_ids"][0], crate::archives::digest(&root));
    let refused = store.import(root.as_slice(), None, &["RUN x".to_owned()]);
    assert!(matches!(refused, Err(Error::Change { .. })));
    // What it is made of can be written out and loaded again: the same image.
    let raw = store.raw_config(&id).unwrap();
    store.remove("base", false).unwrap();
    let loaded = store.load(docker_archive(&["base"], &raw, &[&root]).as_slice()).unwrap();
    assert_eq!(loaded[0].id, id);
    assert_eq!((count(directory.path(), "layers"), count(directory.path(), "making")), (1, 0));
}

#[test]
fn names_come_and_go_as_with_docker() {
    let directory = tempfile::tempdir().unwrap();
    let store = ImageStore::open(directory.path()).unwrap();
    let id = store.import(tar(&[("a", b"1")]).as_slice(), Some(reference("one")), &[]).unwrap();
    store.tag("one", &reference("example.org/two:2")).unwrap();
    store.tag(id.digits(), &reference("three")).unwrap();
    let conflict = store.remove(id.digits(), false).unwrap_err().to_string();
    assert!(conflict.contains("must be forced") && conflict.contains("example.org/two:2"), "{conflict}");
    assert_eq!(store.remove("one", false).unwrap(), [untagged("one:latest")]);
    assert!(store.find("one").is_err() && store.find("three").is_ok());
    let store = ImageStore::open(directory.path()).unwrap();
    let removed = store.remove(&id.to_string(), true).unwrap();
    assert_eq!(removed, [untagged("example.org/two:2"), untagged("three:latest"), Removed::Deleted(id)]);
    for part in ["layers", "images", "configs", "making"] {
        assert_eq!(count(directory.path(), part), 0, "{part}");
    }
    assert!(matches!(store.remove("three", false), Err(Error::NotFound(_))));
    assert!(matches!(store.tag("three", &reference("x")), Err(Error::NotFound(_))));
    let other = store.import(tar(&[("a", b"2")]).as_slice(), Some(reference("last")), &[]).unwrap();
    assert_eq!(store.remove("last", false).unwrap(), [untagged("last:latest"), Removed::Deleted(other)]);
}

#[test]
fn what_a_crash_left_is_collected() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let store = ImageStore::open(root).unwrap();
    let old = store.import(tar(&[("a", b"1")]).as_slice(), Some(reference("web")), &[]).unwrap();
    let record = root.join("images").join(format!("{}.json", old.digits()));
    let with_name = fs::read(&record).unwrap();
    let new = store.import(tar(&[("a", b"2")]).as_slice(), Some(reference("web")), &[]).unwrap();
    drop(store);
    // A crash between writing the new image and taking the name from the old one.
    let modified = fs::metadata(&record).unwrap().modified().unwrap() - std::time::Duration::from_secs(9);
    fs::write(&record, with_name).unwrap();
    fs::File::options().write(true).open(&record).unwrap().set_modified(modified).unwrap();
    // Crashes before an image's record was written, and while a load was under way.
    fs::create_dir_all(root.join("layers/unknown/deep")).unwrap();
    fs::write(root.join("configs/unknown.json"), "{}").unwrap();
    fs::write(root.join("images/unknown.new"), "half").unwrap();
    fs::create_dir_all(root.join("making/0/half")).unwrap();
    let store = ImageStore::open(root).unwrap();
    assert_eq!(store.find("web").unwrap().id, new);
    assert!(store.find(old.digits()).unwrap().references.is_empty());
    for (part, left) in [("layers", 2), ("configs", 2), ("images", 2), ("making", 0)] {
        assert_eq!(count(root, part), left, "{part}");
    }
}

/// Fails, as a client that goes away, when all bytes were read.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(io::Error::other("the client went away")),
            read => read,
        }
    }
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_skep-unpack").into();
    let store = ImageStore::open_with(directory.path(), Some(binary)).unwrap();
    let layer = tar(&[("a", &vec![0; 500_000])]);
    let error = store.import(Broken(&layer[..100_000]), None, &[]).unwrap_err().to_string();
    assert!(error.contains("went away"), "{error}");
    let error = store.load(Broken(&layer[..100_000])).unwrap_err().to_string();
    assert!(error.contains("went away"), "{error}");
    assert_eq!((count(directory.path(), "making"), count(directory.path(), "layers")), (0, 0));
}

#[test]
fn many_can_use_the_store_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = ImageStore::open(directory.path()).unwrap();
    let shared = tar(&[("shared", b"1")]);
    let work = |number: usize| {
        let own = tar(&[("own", number.to_string().as_bytes())]);
        let config = config(&number.to_string(), architecture(), &[&shared, &own]);
        let name = format!("image-{number}");
        let archive = docker_archive(&[&name], &config, &[&shared, &own]);
        for _ in 0..5 {
            store.load(archive.as_slice()).unwrap();
            let image = store.find(&name).unwrap();
            assert!(store.layers(&image).iter().all(|layer| layer.is_dir()));
            store.list();
            store.remove(&name, false).unwrap();
        }
        store.load(archive.as_slice()).unwrap();
    };
    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || work(number));
        }
    });
    assert_eq!((store.list().len(), count(directory.path(), "layers")), (4, 5));
}
