//! The keystore: a node's secrets, sealed under a passphrase, and apart from them the key of its identity.
//!
//! Format: `sigillo keystore\n` · version (1) · memory, passes, lanes (4 each, big-endian) · salt (16) · nonce (24) ·
//! length of the contents (2) · contents in postcard's encoding, XChaCha20-Poly1305 with everything before as
//! associated data · the identity, or nothing where it is locked · SHA-256 of all of that (32). The identity is salt (16) ·
//! nonce (24) · its keys in postcard's encoding, XChaCha20-Poly1305 with the first 30 bytes of the file, the salt and
//! the nonce as associated data. Every later version keeps the first line, the version byte and the checksum in their
//! places, so that damage, a newer file and a wrong passphrase are told apart.

use rand_core::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::CryptoError;
use crate::crypto::aead::{self, XNONCE_LEN};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{Label, hkdf_sha256, label};
use crate::crypto::password::{self, Cost, SALT_LEN};
use crate::crypto::secret::Secret;
use crate::domain::identity::primary::Primary;

const MAGIC: &[u8; 17] = b"sigillo keystore\n";
const VERSION: u8 = 4;
const COST_END: usize = 17 + 1 + 12;
const HEADER_LEN: usize = COST_END + SALT_LEN + XNONCE_LEN + 2;
const CHECKSUM_LEN: usize = 32;

/// The secrets that a node can't do without. The key that signs the account's log isn't among them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Keystore {
    /// The identity that this is the first device of. A device that was linked has none.
    pub primary: Option<Primary>,
    /// This device's keys are derived from this.
    pub device: Secret<32>,
    /// The network identity is derived from this.
    pub transport: Secret<32>,
    /// Seals the database.
    pub data_key: Secret<32>,
    /// Whom the account stands for.
    pub kind: AccountKind,
    /// When the keystore was made.
    pub created: Time,
    /// The identity that is to take the place of this one. The store says whether it has.
    pub next: Option<Primary>,
}

/// What signs the account's log: unsealed only for that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityKeys {
    /// The seed: the recovery words are this.
    pub seed: Secret<32>,
    /// The seed of the identity that is to take the place of this one.
    pub next: Option<Secret<32>>,
}

/// The identity's keys as they lie in a keystore, sealed; empty where the recovery phrase alone has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SealedIdentity(Vec<u8>);

/// Why a keystore can't be opened or made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The passphrase is another one.
    #[error("the passphrase is wrong: try again, or restore the account with its 24 recovery words")]
    WrongPassphrase,
    /// Bytes are missing or changed.
    #[error(
        "the keystore file is damaged or cut short: put a copy of it in its place, or restore the account with \
         its 24 recovery words"
    )]
    Damaged,
    /// Something else entirely.
    #[error("this file is not a sigillo keystore: check the path of the home")]
    Foreign,
    /// Written by an earlier version of the program, whose files aren't read any more.
    #[error(
        "the keystore has version {found}, from before sigillo kept the identity key apart: restore the account with \
         its 24 recovery words into a new home"
    )]
    Older {
        /// The version in the file.
        found: u8,
    },
    /// The identity's keys aren't in the file.
    #[error("the identity key is locked: it takes the 24 recovery words")]
    Locked,
    /// Written by a later version of the program.
    #[error(
        "the keystore has version {found}, and this program knows versions up to {VERSION}: install a newer sigillo"
    )]
    Newer {
        /// The version in the file.
        found: u8,
    },
    /// The cost of a guess is outside of [`Cost::LEAST`] and [`Cost::MOST`].
    #[error(
        "the keystore asks for more memory or time than is allowed (1 GiB, 16 passes): nothing that sigillo \
         writes does; put a copy of your own keystore in its place"
    )]
    Cost,
}

impl IdentityKeys {
    /// Seals them under `passphrase` at `cost` a guess, for a keystore of the same cost.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`] where the cost is not acceptable.
    pub fn seal(
        &self,
        passphrase: &[u8],
        cost: Cost,
        rng: &mut dyn CryptoRng,
    ) -> Result<SealedIdentity, KeystoreError> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; XNONCE_LEN]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let bytes = [&salt[..], &nonce].concat();
        let key = key(passphrase, &salt, cost, label::KEYSTORE_IDENTITY)?;
        let sealed = sealed(plain(self)?, &key, &nonce, &[&front(cost)[..], &bytes].concat())?;
        Ok(SealedIdentity([bytes, sealed].concat()))
    }
}

impl SealedIdentity {
    /// Whether there is anything to open.
    pub const fn is_held(&self) -> bool {
        !self.0.is_empty()
    }

