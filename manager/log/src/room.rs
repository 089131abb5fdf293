//! Waiting for room on a full disk.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a full disk is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Whether there is room in a directory. A full disk is a slow disk: a write to it lasts until there is room, so nothing
/// has to be started again afterwards, and what is not on disk is not confirmed.
#[derive(Debug)]
pub(crate) struct Room {
    directory: String,
    full: AtomicBool,
}

impl Room {
    /// There is, as far as is known.
    pub(crate) fn new(directory: String) -> Self {
        Self { directory, full: AtomicBool::new(false) }
    }

    /// Writes all bytes, however long that takes.
    pub(crate) fn write_all(&self, file: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = bytes.get(written..).unwrap_or_default();
                    self.set_full(false);
                }
                Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                    self.set_full(true);
                    std::thread::sleep(RETRY_PAUSE);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is wrong, for people, while the disk is full.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.full.load(Ordering::Relaxed).then(|| {
            format!(
                "the disk is full: there is no room in {}. Make room on it; this manager then goes on by itself",
                self.directory
            )
        })
    }

    fn set_full(&self, full: bool) {
        if self.full.swap(full, Ordering::Relaxed) == full {
            return;
        }
        match self.trouble() {
            Some(trouble) => tracing::error!("{trouble}"),
            None => tracing::info!(directory = self.directory, "there is room on the disk again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes two bytes a write, and refuses every other write.
    struct Tight<'a> {
        room: &'a Room,
        refused: Vec<String>,
        taken: Vec<u8>,
        full: bool,
    }

    impl Write for Tight<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.full = !self.full;
            if self.full {
                return Err(ErrorKind::StorageFull.into());
            }
            self.refused.extend(self.room.trouble());
            self.taken.extend_from_slice(&bytes[..bytes.len().min(2)]);
            Ok(bytes.len().min(2))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_write_lasts_until_there_is_room() {
        let room = Room::new("/var/lib/skep".to_owned());
        let mut file = Tight { room: &room, refused: Vec::new(), taken: Vec::new(), full: false };
        room.write_all(&mut file, b"abc").unwrap();
        assert_eq!(file.taken, b"abc");
        assert_eq!(file.refused.len(), 2);
        assert!(file.refused[0].contains("no room in /var/lib/skep"), "{:?}", file.refused);
        assert_eq!(room.trouble(), None);
    }
}
