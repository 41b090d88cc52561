//! What a scenario expects: delivered, held back, found, reached, kept.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::ui::cli::client::query;
use crate::ui::lab::audit::{self, Pair, claims_delivery};
use crate::ui::lab::measure::Message;
use crate::ui::lab::names::Names;
use crate::ui::lab::place::Saw;
use crate::ui::lab::scenario::{Finding, Held, Kept, Reach, Route, Way};
use crate::ui::lab::stage::{AT_ONCE, Stage, each};
use crate::ui::lab::talk::history;
use crate::ui::lab::wait::{list, text, until};

/// How often the stores are read while events have not told of every message.
const READ_ANYWAY: Duration = Duration::from_secs(3);
/// The pause between two looks at what must not happen.
const HELD_PAUSE: Duration = Duration::from_millis(250);

/// The messages between these; an error where there is none.
fn between(stage: &Stage, from: Option<&Names>, to: Option<&Names>) -> Result<Vec<Message>, Saw> {
    let (from, to) = (stage.named_or_all(from), stage.named_or_all(to));
    let mut messages = stage.measure.messages();
    messages.retain(|message| from.contains(&message.from) && to.contains(&message.to));
    if messages.is_empty() { Err("no message was sent between them".into()) } else { Ok(messages) }
}

fn who(stage: &Stage, pair: &Pair) -> String {
    format!("from {} to {}", stage.cells[pair.from].name, stage.cells[pair.to].name)
}

/// Every message so far is there once and in its sender's order, and its sender knows.
pub(super) async fn delivered(stage: &Stage, route: &Route, patience: Duration) -> Result<String, Saw> {
    let messages = between(stage, route.from.as_ref(), route.to.as_ref())?;
    let mut pairs: Vec<_> = audit::pairs_of(&messages).into_iter().collect();
    let all = pairs.len();
    let mut read_last = Instant::now();
    until(patience, async || {
        let shown = stage.measure.shown(&messages);
        if shown < messages.len() && read_last.elapsed() < READ_ANYWAY {
            return Err(format!("{shown} of {} messages were shown", messages.len()));
        }
        let looks = pairs.iter().map(|((from, to), messages)| audit::look_at(stage, *from, *to, messages));
        let looked: Vec<Result<Pair, Saw>> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
        read_last = Instant::now();
        let mut open = Vec::new();
        let mut first = None;
        for (pair, looked) in pairs.drain(..).zip(looked) {
            let saw = match looked {
                Ok(pair) => pair
                    .broken()
                    .or_else(|| pair.unfinished())
                    .map(|saw| format!("{}: {saw}", who(stage, &pair))),
                Err(saw) => Some(saw),
            };
            if let Some(saw) = saw {
                first.get_or_insert(saw);
                open.push(pair);
            }
        }
        pairs = open;
        match first {
            None => Ok(()),
            Some(first) => Err(format!("{first} ({} of {all} conversations aren't complete)", pairs.len())),
        }
    })
    .await?;
    Ok(format!("{} messages in {all} conversations, each once and in order", messages.len()))
}

/// No message that isn't delivered yet comes for a while; and there are such.
pub(super) async fn held(stage: &Stage, wanted: &Held) -> Result<String, Saw> {
    let messages = between(stage, wanted.from.as_ref(), wanted.to.as_ref())?;
    let waiting = waiting(stage, &messages).await?;
    if waiting.is_empty() {
        return Err("every message between them is delivered already".into());
    }
    let deadline = Instant::now() + wanted.lasts.0;
    let ids: BTreeSet<&str> = waiting.iter().map(String::as_str).collect();
    let those: Vec<Message> =
        messages.into_iter().filter(|message| ids.contains(message.id.as_str())).collect();
    while Instant::now() < deadline {
        let shown = stage.measure.shown(&those);
        if shown > 0 {
            return Err(format!("{shown} of {} messages came", those.len()));
        }
        sleep(HELD_PAUSE).await;
    }
    Ok(format!("{} messages waited for {}", those.len(), wanted.lasts))
}

/// The ids of those that their senders don't call delivered.
async fn waiting(stage: &Stage, messages: &[Message]) -> Result<Vec<String>, Saw> {
    let mut waiting = Vec::new();
    for ((from, _), messages) in audit::pairs_of(messages) {
        for (id, state) in states(stage, from, &messages).await? {
            if !claims_delivery(&state) {
                waiting.push(id);
            }
        }
    }
    Ok(waiting)
}

/// The states of one pair's messages on their sender's screens.
async fn states(stage: &Stage, from: usize, messages: &[Message]) -> Result<Vec<(String, String)>, Saw> {
    let with = messages.first().map(|message| message.with.clone()).unwrap_or_default();
    let ours = history(stage, from, &with).await?;
    let of = |message: &Message| {
        let entry = ours.iter().find(|entry| text(entry, "id") == message.id);
        (message.id.clone(), entry.map_or("gone", |entry| text(entry, "state")).to_owned())
    };
    Ok(messages.iter().map(of).collect())
}

