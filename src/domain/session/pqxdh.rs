//! The handshake: PQXDH with an exchange of both identity keys, bound to its whole transcript.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::base::id::{AccountId, DeviceId, Digest, RouteId, SessionId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::hash::{sha256, sha512};
use crate::crypto::kdf::{hkdf_sha512, hmac_sha256, label};
use crate::crypto::kem;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::{self, KeyPair};
use crate::domain::identity::log::AccountLog;
use crate::domain::session::chain::{Root, split};
use crate::domain::session::error::SessionError;
use crate::domain::session::one_time::{OneTimePool, OneTimeUsed};
use crate::domain::session::padding;
use crate::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle};
use crate::domain::session::ratchet::{Agreed, FRAME_OVERHEAD, Session};
use crate::domain::session::seal::{self, Recipient};
use crate::wire::account::{Device, Purposes};
use crate::wire::flight::{FirstFlight, INSIDE_LEN, SealedFlight};
use crate::wire::prekeys::SUITE;
use crate::wire::signed::Signed;

const FIRST_BUCKET: usize = limits::PADDING_BUCKETS[3];
const LEAST_BUCKET: usize = limits::PADDING_BUCKETS[2];

/// The largest content of a first flight beside an account log of at most [`limits::FIRST_FLIGHT_LOG_MAX`]
/// encoded bytes. Shorter contents leave room for longer logs: see [`content_room`].
pub const FIRST_CONTENT_MAX: usize = FIRST_BUCKET - padding::LENGTH_LEN;
/// The same beside the longest log.
pub const FIRST_CONTENT_LEAST: usize = LEAST_BUCKET - padding::LENGTH_LEN;

/// The fields of a first flight's inside at their longest, log and frame aside: the length, three keys, the
/// ciphertext, two ids and a moment, each with its protobuf tag and length, and the frame's tag and length.
const INSIDE_OVERHEAD: usize = 2 + 3 * (2 + 32) + (3 + kem::CIPHERTEXT_LEN) + 2 * 6 + 11 + 4;

const _: () = assert!(
    INSIDE_OVERHEAD + limits::FIRST_FLIGHT_LOG_MAX + FIRST_BUCKET + FRAME_OVERHEAD <= INSIDE_LEN,
    "a first flight holds a content of its full size and a usual log"
);
const _: () = assert!(
    INSIDE_OVERHEAD + limits::LOG_CARRIED_MAX + LEAST_BUCKET + FRAME_OVERHEAD <= INSIDE_LEN,
    "a first flight holds a usual content and the longest log"
);

/// The largest content of a first flight from the account of this log.
pub fn content_room(log: &AccountLog) -> usize {
    let carried: usize = log.carried().iter().map(Signed::size).sum();
    if carried <= limits::FIRST_FLIGHT_LOG_MAX { FIRST_CONTENT_MAX } else { FIRST_CONTENT_LEAST }
}

/// A first flight that has opened: a new session and what came with it. Nothing is stored yet.
pub struct Accepted {
    /// The session, its first frame opened already.
    pub session: Session,
    /// What the first frame holds.
    pub content: Zeroizing<Vec<u8>>,
    /// The initiator's account log, verified in itself; whether it may follow the one known before is for the
    /// caller to see.
    pub peer: AccountLog,
    /// The initiator's device.
    pub device: DeviceId,
    /// SHA-256 of the initiator's ephemeral key: to be kept as long as the prekey set. A flight whose digest is
    /// known already is a repetition and to be dropped.
    pub replay: Digest,
    /// From when on the flight would have been refused.
    pub expires: Time,
    /// The one-time prekeys that are used up.
    pub used: OneTimeUsed,
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[accepted first flight of {:?}]", self.device)
    }
}

