//! A member's connection that ends with the manager which serves it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use skep_identity::{TlsConnection, TlsPeer};
use skep_runtime::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// Without this, connections would outlive the port: peers would go on talking to a manager that has stopped, while another one
/// listens at its address.
pub(crate) struct Connection {
    inner: TlsConnection,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    /// Ends with `shutdown`.
    pub(crate) fn new(inner: TlsConnection, shutdown: Shutdown) -> Self {
        Self { inner, over: Box::pin(shutdown.cancelled_owned()) }
    }

    /// An error once it is over; until then the task is woken when it will be.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.over.as_mut().poll(context) {
            Poll::Ready(()) => {
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the manager has stopped"))
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TlsPeer;

    fn connect_info(&self) -> TlsPeer {
        self.inner.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
