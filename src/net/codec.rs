//! The bytes of an envelope stream: frames one way, the next hop's word on them the other way.
//!
//! The side that opened the stream sends frames, each as a length (4 bytes, big-endian, 1 to
//! [`FRAME_MAX`]) and that many bytes. The nth frame of a stream has the number n, counted from 0.
//! The side that accepted it answers in 9 bytes: a kind (1 taken, 2 refused) and a number (8 bytes, big-endian).
//! "Taken n" says that every frame with a number below n is durable there; n only grows. "Refused n" says
//! that frame n is of no use there. At most [`FLIGHT_WINDOW`] frames may be under way and not yet taken.
//! Whoever breaks any of this is cut off.

use std::collections::BTreeSet;

use crate::base::limits::{FLIGHT_WINDOW, FRAME_MAX};

/// Length of the number in front of a frame.
const PREFIX: usize = 4;
/// Length of a hop's word.
const HOP: usize = 9;
/// What a reader of frames holds: at least one whole frame.
const BUFFER: usize = 32 * 1024;

const TAKEN: u8 = 1;
const REFUSED: u8 = 2;

/// Bytes that are held for a link on which nothing comes: most frames fit. A node has thousands of such links.
const SMALL_BUFFER: usize = 2 * 1024;

const _: () = assert!(BUFFER >= FRAME_MAX + PREFIX, "a frame fits the buffer");

/// How the other side broke the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Violation {
    #[error("a frame of {0} bytes")]
    Length(usize),
    #[error("a word of unknown kind {0}")]
    Kind(u8),
    #[error("a word on a frame that it can't be about")]
    Number,
    #[error("more frames under way than the window holds")]
    Window,
}

/// Appends a frame with its length. The caller has checked that it has 1 to [`FRAME_MAX`] bytes.
pub(crate) fn put_frame(into: &mut Vec<u8>, frame: &[u8]) {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(frame);
}

/// Bytes that came in, cut into frames; it never holds more than [`BUFFER`] bytes, and little while nothing comes.
pub(crate) struct FrameReader {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// As much came as there was room for: more is likely to be there.
    is_full: bool,
}

impl FrameReader {
    pub(crate) fn new() -> Self {
        Self { buffer: empty(SMALL_BUFFER), start: 0, end: 0, is_full: false }
    }

    /// Room for more bytes; never empty once [`Self::next`] has returned `None`.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.is_full && self.buffer.len() < BUFFER {
            let mut larger = empty(BUFFER);
            larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.buffer = larger;
        }
        &mut self.buffer[self.end..]
    }

    /// Nothing is coming for now: a buffer that holds nothing is let go for a small one.
    pub(crate) fn rest(&mut self) {
        if self.start == self.end && self.buffer.len() > SMALL_BUFFER {
            *self = Self::new();
        }
    }

    /// Says how many bytes of [`Self::space`] are filled now.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
        self.is_full = self.end == self.buffer.len();
    }

    /// The next whole frame, if there is one.
    ///
    /// # Errors
    /// The length is 0 or above [`FRAME_MAX`]: known before anything is allocated for it.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, Violation> {
        let held = &self.buffer[self.start..self.end];
        let Some((prefix, rest)) = held.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length == 0 || length > FRAME_MAX {
            return Err(Violation::Length(length));
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        let frame = frame.to_vec();
        self.start += PREFIX + length;
        Ok(Some(frame))
    }
}

/// The next hop's word on our frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hop {
    /// Every frame below this number is durable there.
    Taken(u64),
    /// This frame is of no use there.
    Refused(u64),
}

impl Hop {
    /// Appends the word.
    pub(crate) fn put(self, into: &mut Vec<u8>) {
        let (kind, number) = match self {
            Self::Taken(number) => (TAKEN, number),
            Self::Refused(number) => (REFUSED, number),
        };
        into.push(kind);
        into.extend_from_slice(&number.to_be_bytes());
    }
}

