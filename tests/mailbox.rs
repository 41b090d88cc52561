//! People whose nodes are never on at once talk through a mailbox, over real sockets and real disks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use common::{Place, addresses, history, send, texts, wait_for};
use sigillo::base::id::AccountId;
use sigillo::base::kind::AccountKind::Person;
use sigillo::domain::chat::delivery::State;
use sigillo::domain::identity::invite;
use sigillo::engine::command::{Command, NewMailbox, Outcome, Refusal};
use sigillo::engine::mailbox_view;
use sigillo::node::handle::Node;
use sigillo::node::mailbox::place;

async fn mailbox() -> (Place, Node) {
    let mut home = Place::new(Person, &[]);
    home.config.mailbox.serve = true;
    let node = home.start().await;
    (home, node)
}

async fn takes_on(node: &Node, mailbox: &Node) -> Result<Outcome, Refusal> {
    let at = place(&addresses(mailbox).await[0]).unwrap();
    let wanted = NewMailbox { at, token: None, receipt: None };
    node.command(Command::AddMailbox(Box::new(wanted))).await
}

async fn until_state(node: &Node, with: AccountId, wanted: State) {
    wait_for(&format!("{wanted:?}"), async || {
        let last = history(node, with).await.into_iter().rfind(|entry| entry.direction == "out");
        (last?.state == Some(wanted)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_and_its_inviter_talk_without_ever_being_on_at_once() {
    let (_home, post) = mailbox().await;
    let (ana_place, bento_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let ana = ana_place.start().await;
    takes_on(&ana, &post).await.unwrap();
    let Outcome::Invited { invite: text, .. } = ana.command(Command::Invite).await.unwrap() else { panic!() };
    let a = ana.account();
    ana.shutdown().await.unwrap();
    drop(ana);

    let bento = bento_place.start().await;
    let invite = invite::decode(&text).unwrap();
    assert_eq!(invite.inboxes.len(), 1, "it names Ana's mailbox");
    bento.command(Command::Accept { invite, name: Some("Ana".into()) }).await.unwrap();
    send(&bento, a, "cheguei").await.unwrap();
    let b = bento.account();
    let waiting = async |node: &Node, least: u64| {
        wait_for("mail that waits", async || {
            let mail = node.view(|rows| mailbox_view::mail(rows)).await.unwrap();
            (mail.hosted.messages >= least).then_some(())
        })
        .await;
    };
    waiting(&post, 1).await;
    let hosted = async || post.view(|rows| mailbox_view::mail(rows)).await.unwrap().hosted;
    let flight = hosted().await.bytes;
    bento.shutdown().await.unwrap();
    drop(bento);

    // Ana meets Bento, and answers to where his first flight says.
    let ana = ana_place.start().await;
    wait_for("the contact", async || {
        ana.view(move |rows| sigillo::engine::view::contact(rows, &b)).await.unwrap()
    })
    .await;
    // The flight alone may still be there: her answer is of another size.
    wait_for("her answer", async || {
        let mail = hosted().await;
        (mail.messages >= 1 && mail.bytes != flight).then_some(())
    })
    .await;
    ana.shutdown().await.unwrap();
    drop(ana);

    let bento = bento_place.start().await;
    until_state(&bento, a, State::Stored).await;
    bento.shutdown().await.unwrap();
    drop(bento);

    let ana = ana_place.start().await;
    wait_for("the text", async || (texts(&ana, b, "in").await == ["cheguei"]).then_some(())).await;
    send(&ana, b, "bem-vindo").await.unwrap();
    until_state(&ana, b, State::Stored).await;
    ana.shutdown().await.unwrap();
    drop(ana);

    let bento = bento_place.start().await;
    until_state(&bento, a, State::Delivered).await;
    wait_for("the answer", async || (texts(&bento, a, "in").await == ["bem-vindo"]).then_some(())).await;
    bento.shutdown().await.unwrap();
    post.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_keeps_no_mail_and_a_rule_that_is_not_met_are_refused_with_what_to_do() {
    let (person_place, other_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (person, none) = (person_place.start().await, other_place.start().await);
    let refused = takes_on(&person, &none).await.unwrap_err();
    assert!(refused.to_string().contains("serve = true"), "{refused}");
    let mut home = Place::new(Person, &[]);
    home.config.mailbox.serve = true;
    home.config.mailbox.admission = sigillo::node::mailbox::Rule::Token;
    home.config.mailbox.tokens = vec!["00112233445566778899aabbccddeeff".into()];
    let picky = home.start().await;
    let refused = takes_on(&person, &picky).await.unwrap_err();
    assert!(refused.to_string().contains("--token"), "{refused}");
    for node in [person, none, picky] {
        node.shutdown().await.unwrap();
    }
}