    /// Opens what [`IdentityKeys::seal`] made.
    ///
    /// # Errors
    /// [`KeystoreError::Locked`] where nothing is there; else as [`Keystore::open`].
    pub fn open(&self, passphrase: &[u8], cost: Cost) -> Result<IdentityKeys, KeystoreError> {
        if !self.is_held() {
            return Err(KeystoreError::Locked);
        }
        let (salt, rest) = self.0.split_first_chunk::<SALT_LEN>().ok_or(KeystoreError::Damaged)?;
        let (nonce, contents) = rest.split_first_chunk::<XNONCE_LEN>().ok_or(KeystoreError::Damaged)?;
        let key = key(passphrase, salt, cost, label::KEYSTORE_IDENTITY)?;
        unsealed(contents, &key, nonce, &[&front(cost)[..], salt, nonce].concat())
    }
}

impl Keystore {
    /// The keystore as a file's bytes, sealed under `passphrase` at `cost` a guess, with the identity beside it.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`] where the cost is not acceptable.
    pub fn seal(
        &self,
        passphrase: &[u8],
        cost: Cost,
        identity: &SealedIdentity,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, KeystoreError> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; XNONCE_LEN]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let key = key(passphrase, &salt, cost, label::KEYSTORE)?;
        let contents = plain(self)?;
        let length = u16::try_from(contents.len() + aead::TAG_LEN).map_err(|_| KeystoreError::Damaged)?;
        let header = [&front(cost)[..], &salt, &nonce, &length.to_be_bytes()].concat();
        let contents = sealed(contents, &key, &nonce, &header)?;
        Ok(whole([header, contents].concat(), identity))
    }

    /// What one guess at the passphrase of a sealed keystore costs; none where it isn't one.
    pub fn cost(bytes: &[u8]) -> Option<Cost> {
        read_header(bytes.get(..HEADER_LEN)?).map(|(cost, ..)| cost).filter(|cost| cost.is_acceptable())
    }

    /// The identity's keys in a file, still sealed.
    ///
    /// # Errors
    /// As [`Keystore::open`], but for the passphrase.
    pub fn identity(bytes: &[u8]) -> Result<SealedIdentity, KeystoreError> {
        Ok(SealedIdentity(parts(bytes)?.2.to_vec()))
    }

    /// The same file with another identity in it, or none. What else is in it stays sealed.
    ///
    /// # Errors
    /// As [`Keystore::open`], but for the passphrase.
    pub fn with_identity(bytes: &[u8], identity: &SealedIdentity) -> Result<Vec<u8>, KeystoreError> {
        let (header, contents, _) = parts(bytes)?;
        Ok(whole([header, contents].concat(), identity))
    }

    /// Opens what [`Keystore::seal`] made.
    ///
    /// # Errors
    /// One for each thing that its owner can do about it; see [`KeystoreError`].
    pub fn open(bytes: &[u8], passphrase: &[u8]) -> Result<Self, KeystoreError> {
        let (header, contents, _) = parts(bytes)?;
        let (cost, salt, nonce, _) = read_header(header).ok_or(KeystoreError::Damaged)?;
        unsealed(contents, &key(passphrase, &salt, cost, label::KEYSTORE)?, &nonce, header)
    }
}

/// Header, sealed contents and sealed identity of a file.
type Parts<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Takes a file apart, its checksum verified.
fn parts(bytes: &[u8]) -> Result<Parts<'_>, KeystoreError> {
    use KeystoreError::{Damaged, Foreign, Newer, Older};
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(if MAGIC.starts_with(bytes) { Damaged } else { Foreign });
    };
    if bytes.len() > limits::KEYSTORE_MAX {
        return Err(Damaged);
    }
    let (sealed, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(Damaged)?;
    if sha256(&[sealed]) != *checksum {
        return Err(Damaged);
    }
    match rest.first() {
        Some(&VERSION) => {}
        Some(&found) if found > VERSION => return Err(Newer { found }),
        Some(&found) if found > 0 => return Err(Older { found }),
        _ => return Err(Damaged),
    }
    let (header, rest) = sealed.split_at_checked(HEADER_LEN).ok_or(Damaged)?;
    let (_, _, _, length) = read_header(header).ok_or(Damaged)?;
    let (contents, identity) = rest.split_at_checked(usize::from(length)).ok_or(Damaged)?;
    Ok((header, contents, identity))
}

fn whole(mut bytes: Vec<u8>, identity: &SealedIdentity) -> Vec<u8> {
    bytes.extend_from_slice(&identity.0);
    let checksum = sha256(&[&bytes]);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn plain<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    // Large enough that the secrets are never copied by growing.
    let contents = Vec::with_capacity(limits::KEYSTORE_MAX);
    Ok(Zeroizing::new(postcard::to_extend(value, contents).map_err(|_| KeystoreError::Damaged)?))
}

