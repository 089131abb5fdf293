//! Reads a container's log over all its files, from anywhere, as often as there may be more.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files::existing;
use super::line::LogLine;

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Only lines at or after this time, in nanoseconds since 1970.
    pub since_ns: Option<u64>,
    /// Only lines before this time.
    pub until_ns: Option<u64>,
    /// Only the last so many of the lines that exist at the beginning.
    pub tail: Option<usize>,
}

/// A place in a log that stays right when files are renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Number of the file's inode.
    pub inode: u64,
    /// Bytes from its beginning.
    pub offset: u64,
}

/// Reads lines in order. After the last one `next_line` gives `None`, and may give more later.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    options: LogOptions,
    file: Option<BufReader<File>>,
    position: Position,
}

impl LogReader {
    /// Begins at the oldest line, or as far back as `options.tail` says. A log that does not exist yet is empty.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn open(path: &Path, options: LogOptions) -> io::Result<Self> {
        let start = match options.tail {
            Some(lines) => tail_position(path, lines)?,
            None => None,
        };
        let position = start.unwrap_or(Position { inode: 0, offset: 0 });
        Self::open_at(path, options, position)
    }

    /// Goes on from `position` (`options.tail` is not looked at). If its file is gone: from the oldest line.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn open_at(path: &Path, options: LogOptions, position: Position) -> io::Result<Self> {
        let mut reader = Self { path: path.to_owned(), options, file: None, position };
        for candidate in existing(path) {
            let Some(file) = open_existing(&candidate)? else { continue };
            if file.metadata()?.ino() == position.inode {
                reader.take(file, position.offset)?;
                break;
            }
        }
        Ok(reader)
    }

    /// Where the next line begins.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next line wanted, or `None` if there is none now (or, with `until_ns`, for good).
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<LogLine>> {
        loop {
            let Some(text) = self.next_text()? else { return Ok(None) };
            let Some(line) = LogLine::parse(&text) else { continue };
            if self.options.since_ns.is_some_and(|since| line.timestamp_ns < since) {
                continue;
            }
            if self.options.until_ns.is_some_and(|until| line.timestamp_ns >= until) {
                return Ok(None);
            }
            return Ok(Some(line));
        }
    }

    fn next_text(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(text) = self.read_text()? {
                return Ok(Some(text));
            }
            let Some(next) = self.find_next()? else { return Ok(None) };
            // A last line may have been written between looking at the file and its renaming.
            if let Some(text) = self.read_text()? {
                return Ok(Some(text));
            }
            self.take(next, 0)?;
        }
    }

    /// The next whole line of the present file.
    fn read_text(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut text = Vec::new();
        let length = file.read_until(b'\n', &mut text)?;
        if text.pop_if(|last| *last == b'\n').is_some() {
            self.position.offset += length as u64;
            return Ok(Some(text));
        }
        // The end, or a line that is being written: look again from its beginning.
        file.seek(SeekFrom::Start(self.position.offset))?;
        Ok(None)
    }

    /// The file after the present one; `None` if that is the newest.
    fn find_next(&self) -> io::Result<Option<File>> {
        let mut files = Vec::new();
        for path in existing(&self.path) {
            files.extend(open_existing(&path)?);
        }
        let mut inodes = Vec::new();
        for file in &files {
            inodes.push(file.metadata()?.ino());
        }
        let present = self.file.as_ref().and(inodes.iter().position(|inode| *inode == self.position.inode));
        Ok(files.into_iter().nth(present.map_or(0, |at| at + 1)))
    }

    fn take(&mut self, file: File, offset: u64) -> io::Result<()> {
        self.position = Position { inode: file.metadata()?.ino(), offset };
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(offset))?;
        self.file = Some(file);
        Ok(())
    }
}

/// A file may be renamed away between listing and opening.
fn open_existing(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the last `wanted` whole lines begin; `None`: there are not more than that.
fn tail_position(path: &Path, wanted: usize) -> io::Result<Option<Position>> {
    let mut missing = wanted;
    for candidate in existing(path).into_iter().rev() {
        let Some(file) = open_existing(&candidate)? else { continue };
        let inode = file.metadata()?.ino();
        let (starts, end) = last_line_starts(file, missing)?;
        if missing == 0 {
            return Ok(Some(Position { inode, offset: end }));
        }
        if starts.len() >= missing {
            return Ok(starts.front().map(|offset| Position { inode, offset: *offset }));
        }
        missing -= starts.len();
    }
    Ok(None)
}

/// Offsets at which the last `wanted` lines begin (parts of one line count once), and the end of the last one.
fn last_line_starts(file: File, wanted: usize) -> io::Result<(VecDeque<u64>, u64)> {
    let mut file = BufReader::new(file);
    let mut starts = VecDeque::with_capacity(wanted.min(4096));
    let (mut offset, mut goes_on) = (0, false);
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = file.read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            return Ok((starts, offset));
        }
        if !goes_on && wanted > 0 {
            if starts.len() == wanted {
                starts.pop_front();
            }
            starts.push_back(offset);
        }
        goes_on = text.splitn(4, |c| *c == b' ').nth(2) == Some(b"P");
        offset += length as u64;
    }
}

#[cfg(test)]
#[path = "reader_test.rs"]
mod tests;
