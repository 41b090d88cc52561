//! Strangers who send nonsense, floods and copies to a running node, which goes on as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use common::attacker::{Attacker, Persona, at, invite, nonsense};
use common::{Place, addresses, befriend, history, send, texts, wait_for};
use sigillo::base::id::{AccountId, RouteId};
use sigillo::base::kind::AccountKind::Person;
use sigillo::base::limits;
use sigillo::domain::chat::delivery::State;
use sigillo::domain::identity::contact::Standing;
use sigillo::engine::command::Command;
use sigillo::engine::machine::Counters;
use sigillo::engine::view;
use sigillo::node::handle::Node;
use sigillo::sim::random::Random;
use sigillo::wire::ask::{Answer, Ask};
use sigillo::wire::content::{Ack, Body};
use sigillo::wire::envelope::Envelope;
use sigillo::wire::index::{IndexRequest, IndexResponse};

async fn counters(node: &Node) -> Counters {
    node.status().await.unwrap().engine.counters
}

/// A genuine text goes from one to the other and is acknowledged.
async fn still_talks(one: &Node, other: &Node, text: &str) {
    send(one, other.account(), text).await.unwrap();
    wait_for("a genuine text", async || {
        texts(other, one.account(), "in").await.contains(&text.to_owned()).then_some(())
    })
    .await;
    wait_for("its acknowledgement", async || {
        let last = history(one, other.account()).await.pop()?;
        (last.state == Some(State::Delivered)).then_some(())
    })
    .await;
}

