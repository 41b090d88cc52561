//! What one device of a contact sent: every sequence number once, in order, gaps waited for and then shown.

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::DeviceId;
use crate::base::limits;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::consent::Decline;
use crate::wire::content::{Ack, BEYOND_MAX};

/// Marks by the contact's device.
pub const INCOMING: Table<Incoming> = Table::new(TableId::Incoming, 3);
/// Contents that wait behind a gap, by device, at their sequence number.
pub const HELD: Table<Vec<u8>> = Table::new(TableId::Held, 1);
/// Positions of entries shown as missing, by device, at their sequence number.
pub const MISSING: Table<u64> = Table::new(TableId::Missing, 1);

/// In the place of [`Incoming::told`]: the device is to hear from us, whatever it knows.
pub const UNHEARD: (u64, u64, u32, u32) = (u64::MAX, 0, 0, 0);

/// What one device sent so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Incoming {
    /// Everything up to this sequence number is filed, or shown as missing.
    pub filed: u64,
    /// How many contents wait behind a gap.
    pub held: u32,
    /// How many entries are shown as missing.
    pub missing: u32,
    /// A person saw everything up to this one.
    pub read: u64,
    /// How things stood, as in [`Incoming::now`], in the last acknowledgement that the device is known to have taken.
    pub told: (u64, u64, u32, u32),
    /// What arrived and was dropped, in half-open runs, in order; the last [`consent_limits::DECLINED_RUNS_MAX`].
    pub declined: Vec<(u64, u64, Decline)>,
    /// Half-open runs of numbers, in order, that no content has, and that aren't passed over yet.
    pub void: Vec<(u64, u64)>,
    /// Such runs that were passed over: where each begins, the first number of it that wasn't filed by then, and its end.
    pub passed: Vec<(u64, u64, u64)>,
    /// Numbers of contents that came out of a run after it was passed over.
    pub astray: Vec<u64>,
}

/// What is to be done with a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// File it now; others that waited may follow.
    Next,
    /// Keep it until the gap before it closes.
    Early,
    /// It was shown as missing: it takes that entry's place, at this position.
    Late(u64),
    /// It has a number that no content was to have: said before its sender lost what it knew of it. It is filed at the end.
    Astray,
    /// It is here already.
    Repeated,
    /// Too far ahead, or too many wait: not taken, and not acknowledged.
    TooEarly,
}

/// What is to be done with the content `seq` of `device`.
pub fn arrival(tx: &Tx<'_>, device: &DeviceId, seq: u64) -> Arrival {
    let incoming = tx.row(&INCOMING, device.as_bytes()).unwrap_or_default();
    if seq <= incoming.filed {
        let missing = if incoming.missing == 0 {
            None
        } else {
            tx.get(&MISSING, &MISSING.key_at(device.as_bytes(), seq))
        };
        return match missing {
            Some(position) => Arrival::Late(*position),
            None if incoming.may_stray(seq) => Arrival::Astray,
            None => Arrival::Repeated,
        };
    }
    if seq == incoming.filed + 1 {
        return Arrival::Next;
    }
    if incoming.held > 0 && tx.with(&HELD, &HELD.key_at(device.as_bytes(), seq), |_| ()).is_some() {
        return Arrival::Repeated;
    }
    let far = seq - incoming.filed > limits::SEQUENCE_FORWARD_MAX;
    if far || incoming.held as usize >= limits::HELD_MAX { Arrival::TooEarly } else { Arrival::Early }
}

/// Changes the device's row, which is made where there is none.
pub fn edit<R>(tx: &Tx<'_>, device: &DeviceId, change: impl FnOnce(&mut Incoming) -> R) -> Option<R> {
    let key = INCOMING.key(device.as_bytes());
    if tx.with(&INCOMING, &key, |_| ()).is_none() {
        tx.put(&INCOMING, key.clone(), Incoming::default());
    }
    tx.edit(&INCOMING, &key, change)
}

