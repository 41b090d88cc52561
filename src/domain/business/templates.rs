//! The registry of templates: each with its versions, of which the newest is used unless another is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::time::Time;
use crate::domain::business::template::Definition;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Versions of templates by name, at their number.
pub const TEMPLATES: Table<Kept> = Table::new(TableId::Templates, 1);

/// A version of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its number, from 1.
    pub version: u32,
    /// When it was added.
    pub added: Time,
    /// The template.
    pub definition: Definition,
}

/// A version as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) added: Time,
    /// None where the template was removed: what remains is its last number, which never stands for other words.
    pub(super) definition: Option<Definition>,
}

impl Kept {
    fn into_version(self) -> Option<Version> {
        Some(Version { version: self.version, added: self.added, definition: self.definition? })
    }
}

/// Adds a template, or a new version of one; the same again changes nothing. Returns the number of the version; none
/// where there are too many templates.
pub fn put(tx: &Tx<'_>, definition: Definition, now: Time) -> Option<u32> {
    let name = definition.name.clone();
    let mut kept = kept(tx, &name);
    let newest = kept.first();
    if newest.is_some_and(|newest| newest.definition.as_ref() == Some(&definition)) {
        return newest.map(|newest| newest.version);
    }
    let is_known = newest.is_some_and(|newest| newest.definition.is_some());
    if !is_known && list(tx).len() >= limits::TEMPLATES_KEPT_MAX {
        return None;
    }
    let version = newest.map_or(1, |newest| newest.version.saturating_add(1));
    if !is_known {
        kept.drain(..).for_each(|past| delete(tx, &past));
    }
    kept.into_iter().skip(limits::TEMPLATE_VERSIONS_MAX - 1).for_each(|past| delete(tx, &past));
    let key = TEMPLATES.key_at(name.as_bytes(), u64::from(version));
    tx.put(&TEMPLATES, key, Kept { name, version, added: now, definition: Some(definition) });
    Some(version)
}

/// Removes a template with all its versions; false where there is none.
pub fn remove(tx: &Tx<'_>, name: &str) -> bool {
    let mut kept = kept(tx, name).into_iter();
    let Some(newest) = kept.next().filter(|newest| newest.definition.is_some()) else { return false };
    kept.for_each(|past| delete(tx, &past));
    let key = TEMPLATES.key_at(name.as_bytes(), u64::from(newest.version));
    tx.put(&TEMPLATES, key, Kept { definition: None, ..newest });
    true
}

/// A version of a template, the newest where none is asked for.
pub fn get(rows: &impl Rows, name: &str, version: Option<u32>) -> Option<Version> {
    let mut versions = versions(rows, name).into_iter();
    versions.find(|one| version.is_none_or(|wanted| one.version == wanted))
}

/// All versions of a template that are kept, newest first.
pub fn versions(rows: &impl Rows, name: &str) -> Vec<Version> {
    kept(rows, name).into_iter().filter_map(Kept::into_version).collect()
}

/// The newest version of each template, by name.
pub fn list(rows: &impl Rows) -> Vec<Version> {
    let mut newest: BTreeMap<String, Version> = BTreeMap::new();
    for (_, kept) in rows.scan(&TEMPLATES, &TEMPLATES.all()) {
        if newest.get(&kept.name).is_none_or(|known| known.version < kept.version)
            && let Some(version) = Kept::clone(&kept).into_version()
        {
            newest.insert(kept.name.clone(), version);
        }
    }
    newest.into_values().collect()
}

fn kept(rows: &impl Rows, name: &str) -> Vec<Kept> {
    let rows = rows.scan(&TEMPLATES, &TEMPLATES.of(name.as_bytes()).reversed());
    rows.into_iter().map(|(_, kept)| Arc::unwrap_or_clone(kept)).collect()
}

fn delete(tx: &Tx<'_>, kept: &Kept) {
    tx.delete(&TEMPLATES, TEMPLATES.key_at(kept.name.as_bytes(), u64::from(kept.version)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::business::template::tests::definition;
    use crate::store::memory::NOTHING;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn worded(body: &str) -> Definition {
        let mut definition = definition();
        let words = definition.languages.get_mut("en").unwrap();
        words.body = format!("{}{body}", words.body);
        definition
    }

    #[test]
    fn the_same_words_are_one_version_and_other_words_the_next() {
        let tx = Tx::new(&NOTHING);
        assert_eq!(put(&tx, definition(), NOW), Some(1));
        assert_eq!(put(&tx, definition(), NOW), Some(1));
        assert_eq!(put(&tx, worded("!"), NOW), Some(2));
        assert_eq!(get(&tx, "loaves", None).unwrap().definition, worded("!"));
        assert_eq!(get(&tx, "loaves", Some(1)).unwrap().definition, definition());
        for number in 0..20 {
            put(&tx, worded(&number.to_string()), NOW);
        }
        let kept: Vec<u32> = versions(&tx, "loaves").iter().map(|version| version.version).collect();
        assert_eq!(kept, [22, 21, 20, 19, 18, 17, 16, 15]);
        assert_eq!(list(&tx).len(), 1);
    }

    #[test]
    fn a_number_never_stands_for_other_words() {
        let tx = Tx::new(&NOTHING);
        put(&tx, definition(), NOW);
        assert!(remove(&tx, "loaves") && !remove(&tx, "loaves"));
        assert!(list(&tx).is_empty() && get(&tx, "loaves", None).is_none());
        assert_eq!(put(&tx, worded("?"), NOW), Some(2));
        assert!(!remove(&tx, "nothing"));
    }
}
