//! Real encoded values that fuzzing begins with, so that it doesn't have to find every format by itself.

use sigillo::base::consent_limits;
use sigillo::base::id::{AccountId, ContactToken, DeviceId, Digest, MessageId, ReadId, RouteId, SendId};
use sigillo::base::kind::AccountKind;
use sigillo::base::limits;
use sigillo::base::time::Time;
use sigillo::crypto::ed25519::{Signature, SigningKey};
use sigillo::crypto::kdf::label;
use sigillo::crypto::secret::Secret;
use sigillo::domain::billing::export::{FORMAT, ReceiptFile};
use sigillo::domain::consent::export::{ConsentFile, Statement};
use sigillo::domain::consent::ledger::Given;
use sigillo::domain::consent::report::Filed;
use sigillo::domain::directory::entry::entries_of;
use sigillo::domain::directory::profile::VerifiedProfile;
use sigillo::domain::directory::succession::VerifiedSuccession;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::identity::{address, invite};
use sigillo::store::key::TableId;
use sigillo::wire::account::{LogHead, LogOperation, Purposes};
use sigillo::wire::ask::{Answer as AskAnswer, Ask, LogAsked, WorkDone, WorkWanted};
use sigillo::wire::boxes::Ticket;
use sigillo::wire::consent::{Consent, Decline, Topic};
use sigillo::wire::content::{Ack, Body, Content, Introduction};
use sigillo::wire::document::SignedDocument;
use sigillo::wire::envelope::Envelope;
use sigillo::wire::index::{Facet, Facets, IndexRequest, IndexResponse};
use sigillo::wire::invite::Invite;
use sigillo::wire::mail::{Channel, Command, Request};
use sigillo::wire::mail_word::{Answer as MailAnswer, MailRefusal, Marks, Word};
use sigillo::wire::peer::PeerKey;
use sigillo::wire::prekeys::{SignedBundle, decode_one_time};
use sigillo::wire::reach::Reach;
use sigillo::wire::record::{Profile, ProfileRecord};
use sigillo::wire::report::{Reason, Report};
use sigillo::wire::said::card::Card;
use sigillo::wire::said::change::Change;
use sigillo::wire::said::choice::Choice;
use sigillo::wire::said::edit::Edit;
use sigillo::wire::said::location::Location;
use sigillo::wire::said::menu::{Link, Menu, Row, Section};
use sigillo::wire::said::message::Said;
use sigillo::wire::said::reaction::Reaction;
use sigillo::wire::said::target::Target;
use sigillo::wire::signed::Signed;
use sigillo::wire::succession::SuccessionRecord;
use sigillo::wire::template::{Answer as Answered, Ground, Template, Variable};

use crate::asked::asked;
use crate::bytes::part;
use crate::charging::{billing, events, plan, signed_event};
use crate::engine::Step as Input;
use crate::people::{INBOX, NOW, Person};
use crate::session::Step;
use crate::sold::sold;
use crate::{engine, flight};