/// The first session of a device says with which sequence number it begins; what came before was for others. Once
/// anything is filed, or lies behind that beginning, nothing changes.
pub fn begin(tx: &Tx<'_>, device: &DeviceId, first: u64) {
    let filed = tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |incoming| incoming.filed);
    let is_ahead = first_held(tx, device).is_none_or(|held| held >= first);
    if first > 1 && filed.unwrap_or(0) == 0 && is_ahead {
        edit(tx, device, |incoming| incoming.filed = first - 1);
    }
}

/// The same where it is told only after the gap before it was shown: what is missing from the very first number on, up
/// to there, was for others. Returns the positions of its entries, which are to be taken back.
pub fn begin_late(tx: &Tx<'_>, device: &DeviceId, first: u64) -> Vec<u64> {
    let missing = tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |row| row.missing).unwrap_or(0);
    let mut positions = Vec::new();
    if missing == 0 {
        return positions;
    }
    let shown = tx.scan(&MISSING, &MISSING.of(device.as_bytes()).until(first).limit(limits::HELD_MAX));
    for (expected, (key, position)) in (1..).zip(shown) {
        if key.position() != Some(expected) {
            break;
        }
        found(tx, device, expected);
        positions.push(*position);
    }
    positions
}

/// The device says which of its numbers no content has. What is missing of them isn't waited for.
pub fn learn_void(tx: &Tx<'_>, device: &DeviceId, void: &[(u64, u64)]) {
    let row = tx.copy(&INCOMING, device.as_bytes()).unwrap_or_default();
    let ahead = void.iter().copied().filter(|(_, until)| *until > row.filed + 1).collect();
    if row.void != ahead {
        edit(tx, device, |row| row.void = ahead);
    }
}

/// Passes void numbers over where they are next, and nothing waits whose number is among them; whether any were.
pub fn pass_void(tx: &Tx<'_>, device: &DeviceId) -> bool {
    let key = INCOMING.key(device.as_bytes());
    let next = tx.with(&INCOMING, &key, |row| row.void.first().map(|void| (*void, row.filed))).flatten();
    let Some(((from, until), filed)) = next else { return false };
    if filed + 1 < from || first_held(tx, device).is_some_and(|held| held < until) {
        return false;
    }
    edit(tx, device, |row| {
        row.passed.push((from, filed + 1, until));
        row.passed.drain(..row.passed.len().saturating_sub(limits::VOIDS_MAX));
        row.filed = row.filed.max(until - 1);
        row.void.remove(0);
    });
    true
}

/// A content came whose number was passed over.
pub fn strayed(tx: &Tx<'_>, device: &DeviceId, seq: u64) {
    edit(tx, device, |row| row.astray.push(seq));
}

/// Keeps a content that came early.
pub fn hold(tx: &Tx<'_>, device: &DeviceId, seq: u64, content: Vec<u8>) {
    tx.put(&HELD, HELD.key_at(device.as_bytes(), seq), content);
    edit(tx, device, |incoming| incoming.held += 1);
}

/// Takes the content out that is next in order, if it waits.
pub fn take_held(tx: &Tx<'_>, device: &DeviceId) -> Option<Vec<u8>> {
    let incoming = tx.row(&INCOMING, device.as_bytes())?;
    if incoming.held == 0 {
        return None;
    }
    let key = HELD.key_at(device.as_bytes(), incoming.filed + 1);
    let content = tx.with(&HELD, &key, Vec::clone)?;
    tx.delete(&HELD, key);
    edit(tx, device, |incoming| incoming.held -= 1);
    Some(content)
}

/// The first sequence number that waits behind a gap.
pub fn first_held(tx: &Tx<'_>, device: &DeviceId) -> Option<u64> {
    tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |row| row.held).filter(|held| *held > 0)?;
    tx.scan(&HELD, &HELD.of(device.as_bytes()).limit(1)).pop().and_then(|(key, _)| key.position())
}

