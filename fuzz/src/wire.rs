//! The parsers of `wire/`: whatever parses is within its bounds, and reads back from its encoding.
//!
//! Where a format has one encoding for each thing it says, the encoding is the very bytes that were parsed.

use core::fmt::Debug;

use sigillo::base::charging;
use sigillo::base::consent_limits;
use sigillo::base::limits;
use sigillo::base::mail_limits;
use sigillo::base::time::Time;
use sigillo::crypto::kdf::label;
use sigillo::domain::consent::export::{self, ConsentFile, Expect};
use sigillo::domain::directory::entry::VerifiedEntry;
use sigillo::domain::directory::profile::VerifiedProfile;
use sigillo::domain::directory::succession::VerifiedSuccession;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::session::prekeys::VerifiedBundle;
use sigillo::wire::account::{Device, LogEntry, LogOperation};
use sigillo::wire::ask::{Answer, Ask};
use sigillo::wire::billing::{Event, EventKind, SignedEvent};
use sigillo::wire::consent::{Consent, Topic};
use sigillo::wire::content::{BEYOND_MAX, Body, CONTENT_MAX, Content};
use sigillo::wire::decode::{is_line, is_text};
use sigillo::wire::envelope::Envelope;
use sigillo::wire::flight::{FRONT_LEN, FirstFlight, INSIDE_LEN, SealedFlight};
use sigillo::wire::index::{IndexEntry, IndexRecord, IndexRequest, IndexResponse};
use sigillo::wire::own::Told;
use sigillo::wire::prekeys::{Bundle, OneTimePrekey, SignedBundle, decode_one_time, encode_one_time};
use sigillo::wire::reach::Reach;
use sigillo::wire::record::{Profile, ProfileRecord, has_twins};
use sigillo::wire::report::Report;
use sigillo::wire::said::change::Change;
use sigillo::wire::said::message::{Piece, Said};
use sigillo::wire::signed::Signed;
use sigillo::wire::succession::{Statement, SuccessionRecord};

use crate::bytes::Bytes;
use crate::people::{NOW, Person};

/// Account logs: single entries, and whole logs whose entries the account's key really signs.
pub fn account(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    if bytes.below(2) == 0 {
        reads_back(bytes.rest(), LogEntry::decode, LogEntry::encode);
        return;
    }
    thread_local! { static PERSON: Person = Person::new(1); }
    PERSON.with(|person| {
        let genuine = usize::from(bytes.byte().unwrap_or_default());
        let mut entries: Vec<Signed> = person.log.entries().into_iter().take(genuine).collect();
        while let payload = bytes.part()
            && !payload.is_empty()
        {
            entries.push(Signed::new(&person.signing, label::LOG_ENTRY, payload.to_vec()));
        }
        let Ok(log) = AccountLog::verify(person.key.id(), entries.clone()) else { return };
        assert!(entries.len() <= limits::LOG_ENTRIES_MAX && log.devices().len() <= limits::DEVICES_MAX);
        assert!(entries.ends_with(&log.entries()), "what it keeps are its last entries");
        let parsed: Vec<LogEntry> = entries
            .iter()
            .map(|entry| LogEntry::decode(entry.unverified()).expect("it was admitted"))
            .collect();
        assert!(parsed.windows(2).all(|pair| pair[0].seq < pair[1].seq && pair[0].at <= pair[1].at));
        assert_eq!(parsed.last().map(|entry| entry.seq), Some(log.head().seq));
        assert!(!has_twins(log.devices().map(|device| device.id)));
        assert_eq!(log.devices().cloned().collect::<Vec<_>>(), speakers(&parsed));
        let carried = log.carried();
        assert!(
            carried.iter().map(|entry| entry.unverified().len() + 72).sum::<usize>()
                <= limits::LOG_CARRIED_MAX
        );
        let again = AccountLog::verify(person.key.id(), carried).expect("what is carried is a log");
        assert_eq!((again.state(), again.head()), (log.state(), log.head()));
        assert_eq!((again.generation(), again.successor()), (log.generation(), log.successor()));
    });
}

