//! The directory queries of this node: a few run at once, the others wait their turn.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::kad::{
    GetClosestPeersError, GetClosestPeersOk, GetRecordOk, PeerInfo, ProgressStep, PutRecordError, QueryId,
    QueryResult, QueryStats, Quorum, Record, RecordKey,
};
use tokio::time::Instant;

use super::convert::address_of;
use super::dht::Directory;
use super::message::Event;
use crate::base::limits::{PROFILE_MAX, QUERIES_MAX, QUERIES_WAITING_MAX, RECORD_LIFE_MAX, VALUES_MAX};
use crate::wire::peer::PeerAddress;

/// What is asked of the directory.
#[derive(Debug)]
pub(crate) enum Wanted {
    Get,
    Put { value: Vec<u8>, expires_in: Duration },
    Closest,
}

/// A query that waits, by the caller's name for it.
struct Waiting {
    query: u64,
    key: [u8; 32],
    wanted: Wanted,
}

/// A query that runs.
enum Running {
    Get {
        query: u64,
        values: Vec<Vec<u8>>,
        answered: u32,
    },
    /// The first phase of a put: whom to ask.
    Find {
        query: u64,
        record: Record,
    },
    Put {
        query: u64,
        peers_asked: u32,
    },
    Closest {
        query: u64,
    },
}

/// Every query of the node.
#[derive(Default)]
pub(crate) struct Queries {
    running: HashMap<QueryId, Running>,
    waiting: VecDeque<Waiting>,
}

impl Queries {
    /// How many run or wait.
    pub(crate) fn len(&self) -> usize {
        self.running.len() + self.waiting.len()
    }

    /// Starts a query, or lets it wait; what comes back is the answer when there is no room to wait either.
    pub(crate) fn ask(
        &mut self,
        query: u64,
        key: [u8; 32],
        wanted: Wanted,
        dht: &mut Directory,
    ) -> Option<Event> {
        let too_large = matches!(&wanted, Wanted::Put { value, .. } if value.len() > PROFILE_MAX);
        if too_large || self.waiting.len() >= QUERIES_WAITING_MAX {
            return Some(match wanted {
                Wanted::Get => Event::GotRecords { query, values: Vec::new(), peers_asked: 0 },
                Wanted::Put { .. } => Event::PutDone { query, peers_asked: 0, stored: 0 },
                Wanted::Closest => Event::Closest { query, peers: Vec::new() },
            });
        }
        self.waiting.push_back(Waiting { query, key, wanted });
        self.start(dht);
        None
    }

    fn start(&mut self, dht: &mut Directory) {
        while self.running.len() < QUERIES_MAX
            && let Some(Waiting { query, key, wanted }) = self.waiting.pop_front()
        {
            let (id, running) = match wanted {
                Wanted::Get => {
                    let id = dht.kad().get_record(RecordKey::new(&key));
                    (id, Running::Get { query, values: Vec::new(), answered: 0 })
                }
                Wanted::Closest => (dht.kad().get_closest_peers(key.to_vec()), Running::Closest { query }),
                Wanted::Put { value, expires_in } => {
                    let mut record = Record::new(key.to_vec(), value);
                    record.expires = Some(Instant::now().into_std() + expires_in.min(RECORD_LIFE_MAX));
                    (dht.kad().get_closest_peers(key.to_vec()), Running::Find { query, record })
                }
            };
            self.running.insert(id, running);
        }
    }

    /// Hears how a query goes on; an event follows when it is over.
    pub(crate) fn progress(
        &mut self,
        id: QueryId,
        result: QueryResult,
        stats: &QueryStats,
        step: &ProgressStep,
        dht: &mut Directory,
    ) -> Option<Event> {
        let running = self.running.remove(&id)?;
        let event = match (running, result) {
            (Running::Get { query, mut values, mut answered }, QueryResult::GetRecord(result)) => {
                answered = answered.max(stats.num_successes());
                if let Ok(GetRecordOk::FoundRecord(found)) = result {
                    let value = found.record.value;
                    if values.len() < VALUES_MAX && value.len() <= PROFILE_MAX && !values.contains(&value) {
                        values.push(value);
                    }
                }
                if !step.last {
                    self.running.insert(id, Running::Get { query, values, answered });
                    return None;
                }
                Some(Event::GotRecords { query, values, peers_asked: answered })
            }
            (Running::Find { query, record }, QueryResult::GetClosestPeers(result)) => {
                let peers: Vec<PeerId> = found(result).into_iter().map(|peer| peer.peer_id).collect();
                let peers_asked = u32::try_from(peers.len()).unwrap_or(u32::MAX);
                if peers.is_empty() {
                    Some(Event::PutDone { query, peers_asked, stored: 0 })
                } else {
                    let id = dht.kad().put_record_to(record, peers.into_iter(), Quorum::All);
                    self.running.insert(id, Running::Put { query, peers_asked });
                    None
                }
            }
            (Running::Put { query, peers_asked }, QueryResult::PutRecord(result)) => {
                let stored = match result {
                    Ok(_) => peers_asked,
                    Err(
                        PutRecordError::QuorumFailed { success, .. }
                        | PutRecordError::Timeout { success, .. },
                    ) => u32::try_from(success.len()).unwrap_or(u32::MAX),
                };
                Some(Event::PutDone { query, peers_asked, stored })
            }
            (Running::Closest { query }, QueryResult::GetClosestPeers(result)) => {
                Some(Event::Closest { query, peers: reachable(found(result), dht) })
            }
            _ => None,
        };
        self.start(dht);
        event
    }
}

fn found(result: Result<GetClosestPeersOk, GetClosestPeersError>) -> Vec<PeerInfo> {
    match result {
        Ok(GetClosestPeersOk { peers, .. }) | Err(GetClosestPeersError::Timeout { peers, .. }) => peers,
    }
}

/// With the addresses that others gave, or the routing table's where nobody gave any.
fn reachable(peers: Vec<PeerInfo>, dht: &mut Directory) -> Vec<PeerAddress> {
    let told = peers.into_iter().filter_map(|PeerInfo { peer_id, mut addrs }| {
        addrs.extend(dht.addresses_of(&peer_id));
        address_of(&peer_id, &dht.dialable(&peer_id, &addrs))
    });
    told.collect()
}
