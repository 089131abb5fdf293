//! Layers that are honest, odd or malicious. They need root: owners, devices and overlayfs's attributes do.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{getxattr, lgetxattr};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;

/// A layer being written.
struct Layer(Builder<Vec<u8>>);

impl Layer {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Adds an entry with exactly this path and link, which the crate's own functions would refuse.
    fn raw(
        mut self,
        kind: EntryType,
        path: &str,
        link: &str,
        content: &[u8],
        change: impl Fn(&mut Header),
    ) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_mtime(1_000_000);
        header.set_size(content.len() as u64);
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        change(&mut header);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.raw(EntryType::Regular, path, "", content.as_bytes(), |_| {})
    }

    fn directory(self, path: &str) -> Self {
        self.raw(EntryType::Directory, path, "", b"", |header| header.set_mode(0o750))
    }

    fn link(self, kind: EntryType, path: &str, link: &str) -> Self {
        self.raw(kind, path, link, b"", |_| {})
    }

    fn xattrs(mut self, pairs: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(pairs.iter().copied()).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    fn extract(self) -> Result<(TempDir, Unpacked), Error> {
        let directory = tempfile::tempdir().unwrap();
        let bytes = self.bytes();
        let unpacked = extract(&open_directory(directory.path()).unwrap(), bytes.as_slice())?;
        assert_eq!(unpacked.diff_id, crate::digest::of(&bytes));
        Ok((directory, unpacked))
    }

    fn refused(self) -> String {
        self.extract().unwrap_err().to_string()
    }
}

fn opaque(path: &Path) -> bool {
    let mut value = [0; 8];
    getxattr(path, "trusted.overlay.opaque", &mut value).is_ok_and(|length| value[..length] == *b"y")
}

fn whiteout(path: &Path) -> bool {
    let found = fs::symlink_metadata(path).unwrap();
    found.file_type().is_char_device() && found.rdev() == 0
}

#[test]
fn everything_is_as_the_layer_says() {
    // Two sets of a file capability; the value has a line end in it.
    let capability = [1, 0, 0, 2, b'\n', 4, 0, 0, b'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let device = |header: &mut Header| {
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
    };
    let long = format!("etc/{}", "x".repeat(200));
    let mut layer = Layer::new()
        .directory("./")
        .directory("./etc/")
        .xattrs(&[
            ("SCHILY.xattr.trusted.note", b"a\nb=\0"),
            ("SCHILY.xattr.security.capability", &capability),
        ])
        .raw(EntryType::Regular, "etc/set", "", b"12345", |header| {
            header.set_mode(0o4755);
            header.set_uid(1000);
            header.as_old_mut().gid = *b"        ";
        })
        .xattrs(&[("mtime", b"-1.5"), ("uid", b"4000000000"), ("SCHILY.xattr.trusted.overlay.opaque", b"y")])
        .directory("deep")
        .link(EntryType::Link, "etc/same", "./etc/set")
        .link(EntryType::Symlink, "abs", "/etc/set")
        .raw(EntryType::Fifo, "pipe", "", b"", |header| header.set_mode(0o622))
        .raw(EntryType::Char, "null", "", b"", device)
        .raw(EntryType::Block, "disk", "", b"", device)
        .file("/no/parents/file", "abc");
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o600);
    layer.0.append_data(&mut header, &long, b"l".as_slice()).unwrap();
    let (root, unpacked) = layer.extract().unwrap();
    let path = |name: &str| root.path().join(name);
    let look = |name: &str| fs::symlink_metadata(path(name)).unwrap();
    assert_eq!(unpacked.bytes, 9);
    let set = look("etc/set");
    assert_eq!((set.mode() & 0o7777, set.uid(), set.gid(), set.mtime()), (0o4755, 1000, 0, 1_000_000));
    assert_eq!((set.ino(), set.nlink()), (look("etc/same").ino(), 2));
    let mut value = [0; 64];
    assert_eq!(getxattr(path("etc/set"), "trusted.note", &mut value).unwrap(), 5);
    assert_eq!(&value[..5], b"a\nb=\0");
    assert_eq!(getxattr(path("etc/set"), "security.capability", &mut value).unwrap(), 20);
    assert_eq!(&value[..20], &capability);
    let deep = look("deep");
    assert_eq!((deep.uid(), deep.mtime(), deep.mtime_nsec()), (4_000_000_000, -2, 500_000_000));
    assert!(!opaque(&path("deep")), "overlayfs's own attributes are not the layer's to set");
    assert_eq!(fs::read_link(path("abs")).unwrap(), Path::new("/etc/set"));
    assert_eq!(
        (look("etc").mode() & 0o7777, look("etc").mtime(), look("abs").mtime()),
        (0o750, 1_000_000, 1_000_000)
    );
    assert_eq!((look(".").mode() & 0o7777, look(".").mtime()), (0o750, 1_000_000));
    assert!(look("pipe").file_type().is_fifo() && look("pipe").mode() & 0o7777 == 0o622);
    assert!(look("null").file_type().is_char_device() && look("disk").file_type().is_block_device());
    assert_eq!(look("null").rdev(), rustix::fs::makedev(1, 3));
    assert_eq!(look("no/parents").mode() & 0o7777, 0o755);
    assert_eq!((fs::read(path(&long)).unwrap(), look(&long).mode() & 0o7777), (b"l".to_vec(), 0o600));
    assert!(lgetxattr(path("abs"), "trusted.note", &mut value).is_err());
}

