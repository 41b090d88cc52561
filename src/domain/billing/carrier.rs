//! The texts that a receipt travels in: a JSON file, a JWS, what a QR code says, a page that people read.

use crate::base::{charging, limits};
use crate::domain::billing::export::{Along, Expect, ReceiptFile, Refusal, Verdict, verify_jws, verify_with};
use crate::domain::billing::shown::PresentationFile;
use crate::wire::document::SignedDocument;
use crate::wire::mail::ShownReceipt;
use crate::wire::place::Showing;

/// What a receipt's text in a QR code begins with. The rest is the receipt with its log in base32, so that a code's
/// denser alphabet holds it.
pub const QR_BEGINNING: &str = "SIGILLO-RECEIPT:";
/// Where a page holds the receipt's file.
const PAGE_BEGINNING: &str = "<script type=\"application/json\" id=\"sigillo-receipt\">";
const PAGE_END: &str = "</script>";

/// A receipt that its subject showed over a wire, as a file.
pub fn file_of(showing: &Showing) -> ReceiptFile {
    let shown = PresentationFile {
        presentation: SignedDocument::new(&showing.presentation),
        signer: showing.signer,
        log: showing.log.iter().map(SignedDocument::new).collect(),
    };
    ReceiptFile { shown: Some(shown), ..ReceiptFile::shown(&showing.receipt) }
}

/// The way back; none where nobody shows the receipt, or something isn't what it should be.
pub fn showing_of(file: &ReceiptFile) -> Option<Showing> {
    let shown = file.shown.as_ref()?;
    let log = shown.log.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX).ok());
    Some(Showing {
        receipt: file.to_shown()?,
        presentation: shown.presentation.signed(charging::EVENT_MAX).ok()?,
        signer: shown.signer,
        log: log.collect::<Option<Vec<_>>>()?,
    })
}

/// A receipt as it was read, not verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Carried {
    /// A receipt file.
    File(Box<ReceiptFile>),
    /// A JWS in compact form.
    Jws(String),
}

impl Carried {
    /// Reads any of the texts; none where it is none of them.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix(QR_BEGINNING) {
            let bytes = data_encoding::BASE32_NOPAD.decode(rest.as_bytes()).ok()?;
            let shown = ShownReceipt::decode(&bytes).ok()?;
            return Some(Self::File(Box::new(ReceiptFile::shown(&shown))));
        }
        if text.starts_with('{') {
            return serde_json::from_str(text).ok().map(Box::new).map(Self::File);
        }
        if let Some((_, rest)) = text.split_once(PAGE_BEGINNING) {
            let json = rest.split_once(PAGE_END)?.0;
            return serde_json::from_str(json).ok().map(Box::new).map(Self::File);
        }
        let compact = text.split('.').count() == 3 && !text.contains(char::is_whitespace);
        compact.then(|| Self::Jws(text.to_owned()))
    }

    /// Verifies it.
    ///
    /// # Errors
    /// As [`verify_with`].
    pub fn verify(&self, expect: &Expect, along: &Along<'_>) -> Result<Verdict, Refusal> {
        match self {
            Self::File(file) => verify_with(file, expect, along),
            Self::Jws(compact) => verify_jws(compact, expect, along),
        }
    }
}

/// The text of a receipt for a QR code; none where the file isn't one.
pub fn qr_text(file: &ReceiptFile) -> Option<String> {
    let shown = file.to_shown()?;
    Some(format!("{QR_BEGINNING}{}", data_encoding::BASE32_NOPAD.encode(&shown.encode())))
}

/// The part of a page that holds the file, for [`Carried::read`].
pub fn page_part(file: &ReceiptFile) -> Option<String> {
    // Hexadecimal digits, base64url and plain names: nothing that ends a script.
    let json = serde_json::to_string(file).ok()?.replace('<', "\\u003c");
    Some(format!("{PAGE_BEGINNING}{json}{PAGE_END}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::fixture::{NOW, World};

    #[test]
    fn every_form_of_a_receipt_gives_the_same_verdict() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW).signed_twice(&world.business.keys, &world.business.log);
        let file = ReceiptFile::new(&receipt, &world.business.log).unwrap();
        let expect = Expect { issuer: Some(world.business.key.id()), at: Some(NOW), ..Expect::default() };
        let json = serde_json::to_string(&file).unwrap();
        let page = format!("<html><p>…</p>{}</html>", page_part(&file).unwrap());
        let qr = qr_text(&file).unwrap();
        assert!(qr.len() < 1_400, "{}", qr.len());
        let forms = [json, page, qr, receipt.jws().unwrap().to_owned()];
        let verdicts =
            forms.map(|text| Carried::read(&text).unwrap().verify(&expect, &Along::default()).unwrap());
        assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]));
        for nothing in ["", "{", "a.b", "SIGILLO-RECEIPT:", "SIGILLO-RECEIPT:AAAA", "<html></html>"] {
            assert_eq!(Carried::read(nothing), None, "{nothing}");
        }
    }
}
