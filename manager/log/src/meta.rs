//! Named values beside the records: small, replaced as a whole, durable when [`save`] returns.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use crate::disk::Disk;
use crate::error::Error;
use crate::keys::Keys;
use crate::sealed::{SealedReader, SealedWriter};
use crate::segment::path;

/// The file's name.
pub(crate) const FILE: &str = "meta";

pub(crate) type Values = BTreeMap<String, Vec<u8>>;

pub(crate) fn load(disk: &dyn Disk, keys: &Keys) -> Result<Values, Error> {
    let Some(mut reader) = SealedReader::open(disk, keys, FILE)? else { return Ok(Values::new()) };
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::io("reading", path(disk, FILE))(error),
    })?;
    decode(&bytes).ok_or_else(|| {
        let reason = "its values cannot be told apart".to_owned();
        Error::Damaged { file: path(disk, FILE), offset: 0, reason }
    })
}

pub(crate) fn save(disk: &Arc<dyn Disk>, keys: &Keys, values: &Values) -> Result<(), Error> {
    let mut writer = SealedWriter::create(disk.clone(), keys, FILE)?;
    for part in values.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        let length = u32::try_from(part.len()).map_err(|_| Error::Crypto("a value is too large"))?;
        let written = writer.write_all(&length.to_le_bytes()).and_then(|()| writer.write_all(part));
        written.map_err(Error::io("writing", path(&**disk, FILE)))?;
    }
    writer.finish()?;
    Ok(())
}

fn decode(mut bytes: &[u8]) -> Option<Values> {
    let mut values = Values::new();
    while !bytes.is_empty() {
        let name = String::from_utf8(part(&mut bytes)?.to_vec()).ok()?;
        values.insert(name, part(&mut bytes)?.to_vec());
    }
    Some(values)
}

fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part)
}
