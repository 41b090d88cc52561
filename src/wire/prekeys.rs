//! Bundles of prekeys and one-time prekeys, as they are signed and published.

use prost::Message as _;

use crate::base::id::{AccountId, DeviceId, PrekeySource, RouteId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::{kem, x25519};
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, message, required, time};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// The only suite: X25519, ML-KEM-768, Ed25519, SHA-2 and ChaCha20-Poly1305. Another number is refused; nothing
/// is negotiated.
pub const SUITE: u16 = 1;

const EXCHANGE: u32 = 1;
const KEM: u32 = 2;

const SIGNED: u32 = 1;
const SIGNED_KEM: u32 = 2;
const SEAL: u32 = 3;
const SEAL_KEM: u32 = 4;
const ONE_TIME: u32 = 5;
const ONE_TIME_KEM: u32 = 6;

const BUNDLE_PAYLOAD_MAX: usize = 4 * 1024;
const ONE_TIME_PAYLOAD_MAX: usize = 2 * 1024;

/// The public halves of one set of prekeys, and whose they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The account.
    pub account: AccountId,
    /// The device whose key signs the bundle.
    pub device: DeviceId,
    /// What a first flight to this device begins with.
    pub inbox: RouteId,
    /// The id of the set, for finding the private halves.
    pub set: u32,
    /// When the bundle was signed.
    pub issued: Time,
    /// From when on it is refused.
    pub expires: Time,
    /// The signed prekey (SPK).
    pub signed: [u8; x25519::PUBLIC_LEN],
    /// The signed KEM prekey (PQSPK), of last resort.
    pub signed_kem: Vec<u8>,
    /// The classical half of the first flight's seal.
    pub seal: [u8; x25519::PUBLIC_LEN],
    /// The post-quantum half of the first flight's seal.
    pub seal_kem: Vec<u8>,
}

impl Bundle {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        let key = |kind, algorithm, key: &[u8]| prekey(kind, algorithm, self.set, key);
        schema::Bundle {
            suite: u32::from(SUITE),
            account: self.account.as_bytes().to_vec(),
            device: self.device.as_bytes().to_vec(),
            inbox: self.inbox.as_bytes().to_vec(),
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
            prekeys: vec![
                key(SIGNED, EXCHANGE, &self.signed),
                key(SIGNED_KEM, KEM, &self.signed_kem),
                key(SEAL, EXCHANGE, &self.seal),
                key(SEAL_KEM, KEM, &self.seal_kem),
            ],
        }
        .encode_to_vec()
    }

    /// Parses a payload: the suite, every key's kind, algorithm, length and, for ML-KEM, the key check (FIPS
    /// 203, section 7.2).
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let bundle: schema::Bundle = message(payload, BUNDLE_PAYLOAD_MAX)?;
        known_suite(bundle.suite)?;
        let [signed, signed_kem, seal, seal_kem] = bundle.prekeys.as_slice() else {
            return Err(Malformed("another number of prekeys"));
        };
        let set = signed.id;
        if [signed_kem, seal, seal_kem].iter().any(|key| key.id != set) {
            return Err(Malformed("prekeys of different sets"));
        }
        Ok(Self {
            account: AccountId::new(array(&bundle.account)?),
            device: DeviceId::new(array(&bundle.device)?),
            inbox: RouteId::new(array(&bundle.inbox)?),
            set,
            issued: time(bundle.issued),
            expires: time(bundle.expires),
            signed: exchange_key(signed, SIGNED)?,
            signed_kem: kem_key(signed_kem, SIGNED_KEM)?,
            seal: exchange_key(seal, SEAL)?,
            seal_kem: kem_key(seal_kem, SEAL_KEM)?,
        })
    }
}

/// An account's log and the bundle that one of its devices signed; nothing in it is verified yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedBundle {
    /// The entries of the account's log.
    pub log: Vec<Signed>,
    /// The signed [`Bundle`].
    pub bundle: Signed,
}

impl SignedBundle {
    /// The form that is published.
    pub fn encode(&self) -> Vec<u8> {
        schema::SignedBundle { log: log_to_schema(&self.log), bundle: Some(self.bundle.to_schema()) }
            .encode_to_vec()
    }

    /// Parses the published form, of at most [`limits::BUNDLE_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let signed: schema::SignedBundle = message(bytes, limits::BUNDLE_MAX)?;
        Ok(Self {
            log: log_from_schema(signed.log)?,
            bundle: Signed::from_schema(required(signed.bundle)?, BUNDLE_PAYLOAD_MAX)?,
        })
    }
}

