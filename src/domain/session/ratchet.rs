//! The Double Ratchet with header encryption and hybrid message keys: seals frames and opens them.

use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::id::{Digest, RouteId, SessionId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::aead::{self, XNONCE_LEN};
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::{self, KeyPair};
use crate::domain::session::chain::{ChainKeys, MessageSecret, Root};
use crate::domain::session::error::SessionError;
use crate::domain::session::header::{Direction, Frame, Header};
use crate::domain::session::padding;
use crate::domain::session::quantum::{PostQuantum, Tick, Unfit};
use crate::domain::session::receive::{Chain, Day, Missing, Receiver, Taken};
use crate::domain::session::whole_key::Quantum;

/// The largest content of one frame, in bytes.
pub const CONTENT_MAX: usize = padding::CONTENT_MAX;

/// Bytes that a frame has beside its padded content, the route id aside, unless it carries a KEM key or ciphertext.
pub const FRAME_OVERHEAD: usize = crate::domain::session::header::OVERHEAD;

/// The random bytes of a frame, without the route id: with secrets of its session they give the keys and nonces of
/// its header and its body, so no two different frames ever share them.
pub fn frame_nonce(frame: &[u8]) -> Option<&[u8; XNONCE_LEN]> {
    Frame::parse(frame).map(|frame| frame.nonce)
}

/// One side of a ratchet between two devices; a stored row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    id: SessionId,
    initiator: bool,
    /// SHA-256 of the handshake's transcript: what every body is bound to.
    binding: Digest,
    send_route: RouteId,
    receive_route: RouteId,
    root: Root,
    /// Our ratchet key.
    ours: KeyPair,
    /// The other side's ratchet key; none before its first message.
    theirs: Option<[u8; x25519::PUBLIC_LEN]>,
    /// The chain that we send on; none where the next message begins one with a new ratchet key.
    sending: Option<SendChain>,
    /// How many messages our chain before that one had.
    previous: u32,
    next_send_header: Secret<32>,
    next_receive_header: Secret<32>,
    receiver: Receiver,
    quantum: Quantum,
    /// Messages sealed.
    sealed: u32,
    /// Messages opened.
    opened: u64,
    /// The highest sequence opened.
    seen: u32,
    /// Counts changes that an [`Advance`] depends on.
    revision: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SendChain {
    header_key: Secret<32>,
    keys: ChainKeys,
    number: u32,
}

/// What the handshake agreed on.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) id: SessionId,
    pub(super) binding: Digest,
    pub(super) root: Root,
    /// What proves the first exchange of the post-quantum ratchet.
    pub(super) authenticator: Secret<32>,
    /// The header key of the initiator's first chain.
    pub(super) initiator_header: Secret<32>,
    /// The header key of the responder's first chain.
    pub(super) responder_header: Secret<32>,
    pub(super) to_responder: RouteId,
    pub(super) to_initiator: RouteId,
}

/// A frame that has opened. Until [`Session::install`] the session is as it was.
pub struct Opened {
    /// What was sealed.
    pub content: Zeroizing<Vec<u8>>,
    /// How the session is to change.
    pub advance: Advance,
    /// The other side has opened more than this session remembers having sealed: our disk was set back, and
    /// all sessions of this device are to be archived and made anew.
    pub rolled_back: bool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[opened frame]")
    }
}

/// How a session changes by a frame that has opened: only what is different.
#[derive(Debug)]
pub struct Advance {
    revision: u64,
    sequence: u32,
    now: Time,
    change: Change,
    /// What the frame's slot changes.
    heard: Option<<Quantum as PostQuantum>::Change>,
}

#[derive(Debug)]
enum Change {
    /// A message on a known chain.
    Known { chain: usize, taken: Taken },
    /// The first message of a new chain.
    Turn(Box<Turn>),
}

#[derive(Debug)]
struct Turn {
    root: Root,
    theirs: [u8; x25519::PUBLIC_LEN],
    chain: Chain,
    previous: u32,
    next_receive_header: Secret<32>,
    /// The chain begins the next epoch.
    enters: bool,
}

