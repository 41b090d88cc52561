//! Whose queues are taken in.

use core::time::Duration;

use super::fixtures::{Desk, Reader};
use crate::base::id::{AccountId, ContactToken};
use crate::base::mail_limits;
use crate::domain::billing::fixture::{self, World};
use crate::domain::mailbox::admission::{Admission, NamedPlan, PAID};
use crate::store::table::Rows;
use crate::wire::mail::{Command, NewQueue, Request, ShownReceipt};
use crate::wire::mail_word::{Answer, MailRefusal};
use crate::wire::plan::tests as wire;

const NOT_ADMITTED: Answer = Answer::Refused(MailRefusal::NotAdmitted);

#[test]
fn a_listed_token_lets_queues_in_and_no_other_does() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    let token = ContactToken::new([7; 16]);
    desk.rules.admission = Admission::Token(vec![token]);
    for wrong in [None, Some(ContactToken::new([8; 16]))] {
        let wanted = NewQueue { token: wrong, ..reader.wanted(true) };
        assert_eq!(desk.read(&reader, &Command::New(wanted)), NOT_ADMITTED);
    }
    let wanted = NewQueue { token: Some(token), ..reader.wanted(true) };
    assert!(matches!(desk.read(&reader, &Command::New(wanted)), Answer::Made { .. }));
}

#[test]
fn work_lets_a_queue_in_where_that_is_the_rule() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    desk.rules.admission = Admission::Work(11);
    let command = Command::New(reader.wanted(true));
    assert_eq!(desk.read(&reader, &command), Answer::Refused(MailRefusal::Work(11)));
    let mut request = Request::signed(1, &desk.channel(), &reader.key, &command);
    request.work = request.puzzle(&desk.channel(), 11).solve();
    assert!(matches!(desk.ask(&request).answer, Answer::Made { .. }));
}

#[test]
fn a_receipt_of_the_named_plan_lets_queues_in_while_it_holds_and_only_so_many() {
    let mut world = World::new();
    let mut book = world.book();
    let receipt = world.pay(&mut book, fixture::NOW);
    let shown = ShownReceipt {
        receipt: receipt.signed().signed.clone(),
        signer: receipt.signed().signer,
        log: world.business.log.entries(),
    };
    let issuer = world.business.log.account();
    let (mut desk, plan) = (Desk::new(), wire::plan().id);
    desk.now = fixture::NOW;
    let with = |reader: &Reader| NewQueue { receipt: Some(shown.clone()), ..reader.wanted(true) };
    let named = |issuer, plan: &str| Admission::Receipt(NamedPlan { issuer, plan: plan.into() });
    let reader = Reader::new(1);
    let unpaid = |issuer, plan: &str| Answer::Refused(MailRefusal::Unpaid { issuer, plan: plan.into() });
    for (issuer, plan) in [(issuer, "another"), (AccountId::new([1; 32]), plan.as_str())] {
        desk.rules.admission = named(issuer, plan);
        assert_eq!(desk.read(&reader, &Command::New(with(&reader))), unpaid(issuer, plan));
    }
    desk.rules.admission = named(issuer, &plan);
    assert!(matches!(desk.read(&reader, &Command::New(with(&reader))), Answer::Made { .. }));
    let id = desk.with(|tx| {
        let (key, count) = tx.scan(&PAID, &PAID.all()).pop().unwrap();
        assert_eq!(*count, 1);
        key
    });
    desk.with(|tx| tx.put(&PAID, id, mail_limits::QUEUES_PER_RECEIPT));
    let next = Reader::new(50);
    assert_eq!(desk.read(&next, &Command::New(with(&next))), NOT_ADMITTED, "it has let in enough");
    desk.now = fixture::NOW.plus(Duration::from_secs(400 * 24 * 3_600));
    desk.with(|tx| tx.put(&PAID, PAID.key(&[0]), 0));
    let late = Reader::new(90);
    assert_eq!(desk.read(&late, &Command::New(with(&late))), unpaid(issuer, &plan), "it holds no longer");
}

#[test]
fn without_a_receipt_of_the_named_plan_nothing_is_let_in() {
    let (mut desk, reader) = (Desk::new(), Reader::new(1));
    desk.rules.admission =
        Admission::Receipt(NamedPlan { issuer: AccountId::new([1; 32]), plan: "mail".into() });
    let unpaid = MailRefusal::Unpaid { issuer: AccountId::new([1; 32]), plan: "mail".into() };
    let refused = desk.read(&reader, &Command::New(reader.wanted(true)));
    assert_eq!(refused, Answer::Refused(unpaid), "and told which plan lets it in");
}
