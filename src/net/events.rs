//! The way of events to the node: a channel, and a bounded queue for when it is full.

use std::collections::VecDeque;
use std::future::poll_fn;

use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use super::message::Event;
use crate::base::limits::NET_EVENT_QUEUE;

/// Queued events above which nothing new is heard from the network.
const CROWDED: usize = 64;

/// Events on their way to the node.
pub(crate) struct Events {
    channel: mpsc::Sender<Event>,
    /// Keeps our place in the line for the channel while we do other things.
    place: PollSender<Event>,
    queue: VecDeque<Event>,
}

impl Events {
    pub(crate) fn new(channel: mpsc::Sender<Event>) -> Self {
        let place = PollSender::new(channel.clone());
        Self { channel, place, queue: VecDeque::new() }
    }

    /// The channel itself, for tasks that wait by themselves.
    pub(crate) const fn channel(&self) -> &mpsc::Sender<Event> {
        &self.channel
    }

    /// Queues an event.
    pub(crate) fn push(&mut self, event: Event) {
        self.queue.push_back(event);
    }

    /// Whether nothing is queued.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the network must wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.queue.len() >= CROWDED
    }

    /// Whether even commands must wait.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= NET_EVENT_QUEUE
    }

    /// Waits for room and moves one event into the channel; can be dropped at any time without loss. `false` when
    /// nobody listens any more.
    pub(crate) async fn deliver(&mut self) -> bool {
        if poll_fn(|cx| self.place.poll_reserve(cx)).await.is_err() {
            return false;
        }
        match self.queue.pop_front() {
            Some(event) => self.place.send_item(event).is_ok(),
            None => true,
        }
    }
}
