//! A search for businesses: what is asked, under which term, and what matches.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::fold;
use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::directory::entry::VerifiedEntry;
use crate::domain::directory::term;
use crate::wire::index::{Facets, Field, IndexRecord};
use crate::wire::record::Profile;

/// What is searched for: everything given must hold. Words match whole words of the name and the categories.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Words, as typed.
    pub words: String,
    /// A category, whole.
    pub category: Option<String>,
    /// A country's two letters.
    pub country: Option<String>,
    /// A region, whole.
    pub region: Option<String>,
    /// A language; its region doesn't matter.
    pub language: Option<String>,
    /// Only businesses that pay this operator to be listed by it; its profile must be known.
    pub listed_by: Option<AccountId>,
    /// Where a further page begins, in every shard.
    pub cursor: Option<AccountId>,
}

impl Query {
    /// The terms that must all hold; at most [`limits::QUERY_WORDS_MAX`] words are looked at.
    pub fn terms(&self) -> Vec<(Field, String)> {
        let words = fold::words(&self.words).into_iter().take(limits::QUERY_WORDS_MAX);
        let mut terms: Vec<(Field, String)> = words.map(|word| (Field::Word, word)).collect();
        let given = [
            (Field::Category, &self.category),
            (Field::Country, &self.country),
            (Field::Region, &self.region),
            (Field::Language, &self.language),
        ];
        let folded =
            |(field, text): (Field, &Option<String>)| Some((field, term::term(field, text.as_ref()?)?));
        terms.extend(given.into_iter().filter_map(folded));
        terms.sort();
        terms.dedup();
        terms
    }
}

/// How a query is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What the term is about.
    pub field: Field,
    /// The most selective term.
    pub term: String,
    /// Where its entries lie: one key for each shard.
    pub keys: Vec<[u8; 32]>,
    /// What the entries must have; to be sent along, so that pages hold only what may match.
    pub facets: Facets,
}

/// The most selective term of a query: its longest word, else its region, category, country or language. None
/// where there is nothing to search by.
pub fn plan(query: &Query) -> Option<Plan> {
    let terms = query.terms();
    let rank = |(field, term): &(Field, String)| {
        let selective = match field {
            Field::Word => 5,
            Field::Region => 4,
            Field::Category => 3,
            Field::Country => 2,
            Field::Language => 1,
        };
        (selective, term.chars().count())
    };
    let (field, term) = terms.iter().max_by_key(|term| rank(term))?.clone();
    let keys = (0..term::shards(field)).map(|shard| term::index_key(field, &term, shard)).collect();
    Some(Plan { field, term, keys, facets: term::facets(&terms) })
}

/// Whether a profile is what is searched for.
pub fn matches(profile: &Profile, query: &Query) -> bool {
    let terms = term::terms(profile);
    query.terms().iter().all(|wanted| terms.contains(wanted))
}

/// What one node answered for one shard, verified and sifted.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order of their accounts, none twice.
    entries: Vec<VerifiedEntry>,
    /// Whether the node may have more after the last entry.
    more: bool,
    /// Entries that don't hold, or are of another term.
    refused: u32,
}

impl Page {
    /// How many entries didn't hold, or were of another term.
    pub fn refused(&self) -> u32 {
        self.refused
    }
}

/// Verifies an answer: entries of the term that was asked for, after the query's cursor, that may match. What
/// a node says about a next page isn't believed: a full page has one, after its last good entry.
pub fn sift(records: Vec<IndexRecord>, plan: &Plan, query: &Query, now: Time) -> Page {
    let offered = records.len();
    let of_term = |entry: &VerifiedEntry| {
        (entry.entry().field, entry.entry().term.as_str()) == (plan.field, plan.term.as_str())
    };
    let verified = records.into_iter().filter_map(|record| VerifiedEntry::verify(record, now).ok());
    let mut entries: Vec<VerifiedEntry> = verified.filter(of_term).collect();
    let refused = u32::try_from(offered - entries.len()).unwrap_or(u32::MAX);
    entries.retain(|entry| {
        let entry = entry.entry();
        entry.facets.contain(&plan.facets) && query.cursor.is_none_or(|cursor| entry.account > cursor)
    });
    entries.sort_by_key(|entry| entry.entry().account);
    entries.dedup_by_key(|entry| entry.entry().account);
    Page { more: offered >= limits::INDEX_PAGE && !entries.is_empty(), entries, refused }
}