/// Every message got so far at least, on its sender's screens.
pub(super) async fn state(stage: &Stage, wanted: &Reach, patience: Duration) -> Result<String, Saw> {
    const ORDER: [&str; 5] = ["queued", "sent", "stored", "delivered", "read"];
    let least = serde_json::to_value(wanted.state).ok();
    let least = least.as_ref().and_then(Value::as_str).unwrap_or("failed").to_owned();
    let rank = |state: &str| ORDER.iter().position(|word| *word == state);
    let reached = |state: &str| {
        if least == "failed" {
            state == "failed"
        } else {
            rank(state) >= rank(&least) && rank(state).is_some()
        }
    };
    let messages = between(stage, wanted.from.as_ref(), wanted.to.as_ref())?;
    let pairs: Vec<_> = audit::pairs_of(&messages).into_iter().collect();
    until(patience, async || {
        let looks = pairs.iter().map(|((from, _), messages)| states(stage, *from, messages));
        let all: Vec<Vec<(String, String)>> =
            futures::stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let mut short = all.iter().flatten().filter(|(_, state)| !reached(state));
        match short.next() {
            None => Ok(()),
            Some((_, state)) => Err(format!(
                "{} of {} messages aren't, the first is {state}",
                1 + short.count(),
                messages.len()
            )),
        }
    })
    .await?;
    Ok(format!("{} messages are {least} at least", messages.len()))
}

/// Everybody finds them, or finds none of them.
pub(super) async fn found(stage: &Stage, wanted: &Finding, patience: Duration) -> Result<String, Saw> {
    let asked = wanted.query();
    let words = (!asked.words.is_empty()).then_some(asked.words);
    let parameters = [
        ("words", words),
        ("category", asked.category),
        ("country", asked.country),
        ("region", asked.region),
        ("language", asked.language),
    ];
    let path = query("/v1/businesses", &parameters);
    let looked_for: Vec<&str> =
        stage.named(&wanted.finds).into_iter().map(|index| stage.cells[index].account.as_str()).collect();
    let who = stage.named(&wanted.who);
    each(&who, async |one| {
        until(patience, async || {
            let answer = stage.get(one, &path).await?;
            let found: Vec<&str> =
                list(&answer["businesses"]).iter().map(|business| text(business, "address")).collect();
            let count = looked_for.iter().filter(|address| found.contains(address)).count();
            let right = if wanted.absent { count == 0 } else { count == looked_for.len() };
            if right {
                Ok(())
            } else {
                Err(format!("{} found {count} of {}", stage.cells[one].name, looked_for.len()))
            }
        })
        .await
    })
    .await?;
    let word = if wanted.absent { "none" } else { "all" };
    Ok(format!("{} searched and found {word} of {}", who.len(), wanted.finds))
}

/// Nodes reach others so.
pub(super) async fn reached(stage: &Stage, wanted: &Way, patience: Duration) -> Result<String, Saw> {
    let whom = stage.named(&wanted.whom);
    let relays: Option<Vec<&str>> = wanted
        .relay
        .as_ref()
        .map(|relay| stage.named(relay).into_iter().filter_map(|index| stage.peer_of(index)).collect());
    each(&stage.named(&wanted.who), async |one| {
        for other in whom.iter().copied().filter(|other| *other != one) {
            let names = (&stage.cells[one].name, &stage.cells[other].name);
            until(patience, async || {
                let with = stage.known_as(other, one).await?;
                let status = stage.get(one, "/v1/status").await?;
                let contact =
                    list(&status["contacts"]).iter().find(|contact| text(contact, "address") == with);
                let contact = contact.ok_or_else(|| format!("{} doesn't list {}", names.0, names.1))?;
                if text(contact, "reached") != wanted.by.word() {
                    return Err(format!("{} reaches {}: {}", names.0, names.1, text(contact, "reached")));
                }
                match &relays {
                    Some(relays) if !relays.contains(&text(contact, "relay")) => {
                        Err(format!("{} reaches {} through another relay", names.0, names.1))
                    }
                    _ => Ok(()),
                }
            })
            .await?;
        }
        Ok(())
    })
    .await?;
    Ok(format!("{} reach {}: {}", wanted.who, wanted.whom, wanted.by.word()))
}

/// Mailboxes keep so many messages.
pub(super) async fn kept(stage: &Stage, wanted: &Kept, patience: Duration) -> Result<String, Saw> {
    let at = stage.named(&wanted.at);
    let count = until(patience, async || {
        let mut count = 0;
        for index in &at {
            let answer = stage.get(*index, "/v1/mailboxes").await?;
            count += answer["hosted"]["messages"].as_u64().unwrap_or_default();
        }
        let right = wanted.at_least.is_none_or(|least| count >= least)
            && wanted.at_most.is_none_or(|most| count <= most);
        if right { Ok(count) } else { Err(format!("they keep {count} messages")) }
    })
    .await?;
    Ok(format!("{} keep {count} messages", wanted.at))
}
