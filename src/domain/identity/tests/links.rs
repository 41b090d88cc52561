//! Linking: the right answer lets a device in, and nothing else does.

use core::time::Duration;

use super::fixtures::{NOW, add, key, keys, log_of, rng};
use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::link::{LinkError, PendingLink, grant, hidden_account};
use crate::domain::identity::link_offer::{self, OfferError};
use crate::domain::identity::log::AccountLog;
use crate::wire::account::{LogOperation, Purposes};
use crate::wire::link::{LinkGrant, LinkOffer};
use crate::wire::reach::Reach;

const ADDRESSES: [&str; 2] = ["/ip4/203.0.113.5/udp/4001/quic-v1", "/ip4/203.0.113.5/tcp/4001"];

fn pending(byte: u8) -> PendingLink {
    let addresses = ADDRESSES.map(str::to_owned).to_vec();
    PendingLink::new(keys(byte), Purposes::MESSAGE, vec![5; 38], addresses, NOW, &mut rng(u64::from(byte)))
        .unwrap()
}

/// What the primary, device 0 of the account of key 1, says to an offer.
fn answer(offer: &LinkOffer) -> LinkGrant {
    let (key, mut log) = log_of(1);
    let linked = [40, 41].map(keys).into_iter().find(|keys| keys.id() == offer.device.id).unwrap();
    log.append(&key, LogOperation::AddDevice(linked.member(&key.id(), Purposes::MESSAGE)), NOW).unwrap();
    let primary = log.devices().next().unwrap().id;
    LinkGrant {
        account: key.id(),
        kind: AccountKind::Person,
        name: "Ana".into(),
        log: log.carried(),
        primary: Reach::new(primary, vec![6; 38], Vec::new()).unwrap(),
        bundle: vec![7; 3_000],
    }
}

fn sealed(pending: &PendingLink) -> Vec<u8> {
    grant(pending.offer(), &pending.kem_key(), &answer(pending.offer()), NOW, &mut rng(50)).unwrap()
}

fn after(life: Duration) -> Time {
    NOW.plus(life)
}

#[test]
fn an_offer_is_answered_and_the_device_knows_whose_it_is() {
    let pending = pending(40);
    let linked = pending.accept(&sealed(&pending), NOW).unwrap();
    assert_eq!(linked.grant, answer(pending.offer()));
    assert_eq!(linked.log.account(), key(1).id());
    assert!(linked.log.device(&pending.offer().device.id, Purposes::MESSAGE).is_some());
    assert!(linked.log.device(&pending.offer().device.id, Purposes::RECEIPT).is_none());
}

/// Somebody who saw the code gets the device's word for an account of its own only where it was the first to ask; then
/// nobody else gets any, and the keys of that offer are nobody's.
#[test]
fn a_device_agrees_once_and_only_with_who_saw_its_offer() {
    let mut pending = pending(40);
    let (mine, thiefs) = (key(1).id(), key(7).id());
    let ask = |offer: &LinkOffer, account| hidden_account(offer, &account, &mut rng(3));
    let offer = pending.offer().clone();
    let unseen = LinkOffer { token: Secret::new([0; 16]), ..offer.clone() };
    assert_eq!(pending.agree(&ask(&unseen, thiefs)), Err(LinkError::Refused), "the token wasn't seen");
    let asked = ask(&offer, mine);
    assert!(!asked.windows(8).any(|window| mine.as_bytes().windows(8).any(|part| part == window)));
    for position in 0..asked.len() {
        let mut bent = asked.clone();
        bent[position] ^= 1;
        assert_eq!(pending.agree(&bent), Err(LinkError::Refused), "byte {position}");
    }
    assert_eq!(pending.agree(&ask(&offer, AccountId::new([0; 32]))), Err(LinkError::Refused), "no key");
    let word = pending.agree(&asked).unwrap();
    assert_eq!(word, keys(40).consent(&mine, &offer.device));
    assert_eq!(pending.agree(&ask(&offer, thiefs)), Err(LinkError::Refused), "it agreed with another");
    assert_eq!(pending.agree(&ask(&offer, mine)), Ok(word), "the same may ask again");
}

#[test]
fn no_byte_of_an_answer_can_be_flipped_added_or_left_out() {
    let pending = pending(40);
    let good = sealed(&pending);
    for position in 0..good.len() {
        let mut bent = good.clone();
        bent[position] ^= 1;
        assert_eq!(pending.accept(&bent, NOW).unwrap_err(), LinkError::Refused, "byte {position}");
    }
    for length in (0..good.len()).step_by(37) {
        assert_eq!(pending.accept(&good[..length], NOW).unwrap_err(), LinkError::Refused);
    }
    assert!(pending.accept(&[good, vec![0]].concat(), NOW).is_err());
    assert!(pending.accept(&vec![1; limits::LINK_GRANT_MAX + 1], NOW).is_err());
}

#[test]
fn an_answer_to_another_offer_or_too_late_is_refused() {
    let (one, other) = (pending(40), pending(41));
    assert_eq!(other.accept(&sealed(&one), NOW).unwrap_err(), LinkError::Refused);
    let last = after(limits::LINK_OFFER_LIFE - Duration::from_millis(1));
    assert!(one.accept(&sealed(&one), last).is_ok());
    assert_eq!(one.accept(&sealed(&one), after(limits::LINK_OFFER_LIFE)).unwrap_err(), LinkError::Expired);
    // The same device's second offer has other keys and another token.
    let again =
        PendingLink::new(keys(40), Purposes::MESSAGE, vec![5; 38], Vec::new(), NOW, &mut rng(9)).unwrap();
    assert_eq!(again.accept(&sealed(&one), NOW).unwrap_err(), LinkError::Refused);
}