/// Joins what several nodes answered to one page of at most `most` businesses, in the order of their accounts,
/// and the cursor of the next page if there is one. Nothing is skipped: the page ends where a node may have more.
pub fn merge(pages: &[Page], most: usize) -> (Vec<AccountId>, Option<AccountId>) {
    let ends = pages.iter().filter(|page| page.more);
    let end = ends.filter_map(|page| page.entries.last()).map(|entry| entry.entry().account).min();
    let accounts: BTreeSet<AccountId> =
        pages.iter().flat_map(|page| &page.entries).map(|entry| entry.entry().account).collect();
    let reached = |account: &AccountId| end.is_none_or(|end| *account <= end);
    let all = accounts.len();
    let found: Vec<AccountId> = accounts.into_iter().filter(reached).take(most).collect();
    let next = if end.is_some() || found.len() < all { found.last().copied() } else { None };
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::entry::{HostedEntry, entries_of, page};
    use crate::domain::directory::fixture::{Business, NOW, padaria};

    fn query(words: &str, category: &str, country: &str) -> Query {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Query { words: words.into(), category: given(category), country: given(country), ..Query::default() }
    }

    #[test]
    fn the_most_selective_term_is_asked_in_all_its_shards() {
        let asked = |query: &Query| plan(query).map(|plan| (plan.field, plan.term, plan.keys.len()));
        assert_eq!(
            asked(&query("São João padaria", "bakery", "BR")),
            Some((Field::Word, "padaria".into(), 1))
        );
        assert_eq!(asked(&query("", "Bakery", "BR")), Some((Field::Category, "bakery".into(), 4)));
        assert_eq!(asked(&query(" ! ", "", "BR")), Some((Field::Country, "br".into(), 16)));
        assert_eq!(asked(&query("…", "", "")), None);
    }

    #[test]
    fn the_order_and_spelling_of_words_do_not_matter() {
        assert_eq!(query("joão SÃO", "", "").terms(), query("sao  Joao sao", "", "").terms());
        assert_eq!(plan(&query("joão SÃO", "", "")), plan(&query("sao joao", "", "")));
        let many = (0..20).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
        assert_eq!(query(&many, "", "").terms().len(), limits::QUERY_WORDS_MAX);
    }

    #[test]
    fn a_profile_matches_when_everything_asked_for_holds() {
        let profile = Business::new(1).profile(padaria(), 5, NOW);
        let finds = |query: &Query| matches(&profile, query);
        assert!(finds(&query("padaria sao joao", "", "")));
        assert!(finds(&query("COFFEE joão", "bakery", "BR")));
        assert!(!finds(&query("padaria", "", "PT")) && !finds(&query("padaria", "coffee", "")));
        assert!(!finds(&query("padari", "", "")), "only whole words");
        let speaks = |tag: &str| Query { language: Some(tag.into()), ..Query::default() };
        assert!(
            finds(&speaks("pt")) && finds(&speaks("pt-PT")) && finds(&speaks("EN")) && !finds(&speaks("es"))
        );
        let lies = |place: &str| Query { region: Some(place.into()), ..Query::default() };
        assert!(finds(&lies("br-sp")) && finds(&lies("BR SP")) && !finds(&lies("BR")));
    }

    /// Walks through all pages of the nodes' rows.
    fn walk(nodes: &[Vec<HostedEntry>], mut query: Query) -> Vec<AccountId> {
        let plan = plan(&query).unwrap();
        let mut found = Vec::new();
        loop {
            let ask = |rows: &Vec<HostedEntry>| {
                let (records, _) = page(rows.clone(), query.cursor, &plan.facets, NOW);
                sift(records, &plan, &query, NOW)
            };
            let pages: Vec<Page> = nodes.iter().map(ask).collect();
            let (accounts, next) = merge(&pages, limits::FIND_MAX);
            assert!(accounts.len() <= limits::FIND_MAX);
            found.extend(accounts);
            match next {
                Some(next) => query.cursor = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn answers_of_several_nodes_join_without_gaps_or_repetitions() {
        let hosted = |byte: u8| {
            let business = Business::new(byte);
            let records = entries_of(&business.verified(5), &business.log, &business.keys).into_iter();
            let entries = records.map(|(_, record)| VerifiedEntry::verify(record, NOW).unwrap());
            let entry = entries.into_iter().find(|entry| entry.entry().field == Field::Country).unwrap();
            HostedEntry::of(&entry)
        };
        let mut rows: Vec<HostedEntry> = (1..=60).map(hosted).collect();
        rows.sort_by_key(|row| row.account);
        // Three nodes that know different parts.
        let part = |keep: fn(usize) -> bool| -> Vec<HostedEntry> {
            rows.iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, row)| row.clone()).collect()
        };
        let nodes = [part(|i| i % 2 == 0), part(|i| i % 3 == 0), part(|i| i % 2 == 1 || i > 40)];
        let all: Vec<AccountId> = rows.iter().map(|row| row.account).collect();
        assert_eq!(walk(&nodes, query("", "", "BR")), all);
        assert_eq!(walk(&nodes, query("", "", "IN")), []);
        // Entries of another term than the one asked for don't count.
        assert_eq!(walk(&nodes, query("padaria", "", "BR")), []);
    }
}
