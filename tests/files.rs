//! Files between real nodes: fetched whole, goes on after a kill where it was left, and nothing but what was sent.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use std::path::PathBuf;

use common::process::{self, Api, Process};
use common::{Place, befriend, wait_for};
use hyper::Method;
use serde_json::{Value, json};
use sigillo::base::chunks::Shape;
use sigillo::base::file_limits::FILE_MAX;
use sigillo::base::id::{AccountId, FileId};
use sigillo::base::kind::AccountKind::Person;
use sigillo::engine::command::{Command, Outcome};
use sigillo::engine::file_view::{self, FileView};
use sigillo::engine::letter::Letter;
use sigillo::node::files::upload::FileError;
use sigillo::node::handle::Node;
use sigillo::wire::said::message::Said;

const MEBIBYTE: usize = 1024 * 1024;

/// Bytes that don't repeat and need no random source.
fn bytes(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state >> 8).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

async fn give(node: &Node, bytes: &[u8]) -> FileId {
    let mut upload = node.give_file().await.unwrap();
    for piece in bytes.chunks(100_000) {
        upload.write(piece).await.unwrap();
    }
    match upload.finish("menu.pdf".into(), "application/pdf".into(), None).await.unwrap() {
        Outcome::FileTaken { file, .. } => file,
        other => panic!("{other:?}"),
    }
}

async fn send(node: &Node, to: AccountId, file: FileId) {
    let sent = node.view(move |rows| file_view::to_send(rows, &file, "veja".into())).await.unwrap().unwrap();
    let letter = Letter { said: Said::File(Box::new(sent)), reply: None, template: None };
    node.command(Command::Say { to, letter: Box::new(letter) }).await.unwrap();
}

async fn view(node: &Node, file: FileId) -> Option<FileView> {
    node.view(move |rows| file_view::file(rows, &file)).await.unwrap()
}

async fn until(node: &Node, file: FileId, state: &str) {
    wait_for(state, async || (view(node, file).await?.state == state).then_some(())).await;
}

async fn read(node: &Node, file: FileId) -> Vec<u8> {
    let mut reading = node.read_file(file).await.unwrap();
    let mut read = Vec::new();
    while let Some(piece) = reading.next().await {
        read.extend(piece.unwrap());
    }
    assert_eq!(read.len() as u64, reading.size);
    read
}

fn on_disk(place: &Place, file: FileId) -> PathBuf {
    place.home().join("files").join(file.to_string())
}

fn chunks(size: usize) -> u64 {
    u64::from(Shape::of(size as u64).unwrap().chunks())
}