/// The content under that number.
pub fn first_held_content(tx: &Tx<'_>, device: &DeviceId) -> Option<Vec<u8>> {
    first_held(tx, device).and_then(|seq| tx.with(&HELD, &HELD.key_at(device.as_bytes(), seq), Vec::clone))
}

/// Shows the gap before the first content that waits as missing: `file` gives each its entry and says at which
/// position.
pub fn give_up_gap(tx: &Tx<'_>, device: &DeviceId, mut file: impl FnMut(u64) -> u64) {
    let Some(first) = first_held(tx, device) else { return };
    let filed = tx.row(&INCOMING, device.as_bytes()).unwrap_or_default().filed;
    let room = limits::HELD_MAX as u64;
    for seq in (filed + 1..first).take(limits::HELD_MAX) {
        tx.put(&MISSING, MISSING.key_at(device.as_bytes(), seq), file(seq));
    }
    edit(tx, device, |incoming| {
        let shown = (first - 1 - filed).min(room);
        incoming.missing += u32::try_from(shown).unwrap_or(u32::MAX);
        incoming.filed += shown;
    });
}

/// What was shown as missing has come.
pub fn found(tx: &Tx<'_>, device: &DeviceId, seq: u64) {
    tx.delete(&MISSING, MISSING.key_at(device.as_bytes(), seq));
    edit(tx, device, |incoming| incoming.missing = incoming.missing.saturating_sub(1));
}

/// What arrived under this number is dropped: its sender is told why.
///
/// Where there are too many runs, the lowest two that touch become one with the cause of the latter: that something was
/// dropped matters more than why. Where none touch, the lowest is forgotten, but never the one that is told first here.
pub fn decline(tx: &Tx<'_>, device: &DeviceId, seq: u64, cause: Decline) {
    edit(tx, device, |incoming| {
        let runs = &mut incoming.declined;
        let at = runs.partition_point(|(from, ..)| *from <= seq);
        match at.checked_sub(1).and_then(|before| runs.get_mut(before)) {
            Some((_, until, known)) if *until == seq && *known == cause => *until = seq + 1,
            _ => runs.insert(at, (seq, seq + 1, cause)),
        }
        if runs.len() <= consent_limits::DECLINED_RUNS_MAX {
            return;
        }
        match runs.windows(2).position(|pair| matches!(pair, [(_, until, _), (from, ..)] if until == from)) {
            Some(lower) => {
                let (from, ..) = runs.remove(lower);
                runs.iter_mut().skip(lower).take(1).for_each(|run| run.0 = from);
            }
            None => {
                runs.remove(usize::from(at == 0));
            }
        }
    });
}

/// The acknowledgement that says how things stand: what is filed arrived, but for what is shown as missing. Where more is
/// missing than it has runs for, it says nothing of what lies behind.
///
/// What waits behind a gap isn't shown to anybody yet. Its sender keeps it, as this device may be lost with it.
pub fn acknowledgement(rows: &impl Rows, device: &DeviceId) -> Ack {
    let incoming = rows.row(&INCOMING, device.as_bytes()).unwrap_or_default();
    let mut runs = vec![(1, incoming.filed + 1)];
    if incoming.missing > 0 {
        let missing = rows.scan(&MISSING, &MISSING.of(device.as_bytes()));
        let missing = missing.into_iter().filter_map(|(key, _)| key.position());
        let missing = missing.filter(|gap| !incoming.is_void(*gap)).take(BEYOND_MAX + 1);
        for (index, gap) in missing.enumerate() {
            let Some((from, until)) = runs.pop() else { continue };
            runs.push((from, gap));
            if index < BEYOND_MAX {
                runs.push((gap + 1, until));
            }
        }
    }
    let delivered = runs.remove(0).1 - 1;
    runs.retain(|(from, until)| from < until);
    runs.truncate(BEYOND_MAX);
    Ack { delivered, beyond: runs, read: incoming.read, declined: incoming.declined.clone() }
}