/// A sample: its target and its bytes.
pub type Sample = (&'static str, Vec<u8>);

/// All samples, in an order that stays.
pub fn all() -> Vec<Sample> {
    [
        accounts(),
        asks(),
        billing(),
        contents(),
        envelopes(),
        prekeys(),
        records(),
        texts(),
        schedules(),
        flights(),
        rows(),
        inputs(),
        mails(),
        consents(),
        logs(),
    ]
    .concat()
}

/// What a target reads as the choice, and the bytes it chose for.
pub fn chosen(choice: u8, bytes: &[u8]) -> Vec<u8> {
    [&[choice], bytes].concat()
}

fn accounts() -> Vec<Sample> {
    let person = Person::new(1);
    let log = person.log.entries();
    let entries: Vec<&[u8]> = log.iter().map(Signed::unverified).collect();
    let mut samples: Vec<Sample> = entries.iter().map(|entry| ("account", chosen(0, entry))).collect();
    let log: Vec<u8> = entries.iter().flat_map(|entry| part(entry)).collect();
    samples.push(("account", [&[1, 0][..], &log].concat()));
    samples.push(("account", [&[1, 2][..], &part(entries[2])].concat()));
    let every = every_operation(&person).entries();
    samples.extend(every.iter().skip(entries.len()).map(|entry| ("account", chosen(0, entry.unverified()))));
    let whole: Vec<u8> = every.iter().flat_map(|entry| part(entry.unverified())).collect();
    samples.push(("account", [&[1, 0][..], &whole].concat()));
    samples
}

fn peer(key: [u8; 64]) -> PeerKey {
    PeerKey::new(key.to_vec()).expect("its length is within the bound")
}

/// The person's log, gone on with until it was restated, and ended.
fn every_operation(person: &Person) -> AccountLog {
    let mut log = person.log.clone();
    let mut append = |operation| assert_eq!(log.append(&person.key, operation, NOW), Ok(()));
    append(LogOperation::SetDomain(Some("example.org".into())));
    for byte in 1..9 {
        append(LogOperation::SetMailboxes([byte, 9].map(|byte| peer([byte; 64])).to_vec()));
    }
    append(LogOperation::SetDomain(None));
    append(LogOperation::Open(person.device.member(&person.key.id(), Purposes::ALL), Vec::new()));
    let successor = Person::new(9).key;
    assert_eq!(log.rotate(&person.key, &successor, NOW), Ok(()));
    log
}

/// A question for a log, and its answer.
fn logs() -> Vec<Sample> {
    let person = Person::new(1);
    let asked = LogAsked {
        route: INBOX,
        account: person.key.id(),
        log: person.log.carried(),
        device: person.device.id(),
        proof: Signature::new([4; 64]),
    };
    let answer = AskAnswer::Log(every_operation(&person).entries());
    vec![("ask", Ask::Log(Box::new(asked)).encode()), ("ask", answer.encode())]
}

fn asks() -> Vec<Sample> {
    let business = Person::new(3);
    let records = index_records(&business);
    let facets = Facets::new([Facet([1, 2, 3]), Facet([4, 5, 6])]);
    let requests = [
        IndexRequest::Put(records[..2].to_vec()).encode(),
        IndexRequest::Get { key: [7; 32], cursor: None, facets: facets.clone() }.encode(),
        IndexRequest::Get { key: [7; 32], cursor: Some(business.key.id()), facets }.encode(),
    ];
    let answers = [
        IndexResponse::Stored(3).encode(),
        IndexResponse::Page { entries: records[..2].to_vec(), next: Some(business.key.id()) }.encode(),
    ];
    let mut samples = vec![
        ("ask", Ask::Bundle { route: INBOX, token: None, work: None }.encode()),
        ("ask", Ask::Place(None).encode()),
        ("ask", AskAnswer::Place(NOW).encode()),
        ("ask", AskAnswer::Unpaid { issuer: business.key.id(), plan: "relay".into() }.encode()),
        ("ask", Ask::Bundle { route: INBOX, token: Some(ContactToken::new([2; 16])), work: None }.encode()),
        (
            "ask",
            Ask::Bundle { route: INBOX, token: None, work: Some(WorkDone { challenge: [3; 48], work: 9 }) }
                .encode(),
        ),
        (
            "ask",
            AskAnswer::Bundle {
                bundle: business.bundle(),
                one_time: Vec::new(),
                former: Vec::new(),
                work: Some(WorkWanted { challenge: [3; 48], bits: 10 }),
            }
            .encode(),
        ),
        (
            "ask",
            AskAnswer::Bundle {
                bundle: business.bundle(),
                one_time: Vec::new(),
                former: Vec::new(),
                work: None,
            }
            .encode(),
        ),
    ];
    samples.extend(requests.iter().map(|request| ("ask", Ask::Index(request.clone()).encode())));
    samples.extend(answers.iter().map(|answer| ("ask", AskAnswer::Index(answer.clone()).encode())));
    samples.extend(requests.iter().map(|request| ("index", chosen(2, request))));
    samples.extend(answers.iter().map(|answer| ("index", chosen(3, answer))));
    for record in &records[..3] {
        samples.push(("index", chosen(0, record.entry.unverified())));
        samples.push(("index", chosen(1, &record.encode())));
        samples.push(("index", chosen(4, record.entry.unverified())));
    }
    samples
}

fn index_records(business: &Person) -> Vec<sigillo::wire::index::IndexRecord> {
    let profile = VerifiedProfile::verify(&record(business), NOW).expect("our own record holds");
    entries_of(&profile, &business.log, &business.device).into_iter().map(|(_, record)| record).collect()
}

/// The terms of every sample.
/// A content of each kind.
pub fn contents() -> Vec<Sample> {
    let reach = Reach::new(DeviceId::new([3; 32]), vec![4; 38], vec!["/ip4/203.0.113.5/tcp/4001".into()]);
    let introduction = Introduction {
        name: "Ana".into(),
        business: false,
        token: Some(ContactToken::new([5; 16])),
        reach,
        queues: None,
        former: Vec::new(),
    };
    let declined = vec![(2, 3, Decline::NoConsent)];
    let ack = Ack { delivered: 3, beyond: vec![(5, 6), (9, 12)], read: 2, declined };
    let mut bodies = vec![
        (Body::Hello { first: 1, void: vec![(3, 9), (11, 12)] }, Some(introduction)),
        (Body::text("olá\n"), None),
        (Body::Ack(ack), None),
        (Body::Resend { from: 3, until: 5 }, None),
    ];
    bodies.extend(events().iter().map(|event| (Body::Billing(signed_event(event)), None)));
    bodies.push((Body::Consent(given().signed().clone()), None));
    bodies.extend(said().into_iter().map(|said| (Body::Said(said), None)));
    bodies.extend(changes().into_iter().map(|change| (Body::Change(change), None)));
    let content = |(body, introduction)| Content {
        id: MessageId::new([1; 16]),
        seq: 7,
        sent_at: NOW,
        log_head: LogHead { seq: 0, hash: Digest::new([2; 32]) },
        reader_head: 3,
        introduction,
        ground: None,
        reply: None,
        body,
    };
    let mut samples: Vec<Sample> =
        bodies.into_iter().map(|body| ("content", content(body).encode())).collect();
    let template = Template {
        name: "loaf_ready".into(),
        version: 1,
        language: "pt-BR".into(),
        category: Topic::Utility,
        variables: vec![Variable { name: "loaf".into(), value: "rye".into() }],
    };
    let answer = Answered { id: MessageId::new([6; 16]), seq: 4 };
    for ground in [Ground::Template(template), Ground::Answer(answer)] {
        let said = Content { ground: Some(ground), ..content((Body::text("pronto"), None)) };
        samples.push(("content", said.encode()));
    }
    samples
}

/// What is said beside texts.
fn said() -> Vec<Said> {
    let row = |id: &str| Row { id: id.into(), title: id.into(), about: String::new() };
    let link = Link { title: "All".into(), url: "https://bakery.example".into() };
    let menu = Menu {
        text: "Which?".into(),
        buttons: vec![row("rye"), row("oat")],
        link: Some(link),
        ..Menu::default()
    };
    let section = Section { title: "Breads".into(), rows: menu.buttons.clone() };
    let list = Menu { buttons: Vec::new(), label: "Open".into(), sections: vec![section], ..menu.clone() };
    let (name, address) = ("Sé".to_owned(), "São Paulo".to_owned());
    let card = Card {
        name: "Bento".into(),
        organization: "Padaria".into(),
        account: Some(AccountId::new([3; 32])),
        phones: vec!["+55 11 1".into()],
        emails: vec!["b@bakery.example".into()],
        website: "https://bakery.example".into(),
    };
    vec![
        Said::Location(Location { latitude: -235_505_200, longitude: -466_333_090, name, address }),
        Said::Card(card),
        Said::Menu(menu),
        Said::Menu(list),
        Said::Choice(Choice { menu: MessageId::new([7; 16]), row: "rye".into(), title: "Rye".into() }),
    ]
    .into_iter()
    .chain(sold())
    .chain(asked())
    .collect()
}

/// What changes what was said.
fn changes() -> Vec<Change> {
    let id = MessageId::new([7; 16]);
    let reaction = Reaction { target: Target { id, yours: true }, emoji: "👍".into(), revision: 1 };
    let edit = Edit { id, text: "rather".into(), revision: 2 };
    vec![Change::Reaction(reaction), Change::Edit(edit), Change::Deletion(id)]
}

/// What a person lets a business write about.
fn given() -> Given {
    let (person, business) = (Person::new(2), Person::new(3));
    let consent = Consent {
        business: business.key.id(),
        person: person.key.id(),
        topic: Topic::Utility,
        granted: true,
        seq: NOW.as_millis(),
        issued: NOW,
        expires: NOW.plus(consent_limits::CONSENT_LIFE_MAX),
    };
    Given::sign(&person.device, consent)
}

fn consents() -> Vec<Sample> {
    let (person, given) = (Person::new(2), given());
    let revoked = Consent { granted: false, expires: Time::EPOCH, ..given.consent().clone() };
    let report = Report {
        reporter: person.key.id(),
        about: given.consent().business,
        reason: Reason::Spam,
        note: "bolo, todo dia".into(),
        issued: NOW,
    };
    let filed = Filed::sign(&person.device, &report);
    let reports = vec![Statement::new(filed.signer, &filed.signed)];
    let file =
        ConsentFile::new(core::iter::once(given.signed()), reports, core::slice::from_ref(&person.log), &[]);
    let json = serde_json::to_vec(&file).expect("a file");
    vec![
        ("consent", chosen(0, &given.consent().encode())),
        ("consent", chosen(0, &revoked.encode())),
        ("consent", chosen(1, &report.encode())),
        ("consent", chosen(2, &json)),
    ]
}

fn envelopes() -> Vec<Sample> {
    let flight = flight::sample_flight();
    let frame = Envelope { route: RouteId::new([7; 16]), body: &[1, 1, 0, 69] }.encode();
    vec![("envelope", frame), ("envelope", flight), ("envelope", flight::sample_inside())]
}

fn prekeys() -> Vec<Sample> {
    let person = Person::new(2);
    let bundle = person.bundle();
    let signed = SignedBundle::decode(&bundle).expect("a bundle");
    let payload = signed.bundle.unverified();
    let mut samples = vec![
        ("prekeys", chosen(0, payload)),
        ("prekeys", chosen(1, &bundle)),
        ("prekeys", chosen(4, payload)),
    ];
    for published in &person.one_time {
        let signed = decode_one_time(published).expect("a one-time prekey");
        samples.push(("prekeys", chosen(2, signed.unverified())));
        samples.push(("prekeys", chosen(3, published)));
        samples.push(("prekeys", chosen(5, signed.unverified())));
    }
    samples
}

/// A valid profile record of a business.
pub fn record(business: &Person) -> Vec<u8> {
    ProfileRecord {
        log: business.log.entries().to_vec(),
        signer: business.id(),
        profile: Signed::new(business.device.signing(), label::PROFILE, profile(business).encode()),
    }
    .encode()
}

fn profile(business: &Person) -> Profile {
    Profile {
        account: business.key.id(),
        seq: 5,
        issued: NOW,
        expires: NOW.plus(limits::PROFILE_LIFE),
        log_head: business.log.head(),
        name: "Padaria São João".into(),
        about: "Pão fresco.\nTodo dia.".into(),
        categories: vec!["Bakery".into(), "Coffee Shop".into()],
        country: "BR".into(),
        region: "BR-SP".into(),
        languages: vec!["pt-BR".into(), "en".into()],
        website: "https://padaria.example".into(),
        hours: "Mo-Sa 06:00-20:00".into(),
        plans: vec![plan()],
        reach: Reach::new(business.id(), vec![7; 38], vec!["/ip4/203.0.113.5/tcp/4001".into()])
            .into_iter()
            .collect(),
        bundle: vec![0xB0; 16],
        mailboxes: Vec::new(),
        payees: Vec::new(),
        listings: Vec::new(),
    }
}

fn records() -> Vec<Sample> {
    let business = Person::new(3);
    let payload = profile(&business).encode();
    let mut ended = business.log.clone();
    ended.rotate(&business.key, &Person::new(4).key, NOW).expect("the log isn't ended yet");
    let succession = VerifiedSuccession::sign(&business.device, &[ended], 0, NOW).expect("the log is ended");
    let statement = SuccessionRecord::decode(&succession).expect("a record");
    vec![
        ("record", chosen(0, &payload)),
        ("record", chosen(1, &record(&business))),
        ("record", chosen(2, &payload)),
        ("record", chosen(3, statement.statement.unverified())),
        ("record", chosen(4, &succession)),
        ("record", chosen(5, statement.statement.unverified())),
    ]
}

fn texts() -> Vec<Sample> {
    let business = Person::new(3);
    let peer = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20][..], &[5; 32]].concat();
    let addresses = ["/ip4/203.0.113.5/udp/4001/quic-v1", "/dns4/relay.example/tcp/443/wss/p2p/12D3KooWxyz"];
    let invited = Invite {
        account: business.key.id(),
        kind: AccountKind::Business,
        name: "Café".into(),
        reach: Reach::new(business.id(), peer, addresses.map(String::from).to_vec()).expect("a reach"),
        inbox: INBOX,
        token: ContactToken::new([7; 16]),
        expires: Time::from_millis(1_800_000_000_000),
        inboxes: Vec::new(),
    };
    let [_, _, _, receipt, ..] = events();
    let signed = signed_event(&receipt);
    let file = ReceiptFile {
        format: FORMAT.into(),
        receipt: SignedDocument::new(&signed.signed),
        signer: business.id(),
        log: business.log.entries().iter().map(SignedDocument::new).collect(),
        jws: None,
        shown: None,
    };
    let phrase = Seed::from_secret(sigillo::crypto::secret::Secret::new([7; 32])).phrase();
    vec![
        ("text", chosen(0, address::encode(&business.key.id()).as_bytes())),
        ("text", chosen(0, address::encode(&AccountId::new([0; 32])).as_bytes())),
        ("text", chosen(1, invite::encode(&invited).as_bytes())),
        ("text", chosen(2, &invited.encode())),
        ("text", chosen(3, &invited.encode())),
        ("text", chosen(4, &serde_json::to_vec(&file).expect("a file can be written"))),
        ("text", chosen(5, &receipt.encode())),
        ("text", chosen(6, phrase.as_bytes())),
        ("text", chosen(7, b"ABCDEFGHIJKLMNOPQR27")),
        ("text", chosen(7, b"a5a5a5a5a5a5a5a5A5A5A5A5A5A5A5A5")),
        ("text", chosen(8, b"BRL 19.90")),
        ("text", chosen(8, b"JPY 1990")),
    ]
}

