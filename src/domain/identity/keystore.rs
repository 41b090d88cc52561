//! The keystore: a node's secrets, sealed under a passphrase.
//!
//! Format: `sigillo keystore\n` · version (1) · memory, passes, lanes (4 each, big-endian) · salt (16) · nonce (24)
//! · contents in postcard's encoding, XChaCha20-Poly1305 with everything before as associated data · SHA-256 of
//! all of that (32). Every later version keeps the first line, the version byte and the checksum in their places,
//! so that damage, a newer file and a wrong passphrase are told apart.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::CryptoError;
use crate::crypto::aead::{self, XNONCE_LEN};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::password::{self, Cost, SALT_LEN};
use crate::crypto::secret::Secret;

const MAGIC: &[u8; 17] = b"sigillo keystore\n";
const VERSION: u8 = 3;
/// Keystores of this version have a seed always.
const VERSION_WITH_SEED: u8 = 1;
/// Those up to this one know of no identity that is to take the place of the one that they have.
const VERSION_WITHOUT_NEXT: u8 = 2;
const HEADER_LEN: usize = 17 + 1 + 12 + SALT_LEN + XNONCE_LEN;
const CHECKSUM_LEN: usize = 32;

/// The secrets that a node can't do without.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Keystore {
    /// The account's seed: the recovery words are this. A device that was linked has none.
    pub seed: Option<Secret<32>>,
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
    /// The seed of the identity that is to take the place of this one. The store says whether it has.
    pub next: Option<Secret<32>>,
}

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

impl Keystore {
    /// The keystore as a file's bytes, sealed under `passphrase` at `cost` a guess.
    ///
    /// # Errors
    /// [`KeystoreError::Cost`] where the cost is not acceptable.
    pub fn seal(
        &self,
        passphrase: &[u8],
        cost: Cost,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, KeystoreError> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; XNONCE_LEN]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        [cost.memory_kib, cost.passes, cost.lanes]
            .iter()
            .for_each(|part| bytes.extend_from_slice(&part.to_be_bytes()));
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(&nonce);
        let key = key(passphrase, &salt, cost)?;
        // Large enough that the secrets are never copied by growing.
        let contents = Vec::with_capacity(256);
        let mut contents =
            Zeroizing::new(postcard::to_extend(self, contents).map_err(|_| KeystoreError::Damaged)?);
        aead::seal_random(&key, &nonce, &bytes, &mut contents).map_err(|_| KeystoreError::Damaged)?;
        bytes.extend_from_slice(&contents);
        let checksum = sha256(&[&bytes]);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// What one guess at the passphrase of a sealed keystore costs; none where it isn't one.
    pub fn cost(bytes: &[u8]) -> Option<Cost> {
        read_header(bytes.get(..HEADER_LEN)?).map(|(cost, _, _)| cost).filter(|cost| cost.is_acceptable())
    }

    /// Opens what [`Keystore::seal`] made.
    ///
    /// # Errors
    /// One for each thing that its owner can do about it; see [`KeystoreError`].
    pub fn open(bytes: &[u8], passphrase: &[u8]) -> Result<Self, KeystoreError> {
        use KeystoreError::{Damaged, Foreign, Newer, WrongPassphrase};
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
            Some(&(VERSION_WITH_SEED..=VERSION)) => {}
            Some(&found) if found > VERSION => return Err(Newer { found }),
            _ => return Err(Damaged),
        }
        let version = rest.first().copied().unwrap_or_default();
        let (header, contents) = sealed.split_at_checked(HEADER_LEN).ok_or(Damaged)?;
        let (cost, salt, nonce) = read_header(header).ok_or(Damaged)?;
        let key = key(passphrase, &salt, cost)?;
        let mut contents = Zeroizing::new(contents.to_vec());
        aead::open_random(&key, &nonce, header, &mut contents).map_err(|CryptoError| WrongPassphrase)?;
        if version <= VERSION_WITHOUT_NEXT {
            // What says that there is a seed, and that there is no next one, in the encoding of today.
            let mut today = Zeroizing::new(Vec::with_capacity(contents.len() + 2));
            today.extend((version == VERSION_WITH_SEED).then_some(1));
            today.extend_from_slice(&contents);
            today.push(0);
            contents = today;
        }
        postcard::from_bytes(&contents).map_err(|_| Damaged)
    }
}

