//! Two sides that open sessions whenever they like, also at once: whatever was sealed opens, and they settle on one.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use crate::base::id::SessionId;
use crate::base::limits;
use crate::domain::session::sessions::Peer;

/// What happens next, at one of the two sides.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// It says something, and opens a session for that where it has none to send on.
    Say(usize),
    /// It takes its session for broken, and opens another with its next word.
    Break(usize),
    /// It takes the oldest of what is under way to it.
    Take(usize),
}

/// Something under way: of which session, and whether it is the first flight that opens it.
type Frame = (SessionId, bool);

#[derive(Default)]
struct Side {
    peer: Peer,
    /// Sessions on which something came.
    heard: BTreeSet<SessionId>,
    /// Frames in a row on another session than its own.
    apart: u32,
    /// Under way to it, in order.
    coming: VecDeque<Frame>,
}

struct Two {
    sides: [Side; 2],
    /// Ids for the sessions to come; they are random, so their order says nothing.
    ids: Vec<u8>,
}

impl Two {
    fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Say(from) => self.say(from),
            Event::Break(side) if !self.ids.is_empty() => {
                prop_assert!(self.sides[side].peer.archive_active().is_empty(), "a session fell off");
            }
            Event::Break(_) => {}
            Event::Take(side) => return self.take(side),
        }
        Ok(())
    }

    fn say(&mut self, from: usize) {
        let active = self.sides[from].peer.active;
        let Some(frame) = active.map(|id| (id, false)).or_else(|| Some((self.open(from)?, true))) else {
            return;
        };
        self.sides[1 - from].coming.push_back(frame);
    }

    fn open(&mut self, from: usize) -> Option<SessionId> {
        let id = SessionId::new([self.ids.pop()?; 32]);
        let _ = self.sides[from].peer.adopt_sent(id);
        Some(id)
    }

    fn take(&mut self, at: usize) -> Result<(), TestCaseError> {
        let Side { peer, heard, apart, coming } = &mut self.sides[at];
        let Some((id, opens)) = coming.pop_front() else { return Ok(()) };
        if opens {
            let has_heard = peer.active.is_some_and(|active| heard.contains(&active));
            prop_assert!(peer.adopt_received(id, has_heard).is_empty(), "a session fell off");
        } else {
            prop_assert!(peer.knows(&id), "sealed in a session that the other side has no more");
            *apart = if peer.is_apart(&id) { *apart + 1 } else { 0 };
            if *apart >= limits::APART_FRAMES {
                *apart = 0;
                peer.agree_on(&id);
            }
            peer.received(&id);
        }
        heard.insert(id);
        Ok(())
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => (0..2usize).prop_map(Event::Say),
        1 => (0..2usize).prop_map(Event::Break),
        4 => (0..2usize).prop_map(Event::Take),
    ];
    prop::collection::vec(event, 0..60)
}

/// As many sessions as a side keeps.
fn ids() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<u8> = (0..=limits::ARCHIVED_SESSIONS_MAX as u8).collect();
    Just(all).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sessions_opened_whenever_open_all_that_was_sealed_and_settle_on_one(events in events(), ids in ids()) {
        let mut two = Two { sides: Default::default(), ids };
        for event in events {
            two.happens(event)?;
        }
        // Both go on talking.
        for _ in 0..2 * limits::APART_FRAMES {
            for side in [0, 1] {
                two.say(side);
            }
            for side in [0, 1] {
                while !two.sides[side].coming.is_empty() {
                    two.take(side)?;
                }
            }
        }
        let [one, other] = two.sides.map(|side| side.peer.active);
        // Who broke with the last session that there was has none to send on.
        if one.is_some() && other.is_some() {
            prop_assert_eq!(one, other);
        }
    }
}
