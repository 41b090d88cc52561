//! Things that a business sells, shown to a person.

use std::collections::BTreeSet;

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::limits::NAME_MAX;
use crate::base::money::Money;
use crate::base::said_limits::{
    MENU_EDGE_MAX, MENU_TEXT_MAX, OFFER_ITEMS_MAX, ROW_TITLE_MAX, SAID_MAX, SHELVES_MAX, WARE_ABOUT_MAX,
    WARE_ID_MAX,
};
use crate::wire::decode::{Malformed, is_line, is_text, required};
use crate::wire::plan::{money_from_schema, money_to_schema};
use crate::wire::said::file::Picture;
use crate::wire::schema;

/// Things that a business sells, on one shelf or several.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Offer {
    /// What stands above the text; may be empty.
    pub header: String,
    /// The text itself; may be empty.
    pub text: String,
    /// What stands below the things; may be empty.
    pub footer: String,
    /// At least one.
    pub shelves: Vec<Shelf>,
    /// How many more things the business sells that aren't in it.
    pub more: u32,
}

/// A part of an offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shelf {
    /// May be empty where it is the only one.
    pub title: String,
    /// At least one.
    pub wares: Vec<Ware>,
}

/// A thing that is sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ware {
    /// For programs; no other thing of the offer has it.
    pub id: String,
    /// For people.
    pub name: String,
    /// More about it; may be empty.
    pub about: String,
    /// What one costs.
    pub price: Money,
    /// Its thumbnail is the picture; the sides are those of what that was made from.
    pub picture: Option<Picture>,
}

impl Offer {
    /// All things, in their order.
    pub fn wares(&self) -> impl Iterator<Item = &Ware> {
        self.shelves.iter().flat_map(|shelf| &shelf.wares)
    }

    /// The thing that has this id.
    pub fn ware(&self, id: &str) -> Option<&Ware> {
        self.wares().find(|ware| ware.id == id)
    }

    /// Whether it has room in a message.
    pub fn fits(&self) -> bool {
        self.to_schema().encoded_len() <= SAID_MAX
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if !is_text(&self.text, MENU_TEXT_MAX) {
            return Err(Malformed("the text of an offer has at most 4,096 bytes, and no control characters"));
        }
        if !is_line(&self.header, MENU_EDGE_MAX) || !is_line(&self.footer, MENU_EDGE_MAX) {
            return Err(Malformed("the header and the footer of an offer are lines of at most 240 bytes"));
        }
        if !(1..=SHELVES_MAX).contains(&self.shelves.len()) || self.wares().count() > OFFER_ITEMS_MAX {
            return Err(Malformed("an offer has 1 to 10 shelves, and at most 30 things in all"));
        }
        let several = self.shelves.len() > 1;
        let is_shelf = |shelf: &Shelf| {
            !shelf.wares.is_empty()
                && is_line(&shelf.title, ROW_TITLE_MAX)
                && (!several || !shelf.title.is_empty())
        };
        if !self.shelves.iter().all(is_shelf) {
            return Err(Malformed(
                "a shelf of an offer has things, and a title of at most 96 bytes where there are several",
            ));
        }
        let ids: BTreeSet<&str> = self.wares().map(|ware| ware.id.as_str()).collect();
        if ids.len() != self.wares().count() {
            return Err(Malformed("nothing is twice in an offer"));
        }
        self.wares().try_for_each(Ware::check)?;
        if self.fits() { Ok(()) } else { Err(Malformed("an offer has at most 12,288 bytes in all")) }
    }

    pub(crate) fn to_schema(&self) -> schema::GoodsOffer {
        let shelf = |shelf: &Shelf| schema::Shelf {
            title: shelf.title.clone(),
            wares: shelf.wares.iter().map(Ware::to_schema).collect(),
        };
        schema::GoodsOffer {
            header: self.header.clone(),
            text: self.text.clone(),
            footer: self.footer.clone(),
            shelves: self.shelves.iter().map(shelf).collect(),
            more: self.more,
        }
    }

    pub(crate) fn from_schema(offer: schema::GoodsOffer) -> Result<Self, Malformed> {
        let shelf = |shelf: schema::Shelf| {
            let wares: Result<_, Malformed> = shelf.wares.into_iter().map(Ware::from_schema).collect();
            Ok(Shelf { title: shelf.title, wares: wares? })
        };
        let shelves: Result<_, Malformed> = offer.shelves.into_iter().map(shelf).collect();
        let schema::GoodsOffer { header, text, footer, more, .. } = offer;
        let offer = Self { header, text, footer, shelves: shelves?, more };
        offer.check().map(|()| offer)
    }
}

impl Ware {
    fn check(&self) -> Result<(), Malformed> {
        let is_named = is_ware(&self.id, &self.name) && is_text(&self.about, WARE_ABOUT_MAX);
        let is_shown =
            self.picture.as_ref().is_none_or(|picture| picture.is_valid() && !picture.thumbnail.is_empty());
        if is_named && self.price.minor >= 0 && is_shown {
            Ok(())
        } else {
            Err(Malformed("a thing has an id, a name, a price, and a description of at most 1,024 bytes"))
        }
    }

