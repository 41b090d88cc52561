//! Who is there and whom each node knows: a million nodes as a sorted list of places, and tables drawn from it.

use rand_core::TryRng as _;

use crate::base::limits::{SUBNET_BUCKET_MAX, SUBNET_TABLE_MAX};
use crate::sim::random::Random;

/// Peers in a bucket, and peers named in an answer (Kademlia's k).
pub const BUCKET: usize = 20;
/// Buckets of a table: one for each bit of a place.
const BITS: u32 = 64;
/// How often it is tried to draw one more peer of a bucket.
const TRIES: u64 = 12 * BUCKET as u64;

/// How a network is made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shape {
    /// Nodes that serve the directory now.
    pub nodes: usize,
    /// Subnets (/24 or /48) that they share, each as likely as the other; none where each node has one of its own.
    pub subnets: Option<u32>,
    /// Who has gone.
    pub churn: Churn,
}

/// Nodes that left, with as many that came. All shares are from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Churn {
    /// The share of the nodes that left since records were put.
    pub since_put: f64,
    /// The share of them that left since tables were refreshed: those are still in the tables.
    pub since_refresh: f64,
}

impl Churn {
    /// What is seen at a random moment where a share of all nodes leaves in an hour and as many come: tables are
    /// refreshed and records put every so many hours, so on average half of that time has passed.
    pub fn hourly(share: f64, refresh_hours: f64, put_hours: f64) -> Self {
        let left = |hours: f64| 1.0 - (-share * hours / 2.0).exp();
        Self { since_put: left(put_hours), since_refresh: left(refresh_hours) }
    }
}

/// What became of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It was there when records were put, and is.
    Stays,
    /// It was there, and left.
    Left,
    /// It came since.
    Came,
}

/// A network at one moment.
#[derive(Clone, Debug)]
pub struct Space {
    shape: Shape,
    seed: u64,
    /// Sorted, none twice.
    places: Vec<u64>,
    fates: Vec<Fate>,
}

impl Space {
    /// A network that follows from a seed. A node's place in it is the front of the hash of its name, as good as random.
    pub fn new(shape: Shape, seed: u64) -> Self {
        let mut random = Random::new(seed).branch(b"places");
        let mut draw = || {
            let Ok(number) = random.try_next_u64();
            number
        };
        let came = (shape.nodes as f64 * shape.churn.since_put).round() as usize;
        let mut places: Vec<u64> = (0..shape.nodes + came).map(|_| draw()).collect();
        places.sort_unstable();
        places.dedup();
        let seed = draw();
        // One in so many came, as many of the others left: which ones follows from the place.
        let came = came as f64 / places.len().max(1) as f64;
        let fate = |place: &u64| match share(mix(seed ^ mix(*place))) {
            drawn if drawn < came => Fate::Came,
            drawn if drawn < 2.0 * came => Fate::Left,
            _ => Fate::Stays,
        };
        let fates = places.iter().map(fate).collect();
        Self { shape, seed, places, fates }
    }

    /// How it was made.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The place of a node.
    pub fn place(&self, node: usize) -> u64 {
        self.places[node]
    }

    /// Whether a node is there now.
    pub fn is_there(&self, node: usize) -> bool {
        self.fates[node] != Fate::Left
    }

    /// Some node that is there; which one follows from the number.
    pub fn some(&self, number: u64) -> usize {
        let at = |turn: u64| pick(mix(self.seed ^ mix(number).wrapping_add(turn)), self.places.len());
        (0..).map(at).find(|node| self.is_there(*node)).unwrap_or(0)
    }

    /// The nodes closest to a key when its record was put, nearest first: those that have it, where they still are.
    pub fn keepers(&self, key: u64, but: usize) -> Vec<usize> {
        let mut found = Vec::with_capacity(BUCKET);
        let was_there = |node: usize| self.fates[node] != Fate::Came && node != but;
        self.nearest(key, 0, self.places.len(), BITS, &was_there, &mut found);
        found
    }

    /// Walks the tree of places, the half with the key first.
    fn nearest(
        &self,
        key: u64,
        from: usize,
        to: usize,
        bits: u32,
        counts: &dyn Fn(usize) -> bool,
        found: &mut Vec<usize>,
    ) {
        if from == to || found.len() >= BUCKET {
            return;
        }
        if to - from == 1 || bits == 0 {
            found.extend((from..to).filter(|node| counts(*node)));
            found.truncate(BUCKET);
            return;
        }
        let bit = 1_u64 << (bits - 1);
        let middle = from + self.places[from..to].partition_point(|place| place & bit == 0);
        let (near, far) =
            if key & bit == 0 { ((from, middle), (middle, to)) } else { ((middle, to), (from, middle)) };
        self.nearest(key, near.0, near.1, bits - 1, counts, found);
        self.nearest(key, far.0, far.1, bits - 1, counts, found);
    }

