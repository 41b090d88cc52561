//! Texts that people copy: addresses, invites, recovery phrases, amounts, receipt files.

use sigillo::base::id::{AccountId, MessageId};
use sigillo::base::limits;
use sigillo::base::money::{Currency, Money};
use sigillo::crypto::hash::sha256;
use sigillo::crypto::kdf::label;
use sigillo::domain::billing::export::{Expect, ReceiptFile, Refusal, verify};
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::{address, invite};
use sigillo::wire::billing::{Event, EventKind};
use sigillo::wire::decode::is_line;
use sigillo::wire::document::SignedDocument;
use sigillo::wire::invite::Invite;
use sigillo::wire::invoice_key::InvoiceKey;
use sigillo::wire::signed::Signed;

use crate::bytes::Bytes;
use crate::people::Person;
use crate::wire::{is_canonical, is_reach};

/// The target.
pub fn text(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(9);
    let rest = bytes.rest();
    let text = String::from_utf8_lossy(rest);
    match choice {
        0 => {
            if let Ok(account) = address::decode(&text) {
                assert_eq!(address::encode(&account), text.trim().to_lowercase());
            }
        }
        1 => {
            if let Ok(invite) = invite::decode(&text) {
                assert!(text.trim().len() <= limits::INVITE_MAX);
                let encoded = invite::encode(&invite);
                let scheme = invite::SCHEME.len();
                assert_eq!(encoded[scheme..], text.trim()[scheme..], "one text for each invite");
            }
        }
        2 => {
            if let Some(invite) = is_canonical(rest, Invite::decode, Invite::encode) {
                assert!(is_line(&invite.name, limits::NAME_MAX));
                is_reach(&invite.reach);
            }
        }
        3 => checked_invite(rest),
        4 => receipt_file(rest),
        5 => signed_receipt(rest),
        6 => {
            if let Ok(seed) = Seed::from_phrase(&text) {
                let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
                assert_eq!(*seed.phrase(), words.join(" "));
            }
        }
        7 => {
            if let Ok(key) = text.parse::<InvoiceKey>() {
                assert_eq!(key.as_str(), text);
            }
            if let Some(id) = MessageId::from_hex(&text) {
                assert_eq!(id.to_string(), text.to_lowercase());
            }
        }
        _ => money(&text),
    }
}

/// An invite whose checksum holds, whatever it says.
fn checked_invite(content: &[u8]) {
    let versioned = [&[invite::VERSION], content].concat();
    let sum = sha256(&[&label::INVITE.encoded(), &versioned]);
    let whole = [&versioned[..], &sum[..4]].concat();
    let text = format!("{}{}", invite::SCHEME, base64url(&whole));
    let parsed = Invite::decode(content);
    assert!(text.len() > limits::INVITE_MAX || parsed.is_ok() == invite::decode(&text).is_ok());
}

/// A receipt file as somebody hands it over: what isn't signed by its issuer is never a verdict.
fn receipt_file(json: &[u8]) {
    let Ok(file) = serde_json::from_slice::<ReceiptFile>(json) else { return };
    let written = serde_json::to_vec(&file).expect("a file can be written");
    assert_eq!(serde_json::from_slice::<ReceiptFile>(&written).ok().as_ref(), Some(&file));
    if let Ok(verdict) = verify(&file, &Expect::default()) {
        assert_eq!(address::encode(&verdict.receipt.terms.issuer), verdict.issuer_address);
        assert!(!verdict.issuer_pinned && !verdict.period_checked);
        let other = Expect { issuer: Some(AccountId::new([0; 32])), ..Expect::default() };
        assert_eq!(verify(&file, &other), Err(Refusal::Issuer { found: verdict.receipt.terms.issuer }));
        let _ = verdict.to_string();
    }
}

/// A receipt that a business really signs, whatever it says.
fn signed_receipt(payload: &[u8]) {
    thread_local! { static BUSINESS: Person = Person::new(3); }
    BUSINESS.with(|business| {
        let signed = Signed::new(business.device.signing(), EventKind::Receipt.label(), payload.to_vec());
        let file = ReceiptFile {
            format: sigillo::domain::billing::export::FORMAT.to_owned(),
            receipt: SignedDocument::new(&signed),
            signer: business.id(),
            log: business.log.entries().iter().map(SignedDocument::new).collect(),
            jws: None,
            shown: None,
        };
        let json = serde_json::to_vec(&file).expect("a file can be written");
        receipt_file(&json);
        let Ok(verdict) = verify(&file, &Expect::default()) else { return };
        assert_eq!(Event::decode(EventKind::Receipt, payload), Ok(Event::Receipt(verdict.receipt)));
    });
}

fn money(text: &str) {
    let Some((code, amount)) = text.split_once(' ') else { return };
    let Ok(currency) = code.parse::<Currency>() else { return };
    assert_eq!(currency.code(), code);
    let Ok(money) = Money::parse(amount, currency) else { return };
    assert!(money.minor >= 0);
    let shown = money.to_string();
    let again = shown.split_once(' ').map(|(_, amount)| Money::parse(amount, currency));
    assert_eq!(again, Some(Ok(money)), "{shown}");
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = |chunk: &[u8]| {
        let bits =
            chunk.iter().chain(&[0; 2]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[bits >> shift & 63])).into_iter().take(chunk.len() + 1)
    };
    bytes.chunks(3).flat_map(|chunk| digits(chunk).collect::<Vec<_>>()).collect()
}
