//! Making and opening the keystore of a home.

use std::path::Path;

use rand_core::CryptoRng;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::crypto::password::Cost;
use crate::crypto::secret::Secret;
use crate::disk::files;
use crate::disk::home::{Home, HomeError};
use crate::domain::identity::account::Seed;
use crate::domain::identity::keystore::{IdentityKeys, Keystore, KeystoreError, SealedIdentity};
use crate::domain::identity::primary::Primary;
use crate::node::clock;

/// The largest keystore that is read.
const KEYSTORE_MAX: u64 = 64 * 1024;

/// The system's source of randomness, which never runs dry and whose failure ends the process.
pub fn system_rng() -> impl CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

/// Makes an identity in a home that has none: a new one, or the one of this seed, which has said nothing yet.
pub fn create(
    home: &Home,
    kind: AccountKind,
    seed: Option<Seed>,
    passphrase: &[u8],
    cost: Cost,
) -> Result<Keystore, IdentityError> {
    let seed = seed.unwrap_or_else(|| Seed::random(&mut system_rng()));
    write(home, kind, Some((&seed, false)), passphrase, cost)
}

/// Brings an identity back in a home that has none, from the seed of its recovery phrase.
pub fn restore(
    home: &Home,
    kind: AccountKind,
    seed: &Seed,
    passphrase: &[u8],
    cost: Cost,
) -> Result<Keystore, IdentityError> {
    write(home, kind, Some((seed, true)), passphrase, cost)
}

/// What unseals the identity's key.
pub enum Unlock {
    /// The home's passphrase, unless the key is locked.
    Passphrase(Zeroizing<Vec<u8>>),
    /// The recovery phrase, always.
    Phrase(Seed),
}

/// Where the identity's key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Custody {
    /// In the keystore, sealed under the passphrase by itself.
    Held,
    /// In the recovery phrase alone.
    Locked,
}

/// Where the key of a home's identity is. Of a linked device it says [`Custody::Locked`].
pub fn custody(home: &Path) -> Result<Custody, IdentityError> {
    let identity = Keystore::identity(&read(home)?)?;
    Ok(if identity.is_held() { Custody::Held } else { Custody::Locked })
}

/// The seed of `account`, unsealed to sign an entry of its log. To be dropped as soon as that is done.
pub fn signing(home: &Path, unlock: &Unlock, account: &AccountId) -> Result<Seed, IdentityError> {
    match unlock {
        Unlock::Passphrase(passphrase) => {
            let keys = identity_keys(home, passphrase)?;
            let seeds =
                [Some(keys.seed.clone()), keys.next.clone()].into_iter().flatten().map(Seed::from_secret);
            seeds.into_iter().find(|seed| seed.account().id() == *account).ok_or(IdentityError::OtherPhrase)
        }
        Unlock::Phrase(seed) => Ok(seed.clone()),
    }
}

/// Takes the identity's key out of the home: from here on the recovery phrase alone has it. `seed` is that of the phrase,
/// so that nobody locks away what isn't written down.
pub fn lock(home: &Path, seed: &Seed, account: &AccountId) -> Result<(), IdentityError> {
    if seed.account().id() != *account {
        return Err(IdentityError::OtherPhrase);
    }
    let bytes = Keystore::with_identity(&read(home)?, &SealedIdentity::default())?;
    files::write_whole(&home.join("keystore"), &bytes).map_err(IdentityError::Write)
}

/// Brings the identity's key back into the home, sealed under the home's passphrase.
pub fn unlock_identity(
    home: &Path,
    seed: &Seed,
    passphrase: &Zeroizing<Vec<u8>>,
    account: &AccountId,
) -> Result<(), IdentityError> {
    if seed.account().id() != *account {
        return Err(IdentityError::OtherPhrase);
    }
    let bytes = read(home)?;
    // Under this passphrase, and no other that was mistyped.
    Keystore::open(&bytes, passphrase)?;
    let cost = Keystore::cost(&bytes).ok_or(KeystoreError::Damaged)?;
    let keys = IdentityKeys { seed: seed.secret().clone(), next: None };
    let sealed = keys.seal(passphrase, cost, &mut system_rng())?;
    let bytes = Keystore::with_identity(&bytes, &sealed)?;
    files::write_whole(&home.join("keystore"), &bytes).map_err(IdentityError::Write)
}

/// Makes the keys of a person's further device in a home that has none: it is to be linked to their account.
pub fn create_device(home: &Home, passphrase: &[u8], cost: Cost) -> Result<Keystore, IdentityError> {
    write(home, AccountKind::Person, None, passphrase, cost)
}