/// The public half of a prekey that serves one handshake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OneTimePublic {
    /// X25519 (OPK).
    Exchange([u8; x25519::PUBLIC_LEN]),
    /// ML-KEM-768 (PQOPK).
    Kem(Vec<u8>),
}

/// A one-time prekey, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OneTimePrekey {
    /// The account.
    pub account: AccountId,
    /// The device whose key signs it.
    pub device: DeviceId,
    /// The key's id among the device's keys of its kind.
    pub id: u32,
    /// When it was signed.
    pub issued: Time,
    /// From when on it is refused.
    pub expires: Time,
    /// Who hands it out; none where the device does so itself.
    pub source: Option<PrekeySource>,
    /// The key.
    pub key: OneTimePublic,
}

impl OneTimePrekey {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        let prekey = match &self.key {
            OneTimePublic::Exchange(key) => prekey(ONE_TIME, EXCHANGE, self.id, key),
            OneTimePublic::Kem(key) => prekey(ONE_TIME_KEM, KEM, self.id, key),
        };
        schema::OneTimePrekey {
            suite: u32::from(SUITE),
            account: self.account.as_bytes().to_vec(),
            device: self.device.as_bytes().to_vec(),
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
            prekey: Some(prekey),
            source: self.source.map(|source| source.as_bytes().to_vec()).unwrap_or_default(),
        }
        .encode_to_vec()
    }

    /// Parses a payload, with the same checks as [`Bundle::decode`].
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let one_time: schema::OneTimePrekey = message(payload, ONE_TIME_PAYLOAD_MAX)?;
        known_suite(one_time.suite)?;
        let prekey = required(one_time.prekey)?;
        let key = match prekey.kind {
            ONE_TIME => OneTimePublic::Exchange(exchange_key(&prekey, ONE_TIME)?),
            _ => OneTimePublic::Kem(kem_key(&prekey, ONE_TIME_KEM)?),
        };
        Ok(Self {
            account: AccountId::new(array(&one_time.account)?),
            device: DeviceId::new(array(&one_time.device)?),
            id: prekey.id,
            issued: time(one_time.issued),
            expires: time(one_time.expires),
            source: match one_time.source.as_slice() {
                [] => None,
                source => Some(PrekeySource::new(array(source)?)),
            },
            key,
        })
    }
}

/// The published form of a signed one-time prekey.
pub fn encode_one_time(signed: &Signed) -> Vec<u8> {
    signed.to_schema().encode_to_vec()
}

/// Parses the published form of a signed one-time prekey; its signature is not verified yet.
pub fn decode_one_time(bytes: &[u8]) -> Result<Signed, Malformed> {
    Signed::from_schema(message(bytes, ONE_TIME_PAYLOAD_MAX + 128)?, ONE_TIME_PAYLOAD_MAX)
}

/// When the published form of a one-time prekey says that it expires. Nothing is verified: whoever keeps it for others
/// can't tell whose it is, and needs not.
pub fn one_time_expiry(bytes: &[u8]) -> Result<Time, Malformed> {
    let signed = decode_one_time(bytes)?;
    let one_time: schema::OneTimePrekey = message(signed.unverified(), ONE_TIME_PAYLOAD_MAX)?;
    Ok(time(one_time.expires))
}

fn known_suite(suite: u32) -> Result<(), Malformed> {
    if suite == u32::from(SUITE) { Ok(()) } else { Err(Malformed("an unknown suite")) }
}

fn prekey(kind: u32, algorithm: u32, id: u32, key: &[u8]) -> schema::Prekey {
    schema::Prekey { kind, algorithm, id, key: key.to_vec() }
}

fn exchange_key(prekey: &schema::Prekey, kind: u32) -> Result<[u8; x25519::PUBLIC_LEN], Malformed> {
    if prekey.kind != kind || prekey.algorithm != EXCHANGE {
        return Err(Malformed("a key of another kind"));
    }
    array(&prekey.key)
}

