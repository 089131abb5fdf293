//! The walk over a tar stream.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::entry::{self, Entry};
use super::pax::Pax;

const BLOCK_BYTES: u64 = 512;
/// No honest name or set of attributes is longer: a directory entry's attributes have at most 64 KiB each.
const EXTENSION_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A tar stream. Reading it gives the content of the entry that [`Tape::next`] gave last.
pub(crate) struct Tape<R> {
    source: R,
    /// Content of the current entry that was not read.
    left: u64,
    /// What follows it up to the next header.
    padding: u64,
    position: u64,
}

impl<R: Read> Tape<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, left: 0, padding: 0, position: 0 }
    }

    /// Where in the stream the current entry's content starts, before any of it is read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The source, at the end of what was read.
    pub(crate) fn into_source(self) -> R {
        self.source
    }

    /// The next entry; none at the end.
    ///
    /// # Errors
    /// When the source fails, ends in the middle, or is no tar stream.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut pax = Pax::default();
        let (mut long_path, mut long_link) = (None, None);
        while let Some(header) = self.header()? {
            let size = entry::size(&header, None)?;
            match header.entry_type() {
                EntryType::XHeader => pax.read(&self.extension(size)?)?,
                EntryType::XGlobalHeader => drop(self.extension(size)?),
                EntryType::GNULongName => long_path = Some(until_zero(self.extension(size)?)),
                EntryType::GNULongLink => long_link = Some(until_zero(self.extension(size)?)),
                EntryType::GNUSparse => {
                    return Err(invalid(
                        "a sparse file, which is not read; make the archive without --sparse",
                    ));
                }
                _ => {
                    pax.path = pax.path.or(long_path);
                    pax.link = pax.link.or(long_link);
                    pax.size = pax.size.or(Some(size));
                    let entry = Entry::new(&header, pax)?;
                    self.content(entry.size)?;
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// The next header; none at the end, which two blocks of zeros or the stream's end mark.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let unread = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut self.source.by_ref().take(unread), &mut io::sink())?;
        if skipped != unread {
            return Err(truncated());
        }
        let mut header = Header::new_old();
        let count = read_full(&mut self.source, header.as_mut_bytes())?;
        self.position += skipped + count as u64;
        if count == 0 || header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if count as u64 != BLOCK_BYTES {
            return Err(truncated());
        }
        let fields = header.as_bytes().iter().enumerate();
        // The checksum is of the header with spaces in its own place.
        let sum: u32 =
            fields.map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
        match header.cksum() {
            Ok(stated) if stated == sum => Ok(Some(header)),
            _ => Err(invalid("it is not a tar archive, or is damaged: a header's checksum is wrong")),
        }
    }

    fn content(&mut self, size: u64) -> io::Result<()> {
        // Beyond this the sum with the padding would not fit.
        if size > u64::MAX / 2 {
            return Err(invalid("an entry's size is not possible"));
        }
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK_BYTES) - size;
        Ok(())
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_MAX_BYTES {
            return Err(invalid("an extended header is longer than 4 MiB"));
        }
        self.content(size)?;
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<R: Read> Read for Tape<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.source.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if count == 0 {
            return Err(truncated());
        }
        self.left -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}

fn read_full(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    bytes
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends in the middle of an entry")
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        builder.append_data(&mut header, "a".repeat(300), b"abc".as_slice()).unwrap();
        builder.append_pax_extensions([("size", b"4".as_slice()), ("uid", b"3000000")]).unwrap();
        let mut header = Header::new_ustar();
        header.set_size(0);
        header.set_path("b").unwrap();
        header.as_old_mut().gid = *b"\0\0\0\0\0\0\0\0";
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
        let mut bytes = builder.into_inner().unwrap();
        // The content that the extended header promises, before the two blocks of the end.
        let end = bytes.len() - 1024;
        bytes.splice(end..end, b"efgh".iter().copied().chain(std::iter::repeat_n(0, 508)));
        bytes
    }

    #[test]
    fn long_names_and_overridden_fields_are_read() {
        let bytes = archive();
        let mut tape = Tape::new(bytes.as_slice());
        let first = tape.next().unwrap().unwrap();
        assert_eq!((first.path, first.size, first.mode), (b"a".repeat(300), 3, 0o644));
        let second = tape.next().unwrap().unwrap();
        assert_eq!(
            (second.path.as_slice(), second.size, second.uid, second.gid),
            (&b"b"[..], 4, 3_000_000, 0)
        );
        let at = usize::try_from(tape.position()).unwrap();
        assert_eq!(bytes[at..at + 4], *b"efgh");
        let mut content = String::new();
        tape.read_to_string(&mut content).unwrap();
        assert_eq!(content, "efgh");
        assert!(tape.next().unwrap().is_none());
    }

    fn walk(bytes: &[u8]) -> io::Result<()> {
        let mut tape = Tape::new(bytes);
        while tape.next()?.is_some() {}
        Ok(())
    }

    #[test]
    fn an_archive_that_is_cut_is_an_error() {
        let bytes = archive();
        for length in (1..bytes.len() - 1024).filter(|length| length % 512 != 0) {
            assert!(walk(&bytes[..length]).is_err(), "{length}");
        }
        assert!(walk(&[b'x'; 2048]).is_err());
    }

    proptest! {
        #[test]
        fn no_damage_panics(at in 0_usize..3000, byte in 0_u8..) {
            let mut bytes = archive();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = walk(&bytes);
        }
    }
}
