//! Terms: what a profile is found under, and where in the key space that lies.

use crate::base::fold;
use crate::base::id::AccountId;
use crate::base::limits;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::wire::index::{Facet, Facets, Field};
use crate::wire::record::Profile;

/// The folded form of a value of `field`; none where there is no word in it.
///
/// A word is its first folded word; a category and a region are their words joined by `-`; a language is its
/// primary subtag, so that `pt` and `pt-BR` are one term.
pub fn term(field: Field, text: &str) -> Option<String> {
    let words = fold::words(text);
    match field {
        Field::Category | Field::Region => {
            let joined = words.join("-");
            let end = joined.floor_char_boundary(limits::TERM_MAX);
            (!joined.is_empty()).then(|| joined[..end].to_owned())
        }
        Field::Word | Field::Country | Field::Language => words.into_iter().next(),
    }
}

/// The terms that a profile is found under, none twice, at most [`limits::INDEX_TERMS_MAX`]: its categories,
/// country, region and languages, then the words of its name, then the words of its categories.
pub fn terms(profile: &Profile) -> Vec<(Field, String)> {
    let of = |field, texts: &[String]| -> Vec<(Field, String)> {
        texts.iter().filter_map(|text| Some((field, term(field, text)?))).collect()
    };
    let words = |text: &String| fold::words(text).into_iter().map(|word| (Field::Word, word));
    let mut terms = of(Field::Category, &profile.categories);
    terms.extend(of(Field::Country, core::slice::from_ref(&profile.country)));
    terms.extend(of(Field::Region, core::slice::from_ref(&profile.region)));
    terms.extend(of(Field::Language, &profile.languages));
    terms.extend(words(&profile.name));
    terms.extend(profile.categories.iter().flat_map(words));
    let mut distinct: Vec<(Field, String)> = Vec::new();
    for term in terms {
        if !distinct.contains(&term) {
            distinct.push(term);
        }
    }
    distinct.truncate(limits::INDEX_TERMS_MAX);
    distinct
}

/// The short hash of a term.
pub fn facet(field: Field, term: &str) -> Facet {
    let hash = sha256(&[&label::INDEX_FACET.with(&[&[field as u8], term.as_bytes()])]);
    Facet([hash[0], hash[1], hash[2]])
}

/// The facets of terms.
pub fn facets<'t>(terms: impl IntoIterator<Item = &'t (Field, String)>) -> Facets {
    Facets::new(terms.into_iter().map(|(field, term)| facet(*field, term)))
}

/// Into how many shards the entries of one term are divided: more where one term has many entries. A search
/// asks all of them, an entry lies in one.
pub const fn shards(field: Field) -> u8 {
    match field {
        Field::Word => 1,
        Field::Category | Field::Region => 4,
        Field::Country | Field::Language => 16,
    }
}

/// The shard that an account's entries of `field` lie in.
pub fn shard(field: Field, account: &AccountId) -> u8 {
    sha256(&[&label::INDEX_SHARD.with(&[account.as_bytes()])])[0] % shards(field)
}

/// Where one shard of a term's entries lies.
pub fn index_key(field: Field, term: &str, shard: u8) -> [u8; 32] {
    sha256(&[&label::INDEX_KEY.with(&[&[field as u8], term.as_bytes(), &[shard]])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_own_form() {
        let of = |field, text| term(field, text);
        assert_eq!(of(Field::Category, "Coffee  Shop").as_deref(), Some("coffee-shop"));
        assert_eq!(of(Field::Region, "BR-SP").as_deref(), Some("br-sp"));
        assert_eq!(of(Field::Region, "São Paulo").as_deref(), Some("sao-paulo"));
        assert_eq!(of(Field::Language, "pt-BR"), of(Field::Language, "PT"));
        assert_eq!(of(Field::Country, "BR").as_deref(), Some("br"));
        assert_eq!(of(Field::Word, "…"), None);
        assert_eq!(of(Field::Category, &"abc ".repeat(20)).unwrap().len(), limits::TERM_MAX);
    }

    #[test]
    fn field_term_and_shard_each_move_the_key() {
        let keys = [
            index_key(Field::Word, "br", 0),
            index_key(Field::Country, "br", 0),
            index_key(Field::Country, "br", 1),
            index_key(Field::Country, "in", 0),
        ];
        assert!((0..4).all(|i| (0..i).all(|j| keys[i] != keys[j])));
        assert_ne!(facet(Field::Word, "br"), facet(Field::Country, "br"));
    }

    #[test]
    fn accounts_spread_over_all_shards() {
        let mut counts = [0; 16];
        for byte in 0..=255 {
            counts[usize::from(shard(Field::Country, &AccountId::new([byte; 32])))] += 1;
        }
        assert!(counts.iter().all(|count| *count > 3), "{counts:?}");
    }
}
