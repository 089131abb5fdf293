//! The keeper's stream of ends, read by a thread of its own.

use std::sync::{Arc, Weak};
use std::time::Duration;

use skep_keeper::protocol::{Event, Record};

use crate::engine::Engine;
use crate::keeper::Keeper;

/// Wait before the keeper is looked for again after its stream broke.
const RETRY: Duration = Duration::from_millis(100);

/// Starts to read; ends when the engine is gone.
pub(crate) fn start(engine: &Arc<Engine>, keeper: Arc<Keeper>) -> std::io::Result<()> {
    let engine = Arc::downgrade(engine);
    let runtime = tokio::runtime::Handle::current();
    let read = move || {
        let _entered = runtime.enter();
        while engine.strong_count() > 0 && !keeper.is_retired() {
            if let Err(error) = read_stream(&engine, &keeper)
                && !keeper.is_retired()
            {
                tracing::warn!(%error, "the keeper's events broke off");
            }
            std::thread::sleep(RETRY);
        }
    };
    std::thread::Builder::new().name("exits".into()).spawn(read).map(drop)
}

fn read_stream(engine: &Weak<Engine>, keeper: &Keeper) -> skep_keeper::Result<()> {
    let mut client = keeper.connect()?;
    let mut events = client.subscribe()?;
    // Whatever the keeper does not have now, it will never have: it is another keeper than the one that was told of it.
    let records: Vec<Record> = client.list()?;
    drop(client);
    match engine.upgrade() {
        Some(engine) => engine.reconcile(&records),
        None => return Ok(()),
    }
    loop {
        // Looks up from time to time, so that a stopped daemon's thread ends.
        match (events.next_event(Some(Duration::from_secs(1)))?, engine.upgrade()) {
            (_, None) => return Ok(()),
            (Some(Event::Exited(record)), Some(engine)) => engine.exited(&record),
            _ => {}
        }
    }
}
