//! Listings: whether a business pays an operator to be listed by it, and still does.

use crate::base::time::Time;
use crate::domain::billing::export::{Expect, ReceiptFile, verify};
use crate::domain::directory::profile::VerifiedProfile;
use crate::wire::mail::ShownReceipt;
use crate::wire::record::Profile;

/// Whether a profile carries a receipt of the operator, for the profile's own account, that holds at `now`. The
/// operator's profile brings the log that its receipts are verified by.
pub fn is_listed(profile: &Profile, operator: &VerifiedProfile, now: Time) -> bool {
    let expect = Expect { issuer: Some(operator.account()), subject: Some(profile.account), at: Some(now) };
    profile.listings.iter().any(|listing| {
        let (receipt, log) = (listing.receipt.clone(), operator.log().entries());
        let shown = ShownReceipt { receipt, signer: listing.signer, log };
        verify(&ReceiptFile::shown(&shown), &expect).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::billing::book::Book;
    use crate::domain::billing::fixture::Counter;
    use crate::domain::billing::payment::Payment;
    use crate::domain::billing::subscriber::subscribe;
    use crate::domain::directory::fixture::{Business, NOW};
    use crate::wire::billing::Event;
    use crate::wire::plan::tests::plan;
    use crate::wire::record::Listing;

    #[test]
    fn a_paid_listing_counts_for_its_own_business_while_it_is_paid_for() {
        let (operator, shop, other) = (Business::new(1), Business::new(2), Business::new(3));
        let mut rng = Counter(9);
        let (issuer, subject) = (operator.key.id(), shop.key.id());
        let request = subscribe(&shop.keys, subject, issuer, plan(), &mut rng, NOW).unwrap();
        let (mut book, _) =
            Book::on_subscribe(request, issuer, &operator.keys, &[plan()], true, NOW).unwrap();
        let invoice = book.issue_invoice(&[], &operator.keys, &mut rng, NOW).unwrap();
        let Event::Invoice(asked) = invoice.event() else { unreachable!() };
        let receipt = book.mark_paid(&asked.key, &Payment::manual(), &operator.keys, NOW).unwrap();
        let signed = receipt.signed();
        let listing = Listing { receipt: signed.signed.clone(), signer: signed.signer };
        let carrying = |business: &Business| {
            let mut profile = business.verified(5).profile().clone();
            profile.listings = vec![listing.clone()];
            let payload = profile.encode();
            assert_eq!(Profile::decode(&payload).as_ref(), Ok(&profile));
            profile
        };
        let by = operator.verified(5);
        assert!(is_listed(&carrying(&shop), &by, NOW));
        assert!(!is_listed(&carrying(&other), &by, NOW), "a copied receipt lists nobody else");
        assert!(!is_listed(&carrying(&shop), &other.verified(5), NOW), "and by nobody else");
        assert!(!is_listed(&carrying(&shop), &by, NOW.plus(Duration::from_secs(60 * 86_400))));
        assert!(!is_listed(shop.verified(5).profile(), &by, NOW));
    }
}
