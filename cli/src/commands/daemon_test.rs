use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    daemon: Daemon,
}

fn options(words: &[&str], file: &str) -> Result<DaemonOptions, Failure> {
    let line = Line::try_parse_from(["daemon"].iter().chain(words)).unwrap();
    line.daemon.options(serde_json::from_str(file).unwrap())
}

#[test]
fn defaults_follow_the_exec_root() {
    let plain = options(&[], "{}").unwrap();
    assert_eq!(plain.hosts, ["unix:///run/skep/skep.sock"]);
    assert_eq!(plain.pidfile, Path::new("/run/skep/skep.pid"));
    assert_eq!(plain.data_root, Path::new("/var/lib/skep"));
    let moved = options(&["--exec-root", "/tmp/x"], "{}").unwrap();
    assert_eq!(moved.hosts, ["unix:///tmp/x/skep.sock"]);
    assert_eq!(moved.pidfile, Path::new("/tmp/x/skep.pid"));
}

#[test]
fn flags_and_file_come_together() {
    let text = r#"{"data-root": "/d", "log-level": "warn", "labels": ["a=b"], "debug": true}"#;
    let both = options(&["-H", "unix:///a", "-H", "unix:///b", "--log-format", "json"], text).unwrap();
    assert_eq!(both.hosts, ["unix:///a", "unix:///b"]);
    assert_eq!(both.labels, ["a=b"]);
    assert!(both.log_json && both.debug);
    assert_eq!((both.log_level.as_str(), both.data_root), ("warn", "/d".into()));
}

#[test]
fn what_a_node_has_comes_from_flags_or_the_file() {
    let flags = options(&["--node-generic-resource", "GPU=a", "--node-generic-resource", "SSD=3"], "{}");
    let file = options(&[], r#"{"node-generic-resources": ["GPU=a", "SSD=3"]}"#);
    assert_eq!(flags.unwrap().generic, file.unwrap().generic);
    assert!(options(&["--node-generic-resource", "GPU"], "{}").unwrap_err().to_string().contains("'GPU'"));
}

#[test]
fn what_is_said_twice_is_refused() {
    let failure =
        options(&["--data-root", "/a", "-l", "info"], r#"{"data-root": "/b", "log-level": "info"}"#);
    let text = failure.unwrap_err().to_string();
    assert!(text.contains("data-root, log-level"), "{text}");
}

#[test]
fn mistakes_are_told() {
    assert!(
        serde_json::from_str::<ConfigFile>(r#"{"data-rot": "/b"}"#)
            .unwrap_err()
            .to_string()
            .contains("data-rot")
    );
    for words in [["-H", "tcp://0.0.0.0:2375"], ["--label", "x"], ["-l", "loud"], ["--log-format", "xml"]] {
        assert!(options(&words, "{}").is_err(), "{words:?}");
    }
}