/// Who speaks for the account after these entries, reckoned from nothing but them.
fn speakers(entries: &[LogEntry]) -> Vec<Device> {
    let mut speakers: Vec<Device> = Vec::new();
    for entry in entries {
        match &entry.operation {
            LogOperation::Open(member, _) => speakers = vec![member.device.clone()],
            LogOperation::Snapshot { state, .. } => {
                speakers = state.members.iter().map(|member| member.device.clone()).collect();
            }
            LogOperation::AddDevice(member) => speakers.push(member.device.clone()),
            LogOperation::RevokeDevice(id) => speakers.retain(|device| device.id != *id),
            LogOperation::RotateIdentity(_) => speakers.clear(),
            LogOperation::SetDomain(_) | LogOperation::SetMailboxes(_) => {}
        }
    }
    speakers
}

/// Questions and answers between nodes, and what they carry.
pub fn ask(data: &[u8]) {
    match reads_back(data, Ask::decode, Ask::encode) {
        Some(Ask::Index(request)) => drop(reads_back(&request, IndexRequest::decode, IndexRequest::encode)),
        Some(
            Ask::Bundle { .. } | Ask::LinkKey { .. } | Ask::LinkGrant { .. } | Ask::Place(_) | Ask::Log(_),
        )
        | None => {}
    }
    match reads_back(data, Answer::decode, Answer::encode) {
        Some(Answer::Index(answer)) => {
            drop(reads_back(&answer, IndexResponse::decode, IndexResponse::encode))
        }
        Some(Answer::Bundle { bundle, .. }) => {
            reads_back(&bundle, SignedBundle::decode, SignedBundle::encode);
        }
        Some(
            Answer::Nothing
            | Answer::LinkKey(..)
            | Answer::Linked
            | Answer::Place(_)
            | Answer::Unpaid { .. }
            | Answer::Log(_),
        )
        | None => {}
    }
}

/// The events of charging, in the only encoding of what they say.
pub fn billing(data: &[u8]) {
    const KINDS: [EventKind; 14] = EventKind::ALL;
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(KINDS.len() + 1);
    let rest = bytes.rest();
    let Some(kind) = KINDS.get(choice).copied() else {
        if let Some(event) = reads_back(rest, SignedEvent::decode, SignedEvent::encode) {
            assert!(event.signed.unverified().len() <= charging::EVENT_MAX);
            is_canonical(
                event.signed.unverified(),
                |payload| Event::decode(event.kind, payload),
                Event::encode,
            );
        }
        return;
    };
    let Some(event) = is_canonical(rest, |payload| Event::decode(kind, payload), Event::encode) else {
        return;
    };
    assert_eq!(event.kind(), kind);
    match &event {
        Event::Subscribe(event) => assert!(event.plan.check().is_ok()),
        Event::Trial(event) => assert!(event.start < event.end),
        Event::Invoice(event) => {
            assert!(event.period_start < event.period_end && event.amount.minor >= 0);
            assert!((1..=charging::RAILS_MAX).contains(&event.rails.len()));
        }
        Event::Receipt(event) => {
            assert!(event.period_start < event.period_end && event.amount.minor >= 0);
            assert!(event.tax.len() <= charging::TAXES_MAX);
            let taxes: i128 = event.tax.iter().map(|tax| i128::from(tax.minor)).sum();
            assert!((0..=i128::from(event.amount.minor)).contains(&taxes));
            // What is shown to people doesn't panic either.
            let _ = event.amount.to_string() + &event.period_end.to_string();
        }
        Event::CreditNote(event) => assert!(event.amount.minor >= 0 && !event.reason.is_empty()),
        Event::PlanChange(event) => {
            assert!(event.at <= event.until && event.credit.minor <= event.charge.minor);
            assert!(event.to.check().is_ok());
        }
        Event::PriceChange(event) => assert!(event.effective >= event.issued_at.plus(charging::PRICE_NOTICE)),
        Event::Offer(event) => assert!(event.payee.is_bounded()),
        Event::Evidence(event) => assert!(event.proof.len() <= charging::EVIDENCE_MAX),
        Event::Cancel(_)
        | Event::CreditReversed(_)
        | Event::Agreement(_)
        | Event::Consent(_)
        | Event::Pause(_) => {}
    }
}

