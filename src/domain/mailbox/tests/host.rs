//! Each rule of a queue, each quota, each refusal.

use core::time::Duration;

use super::fixtures::{Desk, NOW, Reader, flight, frame};
use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::domain::mailbox::queue::{self, totals};
use crate::wire::mail::{Command, Request, read_id};
use crate::wire::mail_word::{Answer, MailRefusal};
use crate::wire::origin::{Origin, Prefix};
use crate::wire::prekeys::{OneTimePrekey, OneTimePublic, encode_one_time};
use crate::wire::signed::Signed;

const NO: Answer = Answer::Refused(MailRefusal::No);
const FULL: Answer = Answer::Refused(MailRefusal::Full);

fn frames(answer: Answer) -> Vec<u64> {
    match answer {
        Answer::Frames(frames) => frames.into_iter().map(|(number, _)| number).collect(),
        other => panic!("{other:?}"),
    }
}

fn waiting(answer: &Answer) -> u64 {
    match answer {
        Answer::Marks(marks) => marks.waiting,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_deposited_waits_in_order_until_its_reader_lets_it_go() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, key) = desk.make(&reader, true);
    let key = key.unwrap();
    for number in 0..40 {
        assert_eq!(desk.write(&send, &key, frame(number, 600)), Answer::Done);
    }
    let first = frames(desk.read(&reader, &Command::Get { after: 0 }));
    assert_eq!(first, (1..=32).collect::<Vec<_>>(), "so many at once");
    assert_eq!(frames(desk.read(&reader, &Command::Get { after: 32 })), (33..=40).collect::<Vec<_>>());
    assert_eq!(waiting(&desk.read(&reader, &Command::Ack { upto: 39 })), 1);
    assert_eq!(frames(desk.read(&reader, &Command::Get { after: 0 })), [40]);
    assert_eq!(desk.write(&send, &key, frame(99, 600)), Answer::Done);
    assert_eq!(frames(desk.read(&reader, &Command::Get { after: 40 })), [41], "no number twice");
}

#[test]
fn the_same_frame_again_is_kept_once_even_where_the_queue_is_full() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, key) = desk.make(&reader, true);
    let key = key.unwrap();
    for number in 0..mail_limits::PAIR_MESSAGES_MAX {
        assert_eq!(desk.write(&send, &key, frame(number, 600)), Answer::Done);
    }
    assert_eq!(desk.write(&send, &key, frame(3, 600)), Answer::Done);
    assert_eq!(waiting(&desk.read(&reader, &Command::Stat)), u64::from(mail_limits::PAIR_MESSAGES_MAX));
    assert_eq!(desk.write(&send, &key, frame(999, 600)), FULL);
    assert_eq!(frames(desk.read(&reader, &Command::Get { after: 0 }))[0], 1, "the oldest is still there");
}

#[test]
fn a_pair_queue_holds_a_mebibyte_at_most() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, key) = desk.make(&reader, true);
    let key = key.unwrap();
    let most = (mail_limits::PAIR_BYTES_MAX as usize / limits::FRAME_MAX) as u32;
    for number in 0..most {
        assert_eq!(desk.write(&send, &key, frame(number, limits::FRAME_MAX)), Answer::Done);
    }
    assert_eq!(desk.write(&send, &key, frame(most, limits::FRAME_MAX)), FULL);
    assert_eq!(desk.write(&send, &key, frame(most, 600)), Answer::Done, "what fits is taken");
    let answer = desk.read(&reader, &Command::Get { after: 0 });
    assert!(matches!(&answer, Answer::Frames(frames) if frames.len() == 1), "an answer fits its bound");
}

