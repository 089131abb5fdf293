//! A whole file of any length, sealed: encrypted, authenticated to its end, and visible under its name only when it is
//! complete. Snapshots and the named values use it.
//!
//! The header is followed by chunks: length 4 (little endian, the highest bit marks the last chunk), body, tag. The
//! chunk's number is its nonce and the length is authenticated, so chunks cannot be moved, dropped or added.

use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::cipher::{Cipher, TAG};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::header::{self, HEADER, Magic};
use crate::keys::Keys;
use crate::segment::path;

/// Plain bytes per chunk.
const CHUNK: usize = 64 * 1024;
/// Marks the length of the last chunk.
const LAST: u32 = 1 << 31;
/// Ends the name of a file that is still being written.
pub(crate) const PARTIAL: &str = ".partial";

/// Writes a sealed file aside; [`SealedWriter::finish`] gives it its name. Dropped before that, it leaves nothing.
pub struct SealedWriter {
    disk: Arc<dyn Disk>,
    name: String,
    file: Box<dyn DiskFile>,
    cipher: Cipher,
    number: u64,
    buffer: Vec<u8>,
    written: u64,
    finished: bool,
}

impl std::fmt::Debug for SealedWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedWriter")
            .field("name", &self.name)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl SealedWriter {
    /// Starts a file that will be called `name`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(disk: Arc<dyn Disk>, keys: &Keys, name: &str) -> Result<Self, Error> {
        let (file, cipher) = keys.begin(|key| {
            let (bytes, cipher) = header::create(Magic::Sealed, key, 0)?;
            let partial = format!("{name}{PARTIAL}");
            let mut file = disk.create(&partial).map_err(Error::io("creating", path(&*disk, &partial)))?;
            file.append(&bytes).map_err(Error::io("writing", path(&*disk, &partial)))?;
            Ok((file, cipher))
        })?;
        let buffer = Vec::with_capacity(CHUNK);
        Ok(Self { disk, name: name.to_owned(), file, cipher, number: 0, buffer, written: 0, finished: false })
    }

    /// Writes the end, syncs, gives the file its name (replacing an older one) and syncs the directory. Answers with
    /// the number of plain bytes. Everything is durable when this returns.
    ///
    /// # Errors
    /// What the disk says; an older file of that name is then still there.
    pub fn finish(mut self) -> Result<u64, Error> {
        let partial = format!("{}{PARTIAL}", self.name);
        self.chunk(true).map_err(Error::io("writing", path(&*self.disk, &partial)))?;
        self.file.sync().map_err(Error::io("syncing", path(&*self.disk, &partial)))?;
        self.disk.rename(&partial, &self.name).map_err(Error::io("renaming", path(&*self.disk, &partial)))?;
        self.finished = true;
        self.disk.sync_dir().map_err(Error::io("syncing", self.disk.describe()))?;
        Ok(self.written)
    }

    fn chunk(&mut self, last: bool) -> io::Result<()> {
        let mark = if last { LAST } else { 0 };
        let head = (self.buffer.len() as u32 | mark).to_le_bytes();
        let tag = self.cipher.seal(self.number, &head, &mut self.buffer)?;
        self.number += 1;
        self.file.append(&head)?;
        self.buffer.extend_from_slice(&tag);
        self.file.append(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == CHUNK {
            self.chunk(false)?;
        }
        let take = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..take]);
        self.written += take as u64;
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SealedWriter {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = self.disk.remove(&format!("{}{PARTIAL}", self.name))
        {
            tracing::debug!(name = self.name, %error, "an unfinished file was left behind");
        }
    }
}

/// Reads a sealed file. A read answers only with bytes that are proven to be what was written; the end of the file is
/// proven as well, so that a cut file is an error and not a short one.
pub struct SealedReader {
    file: Box<dyn DiskFile>,
    path: String,
    cipher: Cipher,
    number: u64,
    offset: u64,
    plain: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl std::fmt::Debug for SealedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedReader")
            .field("path", &self.path)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl SealedReader {
    /// Opens a file; `Ok(None)` when there is none of that name.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Format`], [`Error::Damaged`] for its header, and what the disk says.
    pub fn open(disk: &dyn Disk, keys: &Keys, name: &str) -> Result<Option<Self>, Error> {
        let path = path(disk, name);
        let file = match disk.open(name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("opening", path)(error)),
        };
        let mut bytes = [0; HEADER];
        match file.read_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let reason = "the file ends within its header".to_owned();
                return Err(Error::Damaged { file: path, offset: 0, reason });
            }
            other => other.map_err(Error::io("reading", &path))?,
        }
        let (cipher, _, _) = header::read(Magic::Sealed, keys, &bytes)
            .map_err(|refused| refused.into_error(path.clone(), keys))?;
        let (offset, plain) = (HEADER as u64, Vec::new());
        Ok(Some(Self { file, path, cipher, number: 0, offset, plain, taken: 0, ended: false }))
    }

    fn chunk(&mut self) -> Result<(), Error> {
        let mut head = [0; 4];
        self.fill(&mut head)?;
        let marked = u32::from_le_bytes(head);
        let length = (marked & !LAST) as usize;
        if length > CHUNK {
            return Err(self.damaged("a chunk's length is impossible"));
        }
        let mut body = vec![0; length + TAG];
        self.offset += 4;
        self.fill(&mut body)?;
        self.plain = self
            .cipher
            .open(self.number, &head, &body)
            .ok_or_else(|| self.damaged("a chunk's authentication failed"))?;
        self.offset += body.len() as u64;
        self.number += 1;
        self.taken = 0;
        self.ended = marked & LAST != 0;
        Ok(())
    }

    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.file.read_at(buffer, self.offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("the file ends too early"),
            _ => Error::io("reading", &self.path)(error),
        })
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { file: self.path.clone(), offset: self.offset, reason: reason.to_owned() }
    }
}

impl Read for SealedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.plain.len() && !self.ended {
            self.chunk()?;
        }
        let take = buffer.len().min(self.plain.len() - self.taken);
        buffer[..take].copy_from_slice(&self.plain[self.taken..self.taken + take]);
        self.taken += take;
        Ok(take)
    }
}
