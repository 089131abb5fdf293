use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cargo::cargo;

/// The workspace's root.
pub fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().and_then(Path::parent).unwrap_or(own)
}

/// The compose file of an example.
pub fn example(name: &str) -> PathBuf {
    workspace().join("stacks-examples").join(name).join("compose.yml")
}

/// The `skep` binary: the one that `SKEP_TEST_BINARY` names, or the one of this workspace, which is built when it is not
/// there or not up to date. Cargo's own lock lets several tests ask at the same time.
///
/// # Panics
/// When it cannot be built.
pub fn skep_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("SKEP_TEST_BINARY") {
        Some(path) => path.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let built = cargo()
        .args(["build", "--package", "skep", "--message-format", "json-render-diagnostics"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "skep does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    let executable = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    };
    lines.lines().filter_map(executable).next_back().expect("cargo names the binary")
}
