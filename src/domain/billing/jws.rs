//! A receipt's second signature: the same facts as a JWS, which any unrelated JOSE library verifies.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::money::{Currency, Money};
use crate::base::time::Time;
use crate::crypto::ed25519::PublicKey;
use crate::crypto::jws;
use crate::domain::identity::address;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::billing::{Event, EventKind, Receipt, Tax, Terms};
use crate::wire::document::SignedDocument;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::rail::{Rail, TrustClass};
use crate::wire::signed::Signed;

/// The protected header's `typ`.
pub const TYPE: &str = "sigillo-receipt+jws";
/// Bytes of a signature, with which each entry of the log begins.
const SIGNATURE_LEN: usize = 64;

/// The protected header. `kid` is the device that signs, whose bytes are its public key; `log` is the issuer's account
/// log, which names that device: each entry its signature and then its payload, in base64url.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log: Vec<String>,
}

/// The payload: registered claims (RFC 7519), and the receipt's own fields, in this order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    iat: u64,
    jti: Digest,
    receipt: Facts,
}

/// A receipt's fields; moments are milliseconds since the epoch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    version: u32,
    subscription: Digest,
    plan: String,
    plan_hash: Digest,
    invoice: InvoiceKey,
    seq: u64,
    previous: Digest,
    period_start: Time,
    period_end: Time,
    grace_days: u32,
    amount_minor: i64,
    currency: Currency,
    tax: Vec<Tax>,
    rail: Rail,
    trust_class: TrustClass,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence_hash: Option<Digest>,
    issued_at: Time,
}

impl Claims {
    fn of(receipt: &Receipt, id: Digest) -> Self {
        Self {
            iss: address::encode(&receipt.terms.issuer),
            sub: address::encode(&receipt.terms.subject),
            iat: receipt.issued_at.as_secs(),
            jti: id,
            receipt: Facts {
                version: 1,
                subscription: receipt.terms.subscription,
                plan: receipt.terms.plan.clone(),
                plan_hash: receipt.terms.plan_hash,
                invoice: receipt.invoice,
                seq: receipt.seq,
                previous: receipt.previous,
                period_start: receipt.period_start,
                period_end: receipt.period_end,
                grace_days: receipt.grace_days,
                amount_minor: receipt.amount.minor,
                currency: receipt.amount.currency,
                tax: receipt.tax.clone(),
                rail: receipt.rail,
                trust_class: receipt.trust_class,
                evidence_hash: receipt.evidence_hash,
                issued_at: receipt.issued_at,
            },
        }
    }

    fn receipt(self, key: DeviceId) -> Option<Receipt> {
        let account = |text: &str| -> Option<AccountId> { address::decode(text).ok() };
        let Facts { subscription, plan, plan_hash, currency, amount_minor: minor, .. } = self.receipt;
        let (issuer, subject) = (account(&self.iss)?, account(&self.sub)?);
        Some(Receipt {
            terms: Terms { issuer, subject, subscription, plan, plan_hash },
            invoice: self.receipt.invoice,
            seq: self.receipt.seq,
            previous: self.receipt.previous,
            period_start: self.receipt.period_start,
            period_end: self.receipt.period_end,
            grace_days: self.receipt.grace_days,
            amount: Money { minor, currency },
            tax: self.receipt.tax,
            rail: self.receipt.rail,
            trust_class: self.receipt.trust_class,
            evidence_hash: self.receipt.evidence_hash,
            issued_at: self.receipt.issued_at,
            key,
        })
    }
}

/// Signs a receipt's facts once more, with as much of the issuer's log in the header as it carries. None where that
/// can't be written.
pub fn sign(receipt: &Receipt, id: Digest, keys: &DeviceKeys, log: &AccountLog) -> Option<String> {
    let payload = serde_json::to_vec(&Claims::of(receipt, id)).ok()?;
    let entry = |signed: &Signed| {
        let SignedDocument { payload, signature } = SignedDocument::new(signed);
        data_encoding::BASE64URL_NOPAD.encode(&[signature, payload].concat())
    };
    let log: Vec<String> = log.carried().iter().map(entry).collect();
    let header = |log| Header { alg: "EdDSA".into(), typ: TYPE.into(), kid: keys.id().to_string(), log };
    let made = |header: &Header| -> Option<String> {
        let compact = jws::sign(keys.signing(), &serde_json::to_vec(header).ok()?, &payload);
        (compact.len() <= charging::JWS_MAX).then_some(compact)
    };
    made(&header(log)).or_else(|| made(&header(Vec::new())))
}

/// Whether a compact JWS says what the receipt says, signed by the same device.
pub fn holds(compact: &str, receipt: &Receipt, id: Digest) -> bool {
    PublicKey::parse(receipt.key.as_bytes()).is_ok_and(|key| holds_by(compact, receipt, id, &key))
}

/// The same where the device's key, which the receipt names, was parsed already.
pub(super) fn holds_by(compact: &str, receipt: &Receipt, id: Digest, key: &PublicKey) -> bool {
    let Ok((header, payload)) = parts(compact) else { return false };
    let same = serde_json::to_vec(&Claims::of(receipt, id)).is_ok_and(|expected| expected == payload);
    same && header.signer() == Some(receipt.key) && jws::verify_by(key, compact).is_ok()
}

/// A JWS that was read and whose signature holds under the key that it names itself. Whose key that is, the log says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// What it says.
    pub receipt: Receipt,
    /// The receipt's id.
    pub id: Digest,
    /// The device that signed.
    pub signer: DeviceId,
    /// The issuer's log that it carries, not verified.
    pub log: Vec<Signed>,
}

