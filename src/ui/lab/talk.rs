//! Actions with people and texts: publishing, adding, writing, handing a chat over.

use std::time::Duration;

use serde_json::{Value, json};

use crate::base::kind::AccountKind;
use crate::domain::identity::address::BEGINNING;
use crate::domain::identity::invite::SCHEME;
use crate::ui::cli::client::{escaped, query};
use crate::ui::lab::check;
use crate::ui::lab::measure::Message;
use crate::ui::lab::place::Saw;
use crate::ui::lab::scenario::{Broadcast, HandOver, Letters, Pairing, Profile};
use crate::ui::lab::stage::{Stage, each};
use crate::ui::lab::wait::{list, text, until};

/// Lines of a chat that its new owner is told.
const TOLD: usize = 20;

/// Publishes what businesses say of themselves, one after the other, until the directory has it.
pub(super) async fn publish(stage: &Stage, who: &[usize], patience: Duration) -> Result<String, Saw> {
    for index in who {
        publish_one(stage, *index, patience).await?;
    }
    Ok(format!("{} published and read back", who.len()))
}

async fn publish_one(stage: &Stage, index: usize, patience: Duration) -> Result<(), Saw> {
    let group = stage.group_of(index);
    stage.patch(index, "/v1/profile", &profile(&group.profile, &stage.cells[index].name)).await?;
    for plan in &group.plans {
        let terms = check::terms(plan)?;
        let mut body = serde_json::to_value(&terms).map_err(|error| error.to_string())?;
        if let Some(fields) = body.as_object_mut() {
            fields.remove("id");
            fields.remove("version");
        }
        stage.put(index, &format!("/v1/plans/{}", plan.id), &body).await?;
    }
    until(patience, async || {
        let published = stage.post(index, "/v1/profile/publish", &Value::Null).await?;
        let there = published["keys_read_back"].as_u64() >= Some(1);
        if there { Ok(()) } else { Err(format!("{} isn't read back yet", stage.cells[index].name)) }
    })
    .await
}

fn profile(said: &Profile, name: &str) -> Value {
    let mut all = json!({ "name": if said.name.is_empty() { name } else { &said.name } });
    let texts = [("about", &said.about), ("country", &said.country), ("region", &said.region)];
    for (key, text) in texts.into_iter().chain([("website", &said.website), ("hours", &said.hours)]) {
        if !text.is_empty() {
            all[key] = json!(text);
        }
    }
    for (key, words) in [("categories", &said.categories), ("languages", &said.languages)] {
        if !words.is_empty() {
            all[key] = json!(words);
        }
    }
    all
}