#[test]
fn a_fifth_of_an_inbox_is_for_bearers_of_tickets_and_no_ticket_fills_it_alone() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let open = mail_limits::INBOX_MESSAGES_MAX - mail_limits::INBOX_MESSAGES_MAX / mail_limits::INBOX_RESERVE;
    // Work as it is asked for near the end would take a while: the rows are filled as if it had been done.
    let id = read_id(&reader.key.public());
    desk.with(|tx| {
        tx.edit(&queue::QUEUES, &queue::QUEUES.key(id.as_bytes()), |row| {
            (row.waiting, row.open) = (open, open);
        })
    });
    assert_eq!(desk.knock(&send, flight(0), None, mail_limits::WORK_MOST), FULL);
    let ticket = |id: u8| Some(reader.ticket(id, NOW.plus(Duration::from_secs(60))));
    for number in 1..=mail_limits::TICKET_FLIGHTS_MAX {
        assert_eq!(desk.knock(&send, flight(number), ticket(1), 0), Answer::Done);
    }
    assert_eq!(desk.knock(&send, flight(90), ticket(1), 0), FULL, "one ticket, so many flights");
    assert_eq!(desk.knock(&send, flight(91), ticket(2), 0), Answer::Done);
    desk.with(|tx| {
        tx.edit(&queue::QUEUES, &queue::QUEUES.key(id.as_bytes()), |row| {
            row.waiting = mail_limits::INBOX_MESSAGES_MAX;
        })
    });
    assert_eq!(desk.knock(&send, flight(92), ticket(3), 0), FULL);
}

#[test]
fn without_a_ticket_an_inbox_asks_for_more_work_the_fuller_it_is() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let work = |bits| Answer::Refused(MailRefusal::Work(bits));
    assert_eq!(desk.knock(&send, flight(0), None, 0), work(mail_limits::WORK_LEAST));
    assert_eq!(desk.knock(&send, flight(0), None, mail_limits::WORK_LEAST), Answer::Done);
    let id = read_id(&reader.key.public());
    let fill = |open: u32| {
        move |tx: &crate::store::tx::Tx<'_>| {
            tx.edit(&queue::QUEUES, &queue::QUEUES.key(id.as_bytes()), |row| row.open = open)
        }
    };
    desk.with(fill(103));
    assert_eq!(desk.knock(&send, flight(1), None, 0), work(15));
    desk.with(fill(205));
    assert_eq!(desk.knock(&send, flight(1), None, 0), work(mail_limits::WORK_MOST));
}

#[test]
fn work_serves_for_one_request_on_one_channel() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let mut request = Request::bare(1, send, &Command::Send { frame: flight(0), ticket: None });
    request.work = request.puzzle(&desk.channel(), mail_limits::WORK_LEAST).solve();
    let work = request.work;
    desk.nonce = [9; 32];
    let refused = Answer::Refused(MailRefusal::Work(mail_limits::WORK_LEAST));
    assert_eq!(desk.ask(&request).answer, refused, "another channel");
    desk.nonce = [4; 32];
    let mut other = Request::bare(1, send, &Command::Send { frame: flight(1), ticket: None });
    other.work = work;
    assert_eq!(desk.ask(&other).answer, refused, "another frame");
    let mut later = request.clone();
    later.number = 2;
    assert_eq!(desk.ask(&later).answer, refused, "another number");
    assert_eq!(desk.ask(&request).answer, Answer::Done);
}

#[test]
fn a_ticket_that_expired_or_was_made_under_another_secret_lets_nobody_in() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let soon = NOW.plus(Duration::from_secs(60));
    let refused = Answer::Refused(MailRefusal::Work(mail_limits::WORK_LEAST));
    let mut longer = reader.ticket(1, soon);
    longer.expires = soon.plus(Duration::from_secs(60));
    for bad in [reader.ticket(1, NOW), Reader::new(50).ticket(1, soon), longer] {
        assert_eq!(desk.knock(&send, flight(0), Some(bad), 0), refused);
    }
    assert_eq!(desk.knock(&send, flight(0), Some(reader.ticket(1, soon)), 0), Answer::Done);
}

#[test]
fn an_inbox_takes_first_flights_only() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    for length in [limits::FIRST_FLIGHT_LEN - 1, limits::FIRST_FLIGHT_LEN + 1, 600] {
        assert_eq!(desk.knock(&send, frame(0, length), None, mail_limits::WORK_LEAST), NO);
    }
}

#[test]
fn only_the_writer_deposits_in_a_pair_queue() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, key) = desk.make(&reader, true);
    let key = key.unwrap();
    assert_eq!(desk.write(&send, &Secret::new([9; 32]), frame(0, 600)), NO);
    assert_eq!(desk.knock(&send, frame(0, 600), None, mail_limits::WORK_MOST), NO, "work isn't enough");
    let wrong = crate::base::id::SendId::new(send);
    let other = Request::written(
        1,
        &desk.channel(),
        &wrong,
        &key,
        &Command::Send { frame: frame(1, 600), ticket: None },
    );
    desk.nonce = [9; 32];
    assert_eq!(desk.ask(&other).answer, NO, "a request of another channel");
}

