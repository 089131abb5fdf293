//! Copies of a disk in memory that lost the ends of files, or hold other bytes.

use crate::memory_disk::{MemoryDisk, draw};

impl MemoryDisk {
    /// All files, the segment that ends the log last.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let mut names = self.names();
        names.sort_by_key(|name| (name.ends_with(".log"), name.clone()));
        names
    }

    /// Copies with bytes cut from the end of one file: each file in turn, 1 to `most` bytes. Gives the file and how many are gone.
    pub fn cuts(&self, most: usize) -> impl Iterator<Item = (String, usize, Self)> {
        self.files().into_iter().flat_map(move |name| {
            let sound = self.content(&name).unwrap_or_default();
            (1..=sound.len().min(most)).map(move |back| {
                let disk = self.copy();
                disk.overwrite(&name, sound[..sound.len() - back].to_vec());
                (name.clone(), back, disk)
            })
        })
    }

    /// A copy with 1 to `most` flipped bits in one file, all drawn from `seed`; nothing when they undo each other, or there
    /// is nothing to flip.
    #[must_use]
    pub fn flipped(&self, seed: u64, most: u64) -> Option<(String, Self)> {
        let mut random = seed << 8;
        let mut below = |bound: usize| draw(&mut random, bound as u64) as usize;
        let mut names = self.files();
        let name = names.swap_remove(below(names.len()));
        let sound = self.content(&name).filter(|sound| !sound.is_empty())?;
        let mut bytes = sound.clone();
        for _ in 0..=below(most as usize) {
            let at = below(bytes.len());
            bytes[at] ^= 1 << below(8);
        }
        if bytes == sound {
            return None;
        }
        let disk = self.copy();
        disk.overwrite(&name, bytes);
        Some((name, disk))
    }
}
