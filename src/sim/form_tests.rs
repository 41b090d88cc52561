//! Forms between whole nodes: sent, filled in, and answers that aren't believed.

use super::consent_tests::{ANA, SHOP, customer};
use super::said_tests::{delete, queued, shown, tell};
use super::tests::MINUTE;
use crate::base::id::{AccountId, MessageId};
use crate::domain::business::attend::FORM;
use crate::domain::business::forms::tests::draft;
use crate::domain::business::forms::{Draft, Status};
use crate::domain::chat::outbox::{OUTBOX, Unsettled};
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, FormWish};
use crate::engine::desk_view;
use crate::engine::form_view::{FormAnswerView, NO_FORM};
use crate::engine::letter::{FillWish, Letter};
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};
use crate::store::tx::Tx;
use crate::wire::content::{Body, Content};
use crate::wire::said::field::YES;
use crate::wire::said::form::tests::form;
use crate::wire::said::form_answer::tests::answer;
use crate::wire::said::message::Said;

fn desk(world: &mut World, command: DeskCommand) -> Result<Outcome, Refusal> {
    world.ask(SHOP, Command::Desk(command)).unwrap()
}

fn send(world: &mut World, to: AccountId, draft: bool) -> Result<Outcome, Refusal> {
    let wish = FormWish { id: "table".into(), token: "visit-7".into(), text: None, draft };
    desk(world, DeskCommand::SendForm { to, wish })
}

/// A shop whose form is published and has reached her.
fn asked(seed: u64) -> (World, AccountId, AccountId, MessageId) {
    let (mut world, shop, ana) = customer(seed);
    desk(&mut world, DeskCommand::PutForm(Box::new(draft("table")))).unwrap();
    desk(&mut world, DeskCommand::AdvanceForm("table".into(), Status::Published)).unwrap();
    let sent = queued(Some(send(&mut world, ana, false)));
    world.run(MINUTE);
    (world, shop, ana, sent)
}

fn fill(
    world: &mut World,
    shop: AccountId,
    form: MessageId,
    said: &[(&str, &str)],
) -> Result<Outcome, Refusal> {
    let pair = |(field, value): &(&str, &str)| ((*field).to_owned(), vec![(*value).to_owned()]);
    let wish = FillWish { form, fields: said.iter().map(pair).collect() };
    world.ask(ANA, Command::Fill(shop, Box::new(wish))).unwrap()
}

const GOOD: [(&str, &str); 4] = [("name", "Ana"), ("day", "2027-05-01"), ("breads", "oat"), ("terms", YES)];

