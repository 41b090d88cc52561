//! The seed of a person or business, its recovery phrase, and the account keys derived from it.

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::base::id::AccountId;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;

/// Words of a recovery phrase.
pub const PHRASE_WORDS: usize = 24;

/// The 32 bytes that everything an identity is follows from, written as 24 words (BIP 39, English).
#[derive(Clone, Debug)]
pub struct Seed(Secret<32>);

impl Seed {
    /// A fresh seed.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// A seed read back from the keystore.
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The bytes, for the keystore.
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The seed of a recovery phrase. Case and spacing don't matter.
    pub fn from_phrase(phrase: &str) -> Result<Self, PhraseError> {
        let words: Zeroizing<Vec<String>> =
            Zeroizing::new(phrase.split_whitespace().map(str::to_lowercase).collect());
        if words.len() != PHRASE_WORDS {
            return Err(PhraseError::Count(words.len()));
        }
        let unknown = words.iter().position(|word| Language::English.find_word(word).is_none());
        if let Some(position) = unknown {
            return Err(PhraseError::Word(position + 1));
        }
        let joined = Zeroizing::new(words.join(" "));
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &joined);
        let mut entropy = mnemonic.map_err(|_| PhraseError::Checksum)?.to_entropy();
        let secret = Secret::from_slice(&entropy).ok_or(PhraseError::Checksum);
        entropy.zeroize();
        secret.map(Self)
    }

    /// The recovery phrase: 24 words.
    pub fn phrase(&self) -> Zeroizing<String> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.0.expose());
        #[expect(clippy::expect_used, reason = "32 bytes are an entropy that BIP 39 allows")]
        let words: Vec<&str> = mnemonic.expect("32 bytes are 24 words").words().collect();
        Zeroizing::new(words.join(" "))
    }

    /// The account that the world knows.
    pub fn account(&self) -> AccountKey {
        AccountKey::from_seed(&hkdf_sha256(&[], self.0.expose(), &label::ACCOUNT_KEY.encoded()))
    }

    /// What the accounts towards businesses follow from. It doesn't lead back to the seed.
    pub fn subjects(&self) -> SubjectRoot {
        SubjectRoot(hkdf_sha256(&[], self.0.expose(), &label::SUBJECT_ROOT.encoded()))
    }
}

/// The secret that all accounts towards businesses follow from, and nothing else of the identity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SubjectRoot(Secret<32>);

impl SubjectRoot {
    /// The account that `business`, and nobody else, knows: two businesses can't tell that their customers
    /// are one person.
    pub fn towards(&self, business: &AccountId) -> AccountKey {
        AccountKey::from_seed(&hkdf_sha256(
            &[],
            self.0.expose(),
            &label::SUBJECT_KEY.with(&[business.as_bytes()]),
        ))
    }
}

/// An account identity key (AIK): it signs entries of the account's log, and nothing else.
#[derive(Clone, Debug)]
pub struct AccountKey {
    id: AccountId,
    key: SigningKey,
}

impl AccountKey {
    fn from_seed(seed: &Secret<32>) -> Self {
        let key = SigningKey::from_seed(seed);
        Self { id: AccountId::new(key.public()), key }
    }

    /// The public half: the account's id.
    pub const fn id(&self) -> AccountId {
        self.id
    }

    pub(super) const fn signing(&self) -> &SigningKey {
        &self.key
    }
}

/// Why a text isn't a recovery phrase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PhraseError {
    /// Another number of words.
    #[error("a recovery phrase has {PHRASE_WORDS} words, this one has {0}")]
    Count(usize),
    /// A word that isn't in the list; its position, from 1. The word itself is not repeated.
    #[error("word {0} isn't in the list of recovery words: check its spelling")]
    Word(usize),
    /// All words are known, but not in this order.
    #[error("the words don't belong together: check their order")]
    Checksum,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(byte: u8) -> Seed {
        Seed::from_secret(Secret::new([byte; 32]))
    }

    #[test]
    fn a_phrase_brings_the_same_identity_back() {
        let phrase = seed(7).phrase();
        assert_eq!(phrase.split(' ').count(), PHRASE_WORDS);
        let spaced = phrase.to_uppercase().replace(' ', "\n  ");
        assert_eq!(Seed::from_phrase(&spaced).unwrap().account().id(), seed(7).account().id());
    }

    #[test]
    fn the_bip_39_vector_of_all_zero_entropy_holds() {
        let phrase = seed(0).phrase();
        assert_eq!(phrase.as_str(), format!("{}art", "abandon ".repeat(23)));
    }

    #[test]
    fn a_wrong_phrase_says_what_is_wrong_and_repeats_no_word() {
        assert_eq!(Seed::from_phrase("abandon").unwrap_err(), PhraseError::Count(1));
        let zoo = "zoo ".repeat(23) + "sigillo";
        assert_eq!(Seed::from_phrase(&zoo).unwrap_err(), PhraseError::Word(24));
        assert!(!PhraseError::Word(24).to_string().contains("sigillo"));
        assert_eq!(Seed::from_phrase(&"abandon ".repeat(24)).unwrap_err(), PhraseError::Checksum);
    }

    #[test]
    fn each_business_sees_another_account() {
        let (one, other) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
        let towards = |byte, business| seed(byte).subjects().towards(business).id();
        let ids = [seed(7).account().id(), towards(7, &one), towards(7, &other)];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        assert_eq!(towards(7, &one), ids[1]);
        assert_ne!(towards(8, &one), ids[1]);
    }
}
