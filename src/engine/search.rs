//! Searches: the index asked page by page, then every profile fetched and verified before it is shown.

use std::collections::BTreeSet;

use crate::base::id::AccountId;
use crate::base::limits;
use crate::domain::directory::entry::VerifiedEntry;
use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::directory::search::{self, Query};
use crate::domain::identity::address;
use crate::engine::command::{FoundBusiness, Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::hosting::local_page;
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Step};
use crate::engine::pending::{Deadline, Fetched, Question, Search, Want};
use crate::engine::view::ProfileView;
use crate::wire::ask::{Answer, Ask};
use crate::wire::index::{IndexRecord, IndexRequest, IndexResponse};
use crate::wire::peer::PeerAddress;

/// How many of the peers closest to a key are asked.
const PEERS_ASKED: usize = 6;

impl Engine {
    /// Starts a search; its answer comes when it is done, or when its time is over.
    pub(super) fn find(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, query: Query) {
        let Some(plan) = search::plan(&query) else {
            self.reply(ticket, Err(Refusal::Query));
            return;
        };
        let keys = plan.keys.clone();
        let mut search = Search {
            query,
            plan,
            open: keys.len(),
            candidates: BTreeSet::new(),
            fetching: false,
            found: Vec::new(),
            peers: BTreeSet::new(),
            refused: 0,
        };
        for key in &keys {
            let (entries, _) = local_page(step, key, search.query.cursor, &search.plan.facets);
            search.take_page(step, key, entries);
        }
        self.lookups.searches.insert(ticket, search);
        self.lookups.expect_by(step.now.plus(limits::FIND_PATIENCE), Deadline::Search(ticket));
        for key in keys {
            let question = Question::SearchPeers { search: ticket, key };
            self.ask_network(question, |query| Effect::ClosestPeers { query, key });
        }
    }

    pub(super) fn search_peers(
        &mut self,
        step: &mut Step<'_, '_>,
        ticket: Ticket,
        key: [u8; 32],
        peers: Vec<PeerAddress>,
    ) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        let asked: Vec<PeerAddress> = peers.into_iter().take(PEERS_ASKED).collect();
        search.open = search.open - 1 + asked.len();
        search.peers.extend(asked.iter().map(|peer| peer.peer().as_bytes().to_vec()));
        let request =
            IndexRequest::Get { key, cursor: search.query.cursor, facets: search.plan.facets.clone() };
        let body = Ask::Index(request.encode()).encode();
        for peer in asked {
            let (question, body) = (Question::SearchPage { search: ticket, key }, body.clone());
            self.ask_network(question, |query| Effect::Ask { query, peer, body });
        }
        self.search_settled(step, ticket);
    }

    pub(super) fn page_answered(
        &mut self,
        step: &mut Step<'_, '_>,
        ticket: Ticket,
        key: [u8; 32],
        answer: Option<Answer>,
    ) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        search.open = search.open.saturating_sub(1);
        if let Some(Answer::Index(response)) = answer
            && let Ok(IndexResponse::Page { entries, .. }) = IndexResponse::decode(&response)
        {
            search.take_page(step, &key, entries);
        }
        self.search_settled(step, ticket);
    }

    /// When the index has answered, the candidates' profiles are fetched; when they are there, the search ends.
    fn search_settled(&mut self, step: &mut Step<'_, '_>, ticket: Ticket) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        if search.open > 0 {
            return;
        }
        if search.fetching || search.candidates.is_empty() {
            self.end_search(step, ticket);
            return;
        }
        search.fetching = true;
        let candidates: Vec<AccountId> = search.candidates.iter().copied().take(limits::FIND_MAX).collect();
        search.open = candidates.len();
        for account in candidates {
            self.fetch(step, account, Want::Search(ticket));
        }
    }

    pub(super) fn search_fetched(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, fetched: &Fetched) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        search.open = search.open.saturating_sub(1);
        search.refused += fetched.refused;
        let matching =
            fetched.profile.iter().filter(|profile| search::matches(profile.profile(), &search.query));
        search.found.extend(matching.cloned());
        self.search_settled(step, ticket);
    }

    pub(super) fn end_search(&mut self, _step: &mut Step<'_, '_>, ticket: Ticket) {
        let Some(search) = self.lookups.searches.remove(&ticket) else { return };
        let peers_asked = search.peers.len() as u32;
        self.counters.refused_records += u64::from(search.refused);
        if peers_asked == 0 && search.found.is_empty() {
            self.reply(ticket, Err(Refusal::NoPeers));
            return;
        }
        let mut businesses: Vec<FoundBusiness> = search.found.iter().map(found_business).collect();
        businesses.sort_by(|one, other| {
            (&one.profile.name, &one.address).cmp(&(&other.profile.name, &other.address))
        });
        self.reply(ticket, Ok(Outcome::Found { businesses, peers_asked, refused: search.refused }));
    }
}

impl Search {
    /// Takes in the entries that hold, lie under the key that was asked, and may match.
    fn take_page(&mut self, step: &Step<'_, '_>, key: &[u8; 32], records: Vec<IndexRecord>) {
        for record in records {
            match VerifiedEntry::verify(record, step.now) {
                Ok(entry) if entry.key() == *key => {
                    if search::may_match(entry.entry(), &self.query)
                        && self.candidates.len() < limits::FIND_MAX
                    {
                        self.candidates.insert(entry.entry().account);
                    }
                }
                _ => self.refused += 1,
            }
        }
    }
}

/// A verified profile as a search shows it.
pub(super) fn found_business(profile: &VerifiedProfile) -> FoundBusiness {
    FoundBusiness {
        address: address::encode(&profile.account()),
        profile: ProfileView::of(profile.profile()),
    }
}
