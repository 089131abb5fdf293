//! What the log needs of a file system, small enough for the simulator to implement.

use std::io;

/// One directory, held by one owner. Names are plain file names without a path.
pub trait Disk: Send + Sync + 'static {
    /// The names of all files in the directory, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Creates an empty file, or empties the one of that name. Durable after [`Disk::sync_dir`].
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an existing file; `NotFound` when there is none.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Removes a file. Durable after [`Disk::sync_dir`].
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Renames a file over another one, atomically. Durable after [`Disk::sync_dir`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes creations, removals and renames durable (`fsync` of the directory).
    fn sync_dir(&self) -> io::Result<()>;
    /// The directory as an operator would name it, for messages.
    fn describe(&self) -> String;
    /// Why writes wait at present and what to do about it, for people: the disk is full.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// One open file. Reads may run while nobody writes.
pub trait DiskFile: Send + Sync {
    /// Writes at the end of the file. After an error any prefix of `bytes` may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Fills `buffer` from `offset` (bytes); `UnexpectedEof` when the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Cuts the file to `size` bytes. Durable after [`DiskFile::sync`].
    fn truncate(&mut self, size: u64) -> io::Result<()>;
    /// Makes the file's content and length durable (`fdatasync`).
    fn sync(&mut self) -> io::Result<()>;
}

impl<D: Disk + ?Sized> Disk for std::sync::Arc<D> {
    fn list(&self) -> io::Result<Vec<String>> {
        (**self).list()
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        (**self).create(name)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        (**self).open(name)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        (**self).remove(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }
    fn sync_dir(&self) -> io::Result<()> {
        (**self).sync_dir()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
    fn trouble(&self) -> Option<String> {
        (**self).trouble()
    }
}
