//! JSON Web Signatures in compact form (RFC 7515), by Ed25519 (RFC 8037), strictly verified.

use data_encoding::BASE64URL_NOPAD;

use crate::crypto::CryptoError;
use crate::crypto::ed25519::{PUBLIC_LEN, PublicKey, SIGNATURE_LEN, SigningKey};

/// A compact JWS over a header and a payload, both JSON. Its signing input begins with a letter of base64url, and
/// every labelled one with a zero byte, so that neither can be taken for the other.
pub fn sign(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let mut compact = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(payload));
    let signature = key.sign_bytes(compact.as_bytes());
    compact.push('.');
    compact.push_str(&BASE64URL_NOPAD.encode(&signature));
    compact
}

/// The header and the payload of a compact JWS, before any check.
pub fn parts(compact: &str) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
    let (input, _) = compact.rsplit_once('.').ok_or(CryptoError)?;
    let (header, payload) = input.split_once('.').ok_or(CryptoError)?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| CryptoError);
    Ok((decode(header)?, decode(payload)?))
}

/// Verifies strictly that `public` signed the compact JWS. What its header says of the algorithm is for the caller to
/// check; no other is ever tried.
pub fn verify(public: &[u8; PUBLIC_LEN], compact: &str) -> Result<(), CryptoError> {
    verify_by(&PublicKey::parse(public)?, compact)
}

/// As [`verify`], by a key that was parsed already.
pub fn verify_by(public: &PublicKey, compact: &str) -> Result<(), CryptoError> {
    let (input, signature) = compact.rsplit_once('.').ok_or(CryptoError)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| CryptoError)?;
    let signature: [u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| CryptoError)?;
    if input.is_empty() || input.starts_with('\0') {
        return Err(CryptoError);
    }
    public.verify_bytes(input.as_bytes(), &signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    /// RFC 8037, appendix A.4: the key, and the JWS over "Example of Ed25519 signing".
    const KEY: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AI\
                       bQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn key() -> SigningKey {
        let secret: [u8; 32] = BASE64URL_NOPAD.decode(KEY.as_bytes()).unwrap().try_into().unwrap();
        SigningKey::from_seed(&Secret::new(secret))
    }

    #[test]
    fn the_example_of_rfc_8037_holds() {
        assert_eq!(sign(&key(), br#"{"alg":"EdDSA"}"#, b"Example of Ed25519 signing"), JWS);
        assert!(verify(&key().public(), JWS).is_ok());
        assert_eq!(parts(JWS).unwrap().1, b"Example of Ed25519 signing");
    }

    #[test]
    fn no_character_of_a_jws_can_be_changed_added_or_left_out() {
        for position in 0..JWS.len() {
            let mut changed = JWS.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&key().public(), &changed).is_err(), "{position}");
            assert!(verify(&key().public(), &JWS[..position]).is_err());
        }
        assert!(verify(&key().public(), &format!("{JWS}=")).is_err());
        assert!(verify(&key().public(), &format!("{JWS}.")).is_err());
    }
}
