//! What a publication and a search take, by the rules of `engine/publish.rs` and `engine/search.rs`.

use super::query::{Asker, Found, query};
use super::space::{Space, mix};
use crate::base::limits::{FIND_PATIENCE, KEEPERS_PATIENCE, PROFILE_KEYS, QUERIES_MAX, QUERY_PATIENCE};

/// Peers closest to an index key that are given an entry, and of them how many are asked in a search.
const ENTRY_COPIES: usize = 20;
/// See [`ENTRY_COPIES`].
const KEEPERS_ASKED: usize = 6;

/// What is published and searched for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Work {
    /// Terms that the business is indexed under.
    pub terms: u32,
    /// Shards of the term that is searched for: all are asked.
    pub shards: u32,
    /// Businesses that the index names to the searcher, each of which is fetched.
    pub candidates: u32,
    /// The sizes of what travels.
    pub sizes: Sizes,
}

/// Bytes of what travels, each with the agreement on its protocol.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sizes {
    /// A request for the peers closest to a key, or for its record.
    pub request: f64,
    /// An answer without what it names and carries.
    pub answer: f64,
    /// One peer that an answer names.
    pub peer: f64,
    /// A profile's record inside a request or an answer.
    pub record: f64,
    /// An index entry offered: the request.
    pub entry_put: f64,
    /// And the answer.
    pub entry_put_answer: f64,
    /// A page of the index asked for: the request.
    pub page_request: f64,
    /// The answer without entries.
    pub page_answer: f64,
    /// One entry in it.
    pub entry: f64,
}

/// Requests, answers and bytes of one kind.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Part {
    /// Requests that were sent.
    pub requests: f64,
    /// Answers to them.
    pub answers: f64,
    /// Bytes of both.
    pub bytes: f64,
}

impl Part {
    /// Adds to it.
    pub fn add(&mut self, requests: f64, answers: f64, bytes: f64) {
        self.requests += requests;
        self.answers += answers;
        self.bytes += bytes;
    }
}

/// What one publication or one search took.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cost {
    /// The most hops of its queries.
    pub hops: f64,
    /// Peers asked, each as often as queries asked it.
    pub peers: f64,
    /// Peers that were to be asked and couldn't be reached.
    pub unreached: f64,
    /// Finding the peers closest to keys.
    pub routing: Part,
    /// Handing over records.
    pub puts: Part,
    /// Fetching records, reading back among it.
    pub gets: Part,
    /// Offering index entries, or asking for pages of them.
    pub index: Part,
    /// Milliseconds, as long as a query takes that waits for nobody else (see `query`).
    pub millis: f64,
    /// Whether what was wanted came while the node waited for it: the record was read back, or the profiles fetched.
    pub done: bool,
}

/// Queries of one node: so many run at once, the others wait their turn.
struct Turns<'s> {
    space: &'s Space,
    asker: Asker,
    free: [u64; QUERIES_MAX],
}

impl<'s> Turns<'s> {
    fn new(space: &'s Space, asker: usize) -> Self {
        Self { space, asker: Asker::new(asker), free: [0; QUERIES_MAX] }
    }

    /// Runs a query no sooner than `from`: what it found, and when it is over.
    fn run(&mut self, from: u64, key: u64, keepers: &[usize]) -> (Found, u64) {
        let Some(free) = self.free.iter_mut().min() else { return (Found::default(), from) };
        let begins = from.max(*free);
        let found = query(self.space, &mut self.asker, begins, key, keepers);
        *free = begins + found.millis.min(millis(QUERY_PATIENCE));
        (found, *free)
    }
}

