//! Images that come as archives, and what runs of them.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use sha2::{Digest, Sha256};
    use skep_harness::{Host, eventually, until};
    use tar::{Builder, EntryType, Header};

    const BUSYBOX: &str = "/bin/busybox";

    /// A root file system of busybox alone, as a tar archive.
    fn root(path: &Path) {
        let mut builder = Builder::new(fs::File::create(path).unwrap());
        builder.append_path_with_name(BUSYBOX, "bin/busybox").unwrap();
        for directory in ["etc", "data", "tmp"] {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Directory);
            header.set_size(0);
            header.set_mode(0o755);
            builder.append_data(&mut header, directory, std::io::empty()).unwrap();
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "bin/sh", "busybox").unwrap();
        builder.finish().unwrap();
    }

    fn host() -> Host {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host
    }

    fn imported() -> Host {
        let host = host();
        let archive = host.path("root.tar");
        root(&archive);
        let change = "CMD [\"/bin/sh\", \"-c\", \"echo imported; exec busybox sleep 1000\"]";
        host.skep(&["image", "import", "--change", change, archive.to_str().unwrap(), "bb:1"]).ok();
        host
    }

    fn deploy(host: &Host, stack: &str, text: &str) {
        let file = host.path("compose.yml");
        fs::write(&file, text).unwrap();
        host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), stack]).ok();
    }

    #[test]
    fn an_imported_root_file_system_runs() {
        let host = imported();
        fs::create_dir(host.path("shared")).unwrap();
        let shared = host.path("shared");
        deploy(
            &host,
            "bb",
            &format!(
                r#"
services:
  plain: {{image: "bb:1"}}
  asked:
    image: bb:1
    hostname: asked
    user: "7:8"
    working_dir: /data
    environment: {{WORD: told}}
    command: ["/bin/sh", "-c", "busybox id; busybox hostname; busybox pwd; echo $$WORD; busybox df -m /small | busybox tail -1; echo kept > /shared/file; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; exec busybox sleep 1000"]
    volumes:
      - {{type: bind, source: "{}", target: /shared}}
      - {{type: tmpfs, target: /small, tmpfs: {{size: 8388608}}}}
    deploy: {{resources: {{limits: {{memory: 32M, pids: 20}}}}}}
"#,
                shared.display()
            ),
        );
        let log = |service: &str| host.skep(&["service", "logs", "--raw", service]).ok();
        eventually(|| if log("bb_plain") == "imported\n" { Ok(()) } else { Err(log("bb_plain")) });
        // As user 7 nothing may be written into root's directory: the message is part of what is seen.
        until("the other service speaks", || log("bb_asked").contains("told").then_some(()));
        let asked = log("bb_asked");
        for word in ["uid=7 gid=8", "\nasked\n", "\n/data\n", "/small"] {
            assert!(asked.contains(word), "{word:?} is missing in {asked}");
        }
        assert!(fs::read_dir(&shared).unwrap().next().is_none(), "user 7 may not write there");
        host.skep(&["stack", "rm", "--detach=false", "bb"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_used_image_stays_until_nothing_uses_it() {
        let host = imported();
        deploy(&host, "bb", "services: {one: {image: 'bb:1', stop_signal: SIGKILL}}");
        let used = host.skep(&["image", "rm", "bb:1"]).failed();
        assert!(used.contains("uses it") && used.contains("bb:1"), "{used}");
        host.skep(&["image", "tag", "bb:1", "bb:2"]).ok();
        host.skep(&["image", "rm", "bb:1"]).ok();
        host.skep(&["stack", "rm", "--detach=false", "bb"]).ok();
        eventually(|| {
            let removed = host.skep(&["image", "rm", "bb:2"]);
            if removed.code == 0 { Ok(()) } else { Err(removed.err) }
        });
        let events = ["events", "--since", "1h", "--until", "0s", "--format", "{{.Type}} {{.Action}}"];
        let happened = host.skep(&events).ok();
        for event in ["image import", "image tag", "container start", "container die", "image delete"] {
            assert!(happened.lines().any(|line| line == event), "{event} is missing in {happened}");
        }
        let names = host.skep(&["image", "ls", "--format", "{{.Repository}}"]).ok();
        assert!(!names.contains("bb"), "{names}");
    }

    #[test]
    fn archives_of_dockers_are_loaded_and_bad_ones_refused() {
        let host = imported();
        let archive = host.path("image.tar");
        docker_archive(&host.path("root.tar"), &archive);
        let loaded = host.skep(&["image", "load", "-i", archive.to_str().unwrap()]).ok();
        assert_eq!(loaded.trim(), "Loaded image: saved:1");
        deploy(&host, "saved", "services: {one: {image: 'saved:1'}}");
        until("it runs", || {
            host.skep(&["service", "logs", "--raw", "saved_one"]).ok().contains("saved").then_some(())
        });
        let before = host.skep(&["image", "ls", "-q"]).ok();
        fs::write(host.path("bad.tar"), b"not an archive at all").unwrap();
        let bad = host.skep(&["image", "load", "-i", host.path("bad.tar").to_str().unwrap()]).failed();
        assert!(bad.contains("cannot read the image archive"), "{bad}");
        let mut cut = fs::read(&archive).unwrap();
        cut.truncate(cut.len() / 2);
        fs::write(host.path("cut.tar"), cut).unwrap();
        let cut = host.skep(&["image", "load", "-i", host.path("cut.tar").to_str().unwrap()]).failed();
        assert!(cut.contains("cannot read the image archive"), "{cut}");
        assert_eq!(host.skep(&["image", "ls", "-q"]).ok(), before, "nothing is half-loaded");
    }

    /// An archive as `docker save` writes it, of one layer.
    fn docker_archive(layer: &Path, archive: &Path) {
        let digest =
            |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let layer = fs::read(layer).unwrap();
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = serde_json::json!({
            "architecture": architecture, "os": "linux", "created": "2024-01-02T03:04:05Z",
            "config": {"Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo saved; exec busybox sleep 1000"]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))]},
        });
        let config = config.to_string().into_bytes();
        let name = format!("{}.json", digest(&config));
        let manifest =
            serde_json::json!([{"Config": name, "RepoTags": ["saved:1"], "Layers": ["l/layer.tar"]}]);
        let manifest = manifest.to_string().into_bytes();
        let mut builder = Builder::new(fs::File::create(archive).unwrap());
        for (path, bytes) in [(name.as_str(), &config), ("l/layer.tar", &layer), ("manifest.json", &manifest)]
        {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, bytes.as_slice()).unwrap();
        }
        builder.finish().unwrap();
    }
}
