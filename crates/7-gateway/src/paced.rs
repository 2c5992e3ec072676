//! A stream whose other side must keep reading: one that stalls, or reads a trickle, is cut off.
//!
//! It is the pace that counts and not the time of an answer: a large one may take as long as it
//! takes, if the client reads it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::connections::Connection;

/// Bytes that a client must read within the time for a write, if as many wait.
const LEAST: usize = 16 * 1024;

/// A stream of one connection.
pub(crate) struct Paced<S> {
    stream: S,
    connection: Arc<Connection>,
    within: Duration,
    /// Bytes written since the timer was set; `None` while nothing waits to be written.
    behind: Option<usize>,
    timer: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// A stream whose other side takes 16 KiB, or all there is, each `within`.
    pub(crate) fn new(stream: S, connection: Arc<Connection>, within: Duration) -> Paced<S> {
        let timer = Box::pin(sleep(within));
        Paced { stream, connection, within, behind: None, timer }
    }

    /// Looks at a write of `all` bytes: passes on what it came to, unless the other side is too slow.
    fn look(
        &mut self,
        cx: &mut Context<'_>,
        all: usize,
        came_to: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match came_to {
            Poll::Ready(Ok(written)) => {
                self.connection.moved();
                self.behind = match self.behind {
                    Some(before) if written < all => Some(before + written),
                    _ => None,
                };
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(self.too_slow(cx));
                let why = format!("less than {LEAST} bytes were read within {:?}", self.within);
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
            }
        }
    }

    /// Ready when a time has passed in which too little was taken.
    fn too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.behind.is_none() {
            self.start();
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if self.behind.is_none_or(|written| written < LEAST) {
                return Poll::Ready(());
            }
            self.start();
        }
    }

    fn start(&mut self) {
        self.behind = Some(0);
        self.timer.as_mut().reset(Instant::now() + self.within);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.connection.moved();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let came_to = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.look(cx, bytes.len(), came_to)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let came_to = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.look(cx, parts.iter().map(|part| part.len()).sum(), came_to)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::connections::Connections;

    const WITHIN: Duration = Duration::from_secs(10);

    /// A stream whose pipe holds `LEAST` bytes, and its other side.
    async fn pipe() -> (Paced<DuplexStream>, DuplexStream) {
        let place = Connections::new(1).place().await;
        let (here, there) = duplex(LEAST);
        (Paced::new(here, place.connection.clone(), WITHIN), there)
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_is_cut_off_after_the_time() {
        let (mut stream, _there) = pipe().await;
        let start = Instant::now();
        let error = stream.write_all(&[7; 2 * LEAST]).await.expect_err("the client never reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), WITHIN);
    }

    /// Reads `bytes` each `every`, and tells how long the writer held out.
    async fn held_out(bytes: usize, every: Duration) -> (io::Result<()>, Duration) {
        let (mut stream, mut there) = pipe().await;
        let start = Instant::now();
        let write = async move { stream.write_all(&vec![7; 20 * LEAST]).await };
        let read = async move {
            let mut buffer = vec![0; bytes];
            loop {
                sleep(every).await;
                if there.read_exact(&mut buffer).await.is_err() {
                    return;
                }
            }
        };
        let (written, ()) = tokio::join!(write, read);
        (written, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_but_surely_gets_everything() {
        let (written, took) = held_out(LEAST, WITHIN / 2).await;
        written.expect("it keeps the pace");
        assert!(took > 5 * WITHIN, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_trickle_is_cut_off() {
        let (written, took) = held_out(1, WITHIN / 5).await;
        assert_eq!(written.expect_err("a trickle").kind(), io::ErrorKind::TimedOut);
        // What was in the pipe is still read, byte by byte; that is not the writer's time.
        assert!(took >= WITHIN);
    }
}