fn write(
    home: &Home,
    kind: AccountKind,
    seed: Option<(&Seed, bool)>,
    passphrase: &[u8],
    cost: Cost,
) -> Result<Keystore, IdentityError> {
    if exists(home.path()) {
        return Err(IdentityError::Exists(home.path().display().to_string()));
    }
    if passphrase.is_empty() {
        return Err(IdentityError::NoPassphrase);
    }
    let (mut rng, created) = (system_rng(), clock::now());
    let device = Secret::random(&mut rng);
    let keystore = Keystore {
        primary: seed
            .map(|(seed, restored)| Primary { restored, ..Primary::begin(seed, &device, kind, created) }),
        device,
        transport: Secret::random(&mut rng),
        data_key: Secret::random(&mut rng),
        kind,
        created,
        next: None,
    };
    let identity = match seed {
        Some((seed, _)) => {
            IdentityKeys { seed: seed.secret().clone(), next: None }.seal(passphrase, cost, &mut rng)?
        }
        None => SealedIdentity::default(),
    };
    let sealed = keystore.seal(passphrase, cost, &identity, &mut rng)?;
    files::write_whole(&home.keystore(), &sealed).map_err(IdentityError::Write)?;
    Ok(keystore)
}

/// The identity that is to take the place of a home's: made and kept in its keystore the first time, the same from
/// then on, until it has taken that place.
pub fn next_identity(home: &Path, passphrase: &Zeroizing<Vec<u8>>) -> Result<Seed, IdentityError> {
    let mut keystore = unlock(home, passphrase)?;
    if keystore.primary.is_none() {
        return Err(IdentityError::NoPhrase);
    }
    let mut keys = identity_keys(home, passphrase)?;
    if let Some(next) = keys.next {
        return Ok(Seed::from_secret(next));
    }
    let next = Seed::random(&mut system_rng());
    keys.next = Some(next.secret().clone());
    keystore.next = Some(Primary::heir(&next, keystore.kind));
    rewrite(home, &keystore, Some(&keys), passphrase)?;
    Ok(next)
}

/// The seed of the identity that is to take the place of a home's, if one was made.
pub fn prepared_identity(
    home: &Path,
    passphrase: &Zeroizing<Vec<u8>>,
) -> Result<Option<Seed>, IdentityError> {
    Ok(identity_keys(home, passphrase)?.next.map(Seed::from_secret))
}

/// Lets go of the identity whose place another has taken, once the store says so: `account` is the one in force. What
/// a crash has left is put right here; nothing is written where nothing is.
pub fn settle(
    home: &Path,
    passphrase: &Zeroizing<Vec<u8>>,
    mut keystore: Keystore,
    account: &AccountId,
) -> Result<(), IdentityError> {
    if keystore.next.as_ref().is_none_or(|next| next.account != *account) {
        return Ok(());
    }
    keystore.primary = keystore.next.take();
    let keys = match custody(home)? {
        Custody::Held => identity_keys(home, passphrase)?.next.map(|seed| IdentityKeys { seed, next: None }),
        Custody::Locked => None,
    };
    rewrite(home, &keystore, keys.as_ref(), passphrase)
}

fn rewrite(
    home: &Path,
    keystore: &Keystore,
    keys: Option<&IdentityKeys>,
    passphrase: &Zeroizing<Vec<u8>>,
) -> Result<(), IdentityError> {
    let cost = Keystore::cost(&read(home)?).ok_or(KeystoreError::Damaged)?;
    let mut rng = system_rng();
    let identity = keys.map(|keys| keys.seal(passphrase, cost, &mut rng)).transpose()?.unwrap_or_default();
    let sealed = keystore.seal(passphrase, cost, &identity, &mut rng)?;
    files::write_whole(&home.join("keystore"), &sealed).map_err(IdentityError::Write)
}

fn identity_keys(home: &Path, passphrase: &Zeroizing<Vec<u8>>) -> Result<IdentityKeys, IdentityError> {
    let bytes = read(home)?;
    let cost = Keystore::cost(&bytes).ok_or(KeystoreError::Damaged)?;
    Ok(Keystore::identity(&bytes)?.open(passphrase, cost)?)
}

/// Whether a home has an identity.
pub fn exists(home: &Path) -> bool {
    home.join("keystore").exists()
}

/// Opens the keystore of a home; the identity's key stays sealed.
pub fn unlock(home: &Path, passphrase: &Zeroizing<Vec<u8>>) -> Result<Keystore, IdentityError> {
    Ok(Keystore::open(&read(home)?, passphrase)?)
}

fn read(home: &Path) -> Result<Vec<u8>, IdentityError> {
    match files::read_bounded(&home.join("keystore"), KEYSTORE_MAX) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(IdentityError::None(home.display().to_string()))
        }
        Err(error) => Err(IdentityError::Read(error)),
    }
}

/// Why a home has no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is one already; it is never overwritten.
    #[error("there is an identity in {0} already: choose another home with --home")]
    Exists(String),
    /// There is none.
    #[error(
        "there is no identity in {0}: make one with `sigillo init`, or bring one back with `sigillo restore`"
    )]
    None(String),
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty: choose one")]
    NoPassphrase,
    /// A linked device's keystore.
    #[error("only the device that has the recovery phrase does this: use that one")]
    NoPhrase,
    /// A phrase that brings another account.
    #[error("this is the recovery phrase of another identity than this home's")]
    OtherPhrase,
    /// The keystore doesn't open.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The home can't be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The keystore can't be written.
    #[error("the keystore can't be written: {0}")]
    Write(std::io::Error),
    /// The keystore can't be read.
    #[error("the keystore can't be read: {0}")]
    Read(std::io::Error),
}
