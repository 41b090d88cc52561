//! Ids of tokens and webhooks: sixteen hexadecimal digits, drawn at random.

use core::fmt;

use rand_core::CryptoRng;

/// Names a token or a webhook; no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ShortId([u8; 8]);

impl ShortId {
    /// A fresh one.
    pub(super) fn random(rng: &mut (dyn CryptoRng + Send)) -> Self {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        Self(id)
    }

    /// What a person writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|id| Self(id.to_be_bytes()))
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sixteen_digits_and_nothing_else() {
        let id = ShortId([0, 2, 3, 4, 5, 6, 7, 0xff]);
        assert_eq!(id.to_string(), "00020304050607ff");
        assert_eq!(ShortId::parse("00020304050607FF"), Some(id));
        for wrong in ["", "+0020304050607ff", "020304050607ff", "0x020304050607ff", "00020304050607ff0"] {
            assert_eq!(ShortId::parse(wrong), None, "{wrong}");
        }
    }
}