impl Incoming {
    /// Whether the device said that no content has this number.
    fn is_void(&self, seq: u64) -> bool {
        let runs =
            self.void.iter().copied().chain(self.passed.iter().map(|(from, _, until)| (*from, *until)));
        runs.into_iter().any(|(from, until)| (from..until).contains(&seq))
    }

    /// Whether a content of that number, which was passed over, is here for the first time.
    fn may_stray(&self, seq: u64) -> bool {
        let passed = self.passed.iter().any(|(_, from, until)| (*from..*until).contains(&seq));
        passed && self.astray.len() < limits::HELD_MAX && !self.astray.contains(&seq)
    }

    /// How things stand, in the form of [`Incoming::told`].
    pub const fn now(&self) -> (u64, u64, u32, u32) {
        (self.filed, self.read, self.held, self.missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    const DEVICE: DeviceId = DeviceId::new([1; 32]);

    fn file(tx: &Tx<'_>) {
        edit(tx, &DEVICE, |incoming| incoming.filed += 1);
    }

    #[test]
    fn contents_are_filed_in_order_and_once() {
        let tx = Tx::new(&NOTHING);
        assert_eq!(arrival(&tx, &DEVICE, 1), Arrival::Next);
        file(&tx);
        assert_eq!(arrival(&tx, &DEVICE, 1), Arrival::Repeated);
        assert_eq!(arrival(&tx, &DEVICE, 3), Arrival::Early);
        hold(&tx, &DEVICE, 3, vec![3]);
        assert_eq!(arrival(&tx, &DEVICE, 3), Arrival::Repeated);
        assert_eq!(take_held(&tx, &DEVICE), None);
        let ack = Ack { delivered: 1, beyond: vec![], ..Ack::default() };
        assert_eq!(acknowledgement(&tx, &DEVICE), ack, "3 is lost if this device is");
        file(&tx);
        assert_eq!(take_held(&tx, &DEVICE), Some(vec![3]));
        file(&tx);
        assert_eq!(acknowledgement(&tx, &DEVICE), Ack { delivered: 3, beyond: vec![], ..Ack::default() });
    }

    #[test]
    fn what_is_shown_as_missing_is_not_acknowledged_and_takes_its_place_when_it_comes() {
        let tx = Tx::new(&NOTHING);
        hold(&tx, &DEVICE, 4, vec![4]);
        give_up_gap(&tx, &DEVICE, |seq| seq * 10);
        take_held(&tx, &DEVICE).unwrap();
        file(&tx);
        assert_eq!(
            acknowledgement(&tx, &DEVICE),
            Ack { delivered: 0, beyond: vec![(4, 5)], ..Ack::default() }
        );
        assert_eq!(arrival(&tx, &DEVICE, 2), Arrival::Late(20));
        found(&tx, &DEVICE, 2);
        assert_eq!(arrival(&tx, &DEVICE, 2), Arrival::Repeated);
        assert_eq!(
            acknowledgement(&tx, &DEVICE),
            Ack { delivered: 0, beyond: vec![(2, 3), (4, 5)], ..Ack::default() }
        );
    }

    #[test]
    fn however_much_is_missing_none_of_it_is_acknowledged() {
        let tx = Tx::new(&NOTHING);
        // Every other number is missing, of more than one acknowledgement has runs for.
        let most = 2 * limits::HELD_MAX as u64;
        for seq in (2..=most).step_by(2) {
            hold(&tx, &DEVICE, seq, vec![0]);
            give_up_gap(&tx, &DEVICE, |seq| seq);
            take_held(&tx, &DEVICE).unwrap();
            file(&tx);
        }
        hold(&tx, &DEVICE, most + 5, vec![0]);
        let told = |tx: &Tx<'_>| {
            let ack = acknowledgement(tx, &DEVICE);
            assert!(ack.beyond.len() <= BEYOND_MAX);
            let mut told: Vec<u64> = (1..=ack.delivered).collect();
            told.extend(ack.beyond.iter().flat_map(|(from, until)| *from..*until));
            told
        };
        let first: Vec<u64> = (2..).step_by(2).take(BEYOND_MAX).collect();
        assert_eq!(told(&tx), first, "no number that is missing, and of the others as many as fit");
        // What comes makes room for more.
        for seq in (1..40).step_by(2) {
            found(&tx, &DEVICE, seq);
        }
        let told = told(&tx);
        assert_eq!(told[..40], (1..=40).collect::<Vec<u64>>());
        assert!(told[40..].iter().all(|seq| seq % 2 == 0) && told.len() == 40 + BEYOND_MAX, "{told:?}");
    }

    #[test]
    fn a_beginning_that_is_told_late_closes_the_gap_before_what_waits() {
        let tx = Tx::new(&NOTHING);
        hold(&tx, &DEVICE, 9, vec![9]);
        begin(&tx, &DEVICE, 10);
        assert_eq!(take_held(&tx, &DEVICE), None, "what waits lies before that beginning");
        begin(&tx, &DEVICE, 9);
        assert_eq!(take_held(&tx, &DEVICE), Some(vec![9]));
        file(&tx);
        begin(&tx, &DEVICE, 100);
        assert_eq!(arrival(&tx, &DEVICE, 10), Arrival::Next);
    }

    #[test]
    fn a_beginning_that_is_told_after_the_gap_was_shown_takes_back_what_was_for_others() {
        let tx = Tx::new(&NOTHING);
        hold(&tx, &DEVICE, 4, vec![4]);
        give_up_gap(&tx, &DEVICE, |seq| seq * 10);
        take_held(&tx, &DEVICE).unwrap();
        file(&tx);
        assert_eq!(begin_late(&tx, &DEVICE, 3), [10, 20], "what lies behind the beginning stays missing");
        assert_eq!(begin_late(&tx, &DEVICE, 9), [0; 0], "and isn't where the numbers begin");
        assert_eq!(
            acknowledgement(&tx, &DEVICE),
            Ack { delivered: 2, beyond: vec![(4, 5)], ..Ack::default() }
        );
        assert_eq!(arrival(&tx, &DEVICE, 3), Arrival::Late(30));
    }

    #[test]
    fn numbers_that_no_content_has_are_passed_over_once_what_came_before_is_there() {
        let tx = Tx::new(&NOTHING);
        learn_void(&tx, &DEVICE, &[(3, 1_000_000_000)]);
        assert!(!pass_void(&tx, &DEVICE), "1 and 2 are to come");
        file(&tx);
        file(&tx);
        // In another life the device sent 4.
        hold(&tx, &DEVICE, 4, vec![4]);
        assert!(!pass_void(&tx, &DEVICE));
        give_up_gap(&tx, &DEVICE, |seq| seq);
        take_held(&tx, &DEVICE).unwrap();
        file(&tx);
        assert!(pass_void(&tx, &DEVICE) && !pass_void(&tx, &DEVICE));
        assert_eq!(arrival(&tx, &DEVICE, 1_000_000_000), Arrival::Next);
        assert_eq!(acknowledgement(&tx, &DEVICE).delivered, 999_999_999, "3 is missing, and nobody has it");
        learn_void(&tx, &DEVICE, &[(3, 1_000_000_000)]);
        assert!(!pass_void(&tx, &DEVICE), "that was told before");
        // What was said in that life and lay somewhere comes after all: each once.
        assert_eq!(arrival(&tx, &DEVICE, 3), Arrival::Late(3));
        assert_eq!([2, 4].map(|seq| arrival(&tx, &DEVICE, seq)), [Arrival::Repeated; 2], "these were filed");
        assert_eq!(arrival(&tx, &DEVICE, 5), Arrival::Astray);
        strayed(&tx, &DEVICE, 5);
        assert_eq!(arrival(&tx, &DEVICE, 5), Arrival::Repeated);
        for seq in 0..limits::HELD_MAX as u64 {
            strayed(&tx, &DEVICE, 100 + seq);
        }
        assert_eq!(arrival(&tx, &DEVICE, 99), Arrival::Repeated, "of so many only");
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        let row = Incoming {
            filed: 1,
            held: 2,
            missing: 3,
            read: 4,
            told: (5, 6, 7, 8),
            declined: vec![(9, 10, Decline::NoConsent)],
            void: vec![(11, 12)],
            passed: vec![(13, 14, 15)],
            astray: vec![16],
        };
        let bytes = INCOMING.encode(&row).unwrap();
        assert_eq!(bytes, [3, 1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 10, 1, 1, 11, 12, 1, 13, 14, 15, 1, 16]);
    }

    #[test]
    fn what_is_dropped_is_told_in_runs_of_one_cause() {
        let tx = Tx::new(&NOTHING);
        let told = |tx: &Tx<'_>| acknowledgement(tx, &DEVICE).declined;
        for (seq, cause) in [(3, Decline::NoConsent), (4, Decline::NoConsent), (5, Decline::OverCap)] {
            decline(&tx, &DEVICE, seq, cause);
        }
        assert_eq!(told(&tx), [(3, 5, Decline::NoConsent), (5, 6, Decline::OverCap)]);
        // What comes late has its place before them.
        decline(&tx, &DEVICE, 1, Decline::NoConsent);
        assert_eq!(told(&tx)[0], (1, 2, Decline::NoConsent));
        for seq in (100..).step_by(2).take(consent_limits::DECLINED_RUNS_MAX) {
            decline(&tx, &DEVICE, seq, Decline::OverCap);
        }
        assert_eq!(
            (told(&tx).len(), told(&tx)[0].0),
            (consent_limits::DECLINED_RUNS_MAX, 100),
            "the last ones"
        );
    }

    #[test]
    fn what_was_dropped_last_is_told_however_much_was_dropped_before() {
        let tx = Tx::new(&NOTHING);
        let told = |tx: &Tx<'_>| acknowledgement(tx, &DEVICE).declined;
        const MOST: usize = consent_limits::DECLINED_RUNS_MAX;
        // Causes that take turns: every run touches the next.
        for seq in 10..10 + MOST as u64 {
            let cause = if seq % 2 == 0 { Decline::NoConsent } else { Decline::OverCap };
            decline(&tx, &DEVICE, seq, cause);
        }
        assert_eq!(told(&tx).len(), MOST);
        decline(&tx, &DEVICE, 200, Decline::TooLate);
        let runs = told(&tx);
        assert_eq!(
            (runs.len(), runs[0], runs[MOST - 1]),
            (MOST, (10, 12, Decline::OverCap), (200, 201, Decline::TooLate))
        );
        assert!(
            (10..10 + MOST as u64).all(|seq| runs.iter().any(|run| (run.0..run.1).contains(&seq))),
            "{runs:?}"
        );
        // One that comes late, before all others, none of which touch.
        let tx = Tx::new(&NOTHING);
        for seq in (100..).step_by(2).take(MOST) {
            decline(&tx, &DEVICE, seq, Decline::OverCap);
        }
        decline(&tx, &DEVICE, 1, Decline::TooLate);
        let runs = told(&tx);
        assert_eq!((runs.len(), runs[0], runs[1].0), (MOST, (1, 2, Decline::TooLate), 102));
    }

    #[test]
    fn what_comes_from_too_far_ahead_is_not_taken() {
        let tx = Tx::new(&NOTHING);
        assert_eq!(arrival(&tx, &DEVICE, limits::SEQUENCE_FORWARD_MAX + 1), Arrival::TooEarly);
        for seq in 2..2 + limits::HELD_MAX as u64 {
            hold(&tx, &DEVICE, seq, Vec::new());
        }
        assert_eq!(arrival(&tx, &DEVICE, 5_000), Arrival::TooEarly);
    }
}