/// Consents and reports, in the only encoding of what they say, and files of them.
pub fn consent(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(3);
    let rest = bytes.rest();
    match choice {
        0 => {
            if let Some(consent) = is_canonical(rest, Consent::decode, Consent::encode) {
                let life = consent.expires.since(consent.issued);
                assert!(
                    life <= consent_limits::CONSENT_LIFE_MAX
                        && (1..=limits::SEQUENCE_MAX).contains(&consent.seq)
                );
                assert_eq!(consent.granted, consent.expires != Time::EPOCH);
            }
        }
        1 => {
            if let Some(report) = is_canonical(rest, Report::decode, Report::encode) {
                assert!(is_text(&report.note, consent_limits::REPORT_NOTE_MAX));
            }
        }
        _ => {
            let Ok(file) = serde_json::from_slice::<ConsentFile>(rest) else { return };
            let Ok(verdict) = export::verify(&file, &Expect::default(), NOW) else { return };
            assert_eq!(verdict.consents.len(), file.consents.len());
            assert!(verdict.in_force.len() <= Topic::ALL.len());
        }
    }
}

/// What an opened frame says.
pub fn content(data: &[u8]) {
    let Some(content) = reads_back(data, Content::decode, Content::encode) else { return };
    assert!(content.seq <= limits::SEQUENCE_MAX);
    match &content.body {
        Body::Hello { first, void } => {
            assert!((1..=limits::SEQUENCE_MAX).contains(first) && void.len() <= limits::VOIDS_MAX);
            assert!(void.iter().all(|(from, until)| 0 < *from && from < until));
            assert!(void.is_sorted_by(|one, next| one.1 < next.0));
        }
        Body::Said(said) => is_said(said),
        Body::Change(change) => is_change(change),
        Body::Ack(ack) => {
            assert!(
                ack.beyond.len() <= BEYOND_MAX && ack.declined.len() <= consent_limits::DECLINED_RUNS_MAX
            );
            let runs = ack.beyond.iter().flat_map(|(from, until)| [*from, *until]);
            assert!(runs.chain([ack.delivered, ack.read]).all(|seq| seq <= limits::SEQUENCE_MAX));
        }
        Body::Resend { from, until } => assert!(from < until && *until <= limits::SEQUENCE_MAX),
        Body::Billing(event) => assert!(event.signed.unverified().len() <= charging::EVENT_MAX),
        Body::LogWant(_) => {}
        Body::Log(part) => assert!(part.entries.len() <= limits::LOG_ENTRIES_MAX),
        Body::Device(hint) => {
            is_reach(&hint.reach);
            assert!(hint.bundle.len() <= limits::BUNDLE_MAX);
        }
        Body::Copy(copy) => match &copy.piece {
            Piece::Said(said, _) => is_said(said),
            Piece::Change(change) => is_change(change),
        },
        Body::Contact(contact) => {
            assert!(is_line(&contact.name, limits::NAME_MAX) && contact.reach.len() <= limits::DEVICES_MAX);
            contact.reach.iter().for_each(is_reach);
        }
        Body::Consent(consent) => assert!(consent.signed.unverified().len() <= consent_limits::CONSENT_MAX),
        Body::Read(read) => assert!(read.upto.len() <= limits::DEVICES_MAX),
        Body::Succession(succession) => {
            is_reach(&succession.device.reach);
            assert!(succession.device.bundle.len() <= limits::BUNDLE_MAX);
            assert!(succession.former.len() <= limits::LOG_ENTRIES_MAX);
        }
        Body::History(page) => {
            assert!(page.entries.len() <= limits::HISTORY_PAGE_MAX);
            for entry in &page.entries {
                if let Told::Said(said, _) = &entry.said {
                    is_said(said);
                }
            }
        }
        Body::Queues(queues) => {
            assert!(
                queues.pairs.len() <= limits::MAILBOXES_MAX && queues.inboxes.len() <= limits::MAILBOXES_MAX
            );
            let places = queues.pairs.iter().map(|pair| &pair.at);
            for at in places.chain(queues.inboxes.iter().map(|inbox| &inbox.at)) {
                assert!(at.addresses().len() <= mail_limits::MAIL_ADDRESSES_MAX);
            }
        }
    }
    if let Some(introduction) = &content.introduction {
        assert!(is_line(&introduction.name, limits::NAME_MAX));
        introduction.reach.iter().for_each(is_reach);
    }
}

