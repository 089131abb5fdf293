use super::super::{LogWriter, Stream};
use super::*;
use crate::config::LogConfig;

struct Log {
    dir: tempfile::TempDir,
    writer: LogWriter,
}

impl Log {
    fn new(size_max_bytes: u64, files_max: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/c.log");
        let writer = LogWriter::open(LogConfig { path, size_max_bytes, files_max }).unwrap();
        Self { dir, writer }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("logs/c.log")
    }

    fn write(&mut self, second: u64, text: &str) {
        let mut batch = Vec::new();
        LogWriter::format(&mut batch, second * 1_000_000_000, Stream::Stdout, text.as_bytes(), false);
        self.writer.write(&batch);
    }

    fn read(&self, options: LogOptions) -> Vec<String> {
        rest(&mut LogReader::open(&self.path(), options).unwrap())
    }
}

fn rest(reader: &mut LogReader) -> Vec<String> {
    std::iter::from_fn(|| reader.next_line().unwrap()).map(|l| String::from_utf8(l.bytes).unwrap()).collect()
}

#[test]
fn since_until_tail() {
    let mut log = Log::new(0, 1);
    for n in 0..5 {
        log.write(n, &n.to_string());
    }
    let (since_ns, until_ns) = (Some(1_000_000_000), Some(4_000_000_000));
    assert_eq!(log.read(LogOptions { since_ns, until_ns, tail: None }), ["1", "2", "3"]);
    assert_eq!(log.read(LogOptions { tail: Some(2), ..LogOptions::default() }), ["3", "4"]);
    assert_eq!(log.read(LogOptions { tail: Some(9), ..LogOptions::default() }).len(), 5);
    assert!(log.read(LogOptions { tail: Some(0), ..LogOptions::default() }).is_empty());
}

#[test]
fn rotation_keeps_the_newest_files_and_the_reader_crosses_them() {
    let mut log = Log::new(100, 3);
    for n in 0..20 {
        log.write(n, &format!("line-{n}"));
    }
    let files = existing(&log.path());
    assert_eq!(files.len(), 3);
    for file in &files {
        assert!(std::fs::metadata(file).unwrap().len() <= 100);
    }
    let all = log.read(LogOptions::default());
    assert_eq!(all.last().unwrap(), "line-19");
    assert_eq!(all.len(), 6);
    assert_eq!(log.read(LogOptions { tail: Some(4), ..LogOptions::default() }), all[2..]);
}

#[test]
fn following_across_rotation_and_from_a_position() {
    let mut log = Log::new(100, 10);
    let mut reader = LogReader::open(&log.path(), LogOptions::default()).unwrap();
    assert!(rest(&mut reader).is_empty());
    log.write(0, "a");
    assert_eq!(rest(&mut reader), ["a"]);
    let position = reader.position();
    for n in 1..8 {
        log.write(n, &n.to_string());
    }
    let expected: Vec<String> = (1..8).map(|n| n.to_string()).collect();
    assert_eq!(rest(&mut reader), expected);
    let mut again = LogReader::open_at(&log.path(), LogOptions::default(), position).unwrap();
    assert_eq!(rest(&mut again), expected);
}

#[test]
fn a_line_being_written_is_left_for_later() {
    let mut log = Log::new(0, 1);
    log.write(0, "whole");
    let mut reader = LogReader::open(&log.path(), LogOptions::default()).unwrap();
    use std::io::Write;
    let mut file = File::options().append(true).open(log.path()).unwrap();
    file.write_all(b"1970-01-01T00:00:05Z stdout F ha").unwrap();
    assert_eq!(rest(&mut reader), ["whole"]);
    file.write_all(b"lf\ngarbage\n").unwrap();
    assert_eq!(rest(&mut reader), ["half"]);
}

#[test]
fn one_batch_is_spread_over_files_by_whole_lines() {
    let mut log = Log::new(100, 9);
    let mut batch = Vec::new();
    for n in 0..9 {
        LogWriter::format(&mut batch, n, Stream::Stdout, b"x", false);
    }
    LogWriter::format(&mut batch, 9, Stream::Stdout, &[b'y'; 200], false);
    log.writer.write(&batch);
    let files = existing(&log.path());
    // A line takes 42 bytes: two in each file, and the long one in a file of its own.
    assert_eq!(files.len(), 6);
    let all = log.read(LogOptions::default());
    assert_eq!((all.len(), all[9].len()), (10, 200));
}