    /// The peers closest to a key that a node knows, nearest first, at most [`BUCKET`]; never the one who asks.
    pub fn known_closest(&self, node: usize, key: u64, asker: Option<usize>) -> Vec<usize> {
        let own = (self.places[node] ^ key).leading_zeros().min(BITS - 1);
        // First the bucket that shares the key's side, then all that lie deeper, then outwards.
        let mut table = Table::default();
        let mut found: Vec<usize> = Vec::new();
        let groups = core::iter::once(own..own + 1)
            .chain(core::iter::once(own + 1..BITS))
            .chain((0..own).rev().map(|bucket| bucket..bucket + 1));
        if self.shape.subnets.is_some() {
            // Who is let in depends on the whole table.
            found = self.table(node);
        } else {
            for group in groups {
                let deepest = self.depth(node);
                group.take_while(|bucket| *bucket <= deepest).for_each(|bucket| {
                    self.draw_bucket(node, bucket, &mut table, &mut found);
                });
                if found.iter().filter(|peer| Some(**peer) != asker).count() >= BUCKET {
                    break;
                }
            }
        }
        found.retain(|peer| Some(*peer) != asker);
        found.sort_unstable_by_key(|peer| self.places[*peer] ^ key);
        found.truncate(BUCKET);
        found
    }

    /// Everybody whom a node knows.
    pub fn table(&self, node: usize) -> Vec<usize> {
        let (mut table, mut found) = (Table::default(), Vec::new());
        (0..=self.depth(node))
            .rev()
            .for_each(|bucket| self.draw_bucket(node, bucket, &mut table, &mut found));
        found
    }

    /// The last bucket that has anybody.
    fn depth(&self, node: usize) -> u32 {
        let place = self.places[node];
        let neighbours = [node.checked_sub(1), Some(node + 1)];
        let shared = neighbours.into_iter().flatten().filter_map(|other| self.places.get(other));
        shared.map(|other| (other ^ place).leading_zeros()).max().unwrap_or(0).min(BITS - 1)
    }

    /// Draws whom a node has in one bucket. Far ones have room for a few of very many: those that it met first.
    fn draw_bucket(&self, node: usize, bucket: u32, table: &mut Table, found: &mut Vec<usize>) {
        let (from, to) = self.range(node, bucket);
        let there = to - from;
        let mut drawn: Vec<usize> = Vec::with_capacity(BUCKET);
        let salt = mix(self.seed ^ mix(self.places[node]) ^ u64::from(bucket));
        let take = |peer: usize, drawn: &mut Vec<usize>| {
            if !drawn.contains(&peer)
                && self.knows(node, peer)
                && table.admits(self.subnet(peer), drawn, self)
            {
                drawn.push(peer);
            }
            drawn.len() < BUCKET
        };
        if there <= 2 * BUCKET {
            // In an order of its own for each node: a step that has no divisor in common with a prime beyond all.
            const PRIME: usize = 41;
            let (start, step) = (pick(salt, PRIME), 1 + pick(mix(salt), PRIME - 1));
            let order = (0..PRIME).map(|turn| (start + turn * step) % PRIME).filter(|at| *at < there);
            for at in order {
                if !take(from + at, &mut drawn) {
                    break;
                }
            }
        } else {
            for turn in 0..TRIES {
                if !take(from + pick(mix(salt.wrapping_add(turn)), there), &mut drawn) {
                    break;
                }
            }
        }
        table.close(&drawn, self);
        found.append(&mut drawn);
    }

    /// The nodes that share exactly so many first bits with a node, as a range.
    fn range(&self, node: usize, bucket: u32) -> (usize, usize) {
        let bit = 1_u64 << (BITS - 1 - bucket);
        let low = (self.places[node] ^ bit) & !(bit - 1);
        let from = self.places.partition_point(|place| *place < low);
        let to = self.places.partition_point(|place| *place <= low | (bit - 1));
        (from, to)
    }

    /// Whether a node has met another one: tables know who was there at the last refresh.
    fn knows(&self, node: usize, peer: usize) -> bool {
        let Churn { since_put, since_refresh } = self.shape.churn;
        // Of those who left or came since records were put, so many did so since the last refresh.
        let lately = || {
            let of_them = if since_put > 0.0 { since_refresh / since_put } else { 0.0 };
            share(mix(self.places[peer] ^ self.seed.rotate_left(7))) < of_them
        };
        match (self.fates[node], self.fates[peer]) {
            (_, Fate::Stays) | (Fate::Came, Fate::Came) => true,
            (Fate::Came, Fate::Left) => false,
            (_, Fate::Left) => lately(),
            (_, Fate::Came) => !lately(),
        }
    }

    /// The subnet of a node, where nodes share them.
    fn subnet(&self, node: usize) -> Option<u32> {
        let subnets = self.shape.subnets?;
        Some(pick(mix(self.places[node].rotate_left(17)), subnets.max(1) as usize) as u32)
    }
}

/// How many of each subnet a table has.
#[derive(Default)]
struct Table {
    subnets: Vec<u32>,
}

impl Table {
    fn admits(&self, subnet: Option<u32>, bucket: &[usize], space: &Space) -> bool {
        let Some(subnet) = subnet else { return true };
        let here = bucket.iter().filter(|peer| space.subnet(**peer) == Some(subnet)).count();
        let elsewhere = self.subnets.iter().filter(|other| **other == subnet).count();
        here < SUBNET_BUCKET_MAX && here + elsewhere < SUBNET_TABLE_MAX
    }

    /// A bucket is full, or there is nobody more for it.
    fn close(&mut self, bucket: &[usize], space: &Space) {
        self.subnets.extend(bucket.iter().filter_map(|peer| space.subnet(*peer)));
    }
}

/// A number that follows from another one and looks like no other: multiplied and shifted until every bit depends on
/// every bit.
pub(super) const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}

/// One of so many, by a mixed number.
pub(super) const fn pick(mixed: u64, of: usize) -> usize {
    ((mixed as u128 * of as u128) >> 64) as usize
}

/// A mixed number as a share from 0 to 1.
fn share(mixed: u64) -> f64 {
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
