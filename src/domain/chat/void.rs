//! Numbers of ours that no content has: those that we may have used, and know nothing of, after a backup was restored.
//!
//! What was said since the backup was made isn't known any more, nor how much it was, nor how often it was restored. So
//! whoever is written to must not take a new content for one of those, nor wait for them: numbers go on at the
//! millisecond of the restore, which is above all that anybody used before, and every device is told what was passed over.
//! A device that comes in the place of another one is told, too, what that one had: nothing more comes under those numbers.

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::chat::runs::united;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::content::Ack;

/// Half-open runs of void numbers, in order, by the conversation's account or by the device, of ours or of theirs.
const VOIDS: Table<Vec<(u64, u64)>> = Table::new(TableId::Voids, 1);

/// The void numbers towards a contact (by the account of its conversation) or a device.
pub fn of(rows: &impl Rows, id: &[u8]) -> Vec<(u64, u64)> {
    rows.copy(&VOIDS, id).unwrap_or_default()
}

/// The void numbers towards a device of a contact, whose conversation is `thread`.
pub fn towards(rows: &impl Rows, thread: &AccountId, device: &DeviceId) -> Vec<(u64, u64)> {
    let of_device = of(rows, device.as_bytes());
    let of_thread = of(rows, thread.as_bytes());
    if of_device.is_empty() { of_thread } else { united([of_thread, of_device].concat()) }
}

/// A device of a contact comes in the place of another one: what that one had beyond what is still to come, these runs,
/// comes to nobody else, and isn't missing.
pub fn inherit(tx: &Tx<'_>, from: &DeviceId, to: &DeviceId, beyond: &[(u64, u64)]) {
    let mut had = united([&of(tx, to.as_bytes()), &of(tx, from.as_bytes()), beyond].concat());
    had.truncate(limits::VOIDS_MAX);
    if !had.is_empty() {
        tx.put(&VOIDS, VOIDS.key(to.as_bytes()), had);
    }
}

/// The first number behind `last` that can't have been used by `now`, in whatever life: nobody uses one each millisecond.
pub fn fresh(last: u64, now: Time) -> u64 {
    last.saturating_add(limits::VOID_SPAN).max(now.as_millis()).min(limits::SEQUENCE_MAX)
}

/// Makes the numbers behind `last` void that may have been used by `now`; returns the last of them. The first runs, which
/// everybody was told long ago, go where there are too many.
pub fn add(tx: &Tx<'_>, id: &[u8], last: u64, now: Time) -> u64 {
    let mut voids = of(tx, id);
    let until = fresh(last, now);
    voids.push((last + 1, until));
    voids.drain(..voids.len().saturating_sub(limits::VOIDS_MAX));
    tx.put(&VOIDS, VOIDS.key(id), voids);
    until - 1
}

/// All numbers up to `last` are void.
pub fn begin(tx: &Tx<'_>, id: &[u8], last: u64) {
    tx.put(&VOIDS, VOIDS.key(id), vec![(1, last + 1)]);
}

/// No number towards somebody who is forgotten is void.
pub fn forget(tx: &Tx<'_>, id: &[u8]) {
    tx.delete(&VOIDS, VOIDS.key(id));
}

/// Those of them that somebody who has everything up to `delivered` must still be told; the next ones, where there are
/// too many.
pub fn ahead(voids: &[(u64, u64)], delivered: u64) -> Vec<(u64, u64)> {
    voids.iter().copied().filter(|(_, until)| *until > delivered + 1).take(limits::VOIDS_MAX).collect()
}

/// How many numbers behind `settled`, up to `used`, are not void.
pub fn count(voids: &[(u64, u64)], settled: u64, used: u64) -> u64 {
    let void = voids.iter().map(|(from, until)| {
        let until = (*until).min(used.saturating_add(1));
        until.saturating_sub((*from).max(settled.saturating_add(1)))
    });
    used.saturating_sub(settled).saturating_sub(void.sum())
}

/// What an acknowledgement says of numbers that aren't void: of those others we know nothing, whatever arrived.
pub fn strip(ack: &Ack, voids: &[(u64, u64)]) -> Ack {
    let before = |number: u64| {
        let inside = voids.iter().find(|(from, until)| (*from..*until - 1).contains(&number));
        inside.map_or(number, |(from, _)| from - 1)
    };
    let mut beyond = ack.beyond.clone();
    for (from, until) in voids {
        beyond = beyond
            .into_iter()
            .flat_map(|(first, end)| [(first, end.min(*from)), (first.max(*until), end)])
            .filter(|(first, end)| first < end)
            .collect();
    }
    Ack { delivered: before(ack.delivered), read: before(ack.read), beyond, declined: ack.declined.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOID: [(u64, u64); 2] = [(11, 100), (103, 200)];

    #[test]
    fn an_acknowledgement_says_nothing_of_void_numbers() {
        let ack = |delivered, read, beyond: &[(u64, u64)]| Ack {
            delivered,
            read,
            beyond: beyond.to_vec(),
            ..Ack::default()
        };
        assert_eq!(strip(&ack(13, 12, &[(15, 16), (100, 101)]), &VOID), ack(10, 10, &[(100, 101)]));
        assert_eq!(
            strip(&ack(9, 9, &[(10, 120), (150, 205)]), &VOID),
            ack(9, 9, &[(10, 11), (100, 103), (200, 205)])
        );
        // Whoever passed them over has everything up to there.
        assert_eq!(strip(&ack(99, 99, &[]), &VOID), ack(99, 99, &[]));
        assert_eq!(strip(&ack(199, 5, &[]), &VOID), ack(199, 5, &[]));
    }

    #[test]
    fn numbers_that_are_void_wait_for_nobody() {
        assert_eq!(count(&VOID, 8, 102), 2 + 3);
        assert_eq!(count(&VOID, 99, 201), 3 + 2);
        assert_eq!(count(&VOID, 50, 50), 0);
        assert_eq!(count(&[], 2, 5), 3);
        assert_eq!(ahead(&VOID, 98), VOID);
        assert_eq!(ahead(&VOID, 99), [(103, 200)]);
        assert!(ahead(&VOID, 199).is_empty());
    }

    #[test]
    fn a_life_that_begins_later_uses_no_number_of_one_before() {
        let at = Time::from_millis;
        let (first, again) = (fresh(10, at(1_800_000_000_000)), fresh(10, at(1_800_000_060_000)));
        assert!(again - first >= 60_000, "the same backup, a minute later");
        assert_eq!(fresh(again + 7, at(0)), again + 7 + limits::VOID_SPAN, "whatever the clock says");
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        assert_eq!(VOIDS.encode(&vec![(1, 300)]).unwrap(), [1, 1, 1, 172, 2]);
    }
}
