//! Offers, made of what is sold.

use crate::base::said_limits::{OFFER_ITEMS_MAX, WARE_ABOUT_SHORT};
use crate::domain::business::catalog::{self, Item};
use crate::store::table::Rows;
use crate::wire::said::file::Picture;
use crate::wire::said::offer::{Offer, Shelf, Ware};

/// What is to be offered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Display {
    /// As in [`Offer`].
    pub header: String,
    /// As in [`Offer`].
    pub text: String,
    /// As in [`Offer`].
    pub footer: String,
    /// Which things.
    pub things: Things,
}

/// Which things are offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Things {
    /// These, by their ids, on shelves with titles.
    Shelves(Vec<(String, Vec<String>)>),
    /// All that is sold, by name, as far as an offer has room; this one before all others.
    All(Option<String>),
}

impl Default for Things {
    fn default() -> Self {
        Self::All(None)
    }
}

/// Why nothing can be offered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DisplayError {
    /// There is no such thing.
    #[error("there is no thing in the catalog {0}")]
    Unknown(String),
    /// There is nothing at all.
    #[error("nothing is sold: the catalog is empty")]
    Nothing,
    /// It is out of bounds.
    #[error("{0}")]
    Bounds(&'static str),
}

/// What an offer says now. Where there is no room for all of it, descriptions are cut short, and pictures go along as far as
/// there is room: those of the first things.
///
/// # Errors
/// That there is nothing of the kind, or that it is out of bounds.
pub fn offer(rows: &impl Rows, display: Display) -> Result<Offer, DisplayError> {
    let Display { header, text, footer, things } = display;
    let (shelves, more) = match things {
        Things::Shelves(shelves) => (named(rows, shelves)?, 0),
        Things::All(first) => everything(rows, first)?,
    };
    let mut offer = Offer { header, text, footer, shelves, more };
    shorten(&mut offer);
    // What is wrong with it otherwise is worth no look at a picture.
    offer.check().map_err(|error| DisplayError::Bounds(error.0))?;
    hang_pictures(rows, &mut offer);
    Ok(offer)
}

fn named(rows: &impl Rows, shelves: Vec<(String, Vec<String>)>) -> Result<Vec<Shelf>, DisplayError> {
    let find = |id: String| match catalog::get(rows, &id) {
        Some(item) => Ok(ware(&item)),
        None => Err(DisplayError::Unknown(id)),
    };
    let shelf = |(title, ids): (String, Vec<String>)| {
        // One more than there may be is enough to be refused for.
        let wares: Result<_, DisplayError> = ids.into_iter().take(OFFER_ITEMS_MAX + 1).map(find).collect();
        Ok(Shelf { title, wares: wares? })
    };
    shelves.into_iter().map(shelf).collect()
}

fn everything(rows: &impl Rows, first: Option<String>) -> Result<(Vec<Shelf>, u32), DisplayError> {
    let mut all = catalog::list(rows);
    if let Some(first) = first {
        let known = all.iter().any(|item| item.id == first);
        if !known {
            return Err(DisplayError::Unknown(first));
        }
        // It keeps the order of all others.
        all.sort_by_key(|item| item.id != first);
    }
    let more = all.len().saturating_sub(OFFER_ITEMS_MAX);
    let wares: Vec<Ware> = all.iter().take(OFFER_ITEMS_MAX).map(ware).collect();
    if wares.is_empty() {
        return Err(DisplayError::Nothing);
    }
    Ok((vec![Shelf { title: String::new(), wares }], u32::try_from(more).unwrap_or(u32::MAX)))
}

fn ware(item: &Item) -> Ware {
    let Item { id, name, about, price } = item.clone();
    Ware { id, name, about, price, picture: None }
}

/// Cuts descriptions where they have no room, and leaves them out where that isn't enough.
fn shorten(offer: &mut Offer) {
    if !offer.fits() {
        all(offer).for_each(|ware| cut(&mut ware.about));
    }
    if !offer.fits() {
        all(offer).for_each(|ware| ware.about.clear());
    }
}

fn all(offer: &mut Offer) -> impl Iterator<Item = &mut Ware> {
    offer.shelves.iter_mut().flat_map(|shelf| &mut shelf.wares)
}

/// Leaves the beginning of a text.
fn cut(text: &mut String) {
    const MARK: char = '…';
    if text.len() > WARE_ABOUT_SHORT {
        let end = text.floor_char_boundary(WARE_ABOUT_SHORT - MARK.len_utf8());
        text.truncate(end);
        text.push(MARK);
    }
}