fn sealed(
    mut contents: Zeroizing<Vec<u8>>,
    key: &Secret<32>,
    nonce: &[u8; XNONCE_LEN],
    before: &[u8],
) -> Result<Vec<u8>, KeystoreError> {
    aead::seal_random(key, nonce, before, &mut contents).map_err(|CryptoError| KeystoreError::Damaged)?;
    Ok(contents.to_vec())
}

fn unsealed<T: DeserializeOwned>(
    contents: &[u8],
    key: &Secret<32>,
    nonce: &[u8; XNONCE_LEN],
    before: &[u8],
) -> Result<T, KeystoreError> {
    let mut contents = Zeroizing::new(contents.to_vec());
    aead::open_random(key, nonce, before, &mut contents)
        .map_err(|CryptoError| KeystoreError::WrongPassphrase)?;
    postcard::from_bytes(&contents).map_err(|_| KeystoreError::Damaged)
}

/// What both sealed parts are bound to: the first line, the version and the cost.
fn front(cost: Cost) -> Vec<u8> {
    let parts = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes);
    [&MAGIC[..], &[VERSION], parts.as_flattened()].concat()
}

fn read_header(header: &[u8]) -> Option<(Cost, [u8; SALT_LEN], [u8; XNONCE_LEN], u16)> {
    let rest = header.get(MAGIC.len() + 1..)?;
    let (memory_kib, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (lanes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
    let (nonce, length) = rest.split_first_chunk::<XNONCE_LEN>()?;
    let cost = Cost {
        memory_kib: u32::from_be_bytes(*memory_kib),
        passes: u32::from_be_bytes(*passes),
        lanes: u32::from_be_bytes(*lanes),
    };
    Some((cost, *salt, *nonce, u16::from_be_bytes(length.try_into().ok()?)))
}

fn key(
    passphrase: &[u8],
    salt: &[u8; SALT_LEN],
    cost: Cost,
    use_of: Label,
) -> Result<Secret<32>, KeystoreError> {
    // The lanes come first: the least memory is a product of them, which a hostile number would overflow.
    if !cost.is_acceptable() {
        return Err(KeystoreError::Cost);
    }
    let guess = password::derive(passphrase, salt, cost).map_err(|CryptoError| KeystoreError::Cost)?;
    Ok(hkdf_sha256(salt, guess.expose(), &use_of.encoded()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::account::Seed;

    /// Counts upwards: tests need difference, not surprise.
    struct Counter(u64);

    impl rand_core::TryRng for Counter {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(self.try_next_u64()? as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0 += 1;
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            for byte in bytes {
                *byte = self.try_next_u64()? as u8;
            }
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Counter {}

    fn keystore() -> Keystore {
        Keystore {
            primary: Some(Primary::heir(&Seed::from_secret(Secret::new([7; 32])), AccountKind::Person)),
            device: Secret::new([2; 32]),
            transport: Secret::new([3; 32]),
            data_key: Secret::new([4; 32]),
            kind: AccountKind::Business,
            created: Time::from_millis(1_700_000_000_000),
            next: None,
        }
    }

    fn keys() -> IdentityKeys {
        IdentityKeys { seed: Secret::new([1; 32]), next: None }
    }

    fn sealed() -> Vec<u8> {
        let mut rng = Counter(0);
        let identity = keys().seal(b"open sesame", Cost::LEAST, &mut rng).unwrap();
        keystore().seal(b"open sesame", Cost::LEAST, &identity, &mut rng).unwrap()
    }

    #[test]
    fn a_linked_devices_keystore_has_no_identity() {
        let linked = Keystore { primary: None, ..keystore() };
        let bytes = linked.seal(b"x", Cost::LEAST, &SealedIdentity::default(), &mut Counter(0)).unwrap();
        assert_eq!(Keystore::open(&bytes, b"x"), Ok(linked));
        assert_eq!(Keystore::identity(&bytes), Ok(SealedIdentity::default()));
    }

    #[test]
    fn a_keystore_keeps_the_identity_that_is_to_be_and_its_cost() {
        let next = Primary::heir(&Seed::from_secret(Secret::new([9; 32])), AccountKind::Business);
        let both = Keystore { next: Some(next), ..keystore() };
        let bytes = both.seal(b"x", Cost::LEAST, &SealedIdentity::default(), &mut Counter(0)).unwrap();
        assert_eq!(Keystore::open(&bytes, b"x"), Ok(both));
        assert_eq!(Keystore::cost(&bytes), Some(Cost::LEAST));
        assert_eq!(Keystore::cost(b"sigillo keystore\n"), None);
    }

    #[test]
    fn the_identity_key_opens_apart_and_a_locked_home_has_none() {
        let bytes = sealed();
        let identity = Keystore::identity(&bytes).unwrap();
        assert_eq!(identity.open(b"open sesame", Cost::LEAST), Ok(keys()));
        assert_eq!(identity.open(b"open barley", Cost::LEAST), Err(KeystoreError::WrongPassphrase));
        assert!(Cost::STANDARD != Cost::LEAST && identity.open(b"open sesame", Cost::STANDARD).is_err());
        // Locking and unlocking leaves the rest as it is, byte for byte.
        let locked = Keystore::with_identity(&bytes, &SealedIdentity::default()).unwrap();
        assert_eq!(Keystore::open(&locked, b"open sesame"), Ok(keystore()));
        let nothing = Keystore::identity(&locked).unwrap();
        assert_eq!(nothing.open(b"open sesame", Cost::LEAST), Err(KeystoreError::Locked));
        assert!(!locked.windows(16).any(|window| identity.0.windows(16).any(|sealed| sealed == window)));
        assert_eq!(Keystore::with_identity(&locked, &identity), Ok(bytes));
    }

    #[test]
    fn what_a_passphrase_opens_every_day_holds_nothing_that_signs_the_log() {
        let seed = Seed::from_secret(Secret::new([7; 32]));
        let daily = postcard::to_stdvec(&keystore()).unwrap();
        assert!(!daily.windows(32).any(|window| window == seed.secret().expose()));
        // The root of the accounts towards businesses is there, and isn't the way back.
        let root = postcard::to_stdvec(&seed.subjects()).unwrap();
        assert!(daily.windows(32).any(|window| window == &root[1..]));
        let taken = Seed::from_secret(Secret::from_slice(&root[1..]).unwrap());
        assert_ne!(taken.account().id(), seed.account().id());
    }

    fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len() - CHECKSUM_LEN);
        let checksum = sha256(&[&bytes]);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    #[test]
    fn a_keystore_opens_with_its_passphrase_and_no_other() {
        assert_eq!(Keystore::open(&sealed(), b"open sesame"), Ok(keystore()));
        assert_eq!(Keystore::open(&sealed(), b"open barley"), Err(KeystoreError::WrongPassphrase));
    }

    #[test]
    fn no_secret_is_readable_in_the_file() {
        let bytes = sealed();
        for byte in 1..=4u8 {
            assert!(!bytes.windows(8).any(|window| window == [byte; 8]));
        }
    }

    #[test]
    fn two_seals_of_one_keystore_share_neither_salt_nor_ciphertext() {
        let mut rng = Counter(0);
        let mut seal = || keystore().seal(b"x", Cost::LEAST, &SealedIdentity::default(), &mut rng).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one[30..46], two[30..46]);
        assert_ne!(one[HEADER_LEN..], two[HEADER_LEN..]);
    }

    #[test]
    fn a_file_cut_short_anywhere_is_called_damaged() {
        let bytes = sealed();
        for length in 0..bytes.len() {
            assert_eq!(
                Keystore::open(&bytes[..length], b"open sesame"),
                Err(KeystoreError::Damaged),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_never_opens() {
        let bytes = sealed();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            let expected = if at < MAGIC.len() { KeystoreError::Foreign } else { KeystoreError::Damaged };
            assert_eq!(Keystore::open(&changed, b"open sesame"), Err(expected), "byte {at}");
        }
    }

    #[test]
    fn a_change_that_comes_with_its_own_checksum_still_never_opens() {
        let open = |bytes: &[u8]| {
            let identity = Keystore::identity(bytes)?.open(b"open sesame", Cost::LEAST)?;
            Keystore::open(bytes, b"open sesame").map(|keystore| (keystore, identity))
        };
        let bytes = sealed();
        assert_eq!(open(&bytes), Ok((keystore(), keys())));
        for at in 0..bytes.len() - CHECKSUM_LEN {
            let mut changed = bytes.clone();
            // The lowest bit: it keeps the cost small enough to be tried.
            changed[at] ^= 1;
            assert!(open(&with_checksum(changed)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn foreign_and_newer_files_are_told_apart() {
        assert_eq!(Keystore::open(b"-----BEGIN PRIVATE KEY-----", b""), Err(KeystoreError::Foreign));
        let mut newer = sealed();
        newer[MAGIC.len()] = VERSION + 1;
        assert_eq!(
            Keystore::open(&with_checksum(newer), b"x"),
            Err(KeystoreError::Newer { found: VERSION + 1 })
        );
        let mut older = sealed();
        older[MAGIC.len()] = 3;
        assert_eq!(Keystore::open(&with_checksum(older), b"x"), Err(KeystoreError::Older { found: 3 }));
    }

    #[test]
    fn a_hostile_cost_is_refused_before_it_is_paid() {
        for field in [18, 22, 26] {
            let mut greedy = sealed();
            greedy[field..field + 4].copy_from_slice(&[0xFF; 4]);
            assert_eq!(Keystore::open(&with_checksum(greedy), b"x"), Err(KeystoreError::Cost));
        }
    }
}
