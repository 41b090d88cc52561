//! What came of a contact so far: texts that count for caps, what was dropped, how often a stranger knocked.

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::wire::consent::{Decline, Topic};

/// Dealings by the account under which the contact was known first.
pub const DEALINGS: Table<Dealings> = Table::new(TableId::Dealings, 1);

/// What came of one contact so far. Its size doesn't depend on how much that was.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Dealings {
    /// Frames that were opened while the contact was a stranger.
    frames: u32,
    /// Bytes of them.
    bytes: u32,
    /// Texts that waited for the end of quiet hours so far.
    waited: u64,
    /// Texts by templates that count for caps.
    counted: Vec<(Topic, Time)>,
    /// What was dropped: one entry for each cause and category.
    dropped: Vec<Dropped>,
}

/// Texts that were dropped for one cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dropped {
    /// Why.
    pub cause: Decline,
    /// The category of their template, where they had one.
    pub category: Option<Topic>,
    /// How many.
    pub count: u64,
    /// When the first one was.
    pub first: Time,
    /// When the last one was.
    pub last: Time,
}

impl Dealings {
    /// What was dropped.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Whether one more text of this category would be too much now.
    pub fn is_over(&self, category: Topic, now: Time) -> bool {
        let (most, span) = cap(category);
        let mut counted = self.counted.iter().filter(|(topic, _)| *topic == category);
        let within = counted.clone().filter(|(_, at)| now.since(*at) < span).count();
        let too_soon = category == Topic::Marketing
            && counted.any(|(_, at)| now.since(*at) < consent_limits::MARKETING_APART);
        within >= most || too_soon
    }

    fn count(&mut self, category: Topic, now: Time) {
        self.counted.retain(|(topic, at)| now.since(*at) < cap(*topic).1);
        self.counted.push((category, now));
    }

    fn drops(&mut self, cause: Decline, category: Option<Topic>, now: Time) {
        let same = self.dropped.iter_mut().find(|one| one.cause == cause && one.category == category);
        match same {
            Some(one) => (one.count, one.last) = (one.count + 1, now),
            None => self.dropped.push(Dropped { cause, category, count: 1, first: now, last: now }),
        }
    }

    const fn knock(&mut self, bytes: u32) -> bool {
        if self.frames >= consent_limits::STRANGER_FRAMES_MAX
            || self.bytes.saturating_add(bytes) > consent_limits::STRANGER_BYTES_MAX
        {
            return false;
        }
        self.frames += 1;
        self.bytes += bytes;
        true
    }
}

/// How many texts of a category may come in which span.
const fn cap(category: Topic) -> (usize, core::time::Duration) {
    match category {
        Topic::Marketing => (consent_limits::MARKETING_MAX, consent_limits::MARKETING_SPAN),
        Topic::Service | Topic::Utility | Topic::Authentication => {
            (consent_limits::TEMPLATES_MAX, consent_limits::TEMPLATES_SPAN)
        }
    }
}

/// A text by a template was taken.
pub fn count(tx: &Tx<'_>, thread: &AccountId, category: Topic, now: Time) {
    edit(tx, thread, |dealings| dealings.count(category, now));
}

/// A text was dropped.
pub fn drops(tx: &Tx<'_>, thread: &AccountId, cause: Decline, category: Option<Topic>, now: Time) {
    edit(tx, thread, |dealings| dealings.drops(cause, category, now));
}

/// A stranger sends something of so many bytes. Whether it is to be opened: it costs something, whatever is in it.
pub fn knock(tx: &Tx<'_>, thread: &AccountId, bytes: usize) -> bool {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let known = tx.row(&DEALINGS, thread.as_bytes());
    // Beyond the bound a stranger costs a look, and no write.
    if known.is_some_and(|dealings| !Dealings::clone(&dealings).knock(bytes)) {
        return false;
    }
    edit(tx, thread, |dealings| dealings.knock(bytes)) == Some(true)
}

/// The place of the next text that waits for the end of quiet hours.
pub fn next_waiting(tx: &Tx<'_>, thread: &AccountId) -> u64 {
    let next = edit(tx, thread, |dealings| {
        dealings.waited += 1;
        dealings.waited
    });
    next.unwrap_or(0)
}

fn edit<R>(tx: &Tx<'_>, thread: &AccountId, change: impl FnOnce(&mut Dealings) -> R) -> Option<R> {
    let key = DEALINGS.key(thread.as_bytes());
    if tx.with(&DEALINGS, &key, |_| ()).is_none() {
        tx.put(&DEALINGS, key.clone(), Dealings::default());
    }
    tx.edit(&DEALINGS, &key, change)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::consent::ledger::tests::{BUSINESS, NOW};
    use crate::store::memory::NOTHING;

    #[test]
    fn caps_count_each_category_in_its_span() {
        let mut dealings = Dealings::default();
        for _ in 0..consent_limits::TEMPLATES_MAX {
            assert!(!dealings.is_over(Topic::Utility, NOW));
            dealings.count(Topic::Utility, NOW);
        }
        assert!(dealings.is_over(Topic::Utility, NOW) && !dealings.is_over(Topic::Authentication, NOW));
        assert!(!dealings.is_over(Topic::Utility, NOW.plus(consent_limits::TEMPLATES_SPAN)));
        let mut at = NOW;
        for _ in 0..consent_limits::MARKETING_MAX {
            assert!(!dealings.is_over(Topic::Marketing, at));
            dealings.count(Topic::Marketing, at);
            assert!(dealings.is_over(Topic::Marketing, at.plus(Duration::from_secs(3_600))), "too soon");
            at = at.plus(consent_limits::MARKETING_APART);
        }
        assert!(dealings.is_over(Topic::Marketing, at));
        assert!(!dealings.is_over(Topic::Marketing, NOW.plus(consent_limits::MARKETING_SPAN)));
        assert!(dealings.counted.len() <= consent_limits::TEMPLATES_MAX + consent_limits::MARKETING_MAX);
    }

    #[test]
    fn a_flood_of_drops_is_one_entry_that_counts() {
        let tx = Tx::new(&NOTHING);
        for _ in 0..10_000 {
            drops(&tx, &BUSINESS, Decline::NoConsent, Some(Topic::Marketing), NOW);
        }
        drops(&tx, &BUSINESS, Decline::OutsideWindow, None, NOW.plus(Duration::from_secs(1)));
        let dealings = tx.row(&DEALINGS, BUSINESS.as_bytes()).unwrap();
        let counts: Vec<_> = dealings.dropped().iter().map(|one| (one.cause, one.count)).collect();
        assert_eq!(counts, [(Decline::NoConsent, 10_000), (Decline::OutsideWindow, 1)]);
    }

    #[test]
    fn a_stranger_is_opened_so_often_and_so_much_and_then_no_more() {
        let tx = Tx::new(&NOTHING);
        let opened = (0..1_000).filter(|_| knock(&tx, &BUSINESS, 100)).count();
        assert_eq!(opened, consent_limits::STRANGER_FRAMES_MAX as usize);
        let other = AccountId::new([7; 32]);
        let opened = (0..1_000).filter(|_| knock(&tx, &other, 16 * 1_024)).count();
        assert_eq!(opened, consent_limits::STRANGER_BYTES_MAX as usize / (16 * 1_024));
        assert!(!knock(&tx, &AccountId::new([8; 32]), usize::MAX));
    }
}
