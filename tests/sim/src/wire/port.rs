use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};

use crate::site::Site;

/// Those that connect, in their order.
pub(crate) type Arrivals = mpsc::UnboundedReceiver<Arrival>;

/// Somebody who connects.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// Who it is.
    pub(crate) from: Site,
    /// The manager's end of the pipe.
    pub(crate) pipe: DuplexStream,
    /// To be told once the manager has taken the connection, as the end of a TLS handshake tells.
    pub(crate) taken: oneshot::Sender<()>,
}

/// Where one life of a manager listens: who connects waits there until it is served. The default is closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Port {
    arrivals: Option<mpsc::UnboundedSender<Arrival>>,
}

impl Port {
    /// A port, which is open as long as the arrivals are kept.
    pub(crate) fn open() -> (Self, Arrivals) {
        let (sender, arrivals) = mpsc::unbounded_channel();
        (Self { arrivals: Some(sender) }, arrivals)
    }

    /// Connects; false when nobody listens.
    pub(crate) fn knock(&self, arrival: Arrival) -> bool {
        self.arrivals.as_ref().is_some_and(|arrivals| arrivals.send(arrival).is_ok())
    }
}