/// Why a frame didn't open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// It is of this session, and a message of this number was opened before.
    #[error("the frame was opened before")]
    Duplicate,
    /// Anything else. Deliberately without detail.
    #[error("the frame doesn't open")]
    Refused,
}

impl From<Missing> for OpenError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Used => Self::Duplicate,
            Missing::Unknown => Self::Refused,
        }
    }
}

impl From<Unfit> for OpenError {
    fn from(_: Unfit) -> Self {
        Self::Refused
    }
}

impl Session {
    /// The initiator's side. `theirs` is the responder's signed prekey, which serves as its first ratchet key.
    pub(super) fn initiate(
        agreed: Agreed,
        theirs: [u8; x25519::PUBLIC_LEN],
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SessionError> {
        let ours = KeyPair::random(rng);
        let quantum = Quantum::new(true, agreed.authenticator, now);
        let step = agreed.root.step(&ours.exchange(&theirs)?, quantum.epoch(), None);
        Ok(Self {
            id: agreed.id,
            initiator: true,
            binding: agreed.binding,
            send_route: agreed.to_responder,
            receive_route: agreed.to_initiator,
            root: step.root,
            ours,
            theirs: Some(theirs),
            sending: Some(SendChain { header_key: agreed.initiator_header, keys: step.chain, number: 0 }),
            previous: 0,
            next_send_header: step.next_header,
            next_receive_header: agreed.responder_header,
            receiver: Receiver::default(),
            quantum,
            sealed: 0,
            opened: 0,
            seen: 0,
            revision: 0,
        })
    }

    /// The responder's side. `ours` is the signed prekey that the initiator used.
    pub(super) fn respond(agreed: Agreed, ours: KeyPair, now: Time) -> Self {
        Self {
            id: agreed.id,
            initiator: false,
            binding: agreed.binding,
            send_route: agreed.to_initiator,
            receive_route: agreed.to_responder,
            root: agreed.root,
            ours,
            theirs: None,
            sending: None,
            previous: 0,
            next_send_header: agreed.responder_header,
            next_receive_header: agreed.initiator_header,
            receiver: Receiver::default(),
            quantum: Quantum::new(false, agreed.authenticator, now),
            sealed: 0,
            opened: 0,
            seen: 0,
            revision: 0,
        }
    }

    /// The session's id, the same on both sides.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// What frames that we send begin with.
    pub const fn send_route(&self) -> RouteId {
        self.send_route
    }

    /// What frames that we receive begin with.
    pub const fn receive_route(&self) -> RouteId {
        self.receive_route
    }

    /// Whether this side opened the session.
    pub const fn is_initiator(&self) -> bool {
        self.initiator
    }

    /// Whether anything has been opened: then both sides have the session.
    pub const fn has_received(&self) -> bool {
        self.opened > 0
    }

    /// Messages sealed.
    pub const fn sealed(&self) -> u32 {
        self.sealed
    }

    /// Messages opened.
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// The highest sequence opened: the last good one, for a healing's reason.
    pub const fn last_seen(&self) -> u32 {
        self.seen
    }

    /// How many post-quantum secrets have entered the root after the handshake's.
    pub fn epoch(&self) -> u32 {
        self.quantum.epoch()
    }

    /// Message keys that are kept for messages that are late.
    pub fn skipped(&self) -> usize {
        self.receiver.skipped()
    }

    /// Seals a content of at most [`CONTENT_MAX`] bytes into a frame, without the route id.
    ///
    /// The session moves on: store it together with the frame, then send, and send the same bytes when trying
    /// again.
    pub fn seal(
        &mut self,
        content: &[u8],
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, SessionError> {
        self.seal_padded(padding::pad(content).ok_or(SessionError::TooLong)?, now, rng)
    }

    /// Opens a frame, without the route id. The session itself doesn't change.
    pub fn open(&self, bytes: &[u8], now: Time) -> Result<Opened, OpenError> {
        let today = Day::of(now);
        let frame = Frame::parse(bytes).ok_or(OpenError::Refused)?;
        let (header, place) = self.locate(&frame)?;
        let (secret, change) = match place {
            Place::Known(index) => {
                let chain = self.receiver.chains().get(index).ok_or(OpenError::Refused)?;
                if header.epoch != chain.epoch() {
                    return Err(OpenError::Refused);
                }
                let (secret, taken) = chain.take(header.number, today)?;
                (secret, Change::Known { chain: index, taken })
            }
            Place::Next => self.turn(&header, today)?,
        };
        let content = self.open_body(&frame, &secret).ok_or(OpenError::Refused)?;
        let rolled_back = header.echo > self.sealed;
        // Of an exchange that this state has forgotten, nothing can be judged; the session is over anyway.
        let heard = if rolled_back { None } else { self.quantum.heed(header.epoch, header.slot)? };
        Ok(Opened {
            content,
            advance: Advance { revision: self.revision, sequence: header.sequence, now, change, heard },
            rolled_back,
        })
    }

    /// Makes the change of a frame that this session, as it stands, has opened.
    ///
    /// False where the session has moved on since; then nothing changes, and the frame is to be opened again.
    #[must_use = "an advance that wasn't installed leaves the frame unopened"]
    pub fn install(&mut self, advance: Advance) -> bool {
        if advance.revision != self.revision {
            return false;
        }
        self.opened += 1;
        self.seen = self.seen.max(advance.sequence);
        self.revision += 1;
        let today = Day::of(advance.now);
        match advance.change {
            Change::Known { chain, taken } => self.receiver.apply(chain, taken, today),
            Change::Turn(turn) => {
                self.root = turn.root;
                self.theirs = Some(turn.theirs);
                self.next_receive_header = turn.next_receive_header;
                self.receiver.begin(turn.chain, turn.previous, today);
                // The new key for the way back is made when something is sent: the later, the sooner a thief
                // of this state is shut out.
                if let Some(chain) = self.sending.take() {
                    self.previous = chain.number;
                }
                if turn.enters {
                    self.quantum.enter(self.tick(advance.now));
                    self.forget_epochs();
                }
            }
        }
        if let Some(heard) = advance.heard {
            self.quantum.install(heard);
        }
        true
    }

    pub(super) fn seal_padded(
        &mut self,
        mut body: Zeroizing<Vec<u8>>,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, SessionError> {
        let sequence = self.sealed.checked_add(1).ok_or(SessionError::UsedUp)?;
        if self.sending.is_none() {
            self.begin_sending(now, rng)?;
        }
        let tick = self.tick(now);
        let chain = self.sending.as_mut().ok_or(SessionError::Refused)?;
        let number = chain.number;
        let after = number.checked_add(1).ok_or(SessionError::UsedUp)?;
        let (secret, keys) = chain.keys.next();
        let header = Header {
            key: *self.ours.public(),
            previous: self.previous,
            number,
            sequence,
            echo: self.seen,
            epoch: self.quantum.epoch(),
            slot: self.quantum.ride(tick, number == 0, rng),
        };
        let mut nonce = [0; XNONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let direction = direction(self.initiator);
        let mut frame = header.seal(&chain.header_key, &nonce, &self.id, direction)?;
        let (key, body_nonce) = secret.body_key(&nonce);
        aead::seal(&key, &body_nonce, &associated(&self.binding, direction, &frame), &mut body)?;
        frame.extend_from_slice(&body);
        // It is ciphertext by now: nothing to wipe.
        drop(core::mem::take(&mut *body));
        chain.keys = keys;
        chain.number = after;
        self.sealed = sequence;
        Ok(frame)
    }

    fn begin_sending(&mut self, now: Time, rng: &mut dyn CryptoRng) -> Result<(), SessionError> {
        let theirs = self.theirs.ok_or(SessionError::Refused)?;
        let ours = KeyPair::random(rng);
        let shared = ours.exchange(&theirs)?;
        let begins = self.quantum.step(self.tick(now));
        let step = self.root.step(&shared, self.quantum.epoch(), begins.as_ref());
        if begins.is_some() {
            self.forget_epochs();
        }
        let header_key = core::mem::replace(&mut self.next_send_header, step.next_header);
        self.root = step.root;
        self.ours = ours;
        self.sending = Some(SendChain { header_key, keys: step.chain, number: 0 });
        self.revision += 1;
        Ok(())
    }

    fn tick(&self, now: Time) -> Tick {
        let messages = self.opened.saturating_add(u64::from(self.sealed));
        Tick { now, messages, sequence: self.sealed.saturating_add(1) }
    }

    fn forget_epochs(&mut self) {
        self.receiver.forget_before(self.quantum.epoch().saturating_sub(limits::EPOCHS_BACK));
    }

    fn locate(&self, frame: &Frame<'_>) -> Result<(Header, Place), OpenError> {
        let direction = direction(!self.initiator);
        let header = |key: &Secret<32>| frame.header(key, &self.id, direction);
        let known =
            |(index, chain): (usize, &Chain)| Some((header(chain.header_key())?, Place::Known(index)));
        let mut chains = self.receiver.chains().iter().enumerate();
        if let Some(found) = chains.next().and_then(known) {
            return Ok(found);
        }
        if let Some(header) = header(&self.next_receive_header) {
            return Ok((header, Place::Next));
        }
        if let Some(found) = chains.find_map(known) {
            return Ok(found);
        }
        let spent = self.receiver.spent().iter().any(|key| header(key).is_some());
        Err(if spent { OpenError::Duplicate } else { OpenError::Refused })
    }

    /// The other side has begun a new chain with a new ratchet key.
    fn turn(&self, header: &Header, today: Day) -> Result<(MessageSecret, Change), OpenError> {
        // A new key answers ours, so none is due before we have sent on the last one.
        let unanswered = self.receiver.current().is_some() && self.sending.is_none();
        let shortened = self.receiver.current().is_some_and(|current| header.previous < current.next());
        if unanswered || shortened {
            return Err(OpenError::Refused);
        }
        let shared = self.ours.exchange(&header.key).map_err(|_| OpenError::Refused)?;
        let begins = self.quantum.follow(header.epoch)?;
        let step = self.root.step(&shared, header.epoch, begins.as_ref());
        let mut chain = Chain::new(self.next_receive_header.clone(), header.epoch, step.chain);
        let (secret, taken) = chain.take(header.number, today)?;
        chain.apply(taken, today);
        let turn = Turn {
            root: step.root,
            theirs: header.key,
            chain,
            previous: header.previous,
            next_receive_header: step.next_header,
            enters: begins.is_some(),
        };
        Ok((secret, Change::Turn(Box::new(turn))))
    }

    fn open_body(&self, frame: &Frame<'_>, secret: &MessageSecret) -> Option<Zeroizing<Vec<u8>>> {
        let (key, nonce) = secret.body_key(frame.nonce);
        let associated = associated(&self.binding, direction(!self.initiator), frame.front);
        let mut content = Zeroizing::new(frame.body.to_vec());
        aead::open(&key, &nonce, &associated, &mut content).ok()?;
        padding::unpad(&mut content)?;
        Some(content)
    }
}

/// Where a frame belongs.
enum Place {
    /// To the receive chain at this index.
    Known(usize),
    /// To a chain that begins with it.
    Next,
}

const fn direction(from_initiator: bool) -> Direction {
    if from_initiator { Direction::FromInitiator } else { Direction::FromResponder }
}

/// What a body is bound to: the handshake, the direction, and everything in front of it.
fn associated(binding: &Digest, direction: Direction, front: &[u8]) -> [u8; 2 * Digest::LEN + 1] {
    let mut bytes = [0; 2 * Digest::LEN + 1];
    bytes[..Digest::LEN].copy_from_slice(binding.as_bytes());
    bytes[Digest::LEN] = direction.byte();
    bytes[Digest::LEN + 1..].copy_from_slice(&sha256(&[front]));
    bytes
}

#[cfg(test)]
mod rejected;
#[cfg(test)]
mod tests;
