//! Writes a container's log.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::files::numbered;
use super::line::{Stream, write_line};
use crate::config::LogConfig;

/// The file being written. Output is never held up by it: what cannot be written is counted and thrown away.
#[derive(Debug)]
pub(crate) struct LogWriter {
    config: LogConfig,
    file: Option<File>,
    size: u64,
    lost: u64,
}

impl LogWriter {
    /// Opens or makes the file; `/dev/null` writes nothing.
    pub(crate) fn open(config: LogConfig) -> io::Result<Self> {
        let mut writer = Self { config, file: None, size: 0, lost: 0 };
        writer.reopen()?;
        Ok(writer)
    }

    /// Closes the file and opens whatever now has its name.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        if self.config.path == Path::new("/dev/null") {
            return Ok(());
        }
        if let Some(parent) = self.config.path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = File::options().append(true).create(true).open(&self.config.path)?;
        self.size = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// Where the log goes.
    pub(crate) fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Bytes that could not be written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Puts a line into `batch`, the text that [`LogWriter::write`] takes.
    pub(crate) fn format(batch: &mut Vec<u8>, now_ns: u64, stream: Stream, bytes: &[u8], partial: bool) {
        write_line(now_ns, stream, bytes, partial, batch);
    }

    /// Writes whole lines, with one call per file: a line that would pass the file's size begins a new one.
    pub(crate) fn write(&mut self, mut batch: &[u8]) {
        while !batch.is_empty() {
            let fitting = self.fitting(batch);
            if fitting == 0 {
                if self.rotate().is_err() {
                    self.lost += batch.len() as u64;
                    return;
                }
                continue;
            }
            let (now, later) = batch.split_at(fitting);
            batch = later;
            let Some(file) = &mut self.file else { return };
            match file.write_all(now) {
                Ok(()) => self.size += now.len() as u64,
                Err(_) => self.lost += now.len() as u64,
            }
        }
    }

    /// How many bytes, in whole lines, go into the present file; at least one line into an empty one.
    fn fitting(&self, batch: &[u8]) -> usize {
        let limit = self.config.size_max_bytes;
        let room = usize::try_from(limit.saturating_sub(self.size)).unwrap_or(usize::MAX);
        if limit == 0 || self.file.is_none() || batch.len() <= room {
            return batch.len();
        }
        let line_end = |part: &[u8]| part.iter().rposition(|c| *c == b'\n').map_or(0, |at| at + 1);
        match line_end(batch.get(..room).unwrap_or_default()) {
            0 if self.size == 0 => batch.iter().position(|c| *c == b'\n').map_or(batch.len(), |at| at + 1),
            fitting => fitting,
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let path = self.config.path.clone();
        if self.config.files_max <= 1 {
            fs::remove_file(&path)?;
        }
        for number in (0..self.config.files_max.saturating_sub(1)).rev() {
            match fs::rename(numbered(&path, number), numbered(&path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.reopen()
    }
}
