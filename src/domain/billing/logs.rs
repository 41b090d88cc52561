//! Under whose logs events of charging are verified: what their authors signed, before and after an identity was restored.

use std::collections::BTreeMap;

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::recorded::could_sign;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::relation::Relation;

/// The logs of many authors.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Logs(BTreeMap<AccountId, Line>);

/// The logs of one author.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    present: Vec<AccountLog>,
    superseded: Vec<AccountLog>,
}

impl Line {
    /// The author's own log, and those of the accounts that took its place; and the author's logs that this one
    /// superseded because the identity was restored, oldest first. None where they aren't that.
    pub fn new(present: Vec<AccountLog>, superseded: Vec<AccountLog>) -> Option<Self> {
        let own = present.first()?;
        let before = |old: &AccountLog| matches!(old.relate(own), Relation::Supersedes(_));
        let ascending = superseded.windows(2).all(|pair| pair[0].generation() < pair[1].generation());
        (ascending && superseded.iter().all(before)).then_some(Self { present, superseded })
    }

    /// The author's own log, then those of the accounts that took its place.
    pub fn present(&self) -> &[AccountLog] {
        &self.present
    }

    /// The author's logs from before its identity was restored, oldest first.
    pub fn superseded(&self) -> &[AccountLog] {
        &self.superseded
    }

    /// Whether a device might sign for the author at the moment `at`. A superseded log lets its devices sign for as long
    /// as it stood: until the next one was begun (clocks may differ by [`limits::BILLING_CLOCK_SKEW`]).
    fn could_sign(&self, device: DeviceId, at: Time) -> bool {
        let next = |place: usize| self.superseded.get(place + 1).or(self.present.first());
        let stood =
            |place: usize| next(place).is_some_and(|next| at < next.began().plus(limits::BILLING_CLOCK_SKEW));
        let former = self.superseded.iter().enumerate();
        self.present.iter().any(|log| could_sign(log, device, at))
            || former.filter(|(place, _)| stood(*place)).any(|(_, log)| could_sign(log, device, at))
    }
}

impl Logs {
    /// Those of one author, in the place of what was known of it.
    pub fn put(&mut self, author: AccountId, line: Line) {
        self.0.insert(author, line);
    }

    /// Whether a device might sign for an author at the moment `at`.
    pub fn could_sign(&self, author: &AccountId, device: DeviceId, at: Time) -> bool {
        self.0.get(author).is_some_and(|line| line.could_sign(device, at))
    }

    /// All authors, by their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&AccountId, &Line)> {
        self.0.iter()
    }
}

impl FromIterator<(AccountId, Line)> for Logs {
    fn from_iter<I: IntoIterator<Item = (AccountId, Line)>>(lines: I) -> Self {
        Self(lines.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::fixture::{NOW, Party};
    use crate::domain::identity::device::DeviceKeys;
    use crate::wire::account::Purposes;

    #[test]
    fn a_restored_identity_leaves_what_it_signed_before_proven_and_no_more() {
        let party = Party::new(1, Purposes::ALL);
        let (old, account) = (party.log.clone(), party.key.id());
        let keys = DeviceKeys::derive(&Secret::new([9; 32]), &account);
        let new = AccountLog::begin(&party.key, keys.member(&account, Purposes::ALL), NOW);
        let mut logs = Logs::default();
        logs.put(account, Line::new(vec![new.clone()], vec![old.clone()]).unwrap());
        let skew = limits::BILLING_CLOCK_SKEW;
        let former = |at| logs.could_sign(&account, party.keys.id(), at);
        assert!(former(NOW.minus(days(1))) && former(NOW));
        assert!(!former(NOW.plus(skew)), "whoever holds the lost device signs nothing more");
        assert!(!former(old.began().minus(skew + skew)), "nor for the time before it was added");
        assert!(
            logs.could_sign(&account, keys.id(), NOW) && !logs.could_sign(&account, keys.id(), old.began())
        );
        assert!(!logs.could_sign(&Party::new(2, Purposes::ALL).key.id(), keys.id(), NOW));
        assert_eq!(Line::new(vec![old.clone()], vec![new.clone()]), None, "the order is the story's");
        assert_eq!(Line::new(vec![new.clone()], vec![old.clone(), old.clone()]), None);
        assert_eq!(Line::new(vec![new], vec![Party::new(2, Purposes::ALL).log]), None);
        assert_eq!(Line::new(Vec::new(), Vec::new()), None);
        assert!(Line::new(vec![old], Vec::new()).is_some());
    }
}