/// Makes contacts: of businesses by their addresses, of people by an invite each.
pub(super) async fn add(stage: &Stage, pairing: &Pairing, patience: Duration) -> Result<String, Saw> {
    let (who, whom) = (stage.named(&pairing.who), stage.named(&pairing.whom));
    each(&who, async |one| {
        for other in whom.iter().copied().filter(|other| *other != one) {
            until(patience, async || add_one(stage, one, other).await).await?;
            if stage.kind(other) == AccountKind::Person {
                until(patience, async || knows(stage, other, one).await).await?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(format!("{} added {}", pairing.who, pairing.whom))
}

async fn add_one(stage: &Stage, one: usize, other: usize) -> Result<(), Saw> {
    let who = match stage.kind(other) {
        AccountKind::Business => stage.cells[other].account.clone(),
        AccountKind::Person => invite(stage, other).await?,
    };
    let body = json!({ "who": who, "name": stage.cells[other].name });
    stage.post(one, "/v1/contacts", &body).await?;
    stage.known_as(one, other).await.map(|_| ())
}

/// Whether a node has another one for a contact: whoever made an invite hears of it by the one who accepted it.
async fn knows(stage: &Stage, one: usize, other: usize) -> Result<(), Saw> {
    let path = format!("/v1/contacts/{}", escaped(&stage.known_as(other, one).await?));
    let known = stage.get(one, &path).await;
    known
        .map(|_| ())
        .map_err(|_| format!("{} doesn't know {} yet", stage.cells[one].name, stage.cells[other].name))
}

async fn invite(stage: &Stage, index: usize) -> Result<String, Saw> {
    let invited = stage.post(index, "/v1/invites", &Value::Null).await?;
    Ok(text(&invited, "invite").to_owned())
}

/// Sends a text, and keeps it in mind.
async fn send(stage: &Stage, from: usize, to: usize, words: &str) -> Result<(), Saw> {
    let with = stage.known_as(to, from).await?;
    send_to(stage, from, to, &with, words).await
}

async fn send_to(stage: &Stage, from: usize, to: usize, with: &str, words: &str) -> Result<(), Saw> {
    let at = stage.measure.now();
    let sent = stage.post(from, "/v1/messages", &json!({ "to": with, "text": words })).await?;
    stage.measure.sent(Message {
        from,
        to,
        with: text(&sent, "to").to_owned(),
        id: text(&sent, "id").to_owned(),
        position: sent["position"].as_u64().unwrap_or_default(),
        at,
    });
    Ok(())
}

/// Sends texts of each to each; in them `{from}`, `{to}` and `{n}` stand for names and the text's number.
pub(super) async fn letters(stage: &Stage, letters: &Letters) -> Result<String, Saw> {
    let (from, to) = (stage.named(&letters.from), stage.named(&letters.to));
    for number in 1..=letters.count {
        each(&from, async |one| {
            for other in to.iter().copied().filter(|other| *other != one) {
                let words = letters.text.replace("{from}", &stage.cells[one].name);
                let words =
                    words.replace("{to}", &stage.cells[other].name).replace("{n}", &number.to_string());
                send(stage, one, other, &words).await?;
            }
            Ok(())
        })
        .await?;
        if let (Some(pause), true) = (letters.every, number < letters.count) {
            tokio::time::sleep(pause.0).await;
        }
    }
    let pairs: usize = from.iter().map(|one| to.iter().filter(|other| *other != one).count()).sum();
    Ok(format!("{} messages accepted", letters.count * pairs))
}

/// Sends a text to everybody whom a node has for a contact and who is on this stage.
pub(super) async fn broadcast(stage: &Stage, broadcast: &Broadcast) -> Result<String, Saw> {
    let mut sent = 0;
    for from in stage.named(&broadcast.from) {
        let contacts = stage.get(from, "/v1/contacts").await?;
        let addresses: Vec<&str> = list(&contacts).iter().map(|contact| text(contact, "address")).collect();
        for to in (0..stage.cells.len()).filter(|to| *to != from) {
            let Ok(with) = stage.known_as(to, from).await else { continue };
            if addresses.contains(&with.as_str()) {
                let words = broadcast.text.replace("{to}", &stage.cells[to].name);
                send_to(stage, from, to, &with, &words).await?;
                sent += 1;
            }
        }
    }
    if sent == 0 {
        Err("nobody there has a contact on this stage".into())
    } else {
        Ok(format!("{sent} messages accepted"))
    }
}

/// Persons see what was written to them.
pub(super) async fn read(stage: &Stage, pairing: &Pairing) -> Result<String, Saw> {
    let whom = stage.named(&pairing.whom);
    each(&stage.named(&pairing.who), async |one| {
        for other in whom.iter().copied().filter(|other| *other != one) {
            let with = stage.known_as(other, one).await?;
            let path = format!("/v1/conversations/{}/read", escaped(&with));
            stage.post(one, &path, &Value::Null).await?;
        }
        Ok(())
    })
    .await?;
    Ok(format!("{} read what {} wrote", pairing.who, pairing.whom))
}

/// The entries of a conversation, oldest first.
pub(super) async fn history(stage: &Stage, at: usize, with: &str) -> Result<Vec<Value>, Saw> {
    let path = format!("/v1/conversations/{}/history", escaped(with));
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let parameters = [("limit", Some("500".to_owned())), ("before", before)];
        let page = stage.get(at, &query(&path, &parameters)).await?;
        pages.push(list(&page["entries"]).to_vec());
        before = page["next"].as_u64().map(|next| next.to_string());
        if before.is_none() {
            return Ok(pages.into_iter().rev().flatten().collect());
        }
    }
}

/// Hands chats over: the new owner is told what was said, the customer whom to write to from now on, and does.
pub(super) async fn hand_over(stage: &Stage, chat: &HandOver, patience: Duration) -> Result<String, Saw> {
    let (from, to) = (stage.named(&chat.from), stage.named(&chat.to));
    let (Some(from), Some(to)) = (from.first().copied(), to.first().copied()) else {
        return Err("a chat goes from somebody to somebody".into());
    };
    let customers = stage.named(&chat.chat_with);
    each(&customers, async |customer| hand_one_over(stage, customer, from, to, patience).await).await?;
    Ok(format!("{} chats went from {} to {}", customers.len(), chat.from, chat.to))
}

async fn hand_one_over(
    stage: &Stage,
    customer: usize,
    from: usize,
    to: usize,
    patience: Duration,
) -> Result<(), Saw> {
    let name = &stage.cells[customer].name;
    let with = stage.known_as(customer, from).await?;
    let said = history(stage, from, &with).await?;
    let line = |entry: &Value| {
        let who = if entry["direction"] == "in" { name } else { &stage.cells[from].name };
        (entry["kind"] == "text").then(|| format!("{who}: {}", text(entry, "text")))
    };
    let mut lines: Vec<String> = said.iter().rev().filter_map(line).take(TOLD).collect();
    lines.reverse();
    send(stage, from, to, &format!("case {name}\n{}", lines.join("\n"))).await?;
    let place = match stage.kind(to) {
        AccountKind::Business => stage.cells[to].account.clone(),
        AccountKind::Person => invite(stage, to).await?,
    };
    let words = format!("{} goes on with this: {place}", stage.cells[to].name);
    send(stage, from, customer, &words).await?;
    // The customer takes the address out of what it was written.
    let here = stage.known_as(from, customer).await?;
    let place = until(patience, async || {
        let said = history(stage, customer, &here).await?;
        let theirs = said.iter().rev().filter(|entry| entry["direction"] == "in");
        let place = theirs.filter_map(|entry| place_in(text(entry, "text"))).next();
        place.ok_or_else(|| format!("{name} hasn't been told whom to write to"))
    })
    .await?;
    until(patience, async || {
        let body = json!({ "who": place, "name": stage.cells[to].name });
        stage.post(customer, "/v1/contacts", &body).await.map(|_| ())
    })
    .await?;
    send(stage, customer, to, &format!("hello, this is case {name}")).await
}

/// The invite or address at a text's end.
fn place_in(text: &str) -> Option<String> {
    let last = text.split_whitespace().last()?;
    (last.starts_with(SCHEME) || last.starts_with(BEGINNING)).then(|| last.to_owned())
}