/// Opens a session with the device of a verified bundle, and seals `content` into its first flight of exactly
/// [`limits::FIRST_FLIGHT_LEN`] bytes, without the inbox id that it is sent to.
pub fn initiate(
    local: &Local<'_>,
    remote: &VerifiedBundle,
    content: &[u8],
    now: Time,
    rng: &mut dyn CryptoRng,
) -> Result<(Session, Vec<u8>), SessionError> {
    let certificate = local.certificate()?;
    let bundle = remote.bundle();
    if bundle.expires <= now {
        return Err(SessionError::Expired);
    }
    if bundle.device == certificate.id {
        return Err(SessionError::Oneself);
    }
    if content.len() > FIRST_CONTENT_MAX {
        return Err(SessionError::TooLong);
    }
    let ephemeral = KeyPair::random(rng);
    let kem_key = remote.one_time_kem().map_or(&bundle.signed_kem, |(_, key)| key);
    let (ciphertext, quantum) = kem::encapsulate(kem_key, rng)?;
    let expires = now.plus(limits::FIRST_FLIGHT_LIFE);
    let transcript = Transcript {
        initiator: (local.log.account(), certificate),
        responder: (bundle.account, remote.certificate()),
        ephemeral: ephemeral.public(),
        signed: (bundle.set, &bundle.signed),
        one_time: remote.one_time().map(|(id, key)| (*id, key)),
        kem_one_time: remote.one_time_kem().map(|(id, _)| *id),
        kem_key,
        ciphertext: &ciphertext,
        expires,
    };
    let identity = local.device.exchange();
    let theirs = &remote.certificate().exchange;
    let secrets = Secrets {
        identities: identity.exchange(theirs)?,
        identity_signed: identity.exchange(&bundle.signed)?,
        ephemeral_identity: ephemeral.exchange(theirs)?,
        ephemeral_signed: ephemeral.exchange(&bundle.signed)?,
        one_time: remote.one_time().map(|(_, key)| ephemeral.exchange(key)).transpose()?,
        quantum,
    };
    let mut session = Session::initiate(agree(&secrets, &transcript), bundle.signed, now, rng)?;
    let inside = FirstFlight {
        log: local.log.carried(),
        account: local.log.account(),
        device: certificate.id,
        ephemeral: *ephemeral.public(),
        one_time: transcript.one_time.map(|(id, _)| id),
        one_time_kem: transcript.kem_one_time,
        expires,
        frame: session.seal(content, now, rng)?,
        ciphertext,
    };
    let inside = Zeroizing::new(inside.encode().ok_or(SessionError::TooLong)?);
    let to = Recipient {
        account: &bundle.account,
        device: &bundle.device,
        exchange: &bundle.seal,
        kem: &bundle.seal_kem,
    };
    Ok((session, seal::seal(to, bundle.set, inside, rng)?))
}

/// The prekey set that a first flight needs, readable in the clear; `None` where it isn't a flight.
pub fn flight_prekey_set(flight: &[u8]) -> Option<u32> {
    SealedFlight::parse(flight).ok().map(|flight| flight.set)
}

/// Opens a first flight that uses no one-time prekey. See [`accept_with`].
pub fn accept(
    local: &Local<'_>,
    set: &PrekeySet,
    flight: &[u8],
    now: Time,
) -> Result<Accepted, SessionError> {
    accept_with(local, set, &OneTimePool::default(), flight, now)
}

/// Opens a first flight to `set` and to what it names of `pool`.
///
/// Every failure is [`SessionError::Refused`]. Neither the set nor the pool changes: the caller drops
/// repetitions, and removes what was used in the commit that stores the session.
pub fn accept_with(
    local: &Local<'_>,
    set: &PrekeySet,
    pool: &OneTimePool,
    flight: &[u8],
    now: Time,
) -> Result<Accepted, SessionError> {
    unseal(local, set, flight, now)?.accept(local, set, pool, now)
}

/// A first flight whose seal is open. Anybody may have sealed it: who wrote it is known once it is accepted.
pub struct Unsealed {
    inside: FirstFlight,
}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[unsealed first flight]")
    }
}

impl Unsealed {
    /// See [`Accepted::replay`]. Known before any one-time prekey is needed, so that a repetition is told from a
    /// flight whose one-time prekeys somebody else has used.
    pub fn replay(&self) -> Digest {
        Digest::new(sha256(&[&self.inside.ephemeral]))
    }

    /// The one-time prekeys that it names.
    pub const fn one_time(&self) -> OneTimeUsed {
        OneTimeUsed { exchange: self.inside.one_time, kem: self.inside.one_time_kem }
    }

    /// Whose it says it is.
    pub const fn claims(&self) -> (AccountId, DeviceId) {
        (self.inside.account, self.inside.device)
    }

    /// Opens the rest, with what it names of `pool`. See [`accept_with`].
    pub fn accept(
        self,
        local: &Local<'_>,
        set: &PrekeySet,
        pool: &OneTimePool,
        now: Time,
    ) -> Result<Accepted, SessionError> {
        respond(local, set, pool, self, now)
    }
}