/// The same step from the side that was written to.
const BACK: u8 = 0x80;

fn schedules() -> Vec<Sample> {
    let (seal, next, deliver) = (Step::Seal as u8, Step::Next as u8, Step::Deliver as u8);
    let turns = [seal, 5, next, BACK | seal, 9, BACK | next].repeat(8);
    let late =
        [[seal, 1].repeat(9), vec![deliver, 0], [deliver, 8, deliver, 4].to_vec(), vec![next; 9]].concat();
    let chains: Vec<u8> =
        [seal, 3, seal, 4, deliver, 0, BACK | seal, 1, BACK | next].repeat(limits::RECEIVE_CHAINS_MAX + 2);
    let hostile = [
        vec![seal, 9, Step::Spoil as u8, 0, 40, 0, 0, 3, Step::Reflect as u8, 0, Step::Foreign as u8],
        vec![BACK | Step::Foreign as u8, Step::Forge as u8],
        part(&[1, 1, 0, 69]),
        vec![
            Step::Store as u8,
            next,
            Step::Wait as u8,
            31,
            seal,
            1,
            next,
            deliver,
            1,
            BACK | Step::Store as u8,
        ],
        vec![Step::SealLong as u8, 0xFE, 0x3F, next, Step::SealLong as u8, 0xFF, 0x3F],
    ]
    .concat();
    [turns, late, chains, hostile].into_iter().map(|schedule| ("session", schedule)).collect()
}