fn kem_key(prekey: &schema::Prekey, kind: u32) -> Result<Vec<u8>, Malformed> {
    if prekey.kind != kind || prekey.algorithm != KEM {
        return Err(Malformed("a key of another kind"));
    }
    if kem::is_public_key(&prekey.key) { Ok(prekey.key.clone()) } else { Err(Malformed("not a KEM key")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    fn kem_public(byte: u8) -> Vec<u8> {
        kem::PrivateKey::from_seed(&Secret::new([byte; kem::SEED_LEN])).public()
    }

    fn bundle() -> Bundle {
        Bundle {
            account: AccountId::new([1; 32]),
            device: DeviceId::new([2; 32]),
            inbox: RouteId::new([3; 16]),
            set: 7,
            issued: Time::from_millis(5),
            expires: Time::from_millis(9),
            signed: [4; 32],
            signed_kem: kem_public(5),
            seal: [6; 32],
            seal_kem: kem_public(7),
        }
    }

    fn changed(change: impl FnOnce(&mut schema::Bundle)) -> Result<Bundle, Malformed> {
        let mut schema = schema::Bundle::decode(bundle().encode().as_slice()).unwrap();
        change(&mut schema);
        Bundle::decode(&schema.encode_to_vec())
    }

    #[test]
    fn a_bundle_reads_back() {
        assert_eq!(Bundle::decode(&bundle().encode()), Ok(bundle()));
    }

    #[test]
    fn a_one_time_prekey_reads_back_with_its_source() {
        for source in [None, Some(PrekeySource::new([8; 32]))] {
            let one_time = OneTimePrekey {
                account: AccountId::new([1; 32]),
                device: DeviceId::new([2; 32]),
                id: 0,
                issued: Time::from_millis(5),
                expires: Time::from_millis(9),
                source,
                key: OneTimePublic::Kem(kem_public(5)),
            };
            assert_eq!(OneTimePrekey::decode(&one_time.encode()), Ok(one_time.clone()));
            let mut schema = schema::OneTimePrekey::decode(one_time.encode().as_slice()).unwrap();
            schema.source = vec![8; 31];
            assert!(OneTimePrekey::decode(&schema.encode_to_vec()).is_err(), "a source of another length");
        }
    }

    #[test]
    fn an_unknown_suite_is_refused() {
        assert_eq!(changed(|bundle| bundle.suite = 2), Err(Malformed("an unknown suite")));
        assert_eq!(changed(|bundle| bundle.suite = 0), Err(Malformed("an unknown suite")));
    }

    #[test]
    fn a_key_cannot_pass_for_one_of_another_kind_or_algorithm() {
        let confused = Err(Malformed("a key of another kind"));
        assert_eq!(changed(|bundle| bundle.prekeys.swap(0, 2)), confused, "prekey for seal");
        assert_eq!(changed(|bundle| bundle.prekeys.swap(1, 3)), confused, "KEM prekey for KEM seal");
        assert_eq!(changed(|bundle| bundle.prekeys.swap(0, 1)), confused, "KEM key for exchange key");
        assert_eq!(changed(|bundle| bundle.prekeys[0].algorithm = KEM), confused);
        assert_eq!(changed(|bundle| bundle.prekeys[0].kind = ONE_TIME), confused);
        assert!(changed(|bundle| bundle.prekeys[2].id = 8).is_err(), "of another set");
        assert!(changed(|bundle| bundle.prekeys.truncate(3)).is_err());
        let mut one_time = schema::OneTimePrekey {
            suite: 1,
            account: vec![1; 32],
            device: vec![2; 32],
            issued: 1,
            expires: 2,
            prekey: Some(prekey(ONE_TIME, EXCHANGE, 1, &[9; 32])),
            source: Vec::new(),
        };
        assert!(OneTimePrekey::decode(&one_time.encode_to_vec()).is_ok());
        for kind in [0, SIGNED, SIGNED_KEM, SEAL, SEAL_KEM, ONE_TIME_KEM, 7] {
            one_time.prekey = Some(prekey(kind, EXCHANGE, 1, &[9; 32]));
            assert_eq!(
                OneTimePrekey::decode(&one_time.encode_to_vec()).unwrap_err(),
                confused.clone().unwrap_err()
            );
        }
    }

    #[test]
    fn a_kem_key_that_fails_the_key_check_is_refused() {
        let refused = changed(|bundle| bundle.prekeys[1].key[..3].fill(0xFF));
        assert_eq!(refused, Err(Malformed("not a KEM key")), "coefficients above the modulus");
        assert!(changed(|bundle| bundle.prekeys[1].key.truncate(1_183)).is_err());
    }
}