#[test]
fn only_the_reader_reads_and_an_unknown_queue_is_told_from_a_strangers_by_nothing() {
    let (mut desk, reader, stranger) = (Desk::new(), Reader::new(1), Reader::new(50));
    let (send, key) = desk.make(&reader, true);
    assert_eq!(desk.write(&send, &key.unwrap(), frame(0, 600)), Answer::Done);
    let all = [
        Command::Subscribe,
        Command::Get { after: 0 },
        Command::Ack { upto: 9 },
        Command::Delete,
        Command::Stat,
        Command::PutPrekeys { bundle: vec![1], one_time: Vec::new() },
    ];
    for command in &all {
        assert_eq!(desk.read(&stranger, command), NO, "no such queue");
        let mut stolen = Request::signed(7, &desk.channel(), &stranger.key, command);
        stolen.queue = *read_id(&reader.key.public()).as_bytes();
        assert_eq!(desk.ask(&stolen).answer, NO, "not its reader: {command:?}");
        // The send id leads to nothing that can be read.
        let mut by_send = Request::signed(8, &desk.channel(), &reader.key, command);
        by_send.queue = send;
        assert_eq!(desk.ask(&by_send).answer, NO);
    }
    let earlier = Request::signed(9, &desk.channel(), &reader.key, &Command::Delete);
    desk.nonce = [9; 32];
    assert_eq!(desk.ask(&earlier).answer, NO, "recorded on another channel");
    assert_eq!(waiting(&desk.read(&reader, &Command::Stat)), 1);
}

#[test]
fn a_queue_is_made_once_however_often_its_reader_asks_and_by_nobody_else() {
    let (mut desk, reader, stranger) = (Desk::new(), Reader::new(1), Reader::new(50));
    let (first, _) = desk.make(&reader, true);
    assert_eq!(desk.make(&reader, true).0, first);
    let theirs = Request::signed(1, &desk.channel(), &stranger.key, &Command::New(reader.wanted(true)));
    assert_eq!(desk.ask(&theirs).answer, NO, "another key signs");
    assert_ne!(&first, read_id(&reader.key.public()).as_bytes(), "the ids have nothing in common");
    let weak = {
        let mut wanted = stranger.wanted(true);
        wanted.kind = crate::wire::mail::NewKind::Pair { writer: [0; 32] };
        wanted
    };
    assert_eq!(desk.read(&stranger, &Command::New(weak)), NO, "an exchange that contributes nothing");
}

#[test]
fn the_operators_bounds_hold_for_all_queues_together() {
    let mut desk = Desk::new();
    (desk.rules.queues, desk.rules.bytes) = (2, 1_300);
    let readers: Vec<Reader> = (0..3).map(|number| Reader::new(number * 10)).collect();
    let (send, key) = desk.make(&readers[0], true);
    desk.make(&readers[1], false);
    assert_eq!(desk.read(&readers[2], &Command::New(readers[2].wanted(true))), FULL);
    let key = key.unwrap();
    for number in 0..2 {
        assert_eq!(desk.write(&send, &key, frame(number, 600)), Answer::Done);
    }
    assert_eq!(desk.write(&send, &key, frame(2, 600)), FULL);
    assert_eq!(desk.read(&readers[1], &Command::Delete), Answer::Done);
    desk.make(&readers[2], true);
}

#[test]
fn nothing_is_left_of_a_queue_that_was_deleted() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let ticket = reader.ticket(1, NOW.plus(Duration::from_secs(60)));
    assert_eq!(desk.knock(&send, flight(0), Some(ticket), 0), Answer::Done);
    let prekeys = Command::PutPrekeys { bundle: vec![1], one_time: vec![vec![2]; 4] };
    desk.read(&reader, &prekeys);
    assert_eq!(desk.read(&reader, &Command::Delete), Answer::Done);
    assert_eq!(desk.rows(), 1, "but how much is kept, which is nothing");
    assert_eq!(desk.with(|tx| totals(tx)), queue::Totals::default());
}

