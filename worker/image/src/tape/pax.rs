//! PAX extended headers: records `LENGTH KEY=VALUE\n` (POSIX.1-2024, pax, section "Extended Header").

use std::io;

const XATTR: &[u8] = b"SCHILY.xattr.";
const SPARSE: &[u8] = b"GNU.sparse.";

/// What extended headers say of the entry that follows them.
#[derive(Debug, Default)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<u64>,
    pub(crate) gid: Option<u64>,
    /// Seconds and nanoseconds.
    pub(crate) mtime: Option<(i64, i64)>,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The content is a map and its pieces, not the file.
    pub(crate) sparse: bool,
}

impl Pax {
    /// Takes in one extended header.
    pub(crate) fn read(&mut self, mut records: &[u8]) -> io::Result<()> {
        while !records.is_empty() {
            let (key, value, rest) = record(records).ok_or_else(|| invalid("a PAX record is malformed"))?;
            self.set(key, value)?;
            records = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number(value)?),
            b"uid" => self.uid = Some(number(value)?),
            b"gid" => self.gid = Some(number(value)?),
            b"mtime" => self.mtime = Some(time(value)?),
            key if key.starts_with(SPARSE) => self.sparse = true,
            key => {
                if let Some(name) = key.strip_prefix(XATTR) {
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                }
            }
        }
        Ok(())
    }
}

/// Key and value of the first record, and what follows it.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|&byte| byte == b' ')?;
    let length = str::from_utf8(records.get(..space)?).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    Some((pair.get(..equals)?, pair.get(equals + 1..)?, rest))
}

fn number(value: &[u8]) -> io::Result<u64> {
    let parsed = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| invalid("a PAX record has something else where a number has to be"))
}

/// `SECONDS[.FRACTION]`, also negative.
fn time(value: &[u8]) -> io::Result<(i64, i64)> {
    let wrong = || invalid("a PAX record has something else where a time has to be");
    let text = str::from_utf8(value).map_err(|_| wrong())?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().map_err(|_| wrong())?;
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let mut nanoseconds = 0;
    for digit in digits {
        let digit = char::from(digit).to_digit(10).ok_or_else(wrong)?;
        nanoseconds = nanoseconds * 10 + i64::from(digit);
    }
    if whole.starts_with('-') && nanoseconds > 0 {
        let seconds = seconds.checked_sub(1).ok_or_else(wrong)?;
        return Ok((seconds, 1_000_000_000 - nanoseconds));
    }
    Ok((seconds, nanoseconds))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_hold_any_bytes() {
        let mut pax = Pax::default();
        pax.read(b"9 path=a\n30 SCHILY.xattr.user.x=\n\0=\n \xff\n19 mtime=-1.250000\n").unwrap();
        assert_eq!(pax.path.unwrap(), b"a");
        assert_eq!(pax.xattrs, [(b"user.x".to_vec(), b"\n\0=\n \xff".to_vec())]);
        assert_eq!(pax.mtime, Some((-2, 750_000_000)));
        assert_eq!(time(b"12.5").unwrap(), (12, 500_000_000));
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in
            [&b"x"[..], b"99 a=b\n", b"5 ab\n", b"6 a=bc", b"0 a=b\n", b"9 size=x\n", b"11 mtime=1.x\n"]
        {
            assert!(Pax::default().read(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
