//! What is between the nodes: links, channels, the directory, and who can't be reached.

use std::collections::{BTreeMap, VecDeque};

use sigillo::engine::effects::Effect;
use sigillo::engine::input::Input;
use sigillo::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use sigillo::wire::peer::{LinkId, PeerKey};

use crate::trio::Trio;

/// Who opened something to whom.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    from: usize,
    to: usize,
    /// The number of the next frame.
    next: u64,
}

/// What is under way.
#[derive(Default)]
pub(crate) struct Around {
    queue: VecDeque<(usize, Input)>,
    links: BTreeMap<LinkId, Ends>,
    channels: BTreeMap<ChannelId, Ends>,
    /// Who asked what, by the number under which the other one was asked.
    asked: BTreeMap<u64, (usize, u64)>,
    /// What the directory has.
    pub(crate) records: BTreeMap<[u8; 32], Vec<u8>>,
    /// Who can't be reached, and reaches nobody.
    pub(crate) away: Option<usize>,
    number: u64,
}

impl Around {
    /// Nothing is under way, and the directory has these records.
    pub(crate) fn of(records: BTreeMap<[u8; 32], Vec<u8>>) -> Self {
        Self { records, ..Self::default() }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// The next node to which something comes, with all that comes to it now.
    pub(crate) fn next(&mut self) -> Option<(usize, Vec<Input>)> {
        let (node, _) = self.queue.front()?;
        let node = *node;
        let mut group = Vec::new();
        while let Some((_, input)) = self.queue.pop_front_if(|(to, _)| *to == node) {
            group.push(input);
        }
        Some((node, group))
    }

    fn put(&mut self, to: usize, input: Input) {
        self.queue.push_back((to, input));
    }

    fn close(&mut self, channel: ChannelId) {
        if let Some(Ends { from, to, .. }) = self.channels.remove(&channel) {
            self.put(from, Input::Channel(ChannelEvent::Down(channel)));
            self.put(to, Input::Channel(ChannelEvent::Down(channel)));
        }
    }
}

impl Trio {
    /// From now on a node can't be reached and reaches nobody.
    pub(crate) fn leave(&mut self, node: usize) {
        self.around.away = Some(node);
        self.cut_off(node);
    }

    /// Whatever a node has open with others ends.
    pub(crate) fn cut_off(&mut self, node: usize) {
        let ends_there = |ends: &Ends| ends.from == node || ends.to == node;
        let links: Vec<(LinkId, usize)> = self
            .around
            .links
            .iter()
            .filter(|(_, ends)| ends_there(ends))
            .map(|(link, ends)| (*link, ends.from))
            .collect();
        for (link, from) in links {
            self.around.links.remove(&link);
            self.around.put(from, Input::LinkDown { link });
        }
        let channels = self.around.channels.iter().filter(|(_, ends)| ends_there(ends));
        for channel in channels.map(|(channel, _)| *channel).collect::<Vec<_>>() {
            self.around.close(channel);
        }
    }

    fn reach(&self, from: usize, peer: &PeerKey) -> Option<usize> {
        let to = self.nodes.iter().position(|node| node.key == *peer && node.engine.is_some())?;
        let away = self.around.away;
        (to != from && away != Some(to) && away != Some(from)).then_some(to)
    }

    /// Carries out what a node wants done.
    pub(crate) fn carry(&mut self, from: usize, effect: Effect) {
        match effect {
            Effect::Reply { ticket, result } => drop(self.nodes[from].answers.insert(ticket, result)),
            Effect::Connect(at) => self.connect(from, at.peer()),
            Effect::Send { link, frames } => {
                let Some(open) = self.around.links.get_mut(&link).filter(|open| open.from == from) else {
                    return;
                };
                let (to, first) = (open.to, open.next);
                open.next += frames.len() as u64;
                let peer = self.nodes[from].key.clone();
                self.around.put(to, Input::Frames { link, peer, first, frames });
            }
            Effect::Take { link, upto } => self.back(link, Input::Taken { link, upto }),
            Effect::Refuse { link, number } => self.back(link, Input::Refused { link, number }),
            Effect::GetRecord { query, key } => {
                let values: Vec<_> = self.around.records.get(&key).cloned().into_iter().collect();
                self.around.put(from, Input::GotRecords { query, values, peers_asked: 1 });
            }
            Effect::PutRecord { query, key, value, .. } => {
                self.around.records.insert(key, value);
                self.around.put(from, Input::PutDone { query, peers_asked: 1 });
            }
            Effect::ClosestPeers { query, .. } => {
                self.around.put(from, Input::Closest { query, peers: Vec::new() });
            }
            Effect::Ask { query, peer, body } => match self.reach(from, peer.peer()) {
                Some(to) => {
                    let ask = self.around.number();
                    self.around.asked.insert(ask, (from, query));
                    let peer = self.nodes[from].key.clone();
                    self.around.put(to, Input::Asked { ask, peer, from: None, body });
                }
                None => self.around.put(from, Input::Answered { query, body: None }),
            },
            Effect::Answer { ask, body } => {
                if let Some((asker, query)) = self.around.asked.remove(&ask) {
                    self.around.put(asker, Input::Answered { query, body: Some(body) });
                }
            }
            Effect::Work { query, puzzle } => {
                self.around.put(from, Input::Worked { query, work: puzzle.solve() });
            }
            Effect::Channel(order) => self.channel(from, order),
            // Nobody sends a file here.
            Effect::File(_) | Effect::Keep { .. } | Effect::KeepPlace { .. } | Effect::Show(_) => {}
        }
    }

    fn connect(&mut self, from: usize, peer: &PeerKey) {
        let Some(to) = self.reach(from, peer) else {
            return self.around.put(from, Input::Unreachable(peer.clone()));
        };
        let link = LinkId::new(self.around.number());
        self.around.links.insert(link, Ends { from, to, next: 0 });
        let key = self.nodes[from].key.clone();
        self.around.put(to, Input::PeerConnected(key));
        self.around.put(from, Input::LinkUp { link, peer: peer.clone() });
    }

    fn back(&mut self, link: LinkId, input: Input) {
        if let Some(Ends { from, .. }) = self.around.links.get(&link).copied() {
            self.around.put(from, input);
        }
    }

    fn channel(&mut self, from: usize, order: ChannelOrder) {
        match order {
            ChannelOrder::Open(at) => {
                let peer = at.peer().clone();
                let Some(to) = self.reach(from, &peer) else {
                    return self.around.put(from, Input::Channel(ChannelEvent::Unreachable(peer)));
                };
                let channel = ChannelId::new(self.around.number());
                self.around.channels.insert(channel, Ends { from, to, next: 0 });
                let reader = self.nodes[from].key.clone();
                self.around.put(
                    to,
                    Input::Channel(ChannelEvent::Up { channel, peer: reader, from: None, ours: false }),
                );
                self.around
                    .put(from, Input::Channel(ChannelEvent::Up { channel, peer, from: None, ours: true }));
            }
            ChannelOrder::Say { channel, message } => {
                if let Some(Ends { from: reader, to, .. }) = self.around.channels.get(&channel).copied() {
                    let hearer = if from == reader { to } else { reader };
                    self.around.put(hearer, Input::Channel(ChannelEvent::Heard { channel, message }));
                }
            }
            ChannelOrder::Close(channel) => self.around.close(channel),
        }
    }
}
