//! The business's profile: what is published of it, and what that API knows beside.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::cloud_limits as limits;
use crate::engine::command::Command;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::business::name_of;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::fields::named;
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::own;

/// What the published profile has no place for. It is shown to those who ask here, and to nobody else.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Beside {
    about: String,
    address: String,
    email: String,
    /// The second website; the first one is published.
    website: String,
    vertical: String,
}

const BESIDE: Table<Beside> = Table::new(TableId::CloudProfile, 1);
/// The id of its only row.
const ID: &[u8] = b"";

/// What a business can be about.
const VERTICALS: [&str; 22] = [
    "UNDEFINED",
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "NOT_A_BIZ",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "MATRIMONY_SERVICE",
];

/// All fields that are asked for, each of them there.
pub(super) async fn show(ask: Ask) -> Answer {
    let beside = ask.api.view(|rows| rows.row(&BESIDE, ID)).await?;
    let beside = beside.map(|beside| Beside::clone(&beside)).unwrap_or_default();
    let draft = own::draft(&ask.api).await?.unwrap_or_default().0;
    let websites: Vec<String> =
        [draft.website, beside.website].into_iter().filter(|site| !site.is_empty()).collect();
    let vertical = if beside.vertical.is_empty() { "OTHER".to_owned() } else { beside.vertical };
    let all = json!({
        "messaging_product": "whatsapp",
        "about": beside.about,
        "address": beside.address,
        "description": draft.about,
        "email": beside.email,
        "profile_picture_url": "",
        "websites": websites,
        "vertical": vertical,
    });
    let fields = named(ask.query().text("fields").as_deref())?;
    let is_chosen = |name: &str| {
        name == "messaging_product"
            || fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == name))
    };
    let all: Map<String, Value> = all.as_object().cloned().unwrap_or_default();
    let chosen: Map<String, Value> = all.into_iter().filter(|(name, _)| is_chosen(name)).collect();
    Ok(answer(&json!({ "data": [chosen] })))
}

/// Changes what is given; what isn't stays.
pub(super) async fn change(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    let given = Given::read(&parameters)?;
    let _editing = ask.api.edit().await;
    let (description, websites) = (given.description.clone(), given.websites.clone());
    if description.is_some() || websites.is_some() {
        let mut draft = own::draft(&ask.api).await?.unwrap_or_default().0;
        if draft.name.is_empty() {
            draft.name = name_of(&ask.api).await?;
        }
        if let Some(description) = description {
            draft.about = description;
        }
        if let Some(websites) = &websites {
            draft.website = websites.first().cloned().unwrap_or_default();
        }
        ask.api.command(Command::SetProfile(Box::new(draft))).await?;
    }
    if given.is_beside() {
        ask.api
            .node()
            .write(move |tx| {
                let mut beside = tx.copy(&BESIDE, ID).unwrap_or_default();
                given.apply(&mut beside);
                tx.put(&BESIDE, BESIDE.key(ID), beside);
            })
            .await?;
    }
    Ok(success())
}

/// What is to be changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    about: Option<String>,
    address: Option<String>,
    description: Option<String>,
    email: Option<String>,
    websites: Option<Vec<String>>,
    vertical: Option<String>,
}

impl Given {
    fn read(parameters: &Parameters) -> Result<Self, Graph> {
        if parameters.get("profile_picture_handle").is_some()
            || parameters.get("profile_picture_url").is_some()
        {
            return Err(Graph::unsupported("pictures in a business's profile"));
        }
        let vertical = parameters.text("vertical");
        if vertical.as_ref().is_some_and(|vertical| !VERTICALS.contains(&vertical.as_str())) {
            return Err(Graph::new(
                Code::Parameter,
                format!("The parameter vertical is one of {}.", VERTICALS.join(", ")),
            ));
        }
        let websites = parameters.get("websites").map(websites).transpose()?;
        Ok(Self {
            about: text(parameters, "about", limits::ABOUT_CHARS_MAX)?,
            address: text(parameters, "address", limits::ADDRESS_CHARS_MAX)?,
            description: text(parameters, "description", limits::DESCRIPTION_CHARS_MAX)?,
            email: text(parameters, "email", limits::EMAIL_CHARS_MAX)?,
            websites,
            vertical,
        })
    }

    const fn is_beside(&self) -> bool {
        self.about.is_some()
            || self.address.is_some()
            || self.email.is_some()
            || self.websites.is_some()
            || self.vertical.is_some()
    }

    fn apply(self, beside: &mut Beside) {
        let second = self.websites.map(|websites| websites.get(1).cloned().unwrap_or_default());
        let changes = [
            (&mut beside.about, self.about),
            (&mut beside.address, self.address),
            (&mut beside.email, self.email),
            (&mut beside.website, second),
            (&mut beside.vertical, self.vertical),
        ];
        for (field, change) in changes {
            if let Some(change) = change {
                *field = change;
            }
        }
    }
}

fn text(parameters: &Parameters, name: &str, max: usize) -> Result<Option<String>, Graph> {
    let text = parameters.text(name);
    if text.as_ref().is_some_and(|text| text.chars().count() > max) {
        return Err(Graph::new(
            Code::Parameter,
            format!("The parameter {name} has at most {max} characters."),
        ));
    }
    Ok(text)
}

fn websites(list: &Value) -> Result<Vec<String>, Graph> {
    let is_website = |site: &&str| {
        (site.starts_with("https://") || site.starts_with("http://"))
            && site.chars().count() <= limits::WEBSITE_CHARS_MAX
    };
    let sites: Option<Vec<String>> = list.as_array().and_then(|list| {
        list.iter().map(|site| site.as_str().filter(is_website).map(str::to_owned)).collect()
    });
    let fitting = sites.filter(|sites| sites.len() <= limits::WEBSITES_MAX);
    fitting.ok_or_else(|| {
        let words = format!(
            "The parameter websites is a list of at most {} addresses that begin with https:// or http://, each of at most {} characters.",
            limits::WEBSITES_MAX,
            limits::WEBSITE_CHARS_MAX
        );
        Graph::new(Code::Parameter, words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_encoding() {
        let text = |text: &str| text.to_owned();
        let beside = Beside {
            about: text("a"),
            address: text("b"),
            email: text("c"),
            website: text("d"),
            vertical: text("e"),
        };
        assert_eq!(BESIDE.encode(&beside).unwrap(), [1, 1, b'a', 1, b'b', 1, b'c', 1, b'd', 1, b'e']);
    }

    #[test]
    fn websites_are_two_at_most() {
        let one = json!("https://shop.example");
        assert_eq!(websites(&json!([one])).unwrap(), ["https://shop.example"]);
        assert_eq!(websites(&json!([])).unwrap(), Vec::<String>::new());
        for wrong in
            [json!([one, one, one]), json!(["shop.example"]), json!("https://shop.example"), json!([5])]
        {
            assert_eq!(websites(&wrong).unwrap_err().code, Code::Parameter, "{wrong}");
        }
    }
}
