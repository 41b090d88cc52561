//! The catalog: what a business sells, with prices and pictures.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::limits::NAME_MAX;
use crate::base::money::Money;
use crate::domain::business::names::is_slug;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::decode::{is_line, is_text};
use crate::wire::said::file::Picture;

/// Things by their id.
pub const CATALOG: Table<Item> = Table::new(TableId::Catalog, 1);

/// Small pictures of things, by the thing's id: each fits the message that offers the thing.
pub const PICTURES: Table<Picture> = Table::new(TableId::CatalogPictures, 1);

/// One thing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its id: `a-z`, `0-9`, `_` and `-`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// A description; may be empty.
    pub about: String,
    /// What one costs.
    pub price: Money,
}

impl Item {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// The first thing that isn't.
    pub fn check(&self) -> Result<(), ItemError> {
        if !is_slug(&self.id, limits::DESK_NAME_MAX) {
            return Err(ItemError::Id);
        }
        if self.name.is_empty() || !is_line(&self.name, NAME_MAX) {
            return Err(ItemError::Name);
        }
        if !is_text(&self.about, limits::ITEM_ABOUT_MAX) {
            return Err(ItemError::About);
        }
        if self.price.minor < 0 { Err(ItemError::Price) } else { Ok(()) }
    }
}

/// Keeps a thing, in the place of one that has its id; false where there are too many.
pub fn put(tx: &Tx<'_>, item: Item) -> bool {
    let key = CATALOG.key(item.id.as_bytes());
    let is_new = tx.with(&CATALOG, &key, |_| ()).is_none();
    if is_new && tx.scan(&CATALOG, &CATALOG.all()).len() >= limits::CATALOG_MAX {
        return false;
    }
    tx.put(&CATALOG, key, item);
    true
}

/// Removes a thing with its picture; false where there is none.
pub fn remove(tx: &Tx<'_>, id: &str) -> bool {
    let key = CATALOG.key(id.as_bytes());
    let known = tx.with(&CATALOG, &key, |_| ()).is_some();
    tx.delete(&CATALOG, key);
    show(tx, id, None);
    known
}

/// Keeps the picture of a thing, in the place of the one that it had; without one it has none any more.
pub fn show(tx: &Tx<'_>, id: &str, picture: Option<Picture>) {
    let key = PICTURES.key(id.as_bytes());
    match picture {
        Some(picture) => tx.put(&PICTURES, key, picture),
        None => tx.delete(&PICTURES, key),
    }
}

/// One thing.
pub fn get(rows: &impl Rows, id: &str) -> Option<Arc<Item>> {
    rows.row(&CATALOG, id.as_bytes())
}

/// The picture of a thing.
pub fn picture(rows: &impl Rows, id: &str) -> Option<Arc<Picture>> {
    rows.row(&PICTURES, id.as_bytes())
}

/// All things, by name.
pub fn list(rows: &impl Rows) -> Vec<Item> {
    let all = rows.scan(&CATALOG, &CATALOG.all()).into_iter();
    let mut all: Vec<Item> = all.map(|(_, item)| Arc::unwrap_or_clone(item)).collect();
    all.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    all
}

/// What is wrong with a thing of the catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ItemError {
    /// Its id.
    #[error("an id is made of a-z, 0-9, _ and -, at most {max} of them", max = limits::DESK_NAME_MAX)]
    Id,
    /// Its name.
    #[error("a name is one line of 1 to {max} bytes", max = NAME_MAX)]
    Name,
    /// Its description.
    #[error("a description is a text of at most {max} bytes", max = limits::ITEM_ABOUT_MAX)]
    About,
    /// Its price.
    #[error("a price isn't negative")]
    Price,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    fn item(id: &str, name: &str) -> Item {
        let price = Money::parse("4.50", "BRL".parse().unwrap()).unwrap();
        Item { id: id.into(), name: name.into(), about: String::new(), price }
    }

    #[test]
    fn things_are_kept_by_id_and_shown_by_name() {
        let tx = Tx::new(&NOTHING);
        assert!(put(&tx, item("1", "Rye")) && put(&tx, item("2", "Cake")) && put(&tx, item("1", "Bun")));
        let names: Vec<String> = list(&tx).into_iter().map(|item| item.name).collect();
        assert_eq!(names, ["Bun", "Cake"]);
        let picture = Picture { width: 8, height: 6, thumbnail: vec![0xFF, 0xD8, 0xFF] };
        show(&tx, "1", Some(picture.clone()));
        assert_eq!(super::picture(&tx, "1").as_deref(), Some(&picture));
        assert!(remove(&tx, "1") && !remove(&tx, "1"));
        assert_eq!((get(&tx, "1"), super::picture(&tx, "1")), (None, None), "its picture goes with it");
        assert_eq!(get(&tx, "2").unwrap().name, "Cake");
    }

    #[test]
    fn a_thing_is_within_its_bounds() {
        assert_eq!(item("rye", "Rye").check(), Ok(()));
        assert_eq!(item("Rye", "Rye").check(), Err(ItemError::Id));
        assert_eq!(item("rye", "\u{202E}").check(), Err(ItemError::Name));
        let negative = Money { minor: -1, ..item("a", "a").price };
        assert_eq!(Item { price: negative, ..item("a", "a") }.check(), Err(ItemError::Price));
        assert_eq!(Item { about: "x".repeat(2_000), ..item("a", "a") }.check(), Err(ItemError::About));
    }
}