#[test]
fn what_nobody_fetches_goes_after_its_time_and_a_queue_that_nobody_reads_too() {
    let (mut desk, pair, inbox) = (Desk::new(), Reader::new(1), Reader::new(50));
    let (send, key) = desk.make(&pair, true);
    let (public, _) = desk.make(&inbox, false);
    desk.write(&send, &key.unwrap(), frame(0, 600));
    desk.knock(&public, flight(0), Some(inbox.ticket(1, NOW.plus(mail_limits::QUEUE_LIFE))), 0);
    let ids = [read_id(&pair.key.public()), read_id(&inbox.key.public())];
    let day = Duration::from_secs(24 * 3_600);
    let left = |desk: &mut Desk, reader: &Reader| waiting(&desk.read(reader, &Command::Stat));
    for (days, pairs, flights) in [(13, 1, 1), (14, 1, 0), (29, 1, 0), (30, 0, 0)] {
        desk.now = NOW.plus(day * days);
        for id in &ids {
            desk.with(|tx| queue::expire(tx, id, NOW.plus(day * days)));
        }
        assert_eq!((left(&mut desk, &pair), left(&mut desk, &inbox)), (pairs, flights), "day {days}");
    }
    let last = desk.now;
    let due = desk.with(|tx| queue::expire(tx, &ids[0], last));
    assert_eq!(due, Some(last.plus(mail_limits::QUEUE_LIFE)));
    assert_eq!(desk.with(|tx| queue::expire(tx, &ids[0], due.unwrap())), None);
    desk.now = due.unwrap();
    assert_eq!(desk.read(&pair, &Command::Stat), NO);
}

/// An inbox with so many pairs of prekeys, and its send id.
fn stocked(desk: &mut Desk, reader: &Reader, pairs: u8) -> [u8; 16] {
    let (send, _) = desk.make(reader, false);
    let mut bundle = vec![7];
    for chunk in 0..pairs / 8 {
        let one_time: Vec<Vec<u8>> = (0..16).map(|number| vec![chunk, number]).collect();
        desk.read(reader, &Command::PutPrekeys { bundle: core::mem::take(&mut bundle), one_time });
    }
    send
}

/// A one-time prekey that expires then, as it is published.
fn expiring(at: Time) -> Vec<u8> {
    let prekey = OneTimePrekey {
        account: AccountId::new([1; 32]),
        device: DeviceId::new([2; 32]),
        id: 3,
        issued: NOW,
        expires: at,
        source: None,
        key: OneTimePublic::Exchange([4; 32]),
    };
    let key = SigningKey::from_seed(&Secret::new([5; 32]));
    encode_one_time(&Signed::new(&key, label::ONE_TIME_PREKEY, prekey.encode()))
}

#[test]
fn pairs_of_prekeys_that_expired_are_neither_counted_nor_handed_out() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let minute = |count: u64| NOW.plus(Duration::from_secs(60 * count));
    let one_time: Vec<Vec<u8>> = [1, 1, 2, 2, 3, 3].into_iter().map(|at| expiring(minute(at))).collect();
    desk.read(&reader, &Command::PutPrekeys { bundle: vec![7], one_time: one_time.clone() });
    let pairs = |answer: Answer| match answer {
        Answer::Marks(marks) => marks.one_time,
        other => panic!("{other:?}"),
    };
    assert_eq!(pairs(desk.read(&reader, &Command::Subscribe)), 3);
    desk.now = minute(1);
    assert_eq!(pairs(desk.read(&reader, &Command::Subscribe)), 2, "its reader learns that there is room");
    desk.now = minute(2);
    let ticket = Some(reader.ticket(1, minute(9)));
    let request = Request::bare(desk.count(), send, &Command::GetPrekeys { ticket });
    assert_eq!(prekeys(desk.ask(&request).answer), (one_time[4..].to_vec(), 0));
    assert_eq!(pairs(desk.read(&reader, &Command::Stat)), 0);
}

/// What came of a request for prekeys: the pair, and what one would cost.
fn prekeys(answer: Answer) -> (Vec<Vec<u8>>, u32) {
    match answer {
        Answer::Prekeys { bundle, one_time, work } => {
            assert_eq!(bundle, [7]);
            (one_time, work)
        }
        other => panic!("{other:?}"),
    }
}

