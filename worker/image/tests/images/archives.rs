//! Archives to load, made by hand so that any part of them can be wrong.

use std::io::Write;

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

pub(crate) fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// A tar archive of files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

/// A configuration of an image with these layers (uncompressed).
pub(crate) fn config(command: &str, architecture: &str, layers: &[&[u8]]) -> Vec<u8> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
    let config = serde_json::json!({
        "created": "2024-01-02T03:04:05Z", "architecture": architecture, "os": "linux",
        "config": {
            "Env": ["A=b"], "Cmd": [command], "Entrypoint": null, "WorkingDir": "/w", "User": "1:2",
            "Labels": {"k": "v"}, "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGINT",
            "Healthcheck": {"Test": ["CMD", "true"]},
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    config.to_string().into_bytes()
}

/// What `docker save` wrote before version 25: each layer in a folder of its own, shared ones as links.
pub(crate) fn docker_archive(tags: &[&str], config: &[u8], layers: &[&[u8]]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).unwrap();
    };
    let name = format!("{}.json", digest(config).strip_prefix("sha256:").unwrap());
    let mut paths = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        paths.push(format!("l{at}/layer.tar"));
        if !layers[..at].contains(layer) {
            add(&paths[at], layer);
        }
    }
    add(&name, config);
    let manifest = serde_json::json!([{"Config": name, "RepoTags": tags, "Layers": paths}]);
    add("manifest.json", manifest.to_string().as_bytes());
    for (at, layer) in layers.iter().enumerate() {
        if let Some(first) = layers[..at].iter().position(|other| other == layer) {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, &paths[at], format!("../l{first}/layer.tar")).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

/// An OCI image layout being written.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) manifests: Vec<serde_json::Value>,
}

impl Layout {
    /// Adds a blob; gives its descriptor.
    pub(crate) fn blob(&mut self, bytes: &[u8]) -> serde_json::Value {
        let digest = digest(bytes);
        let path = format!("blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap());
        if !self.files.iter().any(|(known, _)| *known == path) {
            self.files.push((path, bytes.to_vec()));
        }
        serde_json::json!({"mediaType": "application/octet-stream", "digest": digest, "size": bytes.len()})
    }

    /// Adds an image; gives its manifest's descriptor. `packed` are the layers as they are stored.
    pub(crate) fn image(&mut self, config: &[u8], packed: &[&[u8]]) -> serde_json::Value {
        let layers: Vec<_> = packed.iter().map(|layer| self.blob(layer)).collect();
        let manifest = serde_json::json!({"schemaVersion": 2, "config": self.blob(config), "layers": layers});
        self.blob(manifest.to_string().as_bytes())
    }

    /// Adds an index of manifests for platforms; gives its descriptor.
    pub(crate) fn index(&mut self, manifests: Vec<(serde_json::Value, &str)>) -> serde_json::Value {
        let with_platform = |(mut manifest, architecture): (serde_json::Value, &str)| {
            manifest["platform"] = serde_json::json!({"os": "linux", "architecture": architecture});
            manifest
        };
        let manifests: Vec<_> = manifests.into_iter().map(with_platform).collect();
        self.blob(serde_json::json!({"schemaVersion": 2, "manifests": manifests}).to_string().as_bytes())
    }

    pub(crate) fn name(&mut self, mut descriptor: serde_json::Value, key: &str, name: &str) {
        descriptor["annotations"] = serde_json::json!({ key: name });
        self.manifests.push(descriptor);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let index = serde_json::json!({"schemaVersion": 2, "manifests": self.manifests}).to_string();
        let mut files: Vec<(&str, &[u8])> =
            vec![("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#), ("index.json", index.as_bytes())];
        files.extend(self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
        tar(&files)
    }
}
