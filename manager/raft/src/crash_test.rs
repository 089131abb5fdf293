//! What the log store reported as flushed is there after `kill -9` and after a power cut.

mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::time::Duration;

    use futures::StreamExt;
    use futures::stream::FuturesOrdered;
    use openraft::RaftLogReader;
    use openraft::entry::RaftEntry;
    use openraft::storage::{IOFlushed, RaftLogStorage};
    use openraft::type_config::TypeConfigExt;
    use openraft::vote::RaftLeaderId;
    use skep_durable::testing::{Acks, Trial};
    use skep_log::{Key, RealDisk, SegmentedLog};

    use crate::log_store::LogStore;
    use crate::spawner::Threads;
    use crate::types::{Command, Entry, LogId, TypeConfig, Vote};

    const ENTRIES: u64 = 1;
    const VOTES: u64 = 2;
    const PURGES: u64 = 3;
    /// Appends that wait for a sync at the same time.
    const IN_FLIGHT: usize = 8;

    fn open(directory: &Path) -> LogStore {
        // Small segments, so that rolling and removing them is met as well.
        let options = skep_log::Options { segment_bytes: 64 << 10, ..skep_log::Options::default() };
        let disk = RealDisk::open(directory).unwrap();
        let log = SegmentedLog::open(disk, Key::new(1, [3; 32]), options).unwrap().0;
        LogStore::start(log, &Threads).unwrap()
    }

    fn log_id(index: u64) -> LogId {
        LogId::new(openraft::impls::leader_id_std::LeaderId { term: 1, voted_for: 1 }.to_committed(), index)
    }

    fn entry(index: u64) -> Entry {
        let bytes = vec![index as u8; (index * 61 % 1500) as usize];
        Entry::new_normal(log_id(index), Command::new(&bytes))
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn write(directory: &Path, acks: Acks) {
        run(async {
            let mut store = open(directory);
            let mut term = store.read_vote().await.unwrap().map_or(0, |vote: Vote| vote.leader_id.term);
            let mut next =
                store.get_log_state().await.unwrap().last_log_id.map_or(1, |last| last.index() + 1);
            let mut flying = FuturesOrdered::new();
            loop {
                let batch: Vec<Entry> = (next..next + 1 + next % 4).map(entry).collect();
                next += batch.len() as u64;
                let (done, flushed) = TypeConfig::oneshot();
                store.append(batch, IOFlushed::signal(done)).await.unwrap();
                let last = next - 1;
                flying.push_back(async move { flushed.await.unwrap().map(|()| last) });
                if flying.len() >= IN_FLIGHT {
                    acks.tell(ENTRIES, flying.next().await.unwrap().unwrap());
                }
                if next % 40 == 0 {
                    term += 1;
                    store.save_vote(&Vote::new(term, 1)).await.unwrap();
                    acks.tell(VOTES, term);
                }
                if next % 300 == 0 {
                    store.purge(log_id(next - 200)).await.unwrap();
                    acks.tell(PURGES, next - 200);
                }
            }
        });
    }

    fn check(directory: &Path, acked: &BTreeMap<u64, u64>) {
        run(async {
            let mut store = open(directory);
            let state = store.get_log_state().await.unwrap();
            let last = state.last_log_id.map_or(0, |last| last.index());
            let purged = state.last_purged_log_id.map_or(0, |purged| purged.index());
            let term = store.read_vote().await.unwrap().map_or(0, |vote: Vote| vote.leader_id.term);
            let told = |stream| acked.get(&stream).copied().unwrap_or(0);
            assert!(last >= told(ENTRIES), "{} entries were flushed, {last} are there", told(ENTRIES));
            assert!(term >= told(VOTES), "vote {} was stored, {term} is there", told(VOTES));
            assert!(purged >= told(PURGES), "{} was purged, only {purged} is", told(PURGES));
            let found = store.try_get_log_entries(purged + 1..=last).await.unwrap();
            let expected: Vec<Entry> = (purged + 1..=last).map(entry).collect();
            assert!(found == expected, "entries differ");
        });
        // The writer thread ends with the store, and the next round wants the directory's lock.
        std::thread::sleep(Duration::from_millis(50));
    }

    const TRIAL: Trial = Trial { test: "", write, check, rounds: 20, longest: Duration::from_millis(250) };

    #[test]
    fn kill() {
        Trial { test: "crash_test::tests::kill", ..TRIAL }.kill();
    }

    #[test]
    fn power_cut() {
        let longest = Duration::from_millis(600);
        Trial { test: "crash_test::tests::power_cut", rounds: 10, longest, ..TRIAL }.power_cut();
    }
}
