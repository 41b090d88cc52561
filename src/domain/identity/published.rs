//! Published vectors of the texts that people copy: BIP 39 and BIP 350.

use bech32::Bech32m;
use bech32::primitives::decode::CheckedHrpstring;
use serde_json::Value;

use crate::crypto::golden::Case;
use crate::domain::identity::account::Seed;

#[test]
fn the_bip_39_vectors_of_24_words_hold() {
    let file: Value =
        serde_json::from_str(include_str!("../../../docs/vectors/published/bip-39.json")).unwrap();
    for case in Case(&file).cases("vectors") {
        let seed = Seed::from_secret(case.secret("entropy"));
        assert_eq!(seed.phrase().as_str(), case.text("phrase"));
        assert_eq!(Seed::from_phrase(case.text("phrase")).unwrap().secret(), seed.secret());
    }
}

/// The strings of BIP 350, section "Test vectors for Bech32m", that 7-bit text can hold.
#[test]
fn the_bip_350_vectors_hold() {
    let valid = [
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    ];
    for text in valid {
        assert!(CheckedHrpstring::new::<Bech32m>(text).is_ok(), "{text}");
    }
    let invalid = [
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
        "qyrz8wqd2c9m",
        "1qyrz8wqd2c9m",
        "y1b0jsk6g",
        "lt1igcx5c0",
        "in1muywd",
        "mm1crxm3i",
        "au1s5cgom",
        "M1VUXWEZ",
        "16plkw9",
        "1p2gdwpf",
    ];
    for text in invalid {
        assert!(CheckedHrpstring::new::<Bech32m>(text).is_err(), "{text}");
    }
}
