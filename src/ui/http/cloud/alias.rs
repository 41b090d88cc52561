//! Contacts as numbers of fifteen digits, for programs that know people by telephone numbers only.
//!
//! `999` begins no telephone number. The twelve digits after it are drawn at random, so that they tell nothing.

use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// The number of a contact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Alias(u64);

/// The first number, and how many there are.
const FIRST: u64 = 999_000_000_000_000;
const COUNT: u64 = 1_000_000_000_000;

/// By the account under which the contact was known first.
const ALIASES: Table<Alias> = Table::new(TableId::CloudAliases, 1);
/// By the number.
const OWNERS: Table<AccountId> = Table::new(TableId::CloudAliasOwners, 1);

impl Alias {
    /// Of a number that can be one.
    pub(super) fn new(number: u64) -> Option<Self> {
        (FIRST..FIRST + COUNT).contains(&number).then_some(Self(number))
    }

    /// Of its digits.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        let is_digits = digits.len() == 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_digits.then(|| digits.parse().ok()).flatten().and_then(Self::new)
    }

    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// One of all, drawn at random.
    pub(super) fn random(rng: &mut (dyn CryptoRng + Send)) -> Self {
        Self(FIRST + below(rng, COUNT))
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A number below `bound`, which is so far below 2^64 that all are as likely.
pub(super) fn below(rng: &mut (dyn CryptoRng + Send), bound: u64) -> u64 {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    u64::from_be_bytes(bytes) % bound
}

/// The contact's number, if it has one already.
pub(super) fn known(rows: &impl Rows, thread: &AccountId) -> Option<Alias> {
    rows.row(&ALIASES, thread.as_bytes()).map(|alias| *alias)
}

/// The account under which the contact of this number was known first.
pub(super) fn owner(rows: &impl Rows, alias: Alias) -> Option<AccountId> {
    rows.row(&OWNERS, &alias.0.to_be_bytes()).map(|owner| *owner)
}

/// Gives a contact a number that is nobody's, neither another contact's nor `ours`, where it has none.
pub(super) fn give(tx: &Tx<'_>, thread: &AccountId, ours: Alias, rng: &mut (dyn CryptoRng + Send)) -> Alias {
    if let Some(known) = known(tx, thread) {
        return known;
    }
    let alias = loop {
        let drawn = Alias::random(rng);
        if drawn != ours && owner(tx, drawn).is_none() {
            break drawn;
        }
    };
    tx.put(&ALIASES, ALIASES.key(thread.as_bytes()), alias);
    tx.put(&OWNERS, OWNERS.key(&alias.0.to_be_bytes()), *thread);
    alias
}

/// Takes a contact's number away. It is drawn again for somebody else only by chance.
pub(super) fn take(tx: &Tx<'_>, thread: &AccountId) -> Option<Alias> {
    let alias = known(tx, thread)?;
    tx.delete(&ALIASES, ALIASES.key(thread.as_bytes()));
    tx.delete(&OWNERS, OWNERS.key(&alias.0.to_be_bytes()));
    Some(alias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    /// Draws these numbers, one after another.
    struct Drawn(Vec<u64>);

    impl rand_core::TryRng for Drawn {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unreachable!()
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            unreachable!()
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.copy_from_slice(&self.0.remove(0).to_be_bytes());
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Drawn {}

    #[test]
    fn a_contact_keeps_its_number_and_nobody_else_gets_it() {
        let tx = Tx::new(&NOTHING);
        let (ana, bento, ours) = (AccountId::new([1; 32]), AccountId::new([2; 32]), Alias(FIRST + 9));
        let mut rng = Drawn(vec![9, 5, 5, 9, 6]);
        assert_eq!(give(&tx, &ana, ours, &mut rng), Alias(FIRST + 5), "ours isn't given away");
        assert_eq!(give(&tx, &ana, ours, &mut rng), Alias(FIRST + 5), "and nothing was drawn");
        assert_eq!(give(&tx, &bento, ours, &mut rng), Alias(FIRST + 6));
        assert!(rng.0.is_empty());
        assert_eq!(owner(&tx, Alias(FIRST + 5)), Some(ana));
        assert_eq!(owner(&tx, Alias(FIRST + 7)), None);
        assert_eq!((take(&tx, &ana), take(&tx, &ana)), (Some(Alias(FIRST + 5)), None));
        assert_eq!((known(&tx, &ana), owner(&tx, Alias(FIRST + 5))), (None, None));
    }

    #[test]
    fn a_number_has_fifteen_digits() {
        assert_eq!(Alias::parse("999000000000007"), Some(Alias(FIRST + 7)));
        for wrong in [
            "",
            "999",
            "99900000000007",
            "9990000000000070",
            "998000000000007",
            "+99900000000007",
            "999 00000000007",
        ] {
            assert_eq!(Alias::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Alias::new(u64::MAX), None);
        assert_eq!(Alias::new(FIRST + COUNT), None);
    }

    #[test]
    fn rows_keep_their_encoding() {
        assert_eq!(ALIASES.encode(&Alias(FIRST)).unwrap(), [1, 128, 224, 133, 129, 221, 146, 227, 1]);
        assert_eq!(OWNERS.encode(&AccountId::new([7; 32])).unwrap(), [&[1, 32][..], &[7; 32]].concat());
    }
}