/// Two friends; the account of the second.
async fn friends() -> (Place, Node, Place, Node, AccountId) {
    let (ana_place, bento_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (ana, bento) = (ana_place.start().await, bento_place.start().await);
    befriend(&ana, &bento).await;
    let account = bento.account();
    (ana_place, ana, bento_place, bento, account)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_mebibytes_come_whole_each_chunk_once_and_are_sealed_on_both_disks() {
    let (ana_place, ana, bento_place, bento, to) = friends().await;
    let sent = bytes(20 * MEBIBYTE, 1);
    let file = give(&ana, &sent).await;
    send(&ana, to, file).await;
    until(&bento, file, "offered").await;
    bento.command(Command::WantFile(file)).await.unwrap();
    until(&bento, file, "here").await;
    assert!(read(&bento, file).await == sent);
    assert!(read(&ana, file).await == sent, "who sent it reads it, too");
    assert_eq!(bento.file_counts().fetched, chunks(sent.len()));
    for place in [&ana_place, &bento_place] {
        let kept = std::fs::read(on_disk(place, file)).unwrap();
        assert_eq!(kept.len() as u64, Shape::of(sent.len() as u64).unwrap().sealed());
        assert!(!kept.windows(32).any(|part| part == &sent[..32]), "nothing is in the clear");
    }
    // A small one needs nobody's word.
    let small = give(&ana, &sent[..70_000]).await;
    send(&ana, to, small).await;
    until(&bento, small, "here").await;
    assert!(read(&bento, small).await == sent[..70_000]);
    bento.command(Command::ForgetFile(small)).await.unwrap();
    wait_for("the file to go", async || (!on_disk(&bento_place, small).exists()).then_some(())).await;
    assert!(matches!(bento.read_file(small).await, Err(FileError::NotHere)));
    ana.shutdown().await.unwrap();
    bento.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_was_changed_is_not_taken_and_what_came_before_it_is_kept() {
    let (ana_place, ana, _bento_place, bento, to) = friends().await;
    let sent = bytes(MEBIBYTE, 2);
    let file = give(&ana, &sent).await;
    let path = on_disk(&ana_place, file);
    let sound = std::fs::read(&path).unwrap();
    let mut broken = sound.clone();
    broken[usize::try_from(Shape::sealed_at(5)).unwrap() + 99] ^= 1;
    std::fs::write(&path, &broken).unwrap();
    send(&ana, to, file).await;
    until(&bento, file, "broken").await;
    assert!(bento.read_file(file).await.is_err());
    // Cut off, it isn't given at all.
    std::fs::write(&path, &sound[..sound.len() - 1]).unwrap();
    bento.command(Command::WantFile(file)).await.unwrap();
    wait_for("the refusal", async || (view(&bento, file).await?.trouble == Some("refused")).then_some(()))
        .await;
    std::fs::write(&path, &sound).unwrap();
    bento.command(Command::WantFile(file)).await.unwrap();
    until(&bento, file, "here").await;
    assert!(read(&bento, file).await == sent);
    // What is damaged on one's own disk is noticed, too.
    let own = give(&ana, &sent).await;
    let path = on_disk(&ana_place, own);
    let mut kept = std::fs::read(&path).unwrap();
    kept[usize::try_from(Shape::sealed_at(3)).unwrap()] ^= 1;
    std::fs::write(&path, &kept).unwrap();
    let mut reading = ana.read_file(own).await.unwrap();
    let mut good = 0;
    while let Some(piece) = reading.next().await {
        match piece {
            Ok(_) => good += 1,
            Err(_) => break,
        }
    }
    assert_eq!(good, 3);
    ana.shutdown().await.unwrap();
    bento.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_in_the_directory_goes_at_the_next_start() {
    let place = Place::new(Person, &[]);
    let node = place.start().await;
    let file = give(&node, b"kept").await;
    node.shutdown().await.unwrap();
    drop(node);
    let directory = place.home().join("files");
    let strange = ["ab".repeat(32), format!("{}.part", "cd".repeat(32)), ".new-x".to_owned()];
    for name in &strange {
        std::fs::write(directory.join(name), b"x").unwrap();
    }
    let node = place.start().await;
    let left: Vec<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, [file.to_string()]);
    assert_eq!(read(&node, file).await, b"kept");
    node.shutdown().await.unwrap();
}

/// Gives a node a file over its API, and sends it; its id.
async fn upload(api: &mut Api, to: &str, bytes: Vec<u8>) -> String {
    let path = "/v1/files?name=filme.bin";
    let (status, body) = api.raw(Method::POST, path, bytes).await.unwrap();
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
    let file: Value = serde_json::from_slice(&body).unwrap();
    let id = file["id"].as_str().unwrap().to_owned();
    api.ask(Method::POST, "/v1/messages", json!({ "to": to, "file": id, "caption": "veja" })).await;
    id
}

/// Chunks that a process has fetched since it was started.
async fn fetched(api: &mut Api) -> u64 {
    let (_, page) = wait_for("figures", async || api.raw(Method::GET, "/metrics", "").await).await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    let line =
        page.lines().find(|line| line.starts_with("sigillo_file_chunks_total{direction=\"in\"}")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn received(api: &mut Api, file: &str) -> u64 {
    api.get(&format!("/v1/files/{file}")).await["received"].as_u64().unwrap()
}

async fn until_here(api: &mut Api, file: &str) {
    wait_for("the file", async || {
        (api.get(&format!("/v1/files/{file}")).await["state"] == "here").then_some(())
    })
    .await;
}

/// Large enough that nobody is done before the other one is killed.
const FILM: usize = 96 * MEBIBYTE;

/// A file that is being fetched, when some of it is there and more is missing.
async fn in_the_middle(seed: u64) -> (Process, Process, Vec<u8>, String) {
    let (ana, bento) = process::friends().await;
    let address = bento.address().await;
    let sent = bytes(FILM, seed);
    let file = upload(&mut ana.api().await, &address, sent.clone()).await;
    let mut at_bento = bento.api().await;
    wait_for("the message", async || {
        let (status, _) = at_bento.raw(Method::POST, &format!("/v1/files/{file}/fetch"), "").await?;
        status.is_success().then_some(())
    })
    .await;
    wait_for("a part", async || (received(&mut at_bento, &file).await > MEBIBYTE as u64).then_some(())).await;
    (ana, bento, sent, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_where_it_was_left_when_who_fetches_it_is_killed() {
    let (_ana, mut bento, sent, file) = in_the_middle(3).await;
    bento.kill();
    let part = std::fs::metadata(bento.home().join("files").join(format!("{file}.part")));
    let left = part.expect("killed in the middle").len() / (64 * 1024 + 16);
    assert!(left > 0 && left < chunks(sent.len()));
    bento.start();
    let mut at_bento = bento.api().await;
    until_here(&mut at_bento, &file).await;
    assert_eq!(fetched(&mut at_bento).await, chunks(sent.len()) - left, "nothing was fetched twice");
    let (_, content) = at_bento.raw(Method::GET, &format!("/v1/files/{file}/content"), "").await.unwrap();
    assert!(content == sent);
    assert!(!bento.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_where_it_was_left_when_who_gives_it_is_killed() {
    let (mut ana, bento, sent, file) = in_the_middle(4).await;
    ana.kill();
    let mut at_bento = bento.api().await;
    let shown = at_bento.get(&format!("/v1/files/{file}")).await;
    assert_eq!(shown["state"], "waiting", "killed in the middle");
    ana.start();
    until_here(&mut at_bento, &file).await;
    assert_eq!(fetched(&mut at_bento).await, chunks(sent.len()), "each chunk came once");
    let (_, content) = at_bento.raw(Method::GET, &format!("/v1/files/{file}/content"), "").await.unwrap();
    assert!(content == sent);
    assert!(!ana.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_takes_files_shows_them_and_refuses_what_it_must() {
    let mut process = Process::new(Place::new(Person, &[]));
    process.start();
    let mut api = process.api().await;
    let mut gray = Vec::new();
    {
        let mut encoder = png_header(&mut gray);
        encoder.write_image_data(&[128; 400 * 300]).unwrap();
    }
    let (status, body) =
        api.raw(Method::POST, "/v1/files?name=foto%20um.png&type=image/png", gray.clone()).await.unwrap();
    assert!(status.is_success());
    let file: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&file["width"], &file["height"], &file["thumbnail"]),
        (&json!(400), &json!(300), &json!(true))
    );
    assert_eq!((&file["name"], &file["state"]), (&json!("foto um.png"), &json!("here")));
    let id = file["id"].as_str().unwrap();
    let (status, content) =
        api.raw(Method::GET, &format!("/v1/files/{}/content", &id[..12]), "").await.unwrap();
    assert!(status.is_success() && content == gray, "the beginning of an id is enough");
    let (status, small) = api.raw(Method::GET, &format!("/v1/files/{id}/thumbnail"), "").await.unwrap();
    assert!(status.is_success() && small.starts_with(&[0xFF, 0xD8, 0xFF]));
    assert_eq!(api.get("/v1/files").await.as_array().unwrap().len(), 1);
    for (path, expected) in [
        ("/v1/files?name=..%2Fx", 400),
        ("/v1/files?name=", 400),
        ("/v1/files?name=x&type=nothing", 400),
        ("/v1/files?name=x&width=3", 400),
        ("/v1/files", 400),
    ] {
        let (status, _) = api.raw(Method::POST, path, "x").await.unwrap();
        assert_eq!(status.as_u16(), expected, "{path}");
    }
    for path in ["/v1/files/ff00ff00", "/v1/files/ff00ff00/content", "/v1/files/x/thumbnail"] {
        let (status, _) = api.raw(Method::GET, path, "").await.unwrap();
        assert_eq!(status.as_u16(), 404, "{path}");
    }
    assert_eq!(too_large(&process).await, 413);
    let (status, _) = api.raw(Method::DELETE, &format!("/v1/files/{id}"), "").await.unwrap();
    assert!(status.is_success());
    assert_eq!(api.get("/v1/files").await, json!([]));
}

fn png_header(into: &mut Vec<u8>) -> png::Writer<&mut Vec<u8>> {
    let mut encoder = png::Encoder::new(into, 400, 300);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap()
}

/// Says that a file of a byte over 2 GiB follows, and sends none of it.
async fn too_large(process: &Process) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let path = sigillo::ui::http::socket::path(&process.home());
    let mut stream = tokio::net::UnixStream::connect(path).await.unwrap();
    let length = FILE_MAX + 1;
    let head = format!("POST /v1/files?name=x HTTP/1.1\r\nhost: sigillo\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}
