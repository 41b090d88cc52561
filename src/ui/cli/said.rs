//! What can be sent beside a text, as it is written on the command line and as the API wants it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::base::limits;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::documents;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::show;

/// What is sent in the place of a text, and what it answers.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Beside {
    /// The message that this one answers: its id, or the beginning of it (`sigillo history WHO --ids`)
    #[arg(long, value_name = "ID")]
    reply_to: Option<String>,
    /// Send a place in the place of a text: latitude and longitude in degrees, such as -23.55,-46.63
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true, value_parser = degrees,
          conflicts_with_all = ["text", "card", "menu"])]
    location: Option<(f64, f64)>,
    /// What the place is called
    #[arg(long, value_name = "NAME", requires = "location")]
    place: Option<String>,
    /// The place's address, on one line
    #[arg(long, value_name = "ADDRESS", requires = "location")]
    street: Option<String>,
    /// Hand on a contact: one of yours, or a file (.toml, .json) with name, organization, address, phones, emails, website
    #[arg(long, value_name = "CONTACT|FILE", conflicts_with_all = ["text", "menu"])]
    card: Option<String>,
    /// As a business: send a menu of a file (.toml, .json) with text, and buttons, sections or a link
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    menu: Option<PathBuf>,
    /// As a business: ask where the customer is, and say why
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["text", "location", "card", "menu"])]
    ask_location: Option<String>,
}

impl Beside {
    /// Whether there is something in the place of a text.
    pub(super) const fn replaces_text(&self) -> bool {
        self.location.is_some() || self.card.is_some() || self.menu.is_some() || self.ask_location.is_some()
    }

    /// Puts what there is into a request.
    pub(super) async fn put(&self, client: &Client, body: &mut Value) -> Result<(), Failure> {
        if let Some(id) = &self.reply_to {
            body["reply_to"] = json!(id);
        }
        if let Some((latitude, longitude)) = self.location {
            let (name, address) = (self.place.as_deref(), self.street.as_deref());
            body["location"] = json!({ "latitude": latitude, "longitude": longitude,
                "name": name.unwrap_or_default(), "address": address.unwrap_or_default() });
        }
        if let Some(card) = &self.card {
            body["card"] = card_of(client, card).await?;
        }
        if let Some(menu) = &self.menu {
            body["menu"] = document(menu)?;
        }
        if let Some(text) = &self.ask_location {
            body["ask_location"] = json!(text);
        }
        Ok(())
    }
}

/// A file's card, or that of a contact.
async fn card_of(client: &Client, text: &str) -> Result<Value, Failure> {
    if is_document(Path::new(text)) {
        return document(Path::new(text));
    }
    let contact = client.get(&format!("/v1/contacts/{}", escaped(text))).await?;
    Ok(json!({ "name": show::text(&contact, "name"), "address": show::text(&contact, "address") }))
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml" || extension == "json")
}

/// A file in TOML or JSON, by its ending.
fn document(path: &Path) -> Result<Value, Failure> {
    let bytes = documents::read(path, limits::API_BODY_MAX as u64)?;
    let wrong = |error: &dyn core::fmt::Display| Failure::misused(format!("{}: {error}", path.display()));
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    let read: Map<String, Value> = if path.extension().is_some_and(|extension| extension == "toml") {
        toml::from_str(&text).map_err(|error| wrong(&error))?
    } else {
        serde_json::from_str(&text).map_err(|error| wrong(&error))?
    };
    Ok(Value::Object(read))
}

fn degrees(text: &str) -> Result<(f64, f64), &'static str> {
    let pair = text.split_once(',');
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let pair = pair.and_then(|(latitude, longitude)| number(latitude).zip(number(longitude)));
    pair.ok_or("a place is written as LATITUDE,LONGITUDE in degrees")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_numbers() {
        assert_eq!(degrees("-23.55,-46.63"), Ok((-23.55, -46.63)));
        for wrong in ["", "1", "1;2", "north,2", "NaN,1", "inf,1"] {
            assert!(degrees(wrong).is_err(), "{wrong}");
        }
    }
}
