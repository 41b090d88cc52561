//! Lightning: BOLT11 invoices, parsed and verified (BOLT 11), and the preimage that proves that one was paid (BOLT 2).

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Fe32};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

use crate::base::charging;
use crate::base::time::Time;
use crate::crypto::hash::sha256;

/// Groups of five bits: the timestamp, and the signature with its recovery id.
const TIMESTAMP: usize = 7;
const SIGNATURE: usize = 104;
/// An invoice that names no life has this one, in seconds.
const DEFAULT_EXPIRY: u64 = 3_600;

/// A BOLT11 invoice whose signature holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bolt11 {
    /// SHA-256 of the preimage.
    pub payment_hash: [u8; 32],
    /// In thousandths of a satoshi; none where the payer chooses.
    pub millisatoshi: Option<u64>,
    /// When it was made.
    pub made: Time,
    /// From when on it can't be paid.
    pub expires: Time,
    /// The compressed public key of the node that is paid.
    pub payee: [u8; 33],
}

impl Bolt11 {
    /// Parses and verifies an invoice for Bitcoin's main, test or regression network.
    ///
    /// # Errors
    /// Why it isn't one.
    pub fn parse(text: &str) -> Result<Self, LightningError> {
        if text.len() > charging::PAYEE_MAX {
            return Err(LightningError::Form);
        }
        let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| LightningError::Form)?;
        let hrp = checked.hrp().to_lowercase();
        let groups: Vec<u8> = checked.fe32_iter().map(Fe32::to_u8).collect();
        let body = groups.len().checked_sub(SIGNATURE).filter(|body| *body >= TIMESTAMP);
        let (data, signature) = groups.split_at(body.ok_or(LightningError::Form)?);
        let made = number(&data[..TIMESTAMP]);
        let fields = Fields::read(&data[TIMESTAMP..])?;
        let payee = signer(&hrp, data, signature, fields.payee)?;
        let expiry = fields.expiry.unwrap_or(DEFAULT_EXPIRY);
        let at = |seconds: u64| Time::from_millis(seconds.saturating_mul(1_000));
        Ok(Self {
            payment_hash: fields.payment_hash.ok_or(LightningError::Form)?,
            millisatoshi: amount(&hrp)?,
            made: at(made),
            expires: at(made.saturating_add(expiry)),
            payee,
        })
    }

    /// Whether the preimage proves that this invoice was paid.
    pub fn is_paid_by(&self, preimage: &[u8]) -> bool {
        preimage.len() == 32 && sha256(&[preimage]) == self.payment_hash
    }
}

/// The tagged fields that matter here; the first of each counts, unknown ones are skipped.
#[derive(Default)]
struct Fields {
    payment_hash: Option<[u8; 32]>,
    payee: Option<[u8; 33]>,
    expiry: Option<u64>,
}

impl Fields {
    fn read(mut rest: &[u8]) -> Result<Self, LightningError> {
        const PAYMENT_HASH: u8 = 1;
        const PAYEE: u8 = 19;
        const EXPIRY: u8 = 6;
        let mut fields = Self::default();
        while let [tag, high, low, more @ ..] = rest {
            let length = usize::from(*high) * 32 + usize::from(*low);
            let (value, next) = more.split_at_checked(length).ok_or(LightningError::Form)?;
            match *tag {
                PAYMENT_HASH if fields.payment_hash.is_none() => fields.payment_hash = exact(value),
                PAYEE if fields.payee.is_none() => fields.payee = exact(value),
                EXPIRY if fields.expiry.is_none() => {
                    fields.expiry = Some(if length <= 12 { number(value) } else { u64::MAX });
                }
                _ => {}
            }
            rest = next;
        }
        if rest.is_empty() { Ok(fields) } else { Err(LightningError::Form) }
    }
}

/// The amount that the human-readable part names.
fn amount(hrp: &str) -> Result<Option<u64>, LightningError> {
    const NETWORKS: [&str; 4] = ["lnbcrt", "lnbc", "lntbs", "lntb"];
    let rest = NETWORKS.iter().find_map(|network| hrp.strip_prefix(network)).ok_or(LightningError::Form)?;
    if rest.is_empty() {
        return Ok(None);
    }
    let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let value: u64 = digits.parse().map_err(|_| LightningError::Form)?;
    // A bitcoin is 10^11 millisatoshi.
    let (factor, divisor) = match &rest[digits.len()..] {
        "" => (100_000_000_000, 1),
        "m" => (100_000_000, 1),
        "u" => (100_000, 1),
        "n" => (100, 1),
        "p" => (1, 10),
        _ => return Err(LightningError::Form),
    };
    if digits.starts_with('0') || !value.is_multiple_of(divisor) {
        return Err(LightningError::Form);
    }
    (value / divisor).checked_mul(factor).map(Some).ok_or(LightningError::Form)
}

/// The key that signed: the one that is named, if the signature holds under it, else the one that the signature tells.
fn signer(
    hrp: &str,
    data: &[u8],
    signature: &[u8],
    named: Option<[u8; 33]>,
) -> Result<[u8; 33], LightningError> {
    let bytes = packed(signature);
    let (bytes, recovery) = bytes.split_at_checked(64).ok_or(LightningError::Signature)?;
    let recovery = recovery.first().and_then(|id| RecoveryId::from_byte(*id));
    let recovery = recovery.ok_or(LightningError::Signature)?;
    let signature = Signature::from_slice(bytes).map_err(|_| LightningError::Signature)?;
    let hash = sha256(&[hrp.as_bytes(), &packed(data)]);
    let key = VerifyingKey::recover_from_prehash(&hash, &signature, recovery)
        .map_err(|_| LightningError::Signature)?;
    let found: [u8; 33] =
        key.to_sec1_point(true).as_bytes().try_into().map_err(|_| LightningError::Signature)?;
    if named.is_some_and(|named| named != found) { Err(LightningError::Signature) } else { Ok(found) }
}