/// Opens the seal of a first flight to `set`, and refuses what isn't timely: a flight has one absolute expiry,
/// and sending it again doesn't extend that. Every failure is [`SessionError::Refused`].
pub fn unseal(
    local: &Local<'_>,
    set: &PrekeySet,
    flight: &[u8],
    now: Time,
) -> Result<Unsealed, SessionError> {
    let inside = open_seal(local, set, flight, now)?;
    let timely = now < inside.expires
        && inside.expires <= now.plus(limits::FIRST_FLIGHT_LIFE).plus(limits::CLOCK_SKEW);
    if timely { Ok(Unsealed { inside }) } else { Err(SessionError::Refused) }
}

fn respond(
    local: &Local<'_>,
    set: &PrekeySet,
    pool: &OneTimePool,
    unsealed: Unsealed,
    now: Time,
) -> Result<Accepted, SessionError> {
    let certificate = local.certificate()?;
    let (replay, used) = (unsealed.replay(), unsealed.one_time());
    let inside = unsealed.inside;
    if inside.device == certificate.id {
        return Err(SessionError::Refused);
    }
    let peer = AccountLog::verify(inside.account, inside.log).map_err(|_| SessionError::Refused)?;
    let theirs = peer.device(&inside.device, Purposes::MESSAGE).ok_or(SessionError::Refused)?;
    let one_time = inside
        .one_time
        .map(|id| pool.exchange(id).map(|key| (id, key)).ok_or(SessionError::Refused))
        .transpose()?;
    let kem_private = match inside.one_time_kem {
        Some(id) => pool.kem(id).ok_or(SessionError::Refused)?,
        None => set.signed_kem(),
    };
    let transcript = Transcript {
        initiator: (inside.account, theirs),
        responder: (local.log.account(), certificate),
        ephemeral: &inside.ephemeral,
        signed: (set.id, set.signed().public()),
        one_time: one_time.map(|(id, key)| (id, key.public())),
        kem_one_time: inside.one_time_kem,
        kem_key: &kem_private.public(),
        ciphertext: &inside.ciphertext,
        expires: inside.expires,
    };
    let identity = local.device.exchange();
    let secrets = Secrets {
        identities: identity.exchange(&theirs.exchange)?,
        identity_signed: set.signed().exchange(&theirs.exchange)?,
        ephemeral_identity: identity.exchange(&inside.ephemeral)?,
        ephemeral_signed: set.signed().exchange(&inside.ephemeral)?,
        one_time: one_time.map(|(_, key)| key.exchange(&inside.ephemeral)).transpose()?,
        quantum: kem_private.decapsulate(&inside.ciphertext)?,
    };
    let mut session = Session::respond(agree(&secrets, &transcript), set.signed().clone(), now);
    let opened = session.open(&inside.frame, now).map_err(|_| SessionError::Refused)?;
    if !session.install(opened.advance) {
        return Err(SessionError::Refused);
    }
    Ok(Accepted {
        session,
        content: opened.content,
        device: inside.device,
        replay,
        expires: inside.expires,
        used,
        peer,
    })
}

fn open_seal(
    local: &Local<'_>,
    set: &PrekeySet,
    flight: &[u8],
    now: Time,
) -> Result<FirstFlight, SessionError> {
    let flight = SealedFlight::parse(flight).map_err(|_| SessionError::Refused)?;
    if flight.set != set.id || set.is_dead(now) {
        return Err(SessionError::Refused);
    }
    let kem = set.seal_kem();
    let to = Recipient {
        account: &local.log.account(),
        device: &local.device.id(),
        exchange: set.seal().public(),
        kem: &kem.public(),
    };
    let inside = seal::open(to, set.seal(), &kem, &flight)?;
    FirstFlight::decode(&inside).map_err(|_| SessionError::Refused)
}