/// Bytes that came in, cut into hops' words.
#[derive(Default)]
pub(crate) struct HopReader {
    partial: Vec<u8>,
}

impl HopReader {
    /// Adds bytes, and returns the words that are whole now.
    ///
    /// # Errors
    /// A kind that doesn't exist.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Hop>, Violation> {
        self.partial.extend_from_slice(bytes);
        let mut words = Vec::with_capacity(self.partial.len() / HOP);
        let mut chunks = self.partial.chunks_exact(HOP);
        for chunk in &mut chunks {
            let (kind, number) =
                (chunk[0], chunk[1..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
            words.push(match kind {
                TAKEN => Hop::Taken(number),
                REFUSED => Hop::Refused(number),
                other => return Err(Violation::Kind(other)),
            });
        }
        self.partial = chunks.remainder().to_vec();
        Ok(words)
    }
}

/// What the next hop has said of the frames of one link, so that it can't say nonsense.
#[derive(Default)]
pub(crate) struct Flight {
    taken: u64,
    refused: BTreeSet<u64>,
}

impl Flight {
    /// Checks one word, given how many frames have been written so far.
    ///
    /// # Errors
    /// It takes or refuses what was never written, goes back, or repeats itself.
    pub(crate) fn hear(&mut self, word: Hop, written: u64) -> Result<(), Violation> {
        match word {
            Hop::Taken(upto) if upto > self.taken && upto <= written => {
                self.taken = upto;
                self.refused = self.refused.split_off(&upto);
                Ok(())
            }
            Hop::Refused(number)
                if number >= self.taken && number < written && self.refused.insert(number) =>
            {
                Ok(())
            }
            _ => Err(Violation::Number),
        }
    }

    /// How many frames are taken.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }
}

/// What we have said of the frames of an inbound link, so that we say it once and in order.
#[derive(Default)]
pub(crate) struct Answers {
    taken: u64,
    refused: BTreeSet<u64>,
}

impl Answers {
    /// The words to send for some orders, given how many frames have been received; words that would break the
    /// protocol are left out, and of several "taken" only the last is said.
    pub(crate) fn words(&mut self, orders: impl IntoIterator<Item = Hop>, received: u64) -> Vec<Hop> {
        let before = self.taken;
        let mut words = Vec::new();
        for order in orders {
            match order {
                Hop::Taken(upto) => self.taken = self.taken.max(upto.min(received)),
                Hop::Refused(number) => {
                    if number >= self.taken && number < received && self.refused.insert(number) {
                        words.push(order);
                    }
                }
            }
        }
        if self.taken > before {
            self.refused = self.refused.split_off(&self.taken);
            words.push(Hop::Taken(self.taken));
        }
        words
    }
}

fn empty(bytes: usize) -> Box<[u8]> {
    vec![0; bytes].into_boxed_slice()
}

/// Whether so many frames may be under way.
pub(crate) const fn within_window(sent: u64, taken: u64) -> bool {
    sent.saturating_sub(taken) <= FLIGHT_WINDOW as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn feed(reader: &mut FrameReader, mut bytes: &[u8], step: usize) -> Result<Vec<Vec<u8>>, Violation> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let space = reader.space();
            let count = space.len().min(bytes.len()).min(step);
            space[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            reader.filled(count);
            while let Some(frame) = reader.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn frames_read_back_whatever_pieces_they_arrive_in(
            sizes in proptest::collection::vec(1..=FRAME_MAX, 1..8), step in 1usize..40_000,
        ) {
            let frames: Vec<_> = sizes.iter().enumerate().map(|(i, size)| vec![i as u8; *size]).collect();
            let mut bytes = Vec::new();
            frames.iter().for_each(|frame| put_frame(&mut bytes, frame));
            prop_assert_eq!(feed(&mut FrameReader::new(), &bytes, step), Ok(frames));
        }

        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..50) {
            let _ = feed(&mut FrameReader::new(), &bytes, step);
            let mut hops = HopReader::default();
            let _ = bytes.chunks(step).try_for_each(|chunk| hops.read(chunk).map(|_| ()));
        }
    }

