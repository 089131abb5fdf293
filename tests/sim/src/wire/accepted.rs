//! A manager's end of a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use skep_identity::TlsPeer;
use skep_runtime::sim::Life;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tonic::transport::server::Connected;

/// A manager's end of a connection. The tasks that read and write it are tonic's, which are of no life: here they stand still
/// while the life is frozen, and fail once it is over, as if they were.
pub(super) struct Accepted {
    pipe: DuplexStream,
    peer: TlsPeer,
    life: Life,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Accepted {
    /// The end of a connection that a life serves; `peer` is what a TLS handshake would have shown of the caller.
    pub(super) fn new(pipe: DuplexStream, peer: TlsPeer, life: Life) -> Self {
        let lived = life.clone();
        Self { pipe, peer, life, over: Box::pin(async move { lived.ended().await }) }
    }

    /// The pipe, once the life lets it be used.
    fn poll_pipe(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut DuplexStream>>> {
        if self.life.is_doomed() || self.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        ready!(self.life.poll_thawed(context));
        Poll::Ready(Ok(Pin::new(&mut self.pipe)))
    }
}

impl Connected for Accepted {
    type ConnectInfo = TlsPeer;

    fn connect_info(&self) -> TlsPeer {
        self.peer
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_pipe(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_pipe(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pipe(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pipe(context))?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_runtime::sim::spawn_outside;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_stands_still_with_its_life_and_ends_with_it() {
        let life = Life::new(1);
        let (mut far, pipe) = duplex(64);
        let mut accepted = Accepted::new(pipe, TlsPeer::default(), life.clone());
        let mut buffer = [0; 3];
        far.write_all(b"one").await.unwrap();
        life.freeze();
        let waiting = tokio::time::timeout(Duration::from_secs(9), accepted.read_exact(&mut buffer)).await;
        assert!(waiting.is_err());
        life.thaw();
        accepted.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"one");
        let reading = spawn_outside(async move { accepted.read(&mut [0; 1]).await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        life.kill();
        assert_eq!(far.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
