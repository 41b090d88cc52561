//! What a program writes to have something said that is no text: a place, a card, a menu, an offer.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::business::display::{self, Display, DisplayError, Things};
use crate::domain::identity::address;
use crate::engine::command::Refusal;
use crate::ui::http::api::Api;
use crate::ui::http::desk::business;
use crate::ui::http::error::ApiError;
use crate::wire::said::card::Card;
use crate::wire::said::location::Location;
use crate::wire::said::message::Said;

/// A place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocationForm {
    /// Degrees north of the equator.
    latitude: f64,
    /// Degrees east of Greenwich.
    longitude: f64,
    /// What the place is called.
    #[serde(default)]
    name: String,
    /// Its address, on one line.
    #[serde(default)]
    address: String,
}

impl LocationForm {
    pub(super) fn said(self) -> Result<Said, ApiError> {
        let place = Location::degrees(self.latitude, 90).zip(Location::degrees(self.longitude, 180));
        let words = "a latitude is -90 to 90 degrees, a longitude -180 to 180";
        let (latitude, longitude) = place.ok_or_else(|| Refusal::Said(words.into()))?;
        Ok(Said::Location(Location { latitude, longitude, name: self.name, address: self.address }))
    }
}

/// Somebody: a name, and an address or another way to reach them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardForm {
    /// What they are called.
    name: String,
    /// For whom they work.
    #[serde(default)]
    organization: String,
    /// Their whole address here (`sig1…`).
    address: Option<String>,
    /// Up to four telephone numbers.
    #[serde(default)]
    phones: Vec<String>,
    /// Up to four e-mail addresses.
    #[serde(default)]
    emails: Vec<String>,
    /// Begins with `https://`.
    #[serde(default)]
    website: String,
}

impl CardForm {
    pub(super) fn said(self) -> Result<Said, ApiError> {
        let account = self.address.as_deref().map(address::decode).transpose();
        let account = account.map_err(|_| Refusal::Said("the card's address is no address".into()))?;
        let Self { name, organization, phones, emails, website, .. } = self;
        Ok(Said::Card(Card { name, organization, account, phones, emails, website }))
    }
}

/// What a business lets a person choose from: up to ten rows as buttons, or as a list in sections; a link, or both.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Menu`")]
pub(super) struct MenuForm {
    /// What stands above the text.
    #[serde(default)]
    header: String,
    /// The text.
    text: String,
    /// What stands below it.
    #[serde(default)]
    footer: String,
    /// Buttons; none where there are sections.
    #[serde(default)]
    buttons: Vec<RowForm>,
    /// What opens the list.
    #[serde(default)]
    label: String,
    /// The list.
    #[serde(default)]
    sections: Vec<SectionForm>,
    link: Option<LinkForm>,
}

/// One thing to choose.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Row`")]
struct RowForm {
    /// For programs; no other row of the menu has it.
    id: String,
    title: String,
    /// More about it.
    #[serde(default)]
    about: String,
}

/// A part of a list.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Section`")]
struct SectionForm {
    /// Needed where there are several.
    #[serde(default)]
    title: String,
    rows: Vec<RowForm>,
}

/// A link to follow.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Link`")]
struct LinkForm {
    title: String,
    /// Begins with `https://`.
    url: String,
}

/// Things of this business's catalog: `items`, or `shelves` with titles, or `all`. What is said of each is what the catalog says
/// now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferForm {
    /// What stands above the text.
    #[serde(default)]
    header: String,
    /// The text.
    #[serde(default)]
    text: String,
    /// What stands below the things.
    #[serde(default)]
    footer: String,
    /// Ids of things.
    #[serde(default)]
    items: Vec<String>,
    /// The same in several parts.
    #[serde(default)]
    shelves: Vec<ShelfForm>,
    /// Everything, by name, as far as a message has room.
    #[serde(default)]
    all: bool,
    /// With `all`: the thing that stands before all others.
    first: Option<String>,
}

/// A part of an offer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShelfForm {
    title: String,
    /// Ids of things.
    items: Vec<String>,
}

impl OfferForm {
    pub(super) async fn said(self, api: &Api) -> Result<Said, ApiError> {
        business(api)?;
        let display = self.display()?;
        let offer = api.view(move |rows| display::offer(rows, display)).await?;
        Ok(Said::Offer(Box::new(offer.map_err(Refusal::from)?)))
    }

    fn display(self) -> Result<Display, ApiError> {
        let Self { header, text, footer, items, shelves, all, first } = self;
        let things = match (items.is_empty(), shelves.is_empty(), all, first) {
            (false, true, false, None) => Things::Shelves(vec![(String::new(), items)]),
            (true, false, false, None) => {
                Things::Shelves(shelves.into_iter().map(|shelf| (shelf.title, shelf.items)).collect())
            }
            (true, true, true, first) => Things::All(first),
            _ => {
                return Err(ApiError::bad_request(
                    "an offer is of items, or of shelves, or of all that is sold",
                ));
            }
        };
        Ok(Display { header, text, footer, things })
    }
}

impl From<DisplayError> for Refusal {
    fn from(error: DisplayError) -> Self {
        match error {
            DisplayError::Bounds(words) => Self::Said(words.to_owned()),
            DisplayError::Unknown(_) | DisplayError::Nothing => Self::NoneSuch(error.to_string()),
        }
    }
}
