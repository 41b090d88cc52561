//! Key derivation: HKDF (RFC 5869), HMAC (RFC 2104) and every label that separates one use from another.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use crate::crypto::secret::Secret;

/// A domain label. Signed and derived inputs begin with one, so no use can be taken for another.
///
/// The encoding is `0x00 || length || text`: prefix-free, and never the beginning of a JWS input (which is
/// base64url text).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(&'static str);

impl Label {
    const fn new(text: &'static str) -> Self {
        assert!(text.len() < 128, "a label's length fits one byte");
        Self(text)
    }

    /// What [`Label::encoded`] writes, as two parts that need no allocation.
    pub fn parts(&self) -> ([u8; 2], &'static [u8]) {
        ([0, u8::try_from(self.0.len()).unwrap_or(u8::MAX)], self.0.as_bytes())
    }

    /// The encoded label: a zero byte, the length, the text.
    pub fn encoded(self) -> Vec<u8> {
        self.with(&[])
    }

    /// The encoded label, followed by the parts. The caller makes their borders unambiguous.
    pub fn with(self, parts: &[&[u8]]) -> Vec<u8> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(2 + self.0.len() + length);
        bytes.push(0);
        bytes.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(self.0.as_bytes());
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes
    }
}

/// All labels of the protocol, in one place so that two can't be the same by accident.
pub mod label {
    use super::Label;

