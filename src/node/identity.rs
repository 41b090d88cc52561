//! Making and opening the keystore of a home.

use std::path::Path;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::crypto::password::Cost;
use crate::crypto::secret::Secret;
use crate::disk::files;
use crate::disk::home::{Home, HomeError};
use crate::domain::identity::account::Seed;
use crate::domain::identity::keystore::{Keystore, KeystoreError};
use crate::node::clock;

/// The largest keystore that is read.
const KEYSTORE_MAX: u64 = 64 * 1024;

/// The system's source of randomness, which never runs dry and whose failure ends the process.
pub fn system_rng() -> impl CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

/// Makes an identity in a home that has none: a new one, or the one of a recovery phrase.
pub fn create(
    home: &Home,
    kind: AccountKind,
    seed: Option<Seed>,
    passphrase: &[u8],
    cost: Cost,
) -> Result<Keystore, IdentityError> {
    let seed = seed.unwrap_or_else(|| Seed::random(&mut system_rng()));
    write(home, kind, Some(&seed), passphrase, cost)
}

/// Makes the keys of a person's further device in a home that has none: it is to be linked to their account.
pub fn create_device(home: &Home, passphrase: &[u8], cost: Cost) -> Result<Keystore, IdentityError> {
    write(home, AccountKind::Person, None, passphrase, cost)
}

fn write(
    home: &Home,
    kind: AccountKind,
    seed: Option<&Seed>,
    passphrase: &[u8],
    cost: Cost,
) -> Result<Keystore, IdentityError> {
    if exists(home.path()) {
        return Err(IdentityError::Exists(home.path().display().to_string()));
    }
    if passphrase.is_empty() {
        return Err(IdentityError::NoPassphrase);
    }
    let mut rng = system_rng();
    let keystore = Keystore {
        seed: seed.map(|seed| seed.secret().clone()),
        device: Secret::random(&mut rng),
        transport: Secret::random(&mut rng),
        data_key: Secret::random(&mut rng),
        kind,
        created: clock::now(),
        next: None,
    };
    let sealed = keystore.seal(passphrase, cost, &mut rng)?;
    files::write_whole(&home.keystore(), &sealed).map_err(IdentityError::Write)?;
    Ok(keystore)
}

/// The identity that is to take the place of a home's: made and kept in its keystore the first time, the same from
/// then on, until it has taken that place.
pub fn next_identity(home: &Path, passphrase: &Zeroizing<Vec<u8>>) -> Result<Seed, IdentityError> {
    let mut keystore = unlock(home, passphrase)?;
    if keystore.seed.is_none() {
        return Err(IdentityError::NoPhrase);
    }
    if let Some(next) = keystore.next {
        return Ok(Seed::from_secret(next));
    }
    let next = Seed::random(&mut system_rng());
    keystore.next = Some(next.secret().clone());
    rewrite(home, &keystore, passphrase)?;
    Ok(next)
}

/// Lets go of the identity whose place another has taken, once the store says so: `account` is the one in force. What
/// a crash has left is put right here; nothing is written where nothing is.
pub fn settle(
    home: &Path,
    passphrase: &Zeroizing<Vec<u8>>,
    mut keystore: Keystore,
    account: &AccountId,
) -> Result<(), IdentityError> {
    let in_force = |seed: &Secret<32>| Seed::from_secret(seed.clone()).account().id() == *account;
    if keystore.next.as_ref().is_some_and(in_force) {
        keystore.seed = keystore.next.take();
        rewrite(home, &keystore, passphrase)?;
    }
    Ok(())
}

fn rewrite(home: &Path, keystore: &Keystore, passphrase: &Zeroizing<Vec<u8>>) -> Result<(), IdentityError> {
    let path = home.join("keystore");
    let bytes = files::read_bounded(&path, KEYSTORE_MAX).map_err(IdentityError::Read)?;
    let cost = Keystore::cost(&bytes).ok_or(KeystoreError::Damaged)?;
    let sealed = keystore.seal(passphrase, cost, &mut system_rng())?;
    files::write_whole(&path, &sealed).map_err(IdentityError::Write)
}

/// Whether a home has an identity.
pub fn exists(home: &Path) -> bool {
    home.join("keystore").exists()
}

/// Opens the keystore of a home.
pub fn unlock(home: &Path, passphrase: &Zeroizing<Vec<u8>>) -> Result<Keystore, IdentityError> {
    let path = home.join("keystore");
    let bytes = match files::read_bounded(&path, KEYSTORE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(IdentityError::None(home.display().to_string()));
        }
        Err(error) => return Err(IdentityError::Read(error)),
    };
    Ok(Keystore::open(&bytes, passphrase)?)
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
