use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use boringtun::noise::Tunn;
use boringtun::x25519::PublicKey;
use skep_model::TunnelKey;

use super::own_key::OwnKey;

/// Seconds after which a session without traffic says that it is there: so it stays open, firewalls on the way keep it, and
/// whoever looks knows.
const KEEPALIVE_SECONDS: u16 = 25;
/// A handshake that was not answered is tried again after this (WireGuard's REKEY_TIMEOUT).
const RETRY: Duration = Duration::from_secs(5);

/// What one key of ours and one key of another node agree upon.
pub(super) struct Channel {
    pub(super) own: TunnelKey,
    pub(super) theirs: TunnelKey,
    /// By it datagrams find their channel: the upper 24 bits of what they say they are for.
    pub(super) index: u32,
    connected: AtomicBool,
    inner: Mutex<Inner>,
}

/// What changes with every packet.
pub(super) struct Inner {
    pub(super) tunn: Tunn,
    /// When we last asked for a session.
    asked: Option<Instant>,
    /// Since when there is a session.
    since: Option<Instant>,
}

impl Channel {
    pub(super) fn new(own: &OwnKey, theirs: TunnelKey, index: u32) -> Self {
        let peer = PublicKey::from(theirs.0);
        let tunn = Tunn::new(own.secret().clone(), peer, None, Some(KEEPALIVE_SECONDS), index, None);
        let inner = Mutex::new(Inner { tunn, asked: None, since: None });
        Self { own: own.public, theirs, index, connected: AtomicBool::new(false), inner }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a session, as it was when last looked at.
    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Looks whether there is a session.
    pub(super) fn look(&self, inner: &mut Inner) {
        let connected = inner.tunn.time_since_last_handshake().is_some();
        inner.since = if connected { inner.since.or_else(|| Some(Instant::now())) } else { None };
        self.connected.store(connected, Ordering::Relaxed);
    }

    /// Whether there has been a session for so long.
    pub(super) fn is_settled(&self, time: Duration) -> bool {
        self.lock().since.is_some_and(|since| since.elapsed() >= time)
    }
}

impl Inner {
    /// Whether it is time to ask for a session (again); it then counts as asked.
    pub(super) fn may_ask(&mut self) -> bool {
        let may = self.asked.is_none_or(|asked| asked.elapsed() >= RETRY);
        if may {
            self.asked = Some(Instant::now());
        }
        may
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, theirs, index, .. } = self;
        out.debug_struct("Channel")
            .field("own", own)
            .field("theirs", theirs)
            .field("index", index)
            .finish_non_exhaustive()
    }
}
