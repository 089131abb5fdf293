//! What the database called stored is there after `kill -9` and after a power cut.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::time::Duration;

    use skep_durable::testing::{Acks, Trial};
    use skep_durable::{Batch, Database};

    /// Threads that write at the same time, so that they share syncs.
    const STREAMS: u64 = 4;
    /// Each thread keeps so many of its newest values; removing makes sled use its segments again.
    const KEPT: u64 = 40;

    fn value(stream: u64, number: u64) -> Vec<u8> {
        vec![(stream * 31 + number) as u8; (number * 97 % 3000) as usize]
    }

    fn key(stream: u64, number: u64) -> [u8; 16] {
        (u128::from(stream) << 64 | u128::from(number)).to_be_bytes()
    }

    fn write(directory: &Path, acks: Acks) {
        let tree = Database::open(directory).unwrap().tree("numbers").unwrap();
        std::thread::scope(|scope| {
            for stream in 0..STREAMS {
                let tree = &tree;
                let newest = tree.scan_prefix(&stream.to_be_bytes()).unwrap().pop();
                let last = newest.map_or(0, |(key, _)| u128::from_be_bytes(key.try_into().unwrap()) as u64);
                scope.spawn(move || {
                    for number in last + 1.. {
                        let mut batch = Batch::new();
                        batch.put(&key(stream, number), &value(stream, number));
                        if number > KEPT {
                            batch.remove(&key(stream, number - KEPT));
                        }
                        tree.apply(batch).unwrap();
                        acks.tell(stream, number);
                    }
                });
            }
        });
    }

    fn check(directory: &Path, acked: &BTreeMap<u64, u64>) {
        let tree = Database::open(directory).unwrap().tree("numbers").unwrap();
        for (&stream, &last) in acked {
            let found = tree.scan_prefix(&stream.to_be_bytes()).unwrap();
            let numbers: Vec<u64> = found
                .iter()
                .map(|(key, _)| u128::from_be_bytes(key[..].try_into().unwrap()) as u64)
                .collect();
            let newest = *numbers.last().unwrap();
            assert!(newest >= last, "stream {stream}: {last} was acknowledged, {newest} is the newest");
            let expected: Vec<u64> = ((newest + 1).saturating_sub(KEPT).max(1)..=newest).collect();
            assert_eq!(numbers, expected);
            for (number, (_, bytes)) in numbers.iter().zip(&found) {
                assert_eq!(*bytes, value(stream, *number));
            }
        }
    }

    const TRIAL: Trial = Trial { test: "", write, check, rounds: 20, longest: Duration::from_millis(250) };

    #[test]
    fn kill() {
        Trial { test: "tests::kill", ..TRIAL }.kill();
    }

    #[test]
    fn power_cut() {
        let longest = Duration::from_millis(600);
        Trial { test: "tests::power_cut", rounds: 10, longest, ..TRIAL }.power_cut();
    }
}