/// Reads a receipt's JWS in compact form.
///
/// # Errors
/// Whether it isn't one, or its signature doesn't hold.
pub fn read(compact: &str) -> Result<Read, JwsError> {
    let (header, payload) = parts(compact)?;
    let signer = header.signer().ok_or(JwsError::Malformed)?;
    jws::verify(signer.as_bytes(), compact).map_err(|_| JwsError::Signature)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| JwsError::Malformed)?;
    let jti = claims.jti;
    let receipt = claims.receipt(signer).ok_or(JwsError::Malformed)?;
    // Every bound of a receipt, and that its id is that of these facts.
    let event = Event::Receipt(receipt.clone());
    let encoded = event.encode();
    let canonical = serde_json::to_vec(&Claims::of(&receipt, jti)).is_ok_and(|same| same == payload);
    let id = Digest::new(crate::crypto::hash::sha256(&[&encoded]));
    if Event::decode(EventKind::Receipt, &encoded) != Ok(event) || id != jti || !canonical {
        return Err(JwsError::Malformed);
    }
    let entry = |text: &String| -> Option<Signed> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (signature, payload) = bytes.split_at_checked(SIGNATURE_LEN)?;
        let document = SignedDocument { payload: payload.to_vec(), signature: signature.to_vec() };
        document.signed(limits::LOG_ENTRY_MAX).ok()
    };
    let log = header.log.iter().map(entry).collect::<Option<Vec<_>>>().ok_or(JwsError::Malformed)?;
    Ok(Read { receipt, id, signer, log })
}

impl Header {
    fn signer(&self) -> Option<DeviceId> {
        DeviceId::from_hex(&self.kid)
    }
}

/// The header and the payload of one of ours.
fn parts(compact: &str) -> Result<(Header, Vec<u8>), JwsError> {
    if compact.len() > charging::JWS_MAX {
        return Err(JwsError::Malformed);
    }
    let (header, payload) = jws::parts(compact).map_err(|_| JwsError::Malformed)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwsError::Malformed)?;
    let known = header.alg == "EdDSA" && header.typ == TYPE && header.log.len() <= limits::LOG_ENTRIES_MAX;
    if known { Ok((header, payload)) } else { Err(JwsError::Malformed) }
}

/// Why a text isn't a receipt's JWS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JwsError {
    /// It isn't a receipt's JWS.
    #[error("not a receipt's JWS")]
    Malformed,
    /// Its signature doesn't hold.
    #[error("the JWS's signature doesn't hold")]
    Signature,
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};

    use super::*;
    use crate::domain::billing::fixture::{NOW, World};

    fn receipt() -> (World, Receipt, Digest, String) {
        let mut world = World::new();
        let mut book = world.book();
        let recorded = world.pay(&mut book, NOW);
        let Event::Receipt(receipt) = recorded.event().clone() else { unreachable!() };
        let compact = sign(&receipt, recorded.id(), &world.business.keys, &world.business.log).unwrap();
        (world, receipt, recorded.id(), compact)
    }

    #[test]
    fn an_unrelated_jose_library_verifies_it_and_reads_the_same_facts() {
        let (world, receipt, id, compact) = receipt();
        let header = jsonwebtoken::decode_header(&compact).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some(TYPE)));
        let kid = header.kid.unwrap();
        assert_eq!(kid, world.business.keys.id().to_string());
        let x = data_encoding::BASE64URL_NOPAD.encode(&crate::crypto::kdf::tests::hex(&kid));
        let key = DecodingKey::from_ed_components(&x).unwrap();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.set_issuer(&[address::encode(&receipt.terms.issuer)]);
        let read = jsonwebtoken::decode::<serde_json::Value>(&compact, &key, &rules).unwrap().claims;
        assert_eq!(read["jti"], id.to_string());
        assert_eq!(read["receipt"]["amount_minor"], 1990);
        assert_eq!(read["receipt"]["currency"], "BRL");
        assert_eq!(read["receipt"]["trust_class"], "B");
        let other = DecodingKey::from_ed_components(
            &data_encoding::BASE64URL_NOPAD.encode(world.person.keys.id().as_bytes()),
        );
        assert!(jsonwebtoken::decode::<serde_json::Value>(&compact, &other.unwrap(), &rules).is_err());
    }

    #[test]
    fn it_reads_back_with_its_log_and_no_character_can_be_changed() {
        let (world, receipt, id, compact) = receipt();
        let read = read(&compact).unwrap();
        assert_eq!((&read.receipt, read.id, read.signer), (&receipt, id, receipt.key));
        assert_eq!(read.log, world.business.log.carried());
        assert!(holds(&compact, &receipt, id));
        let other = Receipt { seq: 1, previous: Digest::new([1; 32]), ..receipt.clone() };
        assert!(!holds(&compact, &other, id));
        for position in 0..compact.len() {
            let mut changed = compact.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(super::read(&changed).is_err(), "{position}");
            assert!(!holds(&changed, &receipt, id));
        }
    }

    #[test]
    fn other_algorithms_and_types_are_refused_whoever_signs() {
        let (world, receipt, id, compact) = receipt();
        let (_, payload) = jws::parts(&compact).unwrap();
        let kid = receipt.key.to_string();
        for header in [
            format!(r#"{{"alg":"none","typ":"{TYPE}","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"{TYPE}","kid":"{kid}","crit":["exp"]}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"{TYPE}","kid":"{}"}}"#, world.person.keys.id()),
        ] {
            let forged = jws::sign(world.business.keys.signing(), header.as_bytes(), &payload);
            assert!(read(&forged).is_err() && !holds(&forged, &receipt, id), "{header}");
        }
    }
}
