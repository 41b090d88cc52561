//! Invites as text: a link that fits a QR code and notices every wrong character.

use data_encoding::BASE64URL_NOPAD;

use crate::base::limits;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::wire::invite::Invite;

/// What every invite begins with.
pub const SCHEME: &str = "sigillo:";
/// The version byte of today's invites.
pub const VERSION: u8 = 1;
/// Bytes of the checksum.
const CHECKSUM_LEN: usize = 4;

/// The text of an invite: the scheme and base64url (RFC 4648, without padding) over the version byte, the
/// encoded invite and the first four bytes of SHA-256 over a label and both.
pub fn encode(invite: &Invite) -> String {
    let mut bytes = vec![VERSION];
    bytes.append(&mut invite.encode());
    bytes.extend_from_slice(&checksum(&bytes));
    format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&bytes))
}

/// The invite of a text. Whether it has expired is the caller's to see.
pub fn decode(text: &str) -> Result<Invite, InviteError> {
    let text = text.trim();
    if text.len() > limits::INVITE_MAX {
        return Err(InviteError::TooLong);
    }
    let scheme = text.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    let data = scheme.map(|_| &text[SCHEME.len()..]).ok_or(InviteError::Scheme)?;
    let bytes = BASE64URL_NOPAD.decode(data.as_bytes()).map_err(|_| InviteError::Checksum)?;
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(InviteError::Checksum)?;
    if checksum(content) != *sum {
        return Err(InviteError::Checksum);
    }
    match content.split_first() {
        Some((&VERSION, invite)) => Invite::decode(invite).map_err(|_| InviteError::Content),
        _ => Err(InviteError::Version),
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_LEN] {
    let hash = sha256(&[&label::INVITE.encoded(), content]);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Why a text isn't an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InviteError {
    /// It begins with something else.
    #[error("an invite begins with `sigillo:`")]
    Scheme,
    /// More characters than an invite can have.
    #[error("the text is too long for an invite")]
    TooLong,
    /// A character is wrong, missing or too much.
    #[error("the invite is mistyped or cut off: copy it again, whole")]
    Checksum,
    /// A later kind of invite.
    #[error("the invite is of a later version: update sigillo")]
    Version,
    /// The checksum holds, but what is in it can't be.
    #[error("the invite's content makes no sense: ask for another one")]
    Content,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{ContactToken, DeviceId, RouteId};
    use crate::base::kind::AccountKind;
    use crate::base::time::Time;
    use crate::crypto::secret::Secret;
    use crate::domain::identity::account::Seed;
    use crate::wire::reach::Reach;

    fn invite(name: &str, addresses: &[&str]) -> Invite {
        let peer = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20][..], &[5; 32]].concat();
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        Invite {
            account: Seed::from_secret(Secret::new([3; 32])).account().id(),
            kind: AccountKind::Business,
            name: name.into(),
            reach: Reach::new(DeviceId::new([4; 32]), peer, addresses).unwrap(),
            inbox: RouteId::new([6; 16]),
            token: ContactToken::new([7; 16]),
            expires: Time::from_millis(1_800_000_000_000),
            inboxes: Vec::new(),
        }
    }

    const DIRECT: [&str; 2] = ["/ip4/203.0.113.5/udp/4001/quic-v1", "/ip4/203.0.113.5/tcp/4001"];

    #[test]
    fn an_invite_reads_back_and_is_short() {
        let plain = invite("Café", &DIRECT);
        let text = encode(&plain);
        assert!(text.len() < 250, "{} characters", text.len());
        assert_eq!(
            text,
            "sigillo:AQogS_a46TScsLhzEnY5ctvNelPHebJdySCQHqyDveETDScQARoFQ2Fmw6kiIAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEKiAFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBToJgMsAcQWBD6GDOgiAywBxBYIPoUIQBgYGBgYGBgYGBgYGBgYGBkoQBwcHBwcHBwcHBwcHBwcHB1CApKfaBjxTf1c"
        );
        assert_eq!(decode(&text), Ok(plain.clone()));
        assert_eq!(decode(&format!(" {}\n", text.replace("sigillo:", "SIGILLO:"))), Ok(plain));
        let circuit = "/dns4/relay.example/tcp/443/wss/p2p/12D3KooWxyz/p2p-circuit";
        let other = Invite { kind: AccountKind::Person, ..invite("", &[circuit]) };
        assert_eq!(decode(&encode(&other)), Ok(other));
    }

    #[test]
    fn the_largest_invite_with_addresses_of_usual_length_fits_the_bound() {
        let usual = "/ip6/2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/udp/65535/quic-v1";
        let text = encode(&invite(&"é".repeat(40), &[usual; 8]));
        assert!(text.len() <= limits::INVITE_MAX, "{}", text.len());
        assert!(decode(&text).is_ok());
    }

    #[test]
    fn every_wrong_missing_or_extra_character_is_noticed() {
        let text = encode(&invite("Padaria", &DIRECT));
        for position in SCHEME.len()..text.len() {
            for wrong in ['A', 'B', 'z', '-', '_', '=', 'é', ' '] {
                let mut changed: Vec<char> = text.chars().collect();
                if changed[position] == wrong {
                    continue;
                }
                changed[position] = wrong;
                let changed: String = changed.into_iter().collect();
                // A space at the end is trimmed, and leaves an invite that is cut off.
                assert_eq!(decode(&changed), Err(InviteError::Checksum), "{changed}");
            }
            assert_eq!(decode(&text[..position]), Err(InviteError::Checksum));
        }
        assert_eq!(decode(&format!("{text}A")), Err(InviteError::Checksum));
    }

    #[test]
    fn other_texts_versions_and_contents_are_told_apart() {
        let sealed = |mut bytes: Vec<u8>| {
            let sum = checksum(&bytes);
            bytes.extend_from_slice(&sum);
            decode(&format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&bytes)))
        };
        let good = invite("", &DIRECT);
        assert_eq!(decode("https://example.com"), Err(InviteError::Scheme));
        assert_eq!(decode("sig"), Err(InviteError::Scheme));
        assert_eq!(decode(&format!("{SCHEME}{}", "A".repeat(1_020))), Err(InviteError::TooLong));
        assert_eq!(sealed([vec![2], good.encode()].concat()), Err(InviteError::Version));
        assert_eq!(sealed(vec![VERSION, 0xFF]), Err(InviteError::Content));
        assert_eq!(sealed([vec![VERSION], good.encode(), vec![0x60, 1]].concat()), Err(InviteError::Content));
        let weak = Invite { account: crate::base::id::AccountId::new([0; 32]), ..good };
        assert_eq!(sealed([vec![VERSION], weak.encode()].concat()), Err(InviteError::Content));
    }
}