#[test]
fn removed_names_become_overlayfs_marks() {
    let (root, _) = Layer::new()
        .file("a/.wh.gone", "")
        .file("b/.wh..wh..opq", "")
        .file(".wh..wh.plnk", "")
        // What the layer removes and puts there again, in both orders.
        .file(".wh.new", "")
        .directory("new")
        .directory("old")
        .file("old/kept", "1")
        .file(".wh.old", "")
        .file(".wh.file", "")
        .file("file", "2")
        .file("again", "3")
        .file(".wh.again", "")
        .extract()
        .unwrap();
    let path = |name: &str| root.path().join(name);
    assert!(whiteout(&path("a/gone")));
    assert!(opaque(&path("b")) && opaque(&path("new")) && opaque(&path("old")) && !opaque(&path("a")));
    assert_eq!(fs::read(path("old/kept")).unwrap(), b"1");
    assert_eq!(fs::read(path("file")).unwrap(), b"2");
    assert_eq!(fs::read(path("again")).unwrap(), b"3");
    assert!(!path(".wh..wh.plnk").exists() && !path(".plnk").exists());
}

#[test]
fn later_entries_replace_earlier_ones() {
    let (root, _) = Layer::new()
        .directory("a")
        .file("a/b/c", "deep")
        .file("a", "file now")
        .file("d", "file")
        .file("other", "untouched")
        .link(EntryType::Link, "e", "other")
        .file("e", "own")
        .directory("d")
        .file("d/in", "1")
        .link(EntryType::Symlink, "s", "other")
        .file("s", "no link")
        .link(EntryType::Link, "d/in", "d/in")
        .link(EntryType::Symlink, "dir", "d")
        .directory("dir")
        .extract()
        .unwrap();
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    assert_eq!(
        (read("a"), read("d/in"), read("other"), read("e"), read("s")),
        ("file now".into(), "1".into(), "untouched".into(), "own".into(), "no link".into())
    );
    assert!(fs::symlink_metadata(root.path().join("dir")).unwrap().is_dir());
}

#[test]
fn links_lead_nowhere_outside() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "kept").unwrap();
    let target = outside.path().to_str().unwrap();
    let secret = format!("{target}/secret");
    let through = |layer: Layer| {
        let written = layer.extract();
        assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "kept");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        written
    };
    // Absolute and climbing links are kept as they are; what is written through them lands inside.
    for link in [target.to_owned(), format!("../../../../../../{target}")] {
        let refused = through(Layer::new().link(EntryType::Symlink, "l", &link).file("l/secret", "evil"));
        assert!(refused.unwrap_err().to_string().contains("leads nowhere"));
    }
    let (root, _) =
        through(Layer::new().directory("d").link(EntryType::Symlink, "l", "/../d").file("l/x", "in"))
            .unwrap();
    assert_eq!(fs::read_to_string(root.path().join("d/x")).unwrap(), "in");
    through(Layer::new().link(EntryType::Symlink, "f", &secret).file("f", "evil")).unwrap();
    let marked = through(Layer::new().link(EntryType::Symlink, "l", target).file("l/.wh.secret", ""));
    assert!(marked.is_err());
    let opaque = through(Layer::new().link(EntryType::Symlink, "l", target).file("l/.wh..wh..opq", ""));
    assert!(opaque.is_err());
    for hard in [secret.as_str(), "nothing", "nothing/below"] {
        let text = Layer::new().link(EntryType::Link, "h", hard).refused();
        assert!(text.contains("hard link") && text.contains("does not have"), "{text}");
    }
    let climbing = format!("../../../..{secret}");
    assert!(Layer::new().link(EntryType::Link, "h", &climbing).refused().contains("'..'"));
    let by_link = Layer::new().link(EntryType::Symlink, "l", target).link(EntryType::Link, "h", "l/secret");
    assert!(through(by_link).unwrap_err().to_string().contains("does not have"));
}

#[test]
fn what_no_layer_may_is_refused_with_its_path() {
    for path in ["../x", "a/../../x", "a/..", "..", "/../x"] {
        let text = Layer::new().file(path, "evil").refused();
        assert!(text.contains(path) && text.contains("'..'"), "{text}");
    }
    for path in [".wh..", ".wh...", "a/.wh.", "a/.wh..."] {
        let text = Layer::new().directory("a").file(path, "").refused();
        assert!(text.contains("no layer may"), "{path}: {text}");
    }
    assert!(Layer::new().file("./", "").extract().is_ok(), "an old way to write a directory");
    assert!(Layer::new().file(".", "x").refused().contains("root is not a directory"));
    assert!(Layer::new().link(EntryType::new(b'9'), "x", "").refused().contains("type"));
    let sparse = Layer::new().xattrs(&[("GNU.sparse.major", b"1")]).file("x", "");
    assert!(sparse.refused().contains("sparse"));
    let nobody =
        Layer::new().raw(EntryType::Regular, "x", "", b"", |header| header.set_uid(u64::from(u32::MAX)));
    assert!(nobody.refused().contains("owner"));
    assert!(Layer::new().file("a", "").file("a/b", "").refused().contains("a/b"));
}

#[test]
fn a_layer_that_is_cut_is_an_error() {
    let bytes = Layer::new().file("a", &"x".repeat(2000)).bytes();
    let directory = tempfile::tempdir().unwrap();
    for length in [100, 600, 1500, 2500] {
        let cut = extract(&open_directory(directory.path()).unwrap(), &bytes[..length]);
        assert!(cut.unwrap_err().to_string().contains("middle"), "{length}");
    }
}

#[test]
fn a_folder_keeps_its_mode_while_it_is_filled() {
    let (root, _) = Layer::new()
        .raw(EntryType::Directory, "d", "", b"", |header| header.set_mode(0o500))
        .file("d/a", "1")
        .directory("d/sub")
        .extract()
        .unwrap();
    let found = fs::metadata(root.path().join("d")).unwrap();
    assert_eq!((found.permissions().mode() & 0o7777, found.mtime()), (0o500, 1_000_000));
}