    macro_rules! labels {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
            $($(#[$doc])* pub const $name: Label = Label::new($text);)*
            #[cfg(test)]
            pub(super) const ALL: &[Label] = &[$($name),*];
        };
    }

    labels! {
        /// Seed -> the account identity key that the world knows.
        ACCOUNT_KEY = "sigillo v1 account key";
        /// Seed -> what the accounts towards businesses follow from.
        SUBJECT_ROOT = "sigillo v1 subject root";
        /// Subject root and a business's key -> the account identity key that this business sees.
        SUBJECT_KEY = "sigillo v1 subject key";
        /// Device secret and account -> the device signing key.
        DEVICE_SIGNING = "sigillo v1 device signing key";
        /// Device secret and account -> the device X25519 key.
        DEVICE_EXCHANGE = "sigillo v1 device exchange key";
        /// Signs an entry of an account log.
        LOG_ENTRY = "sigillo v1 log entry";
        /// Hashes an entry of an account log.
        LOG_HASH = "sigillo v1 log hash";
        /// Proves that a device of an account asks what others have of its log.
        LOG_ASK = "sigillo v1 log ask";
        /// Signs a device's own word that it speaks for an account.
        DEVICE_CONSENT = "sigillo v1 device consent";
        /// Signs a former account's word that its devices may be its successor's.
        SUCCESSION = "sigillo v1 identity succession";
        /// Signs the acceptance of another account's place.
        ACCEPTANCE = "sigillo v1 identity acceptance";
        /// The iterated hash of an identity key, half of a safety number.
        SAFETY_NUMBER = "sigillo v1 safety number";
        /// The checksum of an offer to link a device.
        LINK_OFFER = "sigillo v1 link offer";
        /// Hides from others for which account a device is asked to be linked.
        LINK_ACCOUNT = "sigillo v1 link account";
        /// The seal of a grant that links a device.
        LINK_GRANT = "sigillo v1 link grant";
        /// The digest by which whoever saw an offer to link a device names it.
        LINK_ASK = "sigillo v1 link ask";
        /// Signs a bundle of prekeys.
        BUNDLE = "sigillo v1 bundle";
        /// Signs a one-time prekey.
        ONE_TIME_PREKEY = "sigillo v1 one-time prekey";
        /// Proves a challenge to work for one-time prekeys to the node that made it.
        PREKEY_CHALLENGE = "sigillo v1 prekey challenge";
        /// Proof of work for one-time prekeys.
        PREKEY_WORK = "sigillo v1 prekey work";
        /// The handshake's transcript.
        TRANSCRIPT = "sigillo v1 pqxdh transcript";
        /// The handshake's output keys.
        HANDSHAKE = "sigillo v1 pqxdh";
        /// The first flight's seal.
        SEAL = "sigillo v1 seal";
        /// A root step of the Double Ratchet.
        ROOT = "sigillo v1 ratchet root";
        /// A root step of the post-quantum chain.
        QUANTUM_ROOT = "sigillo v1 post-quantum root";
        /// A new epoch's secret, from the KEM's.
        EPOCH = "sigillo v1 epoch";
        /// Proves the KEM key that a new epoch is agreed by.
        EPOCH_KEY = "sigillo v1 epoch key";
        /// Proves the ciphertext that answers it.
        EPOCH_CIPHERTEXT = "sigillo v1 epoch ciphertext";
        /// Hashes a device's certificate into a transcript.
        CERTIFICATE = "sigillo v1 device certificate";
        /// A message key: the hybrid of the classical and the post-quantum chain.
        MESSAGE = "sigillo v1 message key";
        /// The pair id of one session and direction.
        ROUTE = "sigillo v1 pair id";
        /// Signs a business's profile.
        PROFILE = "sigillo v1 profile";
        /// Signs the statement in the directory that another account took the place of one.
        FORWARD = "sigillo v1 forward";
        /// The DHT keys of a profile.
        PROFILE_KEY = "sigillo v1 profile dht key";
        /// Signs an index entry.
        INDEX_ENTRY = "sigillo v1 index entry";
        /// The place of an index entry in the key space.
        INDEX_KEY = "sigillo v1 index dht key";
        /// The short hash of one term, by which index entries are sifted.
        INDEX_FACET = "sigillo v1 index facet";
        /// The shard that an account's index entries lie in.
        INDEX_SHARD = "sigillo v1 index shard";
        /// The checksum of an invite.
        INVITE = "sigillo v1 invite";
        /// Signs a request to read a queue at a mailbox.
        MAILBOX_READ = "sigillo v1 mailbox command";
        /// Read key -> the queue's read id.
        MAILBOX_READ_ID = "sigillo v1 mailbox read id";
        /// The exchange of a writer and a pair queue -> the key that proves deposits.
        MAILBOX_WRITER = "sigillo v1 mailbox writer";
        /// Proves a deposit in a pair queue.
        MAILBOX_SEND = "sigillo v1 mailbox deposit";
        /// The pass of a ticket to an inbox.
        MAILBOX_TICKET = "sigillo v1 mailbox ticket";
        /// Proof of work at a mailbox.
        MAILBOX_WORK = "sigillo v1 mailbox work";
        /// Hides the route of a deposited frame.
        MAILBOX_ROUTE = "sigillo v1 mailbox route";
        /// Names a mailbox as a source of one-time prekeys.
        MAILBOX_SOURCE = "sigillo v1 mailbox source";
        /// Signs a subscription request.
        SUBSCRIBE = "sigillo v1 subscribe";
        /// Signs an invoice.
        INVOICE = "sigillo v1 invoice";
        /// Signs a receipt.
        RECEIPT = "sigillo v1 receipt";
        /// Signs a trial grant.
        TRIAL = "sigillo v1 trial";
        /// Signs a cancellation.
        CANCEL = "sigillo v1 cancel";
        /// Signs a further way to pay an invoice.
        OFFER = "sigillo v1 payment offer";
        /// Signs a payer's word that an invoice was paid.
        EVIDENCE = "sigillo v1 payment evidence";
        /// Signs a credit note.
        CREDIT_NOTE = "sigillo v1 credit note";
        /// Signs that a credit note no longer counts.
        CREDIT_REVERSED = "sigillo v1 credit note reversed";
        /// Signs a subscriber's wish for another plan.
        PLAN_CHANGE = "sigillo v1 plan change";
        /// Signs an issuer's answer to a subscriber's wish.
        AGREEMENT = "sigillo v1 agreement";
        /// Signs an issuer's wish for another price.
        PRICE_CHANGE = "sigillo v1 price change";
        /// Signs a subscriber's answer to another price.
        PRICE_CONSENT = "sigillo v1 price consent";
        /// Signs a subscriber's wish to stop for a while.
        PAUSE = "sigillo v1 pause";
        /// Signs that a receipt's subject shows it.
        PRESENTATION = "sigillo v1 presentation";
        /// Chains an issuer's events in the order that they were kept in.
        LEDGER = "sigillo v1 ledger";
        /// Signs how far an exported ledger goes.
        LEDGER_HEAD = "sigillo v1 ledger head";
        /// Signs a person's consent, and its end.
        CONSENT = "sigillo v1 consent";
        /// Signs a report about somebody.
        REPORT = "sigillo v1 report";
        /// A file's secret -> the key that seals its chunks.
        FILE_CHUNKS = "sigillo v1 file chunks";
        /// The id of a file.
        FILE_ID = "sigillo v1 file id";
        /// Hashes a plan's terms.
        PLAN_HASH = "sigillo v1 plan terms";
        /// Wraps the keystore under the passphrase's key.
        KEYSTORE = "sigillo v1 keystore";
        /// Wraps the identity key in the keystore, apart from the rest.
        KEYSTORE_IDENTITY = "sigillo v1 identity in keystore";
        /// Data key -> the key that seals one table's values.
        TABLE_VALUES = "sigillo v1 table values";
        /// Data key -> the key that blinds one table's keys.
        TABLE_KEYS = "sigillo v1 table keys";
        /// Data key -> the key that seals the journal.
        JOURNAL = "sigillo v1 journal";
        /// Data key -> the key that seals a backup.
        BACKUP = "sigillo v1 backup";
        /// Data key -> the key that proves the manifest.
        MANIFEST = "sigillo v1 manifest";
    }
}

/// HKDF-SHA-256 (RFC 5869): extract with `salt`, expand with `info` into `output`.
///
/// `output` is at most 8,160 bytes, which its type keeps: callers derive at most a few keys at once.
pub fn hkdf_sha256<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> Secret<N> {
    const { assert!(N <= 255 * 32, "RFC 5869 bounds the output") };
    let mut output = Secret::new([0; N]);
    // Can't fail: the only error is an output longer than the bound that is asserted above.
    let _ = Hkdf::<Sha256>::new(Some(salt), input).expand(info, output.expose_mut());
    output
}

/// The first step of HKDF-SHA-256 (RFC 5869, section 2.2): the key that [`expand_sha256`] takes.
pub fn extract_sha256(salt: &Secret<32>, input: &Secret<32>) -> Secret<32> {
    hmac_sha256(salt.expose(), &[input.expose()])
}

/// The second step of HKDF-SHA-256 (RFC 5869, section 2.3), with the parts of `info` one after the other.
pub fn expand_sha256<const N: usize>(key: &Secret<32>, info: &[&[u8]]) -> Secret<N> {
    const { assert!(N <= 255 * 32, "RFC 5869 bounds the output") };
    let mut output = Secret::new([0; N]);
    // Can't fail: the key is as long as the hash, and the output is bounded above.
    let _ =
        Hkdf::<Sha256>::from_prk(key.expose()).map(|hkdf| hkdf.expand_multi_info(info, output.expose_mut()));
    output
}

/// HKDF-SHA-512 (RFC 5869): extract with `salt`, expand with `info` into `output`.
pub fn hkdf_sha512<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> Secret<N> {
    const { assert!(N <= 255 * 64, "RFC 5869 bounds the output") };
    let mut output = Secret::new([0; N]);
    let _ = Hkdf::<Sha512>::new(Some(salt), input).expand(info, output.expose_mut());
    output
}

/// HMAC-SHA-256 (RFC 2104) over the parts, one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Secret<32> {
    HmacKey::new(key).last_tag(parts)
}

