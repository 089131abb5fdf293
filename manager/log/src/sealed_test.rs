mod tests {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use crate::{Disk, Error, Key, Keys, MemoryDisk, SealedReader, SealedWriter};

    fn key() -> Keys {
        Key::new(3, [9; 32]).into()
    }

    fn write(disk: &MemoryDisk, bytes: &[u8]) {
        let mut writer = SealedWriter::create(Arc::new(disk.clone()), &key(), "snapshot").unwrap();
        writer.write_all(bytes).unwrap();
        assert_eq!(writer.finish().unwrap(), bytes.len() as u64);
    }

    fn read(disk: &MemoryDisk) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(mut reader) = SealedReader::open(disk, &key(), "snapshot")? else { return Ok(bytes) };
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn files_of_any_length_come_back_after_a_power_cut() {
        for size in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let disk = MemoryDisk::default();
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            write(&disk, &bytes);
            assert_eq!(read(&disk.crash(size as u64)).unwrap(), bytes);
        }
    }

    #[test]
    fn an_unfinished_file_leaves_the_older_one() {
        let disk = MemoryDisk::default();
        write(&disk, b"old");
        let mut writer = SealedWriter::create(Arc::new(disk.clone()), &key(), "snapshot").unwrap();
        writer.write_all(b"new").unwrap();
        drop(writer);
        assert_eq!(disk.list().unwrap(), ["snapshot"]);
        assert_eq!(read(&disk).unwrap(), b"old");
    }

    #[test]
    fn changed_and_cut_files_are_errors() {
        let disk = MemoryDisk::default();
        write(&disk, &[5; 70_000]);
        let sound = disk.content("snapshot").unwrap();
        for at in (0..sound.len()).step_by(997).chain([sound.len() - 1]) {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x10;
            disk.overwrite("snapshot", bytes);
            assert!(read(&disk).is_err(), "flipped at {at}");
            disk.overwrite("snapshot", sound[..at].to_vec());
            assert!(read(&disk).is_err(), "cut at {at}");
        }
        let other = SealedReader::open(&disk.copy(), &Key::new(3, [8; 32]).into(), "snapshot");
        assert!(other.is_err());
        disk.overwrite("snapshot", sound);
        let other = SealedReader::open(&disk, &Key::new(3, [8; 32]).into(), "snapshot");
        assert!(matches!(other, Err(Error::WrongKey { .. })));
    }
}
