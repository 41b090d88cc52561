//! Searches: the index asked page by page, then every profile fetched and verified before it is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::domain::directory::found::FOUND;
use crate::domain::directory::listing::is_listed;
use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::directory::search::{self, Query};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::found_business::FoundBusiness;
use crate::engine::hosting::local_page;
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Step};
use crate::engine::pending::{Deadline, Fetched, Question, Search, SearchStage, Want};
use crate::store::table::Rows as _;
use crate::wire::ask::{Answer, Ask};
use crate::wire::index::{IndexRequest, IndexResponse};
use crate::wire::peer::PeerAddress;

/// How many of the peers closest to a key are asked.
const PEERS_ASKED: usize = 6;

impl Engine {
    /// Starts a search; its answer comes when enough was found, the index has no more, or its time is over.
    pub(super) fn find(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, query: Query) {
        let Some(plan) = search::plan(&query) else {
            self.reply(ticket, Err(Refusal::Query));
            return;
        };
        let keys = plan.keys.clone();
        let mut search = Search {
            query,
            plan,
            until: step.now.plus(limits::FIND_PATIENCE),
            keepers: BTreeMap::new(),
            open: keys.len(),
            stage: SearchStage::Asking(Vec::new()),
            found: Vec::new(),
            peers: BTreeSet::new(),
            refused: 0,
        };
        search.take_own_pages(step);
        self.lookups.searches.insert(ticket, search);
        self.lookups.expect_by(step.now.plus(limits::KEEPERS_PATIENCE), Deadline::Search(ticket));
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
        search.open -= 1;
        let keepers: Vec<PeerAddress> = peers.into_iter().take(PEERS_ASKED).collect();
        search.peers.extend(keepers.iter().map(|peer| peer.peer().as_bytes().to_vec()));
        search.keepers.insert(key, keepers);
        if search.keepers.len() == search.plan.keys.len() {
            // From here on only the keepers are waited for.
            self.lookups.expect_by(step.now.plus(limits::INDEX_PATIENCE), Deadline::Search(ticket));
        }
        self.ask_keepers(ticket, &key);
        self.search_settled(step, ticket);
    }