    fn to_schema(&self) -> schema::Ware {
        schema::Ware {
            id: self.id.clone(),
            name: self.name.clone(),
            about: self.about.clone(),
            price: Some(money_to_schema(&self.price)),
            picture: self.picture.as_ref().map(Picture::to_schema),
        }
    }

    fn from_schema(ware: schema::Ware) -> Result<Self, Malformed> {
        let schema::Ware { id, name, about, price, picture } = ware;
        let price = money_from_schema(required(price)?)?;
        Ok(Self { id, name, about, price, picture: picture.map(Picture::from_schema) })
    }
}

/// Whether these are the id and the name of a thing.
pub(super) fn is_ware(id: &str, name: &str) -> bool {
    !id.is_empty() && is_line(id, WARE_ID_MAX) && !name.is_empty() && is_line(name, NAME_MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::file_limits::THUMBNAIL_MAX;

    pub(crate) fn ware(id: &str) -> Ware {
        let price = Money::parse("19.90", "BRL".parse().unwrap()).unwrap();
        Ware { id: id.into(), name: format!("Thing {id}"), about: "800 g".into(), price, picture: None }
    }

    pub(crate) fn offer() -> Offer {
        let picture = Picture { width: 800, height: 600, thumbnail: vec![0xFF, 0xD8, 0xFF, 0xE0] };
        let rye = Ware { picture: Some(picture), ..ware("rye") };
        let shelves = vec![Shelf { title: String::new(), wares: vec![rye, ware("oat")] }];
        Offer {
            header: "Padaria".into(),
            text: "Fresh today".into(),
            footer: "till 19:00".into(),
            shelves,
            more: 2,
        }
    }

    fn shelves(shelves: usize, wares: usize) -> Offer {
        let shelf = |number: usize| Shelf {
            title: format!("Shelf {number}"),
            wares: (0..wares).map(|at| ware(&format!("{number}.{at}"))).collect(),
        };
        Offer { shelves: (0..shelves).map(shelf).collect(), ..offer() }
    }

    #[test]
    fn offers_read_back() {
        let silent = Offer { header: String::new(), text: String::new(), footer: String::new(), ..offer() };
        for good in [offer(), silent, shelves(10, 3), shelves(1, 30)] {
            assert_eq!(Offer::from_schema(good.to_schema()), Ok(good));
        }
        assert_eq!(offer().ware("oat"), Some(&ware("oat")));
        assert_eq!(offer().ware("bun"), None);
    }

    #[test]
    fn the_fullest_offer_can_be_said_without_descriptions_and_pictures() {
        let mut full = shelves(10, 3);
        full.text = "x".repeat(MENU_TEXT_MAX);
        (full.header, full.footer) = ("x".repeat(MENU_EDGE_MAX), "x".repeat(MENU_EDGE_MAX));
        for (at, shelf) in full.shelves.iter_mut().enumerate() {
            shelf.title = "x".repeat(ROW_TITLE_MAX);
            for (row, ware) in shelf.wares.iter_mut().enumerate() {
                ware.id = format!("{at}.{row}.{}", "x".repeat(WARE_ID_MAX - 4));
                ware.name = "x".repeat(NAME_MAX);
                ware.about.clear();
                ware.price.minor = i64::MAX;
            }
        }
        assert_eq!(full.check(), Ok(()));
        full.shelves[0].wares[0].about = "x".repeat(WARE_ABOUT_MAX);
        full.shelves[0].wares[1].about = "x".repeat(WARE_ABOUT_MAX);
        assert!(full.check().is_err(), "it has no room");
    }

    #[test]
    fn an_offer_that_would_not_fit_or_could_deceive_is_refused() {
        let with = |change: &dyn Fn(&mut Ware)| {
            let mut offer = offer();
            change(&mut offer.shelves[0].wares[0]);
            offer
        };
        let small = |thumbnail: Vec<u8>| Some(Picture { width: 1, height: 1, thumbnail });
        let jpeg = [&[0xFF, 0xD8, 0xFF][..], &[0; THUMBNAIL_MAX]].concat();
        let mut untitled = shelves(2, 1);
        untitled.shelves[1].title.clear();
        let wrong = [
            Offer { shelves: Vec::new(), ..offer() },
            Offer { text: "\u{1b}[2J".into(), ..offer() },
            Offer { header: "two\nlines".into(), ..offer() },
            shelves(11, 1),
            shelves(1, 31),
            shelves(1, 0),
            untitled,
            with(&|ware| ware.id = "oat".into()),
            with(&|ware| ware.id.clear()),
            with(&|ware| ware.name = "\u{202e}eyr".into()),
            with(&|ware| ware.about = "x".repeat(WARE_ABOUT_MAX + 1)),
            with(&|ware| ware.picture = small(Vec::new())),
            with(&|ware| ware.picture = small(jpeg.clone())),
            with(&|ware| ware.picture = small(b"<svg onload=x>".to_vec())),
        ];
        for wrong in wrong {
            assert!(Offer::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
        let mut unpriced = offer().to_schema();
        unpriced.shelves[0].wares[0].price = None;
        assert!(Offer::from_schema(unpriced).is_err());
    }
}