    #[test]
    fn a_reader_at_rest_holds_a_small_buffer_and_loses_nothing() {
        let frames = vec![vec![7; FRAME_MAX], vec![8; 600], vec![9; FRAME_MAX]];
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| put_frame(&mut bytes, frame));
        let mut reader = FrameReader::new();
        assert_eq!(reader.buffer.len(), SMALL_BUFFER);
        let (begun, rest) = bytes.split_at(FRAME_MAX + 700);
        let mut read = feed(&mut reader, begun, usize::MAX).unwrap();
        reader.rest();
        assert_eq!((reader.buffer.len(), read.len()), (BUFFER, 2), "something of the next frame is here");
        read.extend(feed(&mut reader, rest, usize::MAX).unwrap());
        reader.rest();
        assert_eq!((reader.buffer.len(), read), (SMALL_BUFFER, frames));
    }

    #[test]
    fn an_empty_or_oversized_length_is_refused_before_its_bytes_arrive() {
        for (prefix, length) in [([0, 0, 0, 0], 0), ([0xFF; 4], u32::MAX as usize)] {
            assert_eq!(feed(&mut FrameReader::new(), &prefix, 4), Err(Violation::Length(length)));
        }
        let longest = u32::try_from(FRAME_MAX).unwrap();
        assert_eq!(feed(&mut FrameReader::new(), &longest.to_be_bytes(), 4), Ok(Vec::new()));
        let over = feed(&mut FrameReader::new(), &(longest + 1).to_be_bytes(), 4);
        assert_eq!(over, Err(Violation::Length(FRAME_MAX + 1)));
    }

    #[test]
    fn words_read_back_in_pieces_and_unknown_kinds_are_refused() {
        let mut bytes = Vec::new();
        Hop::Refused(3).put(&mut bytes);
        Hop::Taken(u64::MAX).put(&mut bytes);
        let mut reader = HopReader::default();
        let words: Vec<_> = bytes.chunks(4).flat_map(|chunk| reader.read(chunk).unwrap()).collect();
        assert_eq!(words, [Hop::Refused(3), Hop::Taken(u64::MAX)]);
        assert_eq!(reader.read(&[9; 9]), Err(Violation::Kind(9)));
    }

    #[test]
    fn a_word_on_what_was_never_sent_or_was_said_before_is_refused() {
        let mut flight = Flight::default();
        assert_eq!(flight.hear(Hop::Taken(0), 5), Err(Violation::Number));
        assert_eq!(flight.hear(Hop::Taken(6), 5), Err(Violation::Number));
        assert_eq!(flight.hear(Hop::Refused(5), 5), Err(Violation::Number));
        assert_eq!(flight.hear(Hop::Refused(4), 5), Ok(()));
        assert_eq!(flight.hear(Hop::Refused(4), 5), Err(Violation::Number));
        assert_eq!(flight.hear(Hop::Taken(3), 5), Ok(()));
        assert_eq!(flight.hear(Hop::Taken(3), 5), Err(Violation::Number));
        assert_eq!(flight.hear(Hop::Refused(2), 5), Err(Violation::Number));
        assert_eq!((flight.hear(Hop::Taken(5), 5), flight.taken()), (Ok(()), 5));
    }

    #[test]
    fn our_own_words_are_merged_and_never_break_the_protocol() {
        let mut answers = Answers::default();
        let orders =
            [Hop::Taken(2), Hop::Refused(1), Hop::Refused(3), Hop::Refused(3), Hop::Taken(9), Hop::Taken(4)];
        let words = answers.words(orders, 5);
        assert_eq!(words, [Hop::Refused(3), Hop::Taken(5)]);
        assert_eq!(answers.words([Hop::Taken(5), Hop::Refused(4)], 5), []);
        let mut flight = Flight::default();
        assert!(words.into_iter().all(|word| flight.hear(word, 5).is_ok()));
    }
}