    fn ask_keepers(&mut self, ticket: Ticket, key: &[u8; 32]) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        let Some(keepers) = search.keepers.get(key).cloned() else { return };
        search.open += keepers.len();
        let facets = search.plan.facets.clone();
        let request = IndexRequest::Get { key: *key, cursor: search.query.cursor, facets };
        let body = Ask::Index(request.encode()).encode();
        for peer in keepers {
            let body = body.clone();
            self.ask_network(Question::SearchPage { search: ticket }, |query| Effect::Ask {
                query,
                peer,
                body,
            });
        }
    }

    pub(super) fn page_answered(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, answer: Option<Answer>) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        search.open = search.open.saturating_sub(1);
        if let (Some(Answer::Index(response)), SearchStage::Asking(pages)) = (answer, &mut search.stage)
            && let Ok(IndexResponse::Page { entries, .. }) = IndexResponse::decode(&response)
        {
            let page = search::sift(entries, &search.plan, &search.query, step.now);
            search.refused += page.refused();
            pages.push(page);
        }
        self.search_settled(step, ticket);
    }

    /// When the index has answered, the candidates' profiles are fetched; when they are there, the next page is
    /// asked for, as long as there is one, too little was found, and time is left.
    fn search_settled(&mut self, step: &mut Step<'_, '_>, ticket: Ticket) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        if search.open > 0 {
            return;
        }
        match &search.stage {
            SearchStage::Asking(pages) => {
                let (candidates, next) = search::merge(pages, limits::FIND_MAX - search.found.len());
                search.stage = SearchStage::Fetching(next);
                search.open = candidates.len();
                let until = search.until;
                self.lookups.expect_by(until, Deadline::Search(ticket));
                if candidates.is_empty() {
                    self.end_search(ticket);
                }
                for account in candidates {
                    self.fetch(step, account, Want::Search(ticket));
                }
            }
            SearchStage::Fetching(Some(next)) if search.wants_more(step) => {
                search.query.cursor = Some(*next);
                self.turn_page(step, ticket);
            }
            SearchStage::Fetching(_) => self.end_search(ticket),
        }
    }

    fn turn_page(&mut self, step: &mut Step<'_, '_>, ticket: Ticket) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        search.take_own_pages(step);
        let keys = search.plan.keys.clone();
        self.lookups.expect_by(step.now.plus(limits::INDEX_PATIENCE), Deadline::Search(ticket));
        for key in keys {
            self.ask_keepers(ticket, &key);
        }
        self.search_settled(step, ticket);
    }

    pub(super) fn search_fetched(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, fetched: &Fetched) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        search.open = search.open.saturating_sub(1);
        search.refused += fetched.refused;
        let operator = search.query.listed_by.map(|operator| {
            let record = step.tx.copy(&FOUND, operator.as_bytes()).and_then(|floor| floor.record);
            record.and_then(|record| VerifiedProfile::verify(&record, step.now).ok())
        });
        let listed = |profile: &VerifiedProfile| match &operator {
            None => true,
            Some(None) => false,
            Some(Some(operator)) => is_listed(profile.profile(), operator, step.now),
        };
        let matching = fetched
            .profile
            .iter()
            .filter(|profile| search::matches(profile.profile(), &search.query) && listed(profile));
        search.found.extend(matching.cloned());
        self.search_settled(step, ticket);
    }

    /// The time for what is open is over: a page goes on with what was answered, profiles that didn't come end it.
    pub(super) fn search_overdue(&mut self, step: &mut Step<'_, '_>, ticket: Ticket) {
        let Some(search) = self.lookups.searches.get_mut(&ticket) else { return };
        if matches!(search.stage, SearchStage::Fetching(_)) {
            self.end_search(ticket);
            return;
        }
        search.open = 0;
        self.forget_questions_of(ticket);
        self.search_settled(step, ticket);
    }

    fn forget_questions_of(&mut self, ticket: Ticket) {
        self.lookups.forget(|question| match question {
            Question::SearchPeers { search, .. } | Question::SearchPage { search } => *search == ticket,
            _ => false,
        });
    }

    fn end_search(&mut self, ticket: Ticket) {
        let Some(search) = self.lookups.searches.remove(&ticket) else { return };
        self.forget_questions_of(ticket);
        let peers_asked = search.peers.len() as u32;
        self.counters.refused_records += u64::from(search.refused);
        if peers_asked == 0 && search.found.is_empty() {
            self.reply(ticket, Err(Refusal::NoPeers));
            return;
        }
        let mut businesses: Vec<FoundBusiness> = search.found.iter().map(FoundBusiness::of).collect();
        businesses.sort_by(|one, other| {
            (&one.profile.name, &one.address).cmp(&(&other.profile.name, &other.address))
        });
        let next = search.stage.next();
        self.reply(ticket, Ok(Outcome::Found { businesses, next, peers_asked, refused: search.refused }));
    }
}

impl Search {
    /// Begins a page with what this node itself keeps.
    fn take_own_pages(&mut self, step: &Step<'_, '_>) {
        let own = self.plan.keys.iter().map(|key| {
            let (entries, _) = local_page(step, key, self.query.cursor, &self.plan.facets);
            search::sift(entries, &self.plan, &self.query, step.now)
        });
        self.stage = SearchStage::Asking(own.collect());
    }

    fn wants_more(&self, step: &Step<'_, '_>) -> bool {
        self.found.len() < limits::FIND_MAX && step.now < self.until
    }
}

impl SearchStage {
    /// Where the next page begins, if there is one.
    fn next(&self) -> Option<AccountId> {
        match self {
            Self::Fetching(next) => *next,
            Self::Asking(_) => None,
        }
    }
}
