//! Mailboxes: whatever is asked of one or said by one is parsed within its bounds, and what is asked is carried out
//! without a panic and without a quota overrun.

use std::collections::BTreeSet;

use sigillo::base::limits;
use sigillo::base::mail_limits;
use sigillo::crypto::ed25519::SigningKey;
use sigillo::crypto::secret::Secret;
use sigillo::domain::mailbox::askers::Askers;
use sigillo::domain::mailbox::host::{Host, Rules};
use sigillo::domain::mailbox::queue::{Kind, QUEUES, totals};
use sigillo::sim::random::Random;
use sigillo::store::table::Rows as _;
use sigillo::store::tx::Tx;
use sigillo::wire::mail::{Channel, Command, NewKind, NewQueue, Request};
use sigillo::wire::mail_word::{Answer, Word};
use sigillo::wire::origin::Origin;
use sigillo::wire::peer::PeerKey;

use crate::bytes::Bytes;
use crate::memory::Memory;
use crate::people::NOW;
use crate::wire::reads_back;

const NONCE: [u8; 32] = [4; 32];

/// The target.
pub fn mail(data: &[u8]) {
    if let Ok((request, _)) = Request::decode(data) {
        let again = Request::decode(&request.encode()).expect("it reads back");
        assert_eq!(again.0, request);
    }
    if let Some(Word::Answer { answer: Answer::Frames(frames), .. }) =
        reads_back(data, Word::decode, Word::encode)
    {
        assert!(frames.len() <= mail_limits::MAIL_FRAMES_MAX);
        assert!(frames.iter().all(|(_, frame)| frame.len() <= limits::FRAME_MAX));
    }
    host(&mut Bytes::new(data));
}

/// A reader who signs what the bytes say, and whoever else there is.
fn host(bytes: &mut Bytes<'_>) {
    let key = SigningKey::from_seed(&Secret::new([1; 32]));
    let mailbox = PeerKey::new(vec![3; 38]).expect("its length is within the bound");
    let channel = Channel { mailbox: &mailbox, nonce: &NONCE };
    let rules = Rules { queues: 2, bytes: 20_000, ..Rules::default() };
    let mut memory = Memory::default();
    let mut send = [0; 16];
    let wanted = NewQueue {
        read_key: key.public(),
        kind: NewKind::Inbox { gate: Secret::new([2; 32]) },
        token: None,
        receipt: None,
    };
    let mut requests = vec![Request::signed(0, &channel, &key, &Command::New(wanted))];
    while let part = bytes.part()
        && !part.is_empty()
        && requests.len() < 8
    {
        if let Ok((mut request, command)) = Request::decode(part) {
            requests.push(Request::signed(1, &channel, &key, &command));
            request.queue = [0; 16];
            requests.push(request);
        }
    }
    let (origin, mut askers, mut counted) = (Origin::Peer(mailbox.clone()), Askers::default(), 0);
    let mut proven = BTreeSet::new();
    for mut request in requests {
        // Zeros stand for the send id, which the bytes can't know.
        if request.queue == [0; 16] {
            request.queue = send;
        }
        let Ok((request, command)) = Request::decode(&request.encode()) else { continue };
        let tx = Tx::new(&memory);
        let host = Host {
            tx: &tx,
            now: NOW,
            channel,
            rules: &rules,
            origin: &origin,
            counted,
            proven: &proven,
            notes: None,
        };
        let done = host.handle(&request, command, &mut askers, &mut Random::new(1));
        proven.extend(done.subscribed);
        if done.worked {
            assert!(request.number > counted, "work counts once");
            counted = request.number;
        }
        if let Answer::Made { send: made, .. } = done.answer {
            send = *made.as_bytes();
        }
        let kept = totals(&tx);
        assert!(kept.queues <= rules.queues && kept.bytes <= rules.bytes);
        for (_, queue) in tx.scan(&QUEUES, &QUEUES.all()) {
            let (messages, most) = queue.quota();
            assert!(queue.waiting <= messages && queue.bytes <= most && queue.open <= queue.waiting);
            assert!(matches!(queue.kind, Kind::Inbox { .. } | Kind::Pair { .. }));
        }
        memory.store(tx.finish(1).expect("the store is sound"));
    }
}