fn millis(span: core::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Cost {
    /// Requests and answers of all kinds.
    pub fn messages(&self) -> f64 {
        self.parts().iter().map(|part| part.requests + part.answers).sum()
    }

    /// Bytes of all kinds.
    pub fn bytes(&self) -> f64 {
        self.parts().iter().map(|part| part.bytes).sum()
    }

    /// Its parts: routing, puts, gets, index.
    pub const fn parts(&self) -> [Part; 4] {
        [self.routing, self.puts, self.gets, self.index]
    }

    fn route(&mut self, found: &Found, sizes: &Sizes) {
        let answers = f64::from(found.answers);
        let bytes = answers * (sizes.request + sizes.answer) + f64::from(found.named) * sizes.peer;
        self.routing.add(answers, answers, bytes);
        self.saw(found);
    }

    fn get(&mut self, found: &Found, sizes: &Sizes) {
        let answers = f64::from(found.answers);
        let named = f64::from(found.named) * sizes.peer + f64::from(found.records) * sizes.record;
        self.gets.add(answers, answers, answers * (sizes.request + sizes.answer) + named);
        self.saw(found);
    }

    fn saw(&mut self, found: &Found) {
        self.hops = self.hops.max(f64::from(found.hops));
        self.peers += f64::from(found.answers);
        self.unreached += f64::from(found.requests - found.answers);
    }
}

/// One business publishes: three copies of its profile, an entry for each term, and reads back.
pub fn publish(space: &Space, work: &Work, number: u64) -> Cost {
    let asker = space.some(number);
    let sizes = &work.sizes;
    let mut cost = Cost::default();
    let (mut turns, mut put_at) = (Turns::new(space, asker), 0);
    let mut kept = Vec::new();
    for copy in 0..PROFILE_KEYS {
        let key = profile_key(number, copy);
        let (found, over) = turns.run(0, key, &[]);
        cost.route(&found, sizes);
        put_at = put_at.max(over);
        let there = found.closest.len() as f64;
        // The answer says the record again.
        cost.puts.add(there, there, there * (sizes.request + sizes.answer + 2.0 * sizes.record));
        kept.push((key, found.closest));
    }
    let mut over = put_at;
    for term in 0..work.terms {
        let (found, routed_at) = turns.run(0, mix(mix(number) ^ u64::from(term).rotate_left(32)), &[]);
        cost.route(&found, sizes);
        over = over.max(routed_at);
        let there = found.closest.len().min(ENTRY_COPIES) as f64;
        cost.index.add(there, there, there * (sizes.entry_put + sizes.entry_put_answer));
    }
    let mut records = 0;
    for (key, keepers) in kept {
        let (back, read_at) = turns.run(put_at, key, &keepers);
        cost.get(&back, sizes);
        over = over.max(read_at);
        records += back.records;
    }
    cost.millis = over as f64;
    cost.done = records > 0 && over <= millis(FIND_PATIENCE);
    cost
}

/// Somebody searches for what the business with this number published: asks the index, then fetches the profiles. Who
/// kept a record or an entry and left since has taken it along.
pub fn find(space: &Space, work: &Work, number: u64) -> Cost {
    let asker = space.some(mix(number) | 1);
    let sizes = &work.sizes;
    let mut cost = Cost::default();
    let mut turns = Turns::new(space, asker);
    let (mut named, mut asked_at) = (false, 0);
    for shard in 0..work.shards {
        let key = mix(number ^ u64::from(shard).rotate_left(48));
        let (found, routed_at) = turns.run(0, key, &[]);
        cost.route(&found, sizes);
        asked_at = asked_at.max(routed_at.min(millis(KEEPERS_PATIENCE)));
        if routed_at > millis(KEEPERS_PATIENCE) {
            // Nobody waits for this shard any more.
            continue;
        }
        let asked: Vec<usize> = found.closest.iter().copied().take(KEEPERS_ASKED).collect();
        let keepers = space.keepers(key, asker);
        let with = asked.iter().filter(|peer| keepers.contains(peer)).count() as f64;
        named |= with > 0.0;
        let there = asked.len() as f64;
        let entries = with * f64::from(work.candidates) / f64::from(work.shards) * sizes.entry;
        cost.index.add(there, there, there * (sizes.page_request + sizes.page_answer) + entries);
    }
    cost.millis = asked_at as f64;
    cost.done = named;
    for candidate in 0..if named { work.candidates } else { 0 } {
        let mut records = 0;
        for copy in 0..PROFILE_KEYS {
            let key = profile_key(number.wrapping_add(u64::from(candidate) << 40), copy);
            let (found, over) = turns.run(asked_at, key, &space.keepers(key, asker));
            cost.get(&found, sizes);
            records += if over <= millis(FIND_PATIENCE) { found.records } else { 0 };
            cost.millis = cost.millis.max(over as f64);
        }
        cost.done &= records > 0;
    }
    cost
}

/// Where one copy of a business's profile lies.
const fn profile_key(number: u64, copy: u8) -> u64 {
    mix(mix(number) ^ (copy as u64 + 1))
}