fn hang_pictures(rows: &impl Rows, offer: &mut Offer) {
    let shelves = offer.shelves.iter().enumerate();
    let places: Vec<(usize, usize)> =
        shelves.flat_map(|(at, shelf)| (0..shelf.wares.len()).map(move |row| (at, row))).collect();
    for (at, row) in places {
        let id = offer.shelves[at].wares[row].id.clone();
        let Some(picture) = catalog::picture(rows, &id) else { continue };
        offer.shelves[at].wares[row].picture = Some(Picture::clone(&picture));
        if !offer.fits() {
            offer.shelves[at].wares[row].picture = None;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::file_limits::THUMBNAIL_MAX;
    use crate::base::money::Money;
    use crate::store::memory::NOTHING;
    use crate::store::tx::Tx;

    fn sell(tx: &Tx<'_>, count: usize, about: &str) {
        let price = Money::parse("4.50", "BRL".parse().unwrap()).unwrap();
        for at in 0..count {
            let (id, name) = (format!("i{at}"), format!("Thing {at:03}"));
            assert!(catalog::put(tx, Item { id, name, about: about.into(), price }));
        }
    }

    fn shelves(ids: &[&str]) -> Display {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Display { things: Things::Shelves(vec![(String::new(), ids)]), ..Display::default() }
    }

    #[test]
    fn an_offer_says_what_the_catalog_says() {
        let tx = Tx::new(&NOTHING);
        assert_eq!(offer(&tx, Display::default()), Err(DisplayError::Nothing));
        sell(&tx, 2, "dark");
        let one = offer(&tx, shelves(&["i1"])).unwrap();
        let ware = one.ware("i1").unwrap();
        assert_eq!((ware.name.as_str(), ware.about.as_str()), ("Thing 001", "dark"));
        assert_eq!((ware.price.to_string().as_str(), one.more), ("BRL 4.50", 0));
        assert_eq!(offer(&tx, shelves(&["i7"])), Err(DisplayError::Unknown("i7".into())));
        assert!(matches!(offer(&tx, shelves(&[])), Err(DisplayError::Bounds(_))));
        assert!(matches!(offer(&tx, shelves(&["i1", "i1"])), Err(DisplayError::Bounds(_))));
    }

    #[test]
    fn all_that_is_sold_is_offered_as_far_as_there_is_room() {
        let tx = Tx::new(&NOTHING);
        sell(&tx, 33, &"é".repeat(500));
        let first = Display { things: Things::All(Some("i31".into())), ..Display::default() };
        let all = offer(&tx, first).unwrap();
        let ids: Vec<&str> = all.wares().map(|ware| ware.id.as_str()).collect();
        assert_eq!((ids.len(), all.more, &ids[..3]), (30, 3, &["i31", "i0", "i1"][..]));
        assert!(all.wares().all(|ware| ware.about.len() <= WARE_ABOUT_SHORT && ware.about.ends_with("é…")));
        let text = "x".repeat(crate::base::said_limits::MENU_TEXT_MAX);
        let tight = offer(&tx, Display { text, header: "x".repeat(240), ..Display::default() }).unwrap();
        assert!(tight.wares().all(|ware| ware.about.is_empty() || ware.about.ends_with('…')));
        let none = Display { things: Things::All(Some("i99".into())), ..Display::default() };
        assert_eq!(offer(&tx, none), Err(DisplayError::Unknown("i99".into())));
    }

    #[test]
    fn pictures_go_along_as_far_as_there_is_room() {
        let tx = Tx::new(&NOTHING);
        sell(&tx, 3, "");
        let thumbnail = [&[0xFF, 0xD8, 0xFF][..], &[0; THUMBNAIL_MAX - 3]].concat();
        for id in ["i0", "i2"] {
            catalog::show(&tx, id, Some(Picture { width: 8, height: 6, thumbnail: thumbnail.clone() }));
        }
        let pictured = |display: Display| -> Vec<bool> {
            let offer = offer(&tx, display).unwrap();
            assert_eq!(offer.check(), Ok(()));
            offer.wares().map(|ware| ware.picture.is_some()).collect()
        };
        assert_eq!(pictured(Display::default()), [true, false, false], "two are too large");
        assert_eq!(pictured(shelves(&["i2"])), [true]);
        catalog::show(&tx, "i2", Some(Picture { width: 8, height: 6, thumbnail: thumbnail[..99].to_vec() }));
        assert_eq!(pictured(Display::default()), [true, false, true]);
    }
}