fn read_header(header: &[u8]) -> Option<(Cost, [u8; SALT_LEN], [u8; XNONCE_LEN])> {
    let rest = header.get(MAGIC.len() + 1..)?;
    let (memory_kib, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (lanes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
    let cost = Cost {
        memory_kib: u32::from_be_bytes(*memory_kib),
        passes: u32::from_be_bytes(*passes),
        lanes: u32::from_be_bytes(*lanes),
    };
    Some((cost, *salt, rest.try_into().ok()?))
}

fn key(passphrase: &[u8], salt: &[u8; SALT_LEN], cost: Cost) -> Result<Secret<32>, KeystoreError> {
    // The lanes come first: the least memory is a product of them, which a hostile number would overflow.
    if !cost.is_acceptable() {
        return Err(KeystoreError::Cost);
    }
    let guess = password::derive(passphrase, salt, cost).map_err(|CryptoError| KeystoreError::Cost)?;
    Ok(hkdf_sha256(salt, guess.expose(), &label::KEYSTORE.encoded()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            seed: Some(Secret::new([1; 32])),
            device: Secret::new([2; 32]),
            transport: Secret::new([3; 32]),
            data_key: Secret::new([4; 32]),
            kind: AccountKind::Business,
            created: Time::from_millis(1_700_000_000_000),
            next: None,
        }
    }

    fn sealed() -> Vec<u8> {
        keystore().seal(b"open sesame", Cost::LEAST, &mut Counter(0)).unwrap()
    }

    #[test]
    fn a_linked_devices_keystore_has_no_seed() {
        let linked = Keystore { seed: None, ..keystore() };
        let bytes = linked.seal(b"x", Cost::LEAST, &mut Counter(0)).unwrap();
        assert_eq!(Keystore::open(&bytes, b"x"), Ok(linked));
    }

    #[test]
    fn a_keystore_keeps_the_identity_that_is_to_be_and_its_cost() {
        let both = Keystore { next: Some(Secret::new([9; 32])), ..keystore() };
        let bytes = both.seal(b"x", Cost::LEAST, &mut Counter(0)).unwrap();
        assert_eq!(Keystore::open(&bytes, b"x"), Ok(both));
        assert_eq!(Keystore::cost(&bytes), Some(Cost::LEAST));
        assert_eq!(Keystore::cost(b"sigillo keystore\n"), None);
    }

    #[test]
    fn a_keystore_of_version_1_opens_with_its_seed() {
        let store = keystore();
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION_WITH_SEED);
        let parts = [Cost::LEAST.memory_kib, Cost::LEAST.passes, Cost::LEAST.lanes];
        parts.iter().for_each(|part| bytes.extend_from_slice(&part.to_be_bytes()));
        bytes.extend_from_slice(&[5; SALT_LEN]);
        bytes.extend_from_slice(&[6; XNONCE_LEN]);
        let key = key(b"x", &[5; SALT_LEN], Cost::LEAST).unwrap();
        // The fields as version 1 had them: no word on whether there is a seed.
        let first = (Secret::<32>::new([1; 32]), &store.device, &store.transport, &store.data_key);
        let mut contents = postcard::to_stdvec(&(first, store.kind, store.created)).unwrap();
        aead::seal_random(&key, &[6; XNONCE_LEN], &bytes, &mut contents).unwrap();
        bytes.extend_from_slice(&contents);
        bytes.extend_from_slice(&[0; CHECKSUM_LEN]);
        assert_eq!(Keystore::open(&with_checksum(bytes), b"x"), Ok(store));
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
        let one = keystore().seal(b"x", Cost::LEAST, &mut rng).unwrap();
        let two = keystore().seal(b"x", Cost::LEAST, &mut rng).unwrap();
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
        let bytes = sealed();
        for at in 0..bytes.len() - CHECKSUM_LEN {
            let mut changed = bytes.clone();
            // The lowest bit: it keeps the cost small enough to be tried.
            changed[at] ^= 1;
            assert!(Keystore::open(&with_checksum(changed), b"open sesame").is_err(), "byte {at}");
        }
    }

    #[test]
    fn foreign_and_newer_files_are_told_apart() {
        assert_eq!(Keystore::open(b"-----BEGIN PRIVATE KEY-----", b""), Err(KeystoreError::Foreign));
        let mut newer = sealed();
        newer[MAGIC.len()] = 4;
        assert_eq!(Keystore::open(&with_checksum(newer), b"x"), Err(KeystoreError::Newer { found: 4 }));
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
