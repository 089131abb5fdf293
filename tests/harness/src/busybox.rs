use std::fs::File;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use crate::host::Host;

/// The machine's own, statically linked (Debian: busybox-static).
const BUSYBOX: &str = "/bin/busybox";
/// What it can be called by in the image.
const APPLETS: [&str; 12] =
    ["sh", "cat", "echo", "env", "hostname", "id", "nslookup", "pwd", "sleep", "true", "wget", "ip"];

impl Host {
    /// Makes an image of busybox alone on this host.
    ///
    /// # Panics
    /// When it cannot be imported.
    pub fn import_busybox(&self, image: &str) {
        let archive = self.path("busybox.tar");
        write(&archive).expect("an archive of busybox");
        self.skep(&["image", "import", &archive.display().to_string(), image]).ok();
    }
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut builder = Builder::new(File::create(path)?);
    builder.append_path_with_name(BUSYBOX, "bin/busybox")?;
    for directory in ["etc", "data", "tmp"] {
        let mut header = header(EntryType::Directory);
        builder.append_data(&mut header, directory, std::io::empty())?;
    }
    for applet in APPLETS {
        builder.append_link(&mut header(EntryType::Symlink), format!("bin/{applet}"), "busybox")?;
    }
    builder.finish()
}

fn header(kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_mode(0o755);
    header
}
