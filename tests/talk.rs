//! Two persons, each with a node of their own, talk over real sockets.

mod common;

use std::sync::{Arc, Mutex};

use common::{Place, befriend, history, send, texts, wait_for};
use sigillo::base::id::AccountId;
use sigillo::base::kind::AccountKind::Person;
use sigillo::domain::chat::delivery::State;
use sigillo::engine::command::{Command, Outcome};
use sigillo::engine::people::own_name;
use sigillo::store::tx::Tx;

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_both_ways_and_see_what_was_delivered_and_read() {
    let (ana, bento) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (ana, bento) = (ana.start().await, bento.start().await);
    befriend(&ana, &bento).await;
    send(&ana, bento.account(), "oi Bento").await.unwrap();
    send(&bento, ana.account(), "oi Ana").await.unwrap();
    wait_for("both texts", async || {
        let here = texts(&ana, bento.account(), "in").await == ["oi Ana"];
        (here && texts(&bento, ana.account(), "in").await == ["oi Bento"]).then_some(())
    })
    .await;
    bento.command(Command::MarkRead(ana.account(), None)).await.unwrap();
    wait_for("the read mark", async || {
        let entries = history(&ana, bento.account()).await;
        entries.iter().any(|entry| entry.state == Some(State::Read)).then_some(())
    })
    .await;
    ana.shutdown().await.unwrap();
    bento.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_somebody_who_is_away_arrives_when_they_are_back_though_both_restarted() {
    let (ana_place, bento_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (ana, bento) = (ana_place.start().await, bento_place.start().await);
    befriend(&ana, &bento).await;
    let (a, b) = (ana.account(), bento.account());
    send(&ana, b, "first").await.unwrap();
    wait_for("the first text", async || (texts(&bento, a, "in").await == ["first"]).then_some(())).await;
    bento.shutdown().await.unwrap();
    drop(bento);
    for text in ["second", "third"] {
        send(&ana, b, text).await.unwrap();
    }
    assert_eq!(history(&ana, b).await.last().unwrap().state, Some(State::Queued));
    ana.shutdown().await.unwrap();
    drop(ana);
    let (bento, ana) = (bento_place.start().await, ana_place.start().await);
    wait_for("the other texts", async || {
        (texts(&bento, a, "in").await == ["first", "second", "third"]).then_some(())
    })
    .await;
    wait_for("the acknowledgement", async || {
        let entries = history(&ana, b).await;
        entries.iter().all(|entry| entry.state == Some(State::Delivered)).then_some(())
    })
    .await;
    ana.shutdown().await.unwrap();
    bento.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_belong_to_a_command_are_staged_where_it_is_done_and_nowhere_where_it_is_refused() {
    let ana = Place::new(Person, &[]);
    let ana = ana.start().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = |seen: &Arc<Mutex<Vec<String>>>| {
        let seen = seen.clone();
        move |tx: &Tx<'_>, _: &Outcome| seen.lock().unwrap().push(own_name(tx))
    };
    ana.command_and(Command::SetName("Ana".into()), look(&seen)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["Ana"], "what the command decided is in the same transaction");
    let nobody = Command::Rename { contact: AccountId::new([7; 32]), name: "Bento".into() };
    assert!(ana.command_and(nobody, look(&seen)).await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 1);
    ana.shutdown().await.unwrap();
}