/// Everything public that both sides must have seen alike.
pub(super) struct Transcript<'a> {
    pub(super) initiator: (AccountId, &'a Device),
    pub(super) responder: (AccountId, &'a Device),
    pub(super) ephemeral: &'a [u8; x25519::PUBLIC_LEN],
    pub(super) signed: (u32, &'a [u8; x25519::PUBLIC_LEN]),
    pub(super) one_time: Option<(u32, &'a [u8; x25519::PUBLIC_LEN])>,
    /// The id of the one-time KEM prekey; none where the ciphertext is to the signed one.
    pub(super) kem_one_time: Option<u32>,
    pub(super) kem_key: &'a [u8],
    pub(super) ciphertext: &'a [u8],
    pub(super) expires: Time,
}

impl Transcript<'_> {
    /// SHA-512 over the label and every part, each with its length (four bytes, big-endian) before it.
    pub(super) fn hash(&self) -> [u8; 64] {
        let one_time = self.one_time.map_or(Vec::new(), |(id, key)| [&id.to_be_bytes()[..], key].concat());
        let (kem_kind, kem_id) = self.kem_one_time.map_or((0, self.signed.0), |id| (1, id));
        let parts: [&[u8]; 16] = [
            &SUITE.to_be_bytes(),
            self.initiator.0.as_bytes(),
            self.responder.0.as_bytes(),
            &certificate_hash(&self.initiator),
            &certificate_hash(&self.responder),
            &self.initiator.1.exchange,
            &self.responder.1.exchange,
            self.ephemeral,
            &self.signed.0.to_be_bytes(),
            self.signed.1,
            &one_time,
            &[kem_kind],
            &kem_id.to_be_bytes(),
            &sha256(&[self.kem_key]),
            &sha256(&[self.ciphertext]),
            &self.expires.as_millis().to_be_bytes(),
        ];
        let lengths = parts.map(|part| (part.len() as u32).to_be_bytes());
        let encoded = label::TRANSCRIPT.encoded();
        let mut input: Vec<&[u8]> = vec![&encoded];
        parts.iter().zip(&lengths).for_each(|(part, length)| input.extend([&length[..], part]));
        sha512(&input)
    }
}

fn certificate_hash((account, device): &(AccountId, &Device)) -> [u8; 32] {
    let flags = [Purposes::MESSAGE, Purposes::PROFILE, Purposes::RECEIPT];
    let purposes = flags.iter().rev().fold(0, |sum, flag| sum * 2 + u8::from(device.purposes.allow(*flag)));
    sha256(&[
        &label::CERTIFICATE.encoded(),
        account.as_bytes(),
        device.id.as_bytes(),
        &device.exchange,
        &[purposes],
    ])
}

/// The shared secrets of a handshake, DH0 to DH4 and the KEM's, in this order.
pub(super) struct Secrets {
    /// DH0: without it, a stolen signed prekey would let its thief pass for any initiator.
    pub(super) identities: Secret<32>,
    pub(super) identity_signed: Secret<32>,
    pub(super) ephemeral_identity: Secret<32>,
    pub(super) ephemeral_signed: Secret<32>,
    pub(super) one_time: Option<Secret<32>>,
    pub(super) quantum: Secret<32>,
}

/// HKDF-SHA-512 over 32 bytes 0xFF and the secrets, bound to the transcript.
pub(super) fn agree(secrets: &Secrets, transcript: &Transcript<'_>) -> Agreed {
    let hash = transcript.hash();
    let mut input = Zeroizing::new(Vec::with_capacity(32 * 7));
    input.extend_from_slice(&[0xFF; 32]);
    let exchanges = [
        &secrets.identities,
        &secrets.identity_signed,
        &secrets.ephemeral_identity,
        &secrets.ephemeral_signed,
    ];
    for secret in exchanges.into_iter().chain(&secrets.one_time).chain([&secrets.quantum]) {
        input.extend_from_slice(secret.expose());
    }
    let keys: Secret<{ 32 * 7 }> = hkdf_sha512(&[0; 64], &input, &label::HANDSHAKE.with(&[&hash]));
    let [root, quantum_root, initiator_header, responder_header, id, route, authenticator] = split(&keys);
    let route_of = |direction: u8| {
        let bytes = hmac_sha256(route.expose(), &[&label::ROUTE.encoded(), &[direction]]);
        let mut id = [0; RouteId::LEN];
        id.copy_from_slice(&bytes.expose()[..RouteId::LEN]);
        RouteId::new(id)
    };
    Agreed {
        id: SessionId::new(*id.expose()),
        binding: Digest::new(sha256(&[&hash])),
        root: Root::new(root, quantum_root),
        authenticator,
        initiator_header,
        responder_header,
        to_responder: route_of(0),
        to_initiator: route_of(1),
    }
}