fn flights() -> Vec<Sample> {
    vec![
        ("flight", chosen(0, &flight::sample_flight())),
        ("flight", vec![1, 0, 100, 0, 0, 1]),
        ("flight", vec![1, 1, 0, 4, 0, 7]),
        ("flight", chosen(2, &flight::sample_inside())),
        ("flight", vec![3, 0, 0]),
        ("flight", [&[3, 1, 1][..], &[9; 32]].concat()),
        // A low-order point as the ephemeral key.
        ("flight", [&[3, 0, 0][..], &[0; 32]].concat()),
    ]
}

fn rows() -> Vec<Sample> {
    const TABLES: [TableId; 13] = [
        TableId::Sessions,
        TableId::Peers,
        TableId::Prekeys,
        TableId::Routes,
        TableId::Contacts,
        TableId::Accounts,
        TableId::Invites,
        TableId::Conversations,
        TableId::Delivery,
        TableId::Incoming,
        TableId::Outbox,
        TableId::Timeline,
        TableId::Found,
    ];
    let stored = engine::sample_rows();
    let samples = (0..)
        .zip(TABLES)
        .filter_map(|(choice, table)| stored.first(table).map(|row| ("rows", chosen(choice, &row))));
    samples.collect()
}

fn inputs() -> Vec<Sample> {
    let [genuine, command, commit] = [Input::Genuine, Input::Command, Input::Commit].map(|step| step as u8);
    let frames: Vec<u8> = (0..8).flat_map(|frame| [genuine, frame, 3, frame, 1, 1, commit]).collect();
    let twice = [frames.clone(), vec![Input::Restart as u8], frames.clone()].concat();
    let spoilt: Vec<u8> =
        (0..8).flat_map(|frame| [Input::Spoilt as u8, frame, 200, 0, 0, 2, 3, frame, 1, 1]).collect();
    let business = Person::new(3);
    let put = IndexRequest::Put(index_records(&business)[..2].to_vec()).encode();
    let asked = [
        vec![Input::Asked as u8, 3, 1, 0, 0],
        vec![5; 16],
        vec![Input::Asked as u8, 3, 2, 0, 1],
        part(&put),
        vec![commit],
    ]
    .concat();
    let looked = [
        vec![command, 3, commit, Input::GotRecords as u8, 1, 0, 1, Input::GotRecords as u8, 1, 0, 2],
        vec![command, 4, commit, Input::GotRecords as u8, 1, 0, 4, Input::Tick as u8, 0, 39],
        vec![command, 2, commit, Input::Closest as u8, 1, 0, 1, 5, Input::Tick as u8, 1, 39],
        vec![Input::RecordOffered as u8, 0, 0, 0, Input::RecordOffered as u8, 0, 1, 0, commit],
    ]
    .concat();
    let links = [
        vec![Input::Link as u8, 0, 1, 1, command, 0, commit, Input::Taken as u8, 1, 3, 1],
        vec![Input::Refused as u8, 1, 3, 0, Input::Tick as u8, 3, 31, Input::Link as u8, 1, 1, commit],
    ]
    .concat();
    let contents = [
        vec![Input::Contact as u8, 2, 4, 0, b't', b'e', b'x', b't', 1, 0, 1, 3, 3, 3, 4, 3, 1, 1, 1],
        vec![Input::Contact as u8, 2, 1, 0, b'x', 1, 0, 2, 3, 3, 3, 9, 3, 2, 1, 1, commit],
        vec![Input::Contact as u8, 3, 1, 3, 2, 3, 3, 3, 1, 3, 1, 1, 0, 3, 3, 3, 3, 0, 3, 1, 1, 1, commit],
        vec![Input::Contact as u8, 4, 3, 1, 3, 3, 1, 0, 4, 3, 3, 3, 0, 3, 4, 1, 1],
        vec![Input::Contact as u8, 5, 0, 1, 0, 5, 3, 3, 3, 5, 3, 5, 1, 1],
        vec![Input::Stranger as u8, 2, 2, 0, b'o', b'i', 1, 0, 6, 3, 3, 3, 1, 3, 0, 2, 2, commit],
        vec![Input::Stranger as u8, 6, 1, 0, 0, 2, 0, 0, 3, 1, 2, 2, Input::Tick as u8, 0, 39],
    ]
    .concat();
    let all = [frames, twice, spoilt, asked, looked, links, contents];
    let each = |target: u8| all.iter().map(move |input| ("engine", chosen(target, input)));
    each(0).chain(each(1)).collect()
}