fn view(world: &World, peer: usize, with: &AccountId, id: MessageId) -> FormAnswerView {
    match shown(world, peer, with, id).body {
        BodyView::FormAnswer(view) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_form_is_sent_filled_in_and_its_answer_comes_back_with_what_the_business_gave() {
    let (mut world, shop, ana, sent) = asked(330);
    assert!(matches!(shown(&world, ANA, &shop, sent).body, BodyView::Form(form) if form.screens.len() == 2));
    let refused = |answer: Result<Outcome, Refusal>, part: &str| {
        assert!(matches!(&answer, Err(Refusal::Said(words)) if words.contains(part)), "{answer:?}");
    };
    refused(fill(&mut world, shop, sent, &GOOD[1..]), "name must be filled in");
    refused(fill(&mut world, shop, sent, &[GOOD[0], ("day", "2028-01-01"), GOOD[3]]), "day takes a day");
    refused(fill(&mut world, shop, sent, &[("age", "7")]), "no field age");
    let filled = queued(Some(fill(&mut world, shop, sent, &GOOD)));
    world.crash(SHOP);
    world.run(2 * MINUTE);
    let here = view(&world, SHOP, &ana, filled);
    assert_eq!((here.form, here.fits, here.token.as_str()), (sent, Some(true), "visit-7"));
    assert_eq!(
        (here.fields[0].values.concat(), here.fields[3].titles.concat()),
        ("Ana".into(), "OAT".into())
    );
    assert!(here.fields[1].values.is_empty(), "what was left out is shown as that");
    let hers = view(&world, ANA, &shop, filled);
    assert_eq!((hers.fits, hers.token.as_str()), (None, ""), "her node has nothing to say of it");
    let labels = {
        let safe = world.peers[SHOP].disk.safe();
        desk_view::case(&Reader::new(&safe), &ana, world.now).unwrap().labels
    };
    assert!(labels.contains(&FORM.to_owned()), "a person looks at it");
    // Once more is another answer, which may say something else.
    let again = queued(Some(fill(&mut world, shop, sent, &[("name", "Bia"), GOOD[1], GOOD[3]])));
    world.run(MINUTE);
    assert_eq!(
        (view(&world, SHOP, &ana, again).fits, view(&world, SHOP, &ana, filled).fits),
        (Some(true), Some(true))
    );
    assert_eq!(view(&world, SHOP, &ana, again).fields[0].values, ["Bia"]);
}

#[test]
fn a_form_that_was_removed_can_be_answered_and_one_that_was_taken_back_cannot() {
    let (mut world, shop, ana, sent) = asked(331);
    desk(&mut world, DeskCommand::RemoveForm("table".into())).unwrap();
    assert!(matches!(send(&mut world, ana, false), Err(Refusal::NoneSuch(_))));
    let filled = queued(Some(fill(&mut world, shop, sent, &GOOD)));
    world.run(MINUTE);
    assert_eq!(
        view(&world, SHOP, &ana, filled).fits,
        Some(true),
        "what was asked stands in the conversation"
    );
    // She answers while it is being taken back.
    world.part([ANA]);
    delete(&mut world, SHOP, ana, sent);
    let late = queued(Some(fill(&mut world, shop, sent, &GOOD)));
    world.run(MINUTE);
    world.part([]);
    world.run(10 * MINUTE);
    let view = view(&world, SHOP, &ana, late);
    assert_eq!((view.fits, view.misfit.as_deref(), view.token.as_str()), (Some(false), Some(NO_FORM), ""));
    let refused = fill(&mut world, shop, sent, &GOOD);
    assert!(matches!(refused, Err(Refusal::Said(_))), "{refused:?}");
}

#[test]
fn an_answer_that_does_not_fit_is_shown_as_such() {
    let (mut world, shop, ana, sent) = asked(332);
    world.stop(SHOP);
    let filled = queued(Some(fill(&mut world, shop, sent, &GOOD)));
    world.stop(ANA);
    lie(&mut world);
    world.start(ANA);
    world.start(SHOP);
    world.run(10 * MINUTE);
    let here = view(&world, SHOP, &ana, filled);
    assert_eq!((here.fits, here.token.as_str()), (Some(false), ""));
    assert!(here.misfit.unwrap().starts_with("seats takes a number, 1 to 8"));
    assert_eq!(here.fields[1].values, ["800"], "as it came");
}

/// Another answer than her node would write, in the place of one that waits in its outbox.
fn lie(world: &mut World) {
    let disk = &mut world.peers[ANA].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        let mut lied = 0;
        for (key, row) in tx.scan(&OUTBOX, &OUTBOX.all()) {
            let Ok(mut content) = Content::decode(&row.content) else { continue };
            let Body::Said(Said::FormAnswer(answer)) = &mut content.body else { continue };
            answer.fields[1].values = vec!["800".into()];
            tx.put(&OUTBOX, key, Unsettled { content: content.encode(), frame: None, ..(*row).clone() });
            lied += 1;
        }
        assert_eq!(lied, 1);
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    while disk.sync().is_some() {}
}

#[test]
fn only_a_business_asks_only_what_is_published_goes_out_and_nobody_writes_an_answer_as_they_like() {
    let (mut world, shop, ana) = customer(333);
    desk(&mut world, DeskCommand::PutForm(Box::new(draft("table")))).unwrap();
    assert!(
        matches!(send(&mut world, ana, false), Err(Refusal::Desk("form_state", words)) if words.contains("draft"))
    );
    let tried = queued(Some(send(&mut world, ana, true)));
    world.run(MINUTE);
    assert!(matches!(shown(&world, ANA, &shop, tried).body, BodyView::Form(_)));
    let wrong = Draft { id: "No".into(), ..draft("table") };
    assert!(matches!(desk(&mut world, DeskCommand::PutForm(Box::new(wrong))), Err(Refusal::Desk("form", _))));
    assert!(matches!(desk(&mut world, DeskCommand::RemoveForm("none".into())), Err(Refusal::NoneSuch(_))));
    let say = |world: &mut World, said: Said| {
        let letter = Letter { said, reply: None, template: None };
        world.ask(ANA, Command::Say { to: shop, letter: Box::new(letter) })
    };
    assert!(matches!(say(&mut world, Said::Form(Box::new(form()))), Some(Err(Refusal::NotABusiness))));
    assert!(matches!(say(&mut world, Said::FormAnswer(Box::new(answer()))), Some(Err(Refusal::Said(_)))));
    let person = world.ask(ANA, Command::Desk(DeskCommand::RemoveForm("table".into())));
    assert!(matches!(person, Some(Err(Refusal::NotABusiness))));
    let text = tell(&mut world, SHOP, ana, Said::Text("hello".into()), None);
    world.run(MINUTE);
    assert!(
        matches!(fill(&mut world, shop, text, &GOOD), Err(Refusal::Said(words)) if words.contains("no form"))
    );
    assert!(matches!(fill(&mut world, shop, MessageId::new([9; 16]), &GOOD), Err(Refusal::NoSuchMessage)));
}
