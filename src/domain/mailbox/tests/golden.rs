//! Whatever is stored or sent keeps its bytes: a change here is a change of the format.

use super::fixtures::{Desk, NOW, Reader, flight, frame};
use crate::base::id::{ContactToken, DeviceId, ReadId, SendId};
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::domain::mailbox::boxes::{self, BOXES};
use crate::domain::mailbox::owner::{ForContact, Made, Mailbox, OwnQueue, Purpose, Trouble};
use crate::domain::mailbox::queue::{MAIL, QUEUES, Totals};
use crate::store::table::Rows;
use crate::wire::boxes::{InboxBox, PairBox, Queues, Ticket};
use crate::wire::content::{Body, Content};
use crate::wire::mail::{Command, Request, masked, read_id, writer_key};
use crate::wire::mail_word::{Answer, MailRefusal, Marks, Word};
use crate::wire::peer::{PeerAddress, PeerKey};

fn digest(bytes: &[u8]) -> String {
    sha256(&[bytes]).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ticket() -> Ticket {
    Ticket { expires: NOW, id: [6; 8], pass: ContactToken::new([7; 16]) }
}

#[test]
fn requests_keep_their_bytes() {
    let (desk, reader) = (Desk::new(), Reader::new(1));
    let channel = desk.channel();
    let send = SendId::new([8; 16]);
    let signed = |command: &Command| digest(&Request::signed(9, &channel, &reader.key, command).encode());
    let key = writer_key(&reader.writer, &[9; 32], &send).unwrap();
    let deposit = Command::Send { frame: frame(1, 600), ticket: None };
    let knock = Command::Send { frame: flight(1), ticket: Some(ticket()) };
    let mut worked = Request::bare(3, [8; 16], &Command::GetPrekeys { ticket: None });
    worked.work = worked.puzzle(&channel, 10).solve();
    let digests = [
        signed(&Command::New(reader.wanted(true))),
        signed(&Command::New(reader.wanted(false))),
        signed(&Command::Subscribe),
        signed(&Command::Get { after: 7 }),
        signed(&Command::Ack { upto: 7 }),
        signed(&Command::Delete),
        signed(&Command::Stat),
        signed(&Command::PutPrekeys { bundle: vec![1], one_time: vec![vec![2], vec![3]] }),
        digest(&Request::written(2, &channel, &send, &key, &deposit).encode()),
        digest(&Request::bare(2, [8; 16], &knock).encode()),
        digest(&worked.encode()),
    ];
    assert_eq!(digests, GOLDEN_REQUESTS);
    assert_eq!(hex(read_id(&reader.key.public()).as_bytes()), GOLDEN_READ_ID);
    assert_eq!(hex(&masked(&[1; 16], &Secret::new([2; 32]), b"body")), GOLDEN_MASKED);
    assert_eq!(hex(reader.ticket(1, NOW).pass.as_bytes()), GOLDEN_PASS);
}

#[test]
fn words_keep_their_bytes() {
    let answer = |answer| Word::Answer { number: 5, answer };
    let words = [
        Word::Hello([1; 32]),
        Word::Ready(ReadId::new([2; 16])),
        answer(Answer::Done),
        answer(Answer::Made { send: SendId::new([3; 16]), key: [4; 32] }),
        answer(Answer::Marks(Marks { waiting: 1, bytes: 600, one_time: 99 })),
        answer(Answer::Frames(vec![(7, vec![5; 20])])),
        answer(Answer::Prekeys { bundle: vec![6], one_time: vec![vec![7], vec![8]], work: 0 }),
        answer(Answer::Prekeys { bundle: vec![6], one_time: Vec::new(), work: 10 }),
        answer(Answer::Refused(MailRefusal::No)),
        answer(Answer::Refused(MailRefusal::Full)),
        answer(Answer::Refused(MailRefusal::Work(12))),
        answer(Answer::Refused(MailRefusal::NotAdmitted)),
    ];
    let bytes: Vec<String> = words.iter().map(|word| hex(&word.encode())).collect();
    for word in words {
        assert_eq!(Word::decode(&word.encode()), Ok(word));
    }
    assert_eq!(bytes, GOLDEN_WORDS);
}

fn place() -> PeerAddress {
    PeerAddress::new(PeerKey::new(vec![3; 38]).unwrap(), vec!["/ip4/203.0.113.5/tcp/4001".into()]).unwrap()
}

fn queues() -> Queues {
    let (writer, key, mask) = (Secret::new([1; 32]), [2; 32], Secret::new([3; 32]));
    Queues {
        pairs: vec![PairBox { at: place(), send: SendId::new([4; 16]), writer, key, mask }],
        inboxes: vec![InboxBox { at: place(), send: SendId::new([5; 16]), ticket: ticket() }],
    }
}

#[test]
fn what_contacts_are_told_and_what_is_stored_keeps_its_bytes() {
    let mut desk = Desk::new();
    let content = Content {
        id: crate::base::id::MessageId::new([1; 16]),
        seq: 3,
        sent_at: NOW,
        log_head: crate::wire::account::LogHead { seq: 1, hash: crate::base::id::Digest::new([2; 32]) },
        reader_head: 0,
        introduction: None,
        ground: None,
        reply: None,
        body: Body::Queues(queues()),
    };
    let account = crate::base::id::AccountId::new([9; 32]);
    let device = DeviceId::new([8; 32]);
    desk.with(|tx| boxes::learn(tx, &account, &[device], device, queues()));
    let known = desk.with(|tx| BOXES.encode(&tx.copy(&BOXES, account.as_bytes()).unwrap()).unwrap());
    let (pair, inbox) = (Reader::new(1), Reader::new(50));
    let (send, key) = desk.make(&pair, true);
    desk.make(&inbox, false);
    desk.write(&send, &key.unwrap(), frame(1, 600));
    let kept = |desk: &mut Desk, reader: &Reader| {
        let id = read_id(&reader.key.public());
        desk.with(|tx| QUEUES.encode(&tx.copy(&QUEUES, id.as_bytes()).unwrap()).unwrap())
    };
    let mail = {
        let id = read_id(&pair.key.public());
        desk.with(|tx| MAIL.encode(&tx.get(&MAIL, &MAIL.key_at(id.as_bytes(), 1)).unwrap()).unwrap())
    };
    let purpose =
        Purpose::Pair { contact: account, writer: Secret::new([1; 32]), mask: Secret::new([2; 32]) };
    let own = OwnQueue {
        mailbox: place().peer().clone(),
        purpose,
        seed: Secret::new([3; 32]),
        made: Some(Made { send: SendId::new([4; 16]), key: [5; 32] }),
        since: NOW,
        replaced: None,
    };
    let mailbox = Mailbox {
        at: place(),
        token: None,
        receipt: None,
        added: NOW,
        leaving: None,
        inbox: ReadId::new([1; 16]),
        heard: Some(NOW),
        trouble: Some(Trouble::Lost),
    };
    let told =
        ForContact { queues: vec![ReadId::new([1; 16])], told: vec![SendId::new([2; 16])], told_at: None };
    let row = |bytes: Result<Vec<u8>, postcard::Error>| digest(&bytes.unwrap());
    let digests = [
        digest(&content.encode()),
        digest(&known),
        digest(&kept(&mut desk, &pair)),
        digest(&kept(&mut desk, &inbox)),
        digest(&mail),
        row(postcard::to_stdvec(&own)),
        row(postcard::to_stdvec(&mailbox)),
        row(postcard::to_stdvec(&told)),
        row(postcard::to_stdvec(&Totals { queues: 1, messages: 2, bytes: 3 })),
    ];
    assert_eq!(digests, GOLDEN_ROWS);
}

// The next three are from a reckoning in another language.
const GOLDEN_READ_ID: &str = "45e27bb9e2c32017e0c6ffc39f6252cf";
const GOLDEN_MASKED: &str = "6796d3b7168c8917c367c415f0a84c1c";
const GOLDEN_PASS: &str = "a672b806eb03bc7b229c0398c9783fe2";
const GOLDEN_REQUESTS: [&str; 11] = [
    "46d425d0e478a669",
    "c48381604432b8d3",
    "c68fe26abc4e1d06",
    "af92fe2178a2bfd8",
    "24e59137cce82607",
    "0a830d284da3b19e",
    "afd492f4ac04a5b1",
    "a7d0b4284b012c63",
    "48dd2182d2367eb3",
    "89e084218323d7ce",
    "1d0c20829d44c90e",
];
const GOLDEN_WORDS: [&str; 12] = [
    "0a200101010101010101010101010101010101010101010101010101010101010101",
    "1a1002020202020202020202020202020202",
    "120408051001",
    "123808051a340a100303030303030303030303030303030312200404040404040404040404040404040404040404040404040404040404040404",
    "120b08052207080110d8041863",
    "121e08052a1a0a18080712140505050505050505050505050505050505050505",
    "120d080532090a0106120107120108",
    "1209080532050a0106180a",
    "120608053a020801",
    "120608053a020802",
    "120808053a040803100c",
    "120608053a020804",
];
const GOLDEN_ROWS: [&str; 9] = [
    "e048cdf2879990c0",
    "80c518122d95eb94",
    "4557588ae79d96d6",
    "5c250f11b476eb2e",
    "5b237bc142bd5821",
    "8ad1ea2b5e9be5a7",
    "0b0320cb3536d93d",
    "2ecef6e495bd4029",
    "039058c6f2c0cb49",
];
