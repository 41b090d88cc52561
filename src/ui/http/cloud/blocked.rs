//! Who is blocked.

use serde_json::{Value, json};

use crate::base::cloud_limits as limits;
use crate::base::id::AccountId;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::engine::command::Command;
use crate::store::table::{Reader, Rows as _};
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::page::page;
use crate::ui::http::cloud::parameters;
use crate::ui::http::cloud::party::{Party, alias_of};
use crate::ui::http::cloud::recipient;

pub(super) async fn list(ask: Ask) -> Answer {
    let look = |rows: &Reader<'_>| {
        let all = rows.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
        let blocked = all.filter(|contact| contact.standing == Standing::Blocked && !contact.is_ourselves());
        let mut blocked: Vec<Contact> = blocked.map(|contact| Contact::clone(&contact)).collect();
        // Pages need an order that stays.
        blocked.sort_by_key(|contact| (contact.added_at, contact.thread));
        blocked
    };
    let mut items = Vec::new();
    for contact in ask.api.view(look).await? {
        let party = Party::new(&contact, alias_of(&ask.api, &contact).await?);
        items
            .push(json!({ "messaging_product": "whatsapp", "wa_id": party.wa_id, "user_id": party.user_id }));
    }
    Ok(answer(&page(items, &ask)?))
}

pub(super) async fn block(ask: Ask) -> Answer {
    change(ask, "added_users", Command::Block).await
}

pub(super) async fn unblock(ask: Ask) -> Answer {
    change(ask, "removed_users", Command::Unblock).await
}

/// Does it for each who is named, and says for whom it was done and for whom it wasn't.
async fn change(mut ask: Ask, done: &str, command: fn(AccountId) -> Command) -> Answer {
    let parameters = ask.parameters().await?;
    let named = parameters
        .get("block_users")
        .and_then(Value::as_array)
        .ok_or_else(|| Graph::missing("block_users"))?;
    if !(1..=limits::BLOCKED_AT_ONCE).contains(&named.len()) {
        let must = format!("names 1 to {} people", limits::BLOCKED_AT_ONCE);
        return Err(Graph::value("block_users", &must));
    }
    let (mut changed, mut failed) = (Vec::new(), Vec::new());
    for one in named {
        let written =
            ["user", "user_id"].into_iter().find_map(|name| one.get(name).and_then(parameters::text));
        let input = written.ok_or_else(|| Graph::missing("block_users.user"))?;
        let result = match recipient::find(&ask.api, &ask.account, input.clone()).await {
            Ok(found) => match found.contact {
                Some((contact, _)) => {
                    let ran = ask.api.node().command(command(contact.account)).await;
                    ran.map(|_| found.party).map_err(Graph::from)
                }
                None => Err(Graph::new(Code::Undeliverable, "Nobody here is called so.")),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok(party) => {
                changed.push(json!({ "input": input, "wa_id": party.wa_id, "user_id": party.user_id }));
            }
            Err(error) => failed.push(json!({ "input": input, "errors": [error.later()] })),
        }
    }
    if changed.is_empty() {
        let words = format!("It was done for nobody: {}", Value::from(failed));
        return Err(Graph::new(Code::Parameter, words));
    }
    let mut users = json!({});
    users[done] = changed.into();
    if !failed.is_empty() {
        users["failed_users"] = failed.into();
    }
    Ok(answer(&json!({ "messaging_product": "whatsapp", "block_users": users })))
}