async fn friends() -> (Place, Place, Node, Node) {
    let (ana_place, bento_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (ana, bento) = (ana_place.start().await, bento_place.start().await);
    befriend(&ana, &bento).await;
    still_talks(&ana, &bento, "before").await;
    (ana_place, bento_place, ana, bento)
}

/// Strangers who wait for the person, and what each of them said.
async fn requests(node: &Node) -> Vec<(AccountId, usize)> {
    let look = |rows: &sigillo::store::table::Reader<'_>| {
        let all = view::contacts(rows).into_iter().filter(|contact| contact.standing == Standing::Requested);
        let account = |text: &str| sigillo::domain::identity::address::decode(text).unwrap();
        let said = |of: &AccountId| view::history(rows, of, None, 1_000_000).len();
        all.map(|contact| account(&contact.address)).map(|of| (of, said(&of))).collect()
    };
    node.view(look).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_protocol_leave_both_ports_as_they_were() {
    let (_places, _other, ana, bento) = friends().await;
    let mut random = Random::new(1);
    let listening = addresses(&ana).await;
    let ports = |kind: &str| -> Vec<u16> {
        let part = |text: &String| text.split('/').nth(4).and_then(|port| port.parse().ok());
        listening.iter().filter(|text| text.contains(kind)).filter_map(part).collect()
    };
    let (tcp, udp) = (ports("/tcp/")[0], ports("/udp/")[0]);
    let hello = b"\x13/multistream/1.0.0\n".to_vec();
    let mut volleys: Vec<Vec<u8>> = [0, 1, 2, 19, 20, 300, 65_536, 1_000_000]
        .iter()
        .map(|length| nonsense(&mut random, *length))
        .collect();
    volleys.push([hello.clone(), b"\x07/noise\n".to_vec(), nonsense(&mut random, 500)].concat());
    volleys.push([hello.clone(), vec![0xFF; 70_000]].concat());
    volleys.push(hello[..9].to_vec());
    volleys.push(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n".to_vec());
    for bytes in &volleys {
        use tokio::io::AsyncWriteExt as _;
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", tcp)).await.unwrap();
        // It may be cut off in the middle.
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
    }
    // Connections that say nothing.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(tokio::net::TcpStream::connect(("127.0.0.1", tcp)).await.unwrap());
    }
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for length in [0, 1, 20, 1200, 1500, 9000, 60_000] {
        for first in [0x00, 0x40, 0xC0, 0xFF] {
            let mut packet = nonsense(&mut random, length);
            packet.iter_mut().take(1).for_each(|byte| *byte = first);
            packet.iter_mut().skip(1).take(4).for_each(|byte| *byte = [0, 1][usize::from(first == 0xC0)]);
            let _ = socket.send_to(&packet, ("127.0.0.1", udp)).await;
        }
    }
    still_talks(&bento, &ana, "after").await;
    still_talks(&ana, &bento, "after, too").await;
    let newcomer_place = Place::new(Person, &[]);
    let newcomer = newcomer_place.start().await;
    befriend(&ana, &newcomer).await;
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_mean_nothing_are_dropped_and_counted_and_make_nobody_a_contact() {
    let (_places, _other, ana, bento) = friends().await;
    let (mut eve, here) = (Attacker::new(66, false, &[]).await, at(&ana).await);
    let invite = invite(&ana).await;
    let bundle = eve.bundle(&invite).await;
    let persona = Persona::new(1);
    let content = persona.content(1, Body::text("hello"));
    let (_, flight) = eve.flight(&persona, &bundle, &content);
    let mut random = Random::new(2);

    let before = counters(&ana).await;
    let lengths = [1, 2, 15, 16, 17, 40, 300, 4096, limits::FIRST_FLIGHT_LEN, limits::FRAME_MAX];
    let mut frames: Vec<Vec<u8>> = lengths.iter().map(|length| nonsense(&mut random, *length)).collect();
    let inbox = |body: &[u8]| Envelope { route: bundle.inbox(), body }.encode();
    frames.extend(lengths.iter().take(8).map(|length| inbox(&nonsense(&mut random, *length))));
    frames.push(inbox(&nonsense(&mut random, limits::FIRST_FLIGHT_LEN)));
    // Every part of a first flight has its bytes, and none of them can be another.
    for position in (0..flight.len()).step_by(61).chain([flight.len() - 1]) {
        let mut flipped = flight.clone();
        flipped[position] ^= 1 << (position % 8);
        frames.push(flipped);
    }
    frames.push(flight[..flight.len() - 1].to_vec());
    frames.push([flight.as_slice(), &[0]].concat());
    let count = frames.len();
    let refused = eve.volley(&here, frames).await;
    let after = counters(&ana).await;
    let (malformed, unknown) =
        (after.malformed - before.malformed, after.unknown_route - before.unknown_route);
    let undecryptable = after.undecryptable - before.undecryptable;
    assert_eq!((malformed + unknown + undecryptable) as usize, count);
    assert_eq!(malformed, 4, "a frame is at least a route and a byte");
    assert_eq!(refused.len(), count - 4);
    assert_eq!(requests(&ana).await, [], "nobody asked for anything");
    assert_eq!(eve.volley(&here, vec![flight]).await, [] as [u64; 0], "the whole flight is good");
    still_talks(&bento, &ana, "after").await;
    assert_eq!(requests(&ana).await, [(persona.id(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_frames_change_nothing_and_a_stranger_hears_nothing_back() {
    let (_places, _other, ana, bento) = friends().await;
    let (mut eve, here) = (Attacker::new(66, false, &[]).await, at(&ana).await);
    let invite = invite(&ana).await;
    let bundle = eve.bundle(&invite).await;
    let persona = Persona::new(1);
    let peer = eve.handle.local().clone();
    let hello = persona.introduced(
        persona.content(0, Body::Hello { first: 1, void: Vec::new() }),
        "Eve",
        &peer,
        None,
    );
    let (mut session, flight) = eve.flight(&persona, &bundle, &hello);
    let frames: Vec<Vec<u8>> = (1..=5)
        .map(|seq| {
            let content = persona.content(seq, Body::text(format!("spam {seq}")));
            eve.frame(&mut session, &content.encode())
        })
        .collect();
    eve.volley(&here, [vec![flight.clone()], frames.clone()].concat()).await;
    assert_eq!(requests(&ana).await, [(persona.id(), 5)]);
    let before = counters(&ana).await;
    let copies = [vec![flight; 3], frames.clone(), frames].concat();
    assert_eq!(eve.volley(&here, copies).await, [] as [u64; 0]);
    assert_eq!(counters(&ana).await.repeated - before.repeated, 13);
    assert_eq!(requests(&ana).await, [(persona.id(), 5)]);
    // A genuine exchange after it, so that whatever was due to the stranger would have been sent before.
    still_talks(&bento, &ana, "after").await;
    still_talks(&ana, &bento, "after, too").await;
    let network = ana.status().await.unwrap().network.unwrap();
    assert_eq!(network.links_out, 1, "a link to the friend, none to the stranger");
    let heard = eve.heard();
    assert!(
        !heard.iter().any(|event| matches!(event, sigillo::net::message::Event::Frames { .. })),
        "{heard:?}"
    );

    // Admitted, the stranger is connected to and acknowledged, and may say more than before.
    ana.command(Command::Admit(persona.id())).await.unwrap();
    assert_eq!(requests(&ana).await, []);
    eve.until(|event| matches!(event, sigillo::net::message::Event::Frames { .. }).then_some(())).await;
    let more = (6..=2 * limits::STRANGER_ENTRIES_MAX).map(|seq| {
        let content = persona.content(seq, Body::text(format!("welcome {seq}")));
        eve.frame(&mut session, &content.encode())
    });
    let more = more.collect();
    eve.volley(&here, more).await;
    let said = texts(&ana, persona.id(), "in").await;
    assert_eq!(said.len() as u64, 2 * limits::STRANGER_ENTRIES_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_say_is_bounded_and_so_is_how_many_of_them_wait() {
    let (ana_place, _other, ana, bento) = friends().await;
    let (mut eve, here) = (Attacker::new(66, false, &[]).await, at(&ana).await);
    let invite = invite(&ana).await;
    let bundle = eve.bundle(&invite).await;
    let bound = usize::try_from(limits::STRANGER_ENTRIES_MAX).unwrap();

    // One who talks on in a session, and one who opens a session for every word.
    let (talker, opener, jumper) = (Persona::new(1), Persona::new(2), Persona::new(3));
    let (mut session, first) = eve.flight(&talker, &bundle, &talker.content(1, Body::text("spam")));
    let mut frames = vec![first];
    for seq in 2..60 {
        let content = talker.content(seq, Body::text("spam")).encode();
        frames.push(eve.frame(&mut session, &content));
    }
    for seq in 1..60 {
        let content = opener.content(seq, Body::text("spam"));
        frames.push(eve.flight(&opener, &bundle, &content).1);
    }
    // One who makes gaps.
    let (mut session, first) = eve.flight(&jumper, &bundle, &jumper.content(1, Body::text("spam")));
    frames.push(first);
    for seq in (100..limits::SEQUENCE_FORWARD_MAX).step_by(5_000) {
        let content = jumper.content(seq, Body::text("spam")).encode();
        frames.push(eve.frame(&mut session, &content));
    }
    eve.volley(&here, frames).await;
    let said = requests(&ana).await;
    let of = |who: &Persona| said.iter().find(|(account, _)| *account == who.id()).unwrap().1;
    assert_eq!((of(&talker), of(&opener), of(&jumper)), (bound, bound, 1));
    let held = ana.view(|rows| {
        use sigillo::store::table::Rows as _;
        let held = &sigillo::domain::chat::incoming::HELD;
        rows.scan(held, &held.all()).len()
    });
    assert!(held.await.unwrap() <= bound, "nothing waits behind a gap that a stranger makes");

    let mut crowd = Vec::new();
    let surplus = 10;
    for number in 0..(limits::REQUESTS_MAX + surplus) as u64 {
        let persona = Persona::new(1_000 + number);
        let content = persona.content(1, Body::text("let me in"));
        crowd.push(eve.flight(&persona, &bundle, &content).1);
    }
    let before = counters(&ana).await;
    eve.volley(&here, crowd).await;
    assert_eq!(requests(&ana).await.len(), limits::REQUESTS_MAX);
    let over = counters(&ana).await.over_limit - before.over_limit;
    assert_eq!(over as usize, surplus + 3, "the three were there before");
    still_talks(&bento, &ana, "after").await;

    // The bound holds over a restart.
    ana.shutdown().await.unwrap();
    drop(ana);
    let ana = ana_place.start().await;
    let here = at(&ana).await;
    let late = Persona::new(9_999);
    let flight = eve.flight(&late, &bundle, &late.content(1, Body::text("let me in"))).1;
    eve.volley(&here, vec![flight]).await;
    assert_eq!(requests(&ana).await.len(), limits::REQUESTS_MAX);
    still_talks(&bento, &ana, "after the restart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_nobody_can_count_to_do_no_harm() {
    let (_places, _other, ana, bento) = friends().await;
    let (mut eve, here) = (Attacker::new(66, false, &[]).await, at(&ana).await);
    let mut contacts = 1;
    let extreme = |seq: u64, body: Body| (seq, body);
    for (number, contents) in [
        vec![
            extreme(0, Body::Hello { first: u64::MAX, void: Vec::new() }),
            extreme(u64::MAX, Body::text("last")),
            extreme(u64::MAX, Body::text("last")),
        ],
        vec![
            extreme(0, Body::Hello { first: u64::MAX - 1, void: Vec::new() }),
            extreme(u64::MAX - 1, Body::text("x")),
        ],
        vec![extreme(u64::MAX, Body::text("far")), extreme(1, Body::text("near"))],
        vec![
            extreme(0, Body::Hello { first: 1, void: vec![(1, limits::SEQUENCE_MAX)] }),
            extreme(limits::SEQUENCE_MAX, Body::text("the last that there is")),
            extreme(0, Body::Hello { first: 1, void: vec![(2, u64::MAX)] }),
        ],
        vec![
            extreme(
                0,
                Body::Ack(Ack {
                    delivered: u64::MAX,
                    beyond: vec![(0, u64::MAX)],
                    read: u64::MAX,
                    declined: vec![],
                }),
            ),
            extreme(
                0,
                Body::Ack(Ack {
                    delivered: 0,
                    beyond: vec![(u64::MAX, 0); 64],
                    read: u64::MAX,
                    declined: vec![],
                }),
            ),
            extreme(0, Body::Resend { from: 0, until: u64::MAX }),
            extreme(0, Body::Resend { from: u64::MAX - 1, until: u64::MAX }),
        ],
    ]
    .into_iter()
    .enumerate()
    {
        // A contact, whose words count: the bearer of an invite.
        let invite = invite(&ana).await;
        let bundle = eve.bundle(&invite).await;
        let persona = Persona::new(500 + number as u64);
        let peer = eve.handle.local().clone();
        let hello = persona.content(0, Body::Hello { first: 1, void: Vec::new() });
        let mut contents = contents.into_iter();
        let first = if number < 2 { contents.next() } else { None };
        let hello = first.map_or(hello, |(seq, body)| persona.content(seq, body));
        let hello = persona.introduced(hello, "Eve", &peer, Some(invite.token));
        let (mut session, flight) = eve.flight(&persona, &bundle, &hello);
        let mut frames = vec![flight];
        for (seq, body) in contents {
            frames.push(eve.frame(&mut session, &persona.content(seq, body).encode()));
        }
        eve.volley(&here, frames).await;
        send(&ana, persona.id(), "who are you?").await.ok();
        contacts += 1;
        still_talks(&bento, &ana, &format!("after {number}")).await;
        still_talks(&ana, &bento, &format!("after {number}, too")).await;
    }
    let known = ana.view(|rows| view::contacts(rows).len()).await.unwrap();
    assert!(known <= contacts);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_mean_nothing_are_answered_with_nothing() {
    let (_places, _other, ana, bento) = friends().await;
    let (mut eve, here) = (Attacker::new(66, false, &[]).await, at(&ana).await);
    let invite = invite(&ana).await;
    let mut random = Random::new(3);
    let before = counters(&ana).await.malformed;
    let mut malformed = 0;
    for length in [0, 1, 2, 30, 1_000, limits::ASK_MAX] {
        let answer = eve.ask(&here, nonsense(&mut random, length)).await.unwrap();
        assert_eq!(Answer::decode(&answer), Ok(Answer::Nothing));
        let index = Ask::Index(nonsense(&mut random, length.min(limits::ASK_MAX - 8))).encode();
        let answer = eve.ask(&here, index).await.unwrap();
        assert_eq!(Answer::decode(&answer), Ok(Answer::Nothing));
        malformed += 2;
    }
    assert_eq!(counters(&ana).await.malformed - before, malformed);
    assert_eq!(eve.ask(&here, vec![0; limits::ASK_MAX + 1]).await, None);
    // A person's prekeys are for whoever has the invite, and nobody else.
    let without = Ask::Bundle { route: invite.inbox, token: None, work: None };
    let wrong = Ask::Bundle {
        route: invite.inbox,
        token: Some(sigillo::base::id::ContactToken::new([7; 16])),
        work: None,
    };
    let elsewhere = Ask::Bundle { route: RouteId::new([1; 16]), token: Some(invite.token), work: None };
    for ask in [without, wrong, elsewhere] {
        let answer = eve.ask(&here, ask.encode()).await.unwrap();
        assert_eq!(Answer::decode(&answer), Ok(Answer::Nothing));
    }
    let get = IndexRequest::Get { key: [1; 32], cursor: None, facets: Default::default() };
    let answer = eve.ask(&here, Ask::Index(get.encode()).encode()).await.unwrap();
    let Ok(Answer::Index(page)) = Answer::decode(&answer) else { panic!("no answer") };
    assert_eq!(IndexResponse::decode(&page), Ok(IndexResponse::Page { entries: Vec::new(), next: None }));
    still_talks(&bento, &ana, "after").await;
}
