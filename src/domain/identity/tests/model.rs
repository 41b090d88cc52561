//! Random histories of an account beside a plain model of what they should come to.

use proptest::prelude::*;

use super::fixtures::{add, device, key, later, member};
use crate::base::limits;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::relation::{Claim, Relation};
use crate::wire::account::{LogOperation, LogState};
use crate::wire::peer::PeerKey;

#[derive(Clone, Debug)]
enum Act {
    Add(u8),
    Revoke(u8),
    Open(u8),
    Domain(Option<u8>),
    Mailboxes(u8),
    Rotate,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0u8..12).prop_map(Act::Add),
        5 => (0u8..12).prop_map(Act::Revoke),
        1 => (0u8..12).prop_map(Act::Open),
        2 => proptest::option::of(0u8..9).prop_map(Act::Domain),
        2 => (0u8..4).prop_map(Act::Mailboxes),
        1 => Just(Act::Rotate),
    ]
}

fn peers(count: u8) -> Vec<PeerKey> {
    (0..count).map(|byte| PeerKey::new(vec![byte; 38]).unwrap()).collect()
}

/// What an account is, without any cryptography.
#[derive(Default)]
struct Model {
    devices: Vec<u8>,
    domain: Option<u8>,
    mailboxes: u8,
    over: bool,
}

impl Model {
    fn apply(&mut self, act: &Act) -> Result<(), LogError> {
        if self.over {
            return Err(LogError::Over);
        }
        match act {
            Act::Add(_) if self.devices.len() >= limits::DEVICES_MAX => return Err(LogError::Full),
            Act::Add(byte) if self.devices.contains(byte) => return Err(LogError::Entry),
            Act::Add(byte) => self.devices.push(*byte),
            Act::Revoke(byte) if !self.devices.contains(byte) => return Err(LogError::Entry),
            Act::Revoke(byte) => self.devices.retain(|known| known != byte),
            Act::Open(byte) => *self = Self { devices: vec![*byte], ..Self::default() },
            Act::Domain(domain) => self.domain = *domain,
            Act::Mailboxes(count) => self.mailboxes = *count,
            Act::Rotate => *self = Self { over: true, ..Self::default() },
        }
        Ok(())
    }

    fn state(&self) -> LogState {
        LogState {
            members: self.devices.iter().map(|byte| member(&key(1), *byte)).collect(),
            line: Vec::new(),
            domain: self.domain.map(|number| format!("shop{number}.example")),
            mailboxes: peers(self.mailboxes),
        }
    }
}

fn perform(log: &mut AccountLog, act: &Act, step: u64) -> Result<(), LogError> {
    let (owner, now) = (key(1), later(step * 1_000));
    let operation = match act {
        Act::Add(byte) => add(*byte),
        Act::Revoke(byte) => LogOperation::RevokeDevice(device(*byte).id),
        Act::Open(byte) => LogOperation::Open(member(&key(1), *byte), Vec::new()),
        Act::Domain(number) => LogOperation::SetDomain(number.map(|number| format!("shop{number}.example"))),
        Act::Mailboxes(count) => LogOperation::SetMailboxes(peers(*count)),
        Act::Rotate => return log.rotate(&owner, &key(2), now),
    };
    log.append(&owner, operation, now)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_log_comes_to_what_the_model_says_for_its_owner_and_for_every_reader(
        acts in proptest::collection::vec(act(), 1..60),
        seen in 0usize..60,
    ) {
        let mut log = AccountLog::begin(&key(1), member(&key(1), 0), later(0));
        let mut model = Model { devices: vec![0], ..Model::default() };
        let mut pinned = log.clone();
        for (step, act) in acts.iter().enumerate() {
            let before = log.clone();
            let done = perform(&mut log, act, step as u64);
            prop_assert_eq!(done, model.apply(act));
            if done.is_err() {
                prop_assert_eq!(&log, &before, "what fails changes nothing");
            }
            prop_assert_eq!(log.state(), &model.state());
            prop_assert_eq!(log.successor().is_some(), model.over);
            if step == seen {
                pinned = log.clone();
            }
        }
        let carried = AccountLog::verify(log.account(), log.carried()).unwrap();
        prop_assert_eq!((carried.head(), carried.state()), (log.head(), log.state()));
        // A reader who had seen a part of the history never takes the rest of it for another story.
        let relation = pinned.relate(&carried);
        let fits = match &relation {
            Relation::Same | Relation::Gap => true,
            Relation::Extends(now) | Relation::Supersedes(now) => now.state() == log.state(),
            Relation::Behind | Relation::Fork | Relation::Stranger => false,
        };
        prop_assert!(fits, "{:?}", relation);
        prop_assert_ne!(pinned.weigh(&log.head()), Claim::Fork);
        prop_assert_ne!(log.weigh(&pinned.head()), Claim::Fork);
        prop_assert!(matches!(carried.relate(&pinned), Relation::Same | Relation::Behind));
    }
}