/// A request for prekeys that shows so many bits of work.
fn working(desk: &mut Desk, send: [u8; 16], bits: u32) -> Request {
    let number = desk.count();
    let mut request = Request::bare(number, send, &Command::GetPrekeys { ticket: None });
    request.work = request.puzzle(&desk.channel(), bits).solve();
    request
}

#[test]
fn prekeys_are_handed_out_once_each_and_a_fifth_to_bearers_of_tickets_only() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, _) = desk.make(&reader, false);
    let until = NOW.plus(Duration::from_secs(60));
    let ticket = |id| Command::GetPrekeys { ticket: Some(reader.ticket(id, until)) };
    let empty = Request::bare(1, send, &ticket(1));
    assert_eq!(desk.ask(&empty).answer, NO, "none were put there yet");
    let send = stocked(&mut desk, &reader, 96);
    let id = read_id(&reader.key.public());
    // Most are gone: what the last ones cost a stranger would take a while.
    let mut seen = std::collections::BTreeSet::new();
    let mut give = |desk: &mut Desk, request: &Request| {
        let (one_time, work) = prekeys(desk.ask(request).answer);
        assert!(one_time.iter().all(|prekey| seen.insert(prekey.clone())), "handed out twice");
        (one_time.len(), work)
    };
    for _ in 0..4 {
        let request = working(&mut desk, send, 12);
        assert_eq!(give(&mut desk, &request), (2, 0));
    }
    desk.with(|tx| {
        tx.edit(&queue::QUEUES, &queue::QUEUES.key(id.as_bytes()), |row| row.pairs = limits::ONE_TIME_RESERVE)
    });
    let request = working(&mut desk, send, mail_limits::WORK_LEAST);
    assert_eq!(give(&mut desk, &request), (0, 0), "the bundle alone, and no work would help");
    for number in 0..limits::ONE_TIME_RESERVE {
        let request = Request::bare(1, send, &ticket(number as u8 / 6));
        assert_eq!(give(&mut desk, &request), (2, 0));
    }
    let request = Request::bare(1, send, &ticket(9));
    assert_eq!(give(&mut desk, &request), (0, 0));
}

#[test]
fn a_stranger_works_for_a_pair_and_without_work_the_bundle_serves_alone() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let send = stocked(&mut desk, &reader, 96);
    let price = mail_limits::WORK_LEAST;
    let bare = Request::bare(desk.count(), send, &Command::GetPrekeys { ticket: None });
    assert_eq!(prekeys(desk.ask(&bare).answer), (Vec::new(), price), "told what one costs");
    let mut wrong = bare.clone();
    wrong.work = bare.puzzle(&desk.channel(), price).solve() + 1;
    assert_eq!(prekeys(desk.ask(&wrong).answer), (Vec::new(), price), "unsolved");
    let paid = working(&mut desk, send, price);
    assert_eq!(prekeys(desk.ask(&paid).answer).0.len(), 2);
    assert_eq!(prekeys(desk.ask(&paid).answer).0.len(), 0, "the same work again");
    let late = working(&mut desk, send, price);
    desk.nonce = [9; 32];
    assert_eq!(prekeys(desk.ask(&late).answer).0.len(), 0, "of another channel");
    desk.nonce = [4; 32];
    let first = working(&mut desk, send, price);
    let second = working(&mut desk, send, price);
    assert_eq!(prekeys(desk.ask(&second).answer).0.len(), 2);
    assert_eq!(prekeys(desk.ask(&first).answer).0.len(), 0, "work that was done ahead, out of its order");
}