#[test]
fn who_knows_the_offers_public_keys_but_not_its_token_can_not_answer() {
    let pending = pending(40);
    let mut seen = pending.offer().clone();
    seen.token = Secret::new([0; 16]);
    let forged = grant(&seen, &pending.kem_key(), &answer(&seen), NOW, &mut rng(50)).unwrap();
    assert_eq!(pending.accept(&forged, NOW).unwrap_err(), LinkError::Refused);
    // Nor can an answer be moved to an offer of which anything else differs.
    let mut moved = pending.offer().clone();
    moved.expires = after(Duration::from_secs(1));
    let forged = grant(&moved, &pending.kem_key(), &answer(&moved), NOW, &mut rng(50)).unwrap();
    assert_eq!(pending.accept(&forged, NOW).unwrap_err(), LinkError::Refused);
}

#[test]
fn a_primary_answers_only_a_timely_offer_with_its_own_kem_key_for_a_device_it_added() {
    let pending = pending(40);
    let (offer, kem) = (pending.offer(), pending.kem_key());
    let refused = |offer: &LinkOffer, kem: &[u8], answer: &LinkGrant, now: Time| {
        grant(offer, kem, answer, now, &mut rng(50)).unwrap_err()
    };
    let good = answer(offer);
    assert_eq!(refused(offer, &kem, &good, offer.expires), LinkError::Expired);
    let mut eternal = offer.clone();
    eternal.expires = after(limits::LINK_OFFER_LIFE + limits::CLOCK_SKEW + Duration::from_millis(1));
    assert_eq!(refused(&eternal, &kem, &good, NOW), LinkError::Offer);
    let other = self::pending(41).kem_key();
    assert_eq!(refused(offer, &other, &good, NOW), LinkError::Offer, "somebody between told another key");
    // The log doesn't have the device, has it with other purposes, or the primary isn't in it.
    let (owner, mut log) = log_of(1);
    log.append(&owner, add(42), NOW).unwrap();
    let without = LinkGrant { log: log.carried(), ..good.clone() };
    assert_eq!(refused(offer, &kem, &without, NOW), LinkError::Refused);
    let mut grander = offer.clone();
    grander.device.purposes = Purposes::ALL;
    assert_eq!(refused(&grander, &kem, &good, NOW), LinkError::Refused);
    let stranger = Reach::new(self::pending(41).offer().device.id, vec![6; 38], Vec::new()).unwrap();
    assert_eq!(
        refused(offer, &kem, &LinkGrant { primary: stranger, ..good.clone() }, NOW),
        LinkError::Refused
    );
    let itself = LinkGrant { primary: offer.reach.clone(), ..good.clone() };
    assert_eq!(refused(offer, &kem, &itself, NOW), LinkError::Refused);
    let thiefs = AccountLog::begin(&key(7), keys(40).member(&key(7).id(), Purposes::MESSAGE), NOW);
    assert_eq!(refused(offer, &kem, &LinkGrant { log: thiefs.carried(), ..good }, NOW), LinkError::Refused);
}

#[test]
fn an_offer_reads_back_from_its_code_and_every_mistake_in_it_is_noticed() {
    let offer = pending(40).offer().clone();
    let text = link_offer::encode(&offer);
    assert!(text.len() < 420, "{} characters fit a QR picture", text.len());
    assert_eq!(link_offer::decode(&format!(" {text}\n")), Ok(offer.clone()));
    for position in link_offer::SCHEME.len()..text.len() {
        let mut bent = text.clone().into_bytes();
        bent[position] = if bent[position] == b'A' { b'B' } else { b'A' };
        assert_eq!(link_offer::decode(&String::from_utf8(bent).unwrap()), Err(OfferError::Checksum));
        assert_eq!(link_offer::decode(&text[..position]), Err(OfferError::Checksum));
    }
    assert_eq!(link_offer::decode("sigillo:abc"), Err(OfferError::Scheme));
    assert_eq!(link_offer::decode(&"x".repeat(2_000)), Err(OfferError::TooLong));
    let bytes = offer.encode();
    assert!(LinkOffer::decode(&[bytes.as_slice(), &[0x40, 1]].concat()).is_err(), "an unknown field");
    assert!((0..bytes.len()).all(|end| LinkOffer::decode(&bytes[..end]).as_ref() != Ok(&offer)));
}

#[test]
fn what_opens_a_link_wipes_itself_and_is_never_printed() {
    let pending = pending(40);
    assert!(core::mem::needs_drop::<PendingLink>());
    let printed = format!("{pending:?} {:?}", pending.offer());
    assert!(printed.matches("[secret]").count() >= 4, "{printed}");
    let token = format!("{:?}", pending.offer().token.expose());
    assert!(!printed.contains(&token));
    let printed = format!("{:?} {:?}", key(1), keys(40));
    assert!(printed.contains("[signing key]") && printed.contains("[secret]"), "{printed}");
}