/// What is said is within its bounds, and takes no more room than its page was told.
fn is_said(said: &Said) {
    match said {
        Said::Unknown(unknown) => {
            assert!(unknown.number >= 30 && unknown.content.len() <= CONTENT_MAX);
        }
        Said::Text(text) => assert!(is_text(text, limits::TEXT_MAX)),
        said => assert_eq!(said.check(), Ok(())),
    }
    assert!(said.size() <= CONTENT_MAX);
}

fn is_change(change: &Change) {
    match change {
        Change::Reaction(reaction) => assert_eq!(reaction.check(), Ok(())),
        Change::Edit(edit) => assert_eq!(edit.check(), Ok(())),
        Change::Deletion(_) => {}
    }
}

/// Frames from outside, first flights from outside, and what the seal of a first flight holds.
pub fn envelope(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        assert_eq!(envelope.encode(), data);
        assert!(data.len() <= limits::FRAME_MAX && !envelope.body.is_empty());
    }
    if let Ok(flight) = SealedFlight::parse(data) {
        assert_eq!(data.len(), limits::FIRST_FLIGHT_LEN);
        assert_eq!([flight.front, flight.sealed].concat(), data);
        assert_eq!(SealedFlight::front(flight.set, flight.exchange, flight.ciphertext), flight.front);
        assert_eq!(flight.front.len(), FRONT_LEN);
    }
    if let Ok(inside) = FirstFlight::decode(data) {
        let encoded = inside.encode();
        assert!(encoded.is_some() || data.len() > INSIDE_LEN, "what fitted fits");
        assert!(inside.log.len() <= limits::LOG_ENTRIES_MAX);
        if let Some(encoded) = encoded {
            assert_eq!(encoded.len(), INSIDE_LEN);
            assert_eq!(FirstFlight::decode(&encoded), Ok(inside));
        }
    }
}

/// Bundles of prekeys and one-time prekeys, bare and signed by whoever they say.
pub fn prekeys(data: &[u8]) {
    thread_local! { static PERSON: Person = Person::new(2); }
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(6);
    let rest = bytes.rest();
    match choice {
        0 => drop(reads_back(rest, Bundle::decode, Bundle::encode)),
        1 => drop(reads_back(rest, SignedBundle::decode, SignedBundle::encode)),
        2 => drop(reads_back(rest, OneTimePrekey::decode, OneTimePrekey::encode)),
        3 => drop(reads_back(rest, decode_one_time, encode_one_time)),
        4 => PERSON.with(|person| {
            let bundle = Signed::new(person.device.signing(), label::BUNDLE, rest.to_vec());
            let bytes = SignedBundle { log: person.log.carried(), bundle }.encode();
            let Ok(verified) = VerifiedBundle::verify(&bytes, &person.key.id(), NOW) else { return };
            assert_eq!((verified.account(), verified.device()), (person.key.id(), person.id()));
            assert!(NOW < verified.expires() && verified.issued() <= NOW.plus(limits::CLOCK_SKEW));
        }),
        _ => PERSON.with(|person| {
            let signed = Signed::new(person.device.signing(), label::ONE_TIME_PREKEY, rest.to_vec());
            let mut bundle = person.verified();
            let added = bundle.add_one_time(&encode_one_time(&signed), NOW);
            assert!(added.is_err() || OneTimePrekey::decode(rest).is_ok());
        }),
    }
}

