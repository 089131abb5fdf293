//! Compressed streams, known by their first bytes.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const BUFFER_BYTES: usize = 64 * 1024;
const MAGIC_BYTES: usize = 6;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const BZIP2: &[u8] = b"BZh";
/// The first byte of bzip2's first block: a digit of pi.
const BZIP2_BLOCK: u8 = 0x31;

/// The plain bytes of a stream that is plain or compressed with gzip or zstd.
///
/// # Errors
/// When it cannot be read, or is compressed with what is not read here.
pub(crate) fn open<'a>(mut source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::with_capacity(MAGIC_BYTES);
    source.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut start)?;
    let refused = |name| {
        let text =
            format!("it is compressed with {name}; only gzip and zstd are read: compress it with these");
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    };
    if start.starts_with(XZ) {
        return refused("xz");
    }
    if start.starts_with(BZIP2) && start.get(4) == Some(&BZIP2_BLOCK) {
        return refused("bzip2");
    }
    let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD) || is_skippable(&start));
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(source));
    if gzip {
        return Ok(Box::new(MultiGzDecoder::new(whole)));
    }
    if zstd {
        return Ok(Box::new(Zstd { source: whole, decoder: FrameDecoder::new(), in_frame: false }));
    }
    Ok(Box::new(whole))
}

/// Frames of zstd that hold no content (RFC 8878, section 3.1.2).
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// All frames of a zstd stream, one after the other.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    /// Starts the next frame; false at the end of the stream.
    fn start(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(invalid(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.start()? {
                return Ok(0);
            }
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished() {
                let more = BlockDecodingStrategy::UptoBytes(buffer.len() - self.decoder.can_collect());
                self.decoder.decode_blocks(&mut self.source, more).map_err(invalid)?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.in_frame = false;
        }
    }
}

fn invalid(error: FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        open(bytes)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn each_form_is_read_also_in_several_members() {
        let text = b"some text ".repeat(50_000);
        assert_eq!(read(&text).unwrap(), text);
        assert_eq!(read(b"").unwrap(), b"");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(read(&gzip).unwrap(), text);
        assert_eq!(read(&gzip.repeat(2)).unwrap(), text.repeat(2));
        let zstd = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3].as_slice();
        assert_eq!(read(&[skippable, &zstd, skippable, &zstd].concat()).unwrap(), text.repeat(2));
    }

    #[test]
    fn what_is_cut_or_unknown_is_an_error() {
        let zstd = compress_to_vec(b"text".repeat(100).as_slice(), CompressionLevel::Fastest);
        assert!(read(&zstd[..zstd.len() - 1]).is_err());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(b"text").unwrap();
        let gzip = gzip.finish().unwrap();
        assert!(read(&gzip[..gzip.len() - 1]).is_err());
        assert!(read(XZ).unwrap_err().to_string().contains("xz"));
        assert!(read(b"BZh91AY").unwrap_err().to_string().contains("bzip2"));
    }
}