/// Requests to a mailbox, its words, and a schedule of requests.
fn mails() -> Vec<Sample> {
    let key = SigningKey::from_seed(&Secret::new([1; 32]));
    let mailbox = PeerKey::new(vec![3; 38]).expect("its length is within the bound");
    let channel = Channel { mailbox: &mailbox, nonce: &[4; 32] };
    let flight = vec![1; limits::FIRST_FLIGHT_LEN];
    let ticket = Ticket { expires: NOW, id: [5; 8], pass: ContactToken::new([6; 16]) };
    let read = [
        Command::Subscribe,
        Command::Get { after: 0 },
        Command::Ack { upto: 1 },
        Command::Stat,
        Command::PutPrekeys { bundle: vec![7], one_time: vec![vec![8]; 2] },
        Command::Delete,
    ];
    let mut requests: Vec<Vec<u8>> =
        read.iter().map(|command| Request::signed(1, &channel, &key, command).encode()).collect();
    for command in [
        Command::Send { frame: flight, ticket: Some(ticket.clone()) },
        Command::GetPrekeys { ticket: Some(ticket) },
    ] {
        let mut request = Request::bare(2, [0; 16], &command);
        request.work = request.puzzle(&channel, 10).solve();
        requests.push(request.encode());
    }
    let answers = [
        MailAnswer::Made { send: SendId::new([1; 16]), key: [2; 32] },
        MailAnswer::Marks(Marks { waiting: 1, bytes: 2, one_time: 3 }),
        MailAnswer::Frames(vec![(1, vec![2; 20])]),
        MailAnswer::Prekeys { bundle: vec![1], one_time: vec![vec![2]; 2], work: 0 },
        MailAnswer::Refused(MailRefusal::Work(12)),
    ];
    let mut words = vec![Word::Hello([1; 32]).encode(), Word::Ready(ReadId::new([2; 16])).encode()];
    words.extend(answers.map(|answer| Word::Answer { number: 1, answer }.encode()));
    let schedule: Vec<u8> = requests.iter().filter(|one| one.len() < 256).flat_map(|one| part(one)).collect();
    requests.into_iter().chain(words).chain([schedule]).map(|bytes| ("mail", bytes)).collect()
}