#[test]
fn a_busy_network_pays_more_and_others_and_bearers_of_tickets_do_not() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let send = stocked(&mut desk, &reader, 96);
    let price = |desk: &mut Desk| {
        let bare = Request::bare(desk.count(), send, &Command::GetPrekeys { ticket: None });
        prekeys(desk.ask(&bare).answer).1
    };
    for _ in 0..limits::ONE_TIME_BUCKET {
        let bits = price(&mut desk);
        let request = working(&mut desk, send, bits);
        assert_eq!(prekeys(desk.ask(&request).answer).0.len(), 2);
    }
    let id = read_id(&reader.key.public());
    desk.with(|tx| {
        tx.edit(&queue::QUEUES, &queue::QUEUES.key(id.as_bytes()), |row| row.pairs = limits::ONE_TIME_POOL)
    });
    assert_eq!(price(&mut desk), mail_limits::WORK_LEAST + 1);
    let home = core::mem::replace(&mut desk.origin, Origin::Network(Prefix::V4([8, 8, 8])));
    assert_eq!(price(&mut desk), mail_limits::WORK_LEAST, "another network");
    desk.origin = home;
    let until = NOW.plus(Duration::from_secs(3_600));
    let by_ticket = |desk: &mut Desk, id| {
        let command = Command::GetPrekeys { ticket: Some(reader.ticket(id, until)) };
        prekeys(desk.ask(&Request::bare(1, send, &command)).answer)
    };
    for _ in 0..limits::ONE_TIME_BUCKET {
        assert_eq!(by_ticket(&mut desk, 1).0.len(), 2);
    }
    assert_eq!(by_ticket(&mut desk, 1), (Vec::new(), 0), "six, then one each ten minutes; never for work");
    assert_eq!(by_ticket(&mut desk, 2).0.len(), 2);
    desk.now = desk.now.plus(limits::ONE_TIME_BUCKET_PACE);
    assert_eq!(by_ticket(&mut desk, 1).0.len(), 2);
    assert_eq!(
        price(&mut desk),
        mail_limits::WORK_LEAST + 1,
        "the emptier pool; the network's bucket has one again"
    );
}

#[test]
fn who_subscribes_is_named_and_a_deposit_says_which_queue_is_ready() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let (send, key) = desk.make(&reader, true);
    let id = read_id(&reader.key.public());
    let subscribe = Request::signed(1, &desk.channel(), &reader.key, &Command::Subscribe);
    assert_eq!(desk.ask(&subscribe).subscribed, Some(id));
    let deposit = |desk: &mut Desk| {
        let command = Command::Send { frame: frame(0, 600), ticket: None };
        let send = crate::base::id::SendId::new(send);
        let request = Request::written(2, &desk.channel(), &send, key.as_ref().unwrap(), &command);
        desk.ask(&request).ready
    };
    assert_eq!(deposit(&mut desk), Some(id));
    assert_eq!(deposit(&mut desk), None, "a repetition is no news");
}

#[test]
fn a_reader_proves_itself_once_on_a_channel_and_for_what_takes_the_queue_away_again() {
    let (mut desk, reader, other) = (Desk::new(), Reader::new(1), Reader::new(7));
    desk.make(&reader, false);
    desk.make(&other, false);
    let id = *read_id(&reader.key.public()).as_bytes();
    let bare = |desk: &mut Desk, queue: [u8; 16], command: &Command| {
        let number = desk.count();
        desk.ask(&Request::bare(number, queue, command)).answer
    };
    let get = Command::Get { after: 0 };
    assert_eq!(bare(&mut desk, id, &Command::Subscribe), NO, "nothing is proven yet");
    assert_eq!(bare(&mut desk, id, &get), NO);
    assert!(matches!(desk.read(&reader, &Command::Subscribe), Answer::Marks(_)));
    assert!(matches!(bare(&mut desk, id, &Command::Subscribe), Answer::Marks(_)));
    assert!(matches!(bare(&mut desk, id, &get), Answer::Frames(_)));
    assert!(matches!(bare(&mut desk, id, &Command::Ack { upto: 0 }), Answer::Marks(_)));
    // Neither another queue, nor its end, nor a wrong proof in the place of none.
    assert_eq!(bare(&mut desk, *read_id(&other.key.public()).as_bytes(), &get), NO);
    assert_eq!(bare(&mut desk, id, &Command::Delete), NO);
    let number = desk.count();
    let mut forged = Request::bare(number, id, &get);
    forged.proof = vec![1; 64];
    assert_eq!(desk.ask(&forged).answer, NO);
    // Another channel has proven nothing.
    (desk.nonce, desk.proven) = ([5; 32], std::collections::BTreeSet::new());
    assert_eq!(bare(&mut desk, id, &get), NO);
    assert_eq!(desk.read(&reader, &Command::Delete), Answer::Done);
}
