//! The two ends of an envelope stream, each a future that reads and writes at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::codec::{Answers, Flight, FrameReader, Hop, HopReader, Violation, put_frame, within_window};
use super::message::Event;
use super::traffic::Traffic;
use crate::base::limits::{BATCH_BYTES_MAX, BATCH_FRAMES_MAX};
use crate::wire::peer::{LinkId, PeerKey};

/// Bytes of frames that are written at once.
const WRITE_CHUNK: usize = 64 * 1024;
/// Batches of frames, or words on frames, that are taken from the queue at once.
const DRAIN: usize = 64;

/// What both halves of a link's end, and whoever feeds it, know of its numbers.
#[derive(Default)]
pub(crate) struct Counters {
    /// Frames given to the stream (outbound) or read from it (inbound).
    pub(crate) passed: AtomicU64,
    /// Frames that are taken.
    pub(crate) taken: AtomicU64,
}

/// Why a link's end is over.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Either side closed it, the connection is gone, or nobody listens any more.
    Closed,
    /// The other side broke the protocol.
    Broken(Violation),
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl From<Violation> for Ended {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}

/// The end that sends frames: writes batches as they come, and reports what the next hop says of them.
/// It is over when `batches` is closed.
pub(crate) async fn outbound<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    link: LinkId,
    batches: mpsc::Receiver<Vec<Vec<u8>>>,
    counters: Arc<Counters>,
    traffic: Arc<Traffic>,
    events: mpsc::Sender<Event>,
) -> Ended {
    let (read, write) = stream.split();
    let ended = tokio::select! {
        ended = hear_words(read, link, &counters, &events) => ended,
        ended = write_frames(write, batches, &counters, &traffic) => ended,
    };
    ended.err().unwrap_or(Ended::Closed)
}

/// The end that receives frames: hands them up, and says what became of them. It is over when `words` is closed.
pub(crate) async fn inbound<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    link: LinkId,
    peer: PeerKey,
    words: mpsc::Receiver<Hop>,
    traffic: Arc<Traffic>,
    events: mpsc::Sender<Event>,
) -> Ended {
    let counters = Counters::default();
    let (read, write) = stream.split();
    let ended = tokio::select! {
        ended = read_frames(read, link, peer, &counters, &traffic, &events) => ended,
        ended = say_words(write, words, &counters) => ended,
    };
    ended.err().unwrap_or(Ended::Closed)
}

async fn write_frames<S: AsyncWrite + Unpin>(
    mut stream: WriteHalf<S>,
    mut batches: mpsc::Receiver<Vec<Vec<u8>>>,
    counters: &Counters,
    traffic: &Traffic,
) -> Result<(), Ended> {
    let (mut ready, mut chunk) = (Vec::new(), Vec::new());
    while batches.recv_many(&mut ready, DRAIN).await > 0 {
        for frame in ready.drain(..).flatten() {
            put_frame(&mut chunk, &frame);
            traffic.sent(frame.len());
            // Counted before it is written: the answer may be here before the write returns.
            counters.passed.fetch_add(1, Ordering::Relaxed);
            if chunk.len() >= WRITE_CHUNK {
                stream.write_all(&chunk).await?;
                chunk.clear();
            }
        }
        if batches.is_empty() {
            stream.write_all(&chunk).await?;
            stream.flush().await?;
            // An idle link holds no buffer.
            chunk = Vec::new();
        }
    }
    stream.close().await?;
    Ok(())
}

async fn hear_words<S: AsyncRead + Unpin>(
    mut stream: ReadHalf<S>,
    link: LinkId,
    counters: &Counters,
    events: &mpsc::Sender<Event>,
) -> Result<(), Ended> {
    let (mut reader, mut flight) = (HopReader::default(), Flight::default());
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let before = flight.taken();
        for word in reader.read(&buffer[..count])? {
            flight.hear(word, counters.passed.load(Ordering::Relaxed))?;
            if let Hop::Refused(number) = word {
                events.send(Event::Refused { link, number }).await.map_err(|_| Ended::Closed)?;
            }
        }
        let upto = flight.taken();
        if upto > before {
            counters.taken.store(upto, Ordering::Release);
            events.send(Event::Taken { link, upto }).await.map_err(|_| Ended::Closed)?;
        }
    }
}

async fn read_frames<S: AsyncRead + Unpin>(
    mut stream: ReadHalf<S>,
    link: LinkId,
    peer: PeerKey,
    counters: &Counters,
    traffic: &Traffic,
    events: &mpsc::Sender<Event>,
) -> Result<(), Ended> {
    let mut reader = FrameReader::new();
    let mut first = 0;
    loop {
        let (frames, broken) = next_batch(&mut stream, &mut reader).await;
        let next = first + frames.len() as u64;
        traffic.received(frames.len(), frames.iter().map(Vec::len).sum());
        if !within_window(next, counters.taken.load(Ordering::Acquire)) {
            return Err(Violation::Window.into());
        }
        counters.passed.store(next, Ordering::Release);
        if !frames.is_empty() {
            let event = Event::Frames { link, peer: peer.clone(), first, frames };
            events.send(event).await.map_err(|_| Ended::Closed)?;
        }
        first = next;
        if let Some(ended) = broken {
            return Err(ended);
        }
    }
}

/// Waits for one frame, and takes what has arrived behind it; whole frames are returned even if the stream ends.
async fn next_batch<S: AsyncRead + Unpin>(
    stream: &mut ReadHalf<S>,
    reader: &mut FrameReader,
) -> (Vec<Vec<u8>>, Option<Ended>) {
    let (mut frames, mut bytes) = (Vec::new(), 0);
    loop {
        while bytes < BATCH_BYTES_MAX && frames.len() < BATCH_FRAMES_MAX {
            match reader.next() {
                Ok(Some(frame)) => {
                    bytes += frame.len();
                    frames.push(frame);
                }
                Ok(None) => break,
                Err(violation) => return (frames, Some(violation.into())),
            }
        }
        if bytes >= BATCH_BYTES_MAX || frames.len() >= BATCH_FRAMES_MAX {
            return (frames, None);
        }
        if frames.is_empty() {
            reader.rest();
        }
        let mut read = stream.read(reader.space());
        let count = if frames.is_empty() {
            read.await
        } else {
            // A read that would have to wait has read nothing, so it can be dropped.
            match (&mut read).now_or_never() {
                Some(count) => count,
                None => return (frames, None),
            }
        };
        match count {
            Ok(count) if count > 0 => reader.filled(count),
            _ => return (frames, Some(Ended::Closed)),
        }
    }
}

async fn say_words<S: AsyncWrite + Unpin>(
    mut stream: WriteHalf<S>,
    mut words: mpsc::Receiver<Hop>,
    counters: &Counters,
) -> Result<(), Ended> {
    let (mut ready, mut answers, mut bytes) = (Vec::new(), Answers::default(), Vec::new());
    while words.recv_many(&mut ready, DRAIN).await > 0 {
        for word in answers.words(ready.drain(..), counters.passed.load(Ordering::Acquire)) {
            if let Hop::Taken(upto) = word {
                // Known before it is said: the sender may use the room at once.
                counters.taken.store(upto, Ordering::Release);
            }
            word.put(&mut bytes);
        }
        if !bytes.is_empty() {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            bytes.clear();
        }
    }
    stream.close().await?;
    Ok(())
}