/// An HMAC-SHA-256 key with its pads already hashed, for keys that are used often.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Prepares a key of any length.
    pub fn new(key: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104, section 2)")]
        Self(Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    /// The tag over the parts, one after the other.
    pub fn tag(&self, parts: &[&[u8]]) -> Secret<32> {
        self.clone().last_tag(parts)
    }

    /// The same where the key isn't needed any more: nothing is copied, and so nothing more is to be wiped.
    pub fn last_tag(mut self, parts: &[&[u8]]) -> Secret<32> {
        parts.iter().for_each(|part| self.0.update(part));
        Secret::new(self.0.finalize().into_bytes().into())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn rfc_5869_test_case_1_holds() {
        let key: Secret<42> = hkdf_sha256(
            &hex("000102030405060708090a0b0c"),
            &hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
            &hex("f0f1f2f3f4f5f6f7f8f9"),
        );
        assert_eq!(
            key.expose().to_vec(),
            hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        );
    }

    #[test]
    fn rfc_4231_test_case_2_holds() {
        assert_eq!(
            hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]).expose().to_vec(),
            hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
    }

    #[test]
    fn no_two_labels_are_the_same_or_begin_one_another() {
        for (i, one) in label::ALL.iter().enumerate() {
            for other in &label::ALL[i + 1..] {
                assert!(
                    !one.encoded().starts_with(&other.encoded())
                        && !other.encoded().starts_with(&one.encoded())
                );
            }
        }
    }
}