/// Profiles and statements of a succession, and the records that carry them, bare and signed by the business itself.
pub fn record(data: &[u8]) {
    thread_local! { static BUSINESS: Person = Person::new(3); }
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(6);
    let rest = bytes.rest();
    match choice {
        3 => {
            if let Some(statement) = is_canonical(rest, Statement::decode, Statement::encode) {
                assert!(statement.seq >= limits::SUCCESSION_SEQ);
            }
        }
        4 => {
            if let Some(record) = is_canonical(rest, SuccessionRecord::decode, SuccessionRecord::encode) {
                assert!(record.former.len() <= limits::LOG_ENTRIES_MAX);
            }
            if let Ok(verified) = VerifiedSuccession::verify(rest, NOW) {
                assert_eq!(verified.bytes(), rest);
            }
        }
        5 => BUSINESS.with(|business| {
            let mut ended = business.log.clone();
            ended.rotate(&business.key, &Person::new(4).key, NOW).expect("the log isn't ended yet");
            let record = SuccessionRecord {
                former: ended.carried(),
                signer: business.id(),
                statement: Signed::new(business.device.signing(), label::FORWARD, rest.to_vec()),
            };
            let Ok(verified) = VerifiedSuccession::verify(&record.encode(), NOW) else { return };
            assert_eq!(verified.account(), business.key.id());
            assert_eq!(Some(verified.successor()), ended.successor());
            assert!(NOW < verified.expires());
        }),
        0 => {
            if let Some(profile) = is_canonical(rest, Profile::decode, Profile::encode) {
                profile.reach.iter().for_each(is_reach);
                assert!(profile.plans.len() <= limits::PLANS_MAX);
                assert!(profile.plans.iter().all(|plan| plan.check().is_ok()));
                assert!(profile.reach.len() <= limits::DEVICES_MAX && !profile.name.is_empty());
                assert!(profile.mailboxes.len() <= limits::MAILBOXES_MAX);
                assert!(profile.seq < limits::SUCCESSION_SEQ);
            }
        }
        1 => {
            if let Some(record) = is_canonical(rest, ProfileRecord::decode, ProfileRecord::encode) {
                assert!(record.log.len() <= limits::LOG_ENTRIES_MAX);
            }
            if let Ok(verified) = VerifiedProfile::verify(rest, NOW) {
                assert_eq!(verified.bytes(), rest);
            }
        }
        _ => BUSINESS.with(|business| {
            let record = ProfileRecord {
                log: business.log.carried(),
                signer: business.id(),
                profile: Signed::new(business.device.signing(), label::PROFILE, rest.to_vec()),
            };
            let Ok(verified) = VerifiedProfile::verify(&record.encode(), NOW) else { return };
            assert_eq!(verified.account(), business.key.id());
            assert_eq!(verified.profile().encode(), rest);
            assert!(NOW < verified.profile().expires);
        }),
    }
}

/// The index: entries, records, requests and answers.
pub fn index(data: &[u8]) {
    thread_local! { static BUSINESS: Person = Person::new(3); }
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(5);
    let rest = bytes.rest();
    match choice {
        0 => drop(is_canonical(rest, IndexEntry::decode, IndexEntry::encode)),
        1 => {
            if let Some(record) = is_canonical(rest, IndexRecord::decode, IndexRecord::encode) {
                let _ = VerifiedEntry::verify(record, NOW);
            }
        }
        2 => drop(reads_back(rest, IndexRequest::decode, IndexRequest::encode)),
        3 => drop(reads_back(rest, IndexResponse::decode, IndexResponse::encode)),
        _ => BUSINESS.with(|business| {
            let record = IndexRecord {
                entry: Signed::new(business.device.signing(), label::INDEX_ENTRY, rest.to_vec()),
                certificate: business.log.entries()[0].clone(),
            };
            let Ok(verified) = VerifiedEntry::verify(record, NOW) else { return };
            assert_eq!(verified.entry().account, business.key.id());
            assert_eq!(verified.entry().encode(), rest);
        }),
    }
}

/// What parses reads back from its encoding.
pub(crate) fn reads_back<T: PartialEq + Debug, E: Debug + PartialEq>(
    data: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let parsed = decode(data).ok()?;
    let encoded = encode(&parsed);
    assert_eq!(decode(&encoded).as_ref(), Ok(&parsed), "it reads back");
    Some(parsed)
}

/// What parses is the only encoding of what it says.
pub(crate) fn is_canonical<T: PartialEq + Debug, E: Debug>(
    data: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let parsed = decode(data).ok()?;
    assert_eq!(encode(&parsed), data, "it is the only encoding");
    Some(parsed)
}

/// A reach is within its bounds, and of use for the network.
pub(crate) fn is_reach(reach: &Reach) {
    assert!((1..=limits::PEER_KEY_MAX).contains(&reach.peer().len()));
    assert!(reach.addresses().len() <= limits::ADDRESSES_MAX);
    assert!(reach.at().is_some());
}