/// Groups of five bits as bytes, the last one filled up with zeros.
fn packed(groups: &[u8]) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(groups.len() * 5 / 8 + 1), 0_u32, 0_u32);
    for group in groups {
        held = held << 5 | u32::from(*group);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        bytes.push((held << (8 - bits)) as u8);
    }
    bytes
}

/// Exactly so many bytes, with what fills the last group up left out.
fn exact<const N: usize>(groups: &[u8]) -> Option<[u8; N]> {
    let wanted = (N * 8).div_ceil(5);
    (groups.len() == wanted).then(|| packed(groups)).and_then(|bytes| bytes[..N].try_into().ok())
}

/// A big-endian number of five-bit groups.
fn number(groups: &[u8]) -> u64 {
    groups.iter().fold(0, |number, group| number << 5 | u64::from(*group))
}

/// Why a text isn't an invoice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LightningError {
    /// Not the form of one.
    #[error("not a BOLT11 invoice")]
    Form,
    /// Its signature doesn't hold.
    #[error("the BOLT11 invoice's signature doesn't hold")]
    Signature,
}

#[cfg(test)]
pub(crate) mod tests {
    use bech32::{Fe32IterExt as _, Hrp};
    use k256::ecdsa::SigningKey;

    use super::*;

    /// The private key of the specification's examples, and the key of its node.
    const KEY: &str = "e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734";
    pub(crate) const NODE: &str = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad";

    /// A signed invoice by the specification's node: `hrp` names network and amount.
    pub(crate) fn made(hrp: &str, preimage: &[u8], seconds: u64, expiry: u64) -> String {
        let five = |bytes: &[u8]| -> Vec<u8> {
            let bits: Vec<u8> =
                bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
            let value =
                |chunk: &[u8]| (0..5).fold(0, |value, i| value << 1 | chunk.get(i).copied().unwrap_or(0));
            bits.chunks(5).map(value).collect()
        };
        let count = |number: u64, groups: u32| -> Vec<u8> {
            (0..groups).rev().map(|group| (number >> (5 * group) & 31) as u8).collect()
        };
        let hash = five(&sha256(&[preimage]));
        let mut data = count(seconds, 7);
        data.extend([&[1, 1, 20], hash.as_slice(), &[6, 0, 4], &count(expiry, 4)].concat());
        let key = SigningKey::from_slice(&crate::crypto::kdf::tests::hex(KEY)).unwrap();
        let digest = sha256(&[hrp.as_bytes(), &packed(&data)]);
        let (signature, recovery) = key.sign_prehash_recoverable(&digest);
        data.extend(five(&[signature.to_bytes().as_slice(), &[recovery.to_byte()]].concat()));
        let groups = data.iter().map(|group| Fe32::try_from(*group).unwrap());
        groups.with_checksum::<Bech32>(&Hrp::parse(hrp).unwrap()).chars().collect()
    }

    #[test]
    fn the_specifications_examples_are_read() {
        let coffee = "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfq\
                      qqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx\
                      85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh";
        let read = Bolt11::parse(coffee).unwrap();
        assert_eq!(read.millisatoshi, Some(250_000_000));
        assert_eq!(read.payee.to_vec(), crate::crypto::kdf::tests::hex(NODE));
        let hash = "0001020304050607080900010203040506070809000102030405060708090102";
        assert_eq!(read.payment_hash.to_vec(), crate::crypto::kdf::tests::hex(hash));
        assert_eq!((read.made.as_secs(), read.expires.as_secs()), (1_496_314_658, 1_496_314_718));
        let donation = "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5\
                        rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq\
                        9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7\
                        mlcwspyetp5h2tztugp9lfyql";
        let read = Bolt11::parse(donation).unwrap();
        assert_eq!((read.millisatoshi, read.expires.since(read.made).as_secs()), (None, 3_600));
        assert_eq!(read.payee.to_vec(), crate::crypto::kdf::tests::hex(NODE));
    }

    #[test]
    fn a_preimage_proves_its_own_invoice_only() {
        let text = made("lnbcrt10u", &[7; 32], 1_700_000_000, 600);
        let invoice = Bolt11::parse(&text).unwrap();
        assert_eq!((invoice.millisatoshi, invoice.expires.as_secs()), (Some(1_000_000), 1_700_000_600));
        assert!(invoice.is_paid_by(&[7; 32]));
        assert!(!invoice.is_paid_by(&[8; 32]) && !invoice.is_paid_by(&[]) && !invoice.is_paid_by(&[7; 33]));
    }

    #[test]
    fn no_character_of_an_invoice_can_be_changed() {
        let text = made("lnbc1m", &[7; 32], 1_700_000_000, 600);
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'q' { b'p' } else { b'q' };
            assert!(Bolt11::parse(core::str::from_utf8(&changed).unwrap()).is_err(), "{position}");
        }
        for bad in ["", "lnbc", "lnbc1", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"] {
            assert!(Bolt11::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_read_in_their_units() {
        let cases = [("lnbc", None), ("lnbc1", Some(100_000_000_000)), ("lntb20m", Some(2_000_000_000))];
        for (hrp, expected) in cases.into_iter().chain([("lnbcrt9n", Some(900)), ("lnbc10p", Some(1))]) {
            assert_eq!(amount(hrp), Ok(expected), "{hrp}");
        }
        for bad in ["lnbc1p", "lnbc01u", "lnbcu", "lnbc1x", "lnxx1u", "lnbc99999999999999999999"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }
}
