//! This node as a mailbox: it answers requests, and says when something came.

use crate::base::id::ReadId;
use crate::base::mail_limits;
use crate::domain::billing::notes::CreditNotes;
use crate::domain::mailbox::host::{Done, Host, Rules};
use crate::domain::mailbox::queue;
use crate::engine::effects::Effect;
use crate::engine::ledger;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::mailbox_state::Hosted;
use crate::wire::channel::{ChannelId, ChannelOrder};
use crate::wire::mail::{Channel, Command, NewQueue, Request};
use crate::wire::mail_word::Word;
use crate::wire::origin::Origin;

impl Engine {
    /// From now on this node keeps mail for others, as far as these rules allow.
    pub fn serve_mail(&mut self, rules: Rules) {
        self.mail.rules = Some(rules);
    }

    /// Somebody opened a channel to us.
    pub(super) fn hosted_up(&mut self, step: &mut Step<'_, '_>, channel: ChannelId, origin: Origin) {
        if self.mail.rules.is_none() || self.mail.hosted.len() >= mail_limits::MAIL_CHANNELS_MAX {
            return self.effects.push(Effect::Channel(ChannelOrder::Close(channel)));
        }
        let mut nonce = [0; 32];
        step.rng.fill_bytes(&mut nonce);
        self.mail
            .hosted
            .insert(channel, Hosted { nonce, origin, counted: 0, subscribed: Default::default() });
        self.say_on(channel, &Word::Hello(nonce));
    }

    /// A request came. Its answer is held back until what it changed is durable.
    pub(super) fn hosted_heard(&mut self, step: &mut Step<'_, '_>, channel: ChannelId, message: &[u8]) {
        let (Some(hosted), Some(rules)) = (self.mail.hosted.get(&channel), &self.mail.rules) else { return };
        let (Ok((request, command)), Some(mailbox)) = (Request::decode(message), &self.peer) else {
            self.counters.malformed += 1;
            self.hosted_down(channel);
            return self.effects.push(Effect::Channel(ChannelOrder::Close(channel)));
        };
        let (nonce, origin, tx, now) = (&hosted.nonce, &hosted.origin, step.tx, step.now);
        let (channel_of, counted) = (Channel { mailbox, nonce }, hosted.counted);
        let proven = &hosted.subscribed;
        let notes = taken_back(step, &command);
        let notes = notes.as_ref();
        let host = Host { tx, now, channel: channel_of, rules, origin, counted, proven, notes };
        let Done { answer, subscribed, ready, changed, worked } =
            host.handle(&request, command, &mut self.mail.askers, step.rng);
        if let Some(hosted) = self.mail.hosted.get_mut(&channel).filter(|_| worked) {
            hosted.counted = request.number;
        }
        if let Some(queue) = subscribed {
            self.subscribe(channel, queue);
        }
        if let Some(queue) = changed {
            self.watch_queue(step, queue);
        }
        self.say_on(channel, &Word::Answer { number: request.number, answer });
        for told in ready
            .iter()
            .flat_map(|queue| self.mail.subscribers.get(queue))
            .flatten()
            .copied()
            .collect::<Vec<_>>()
        {
            if let Some(queue) = ready {
                self.say_on(told, &Word::Ready(queue));
            }
        }
    }

    fn subscribe(&mut self, channel: ChannelId, queue: ReadId) {
        let Some(hosted) = self.mail.hosted.get_mut(&channel) else { return };
        if hosted.subscribed.len() < mail_limits::MAIL_SUBSCRIPTIONS_MAX && hosted.subscribed.insert(queue) {
            self.mail.subscribers.entry(queue).or_default().insert(channel);
        }
    }

    /// A channel to us is gone.
    pub(super) fn hosted_down(&mut self, channel: ChannelId) {
        let Some(hosted) = self.mail.hosted.remove(&channel) else { return };
        for queue in hosted.subscribed {
            if let Some(told) = self.mail.subscribers.get_mut(&queue) {
                told.remove(&channel);
                if told.is_empty() {
                    self.mail.subscribers.remove(&queue);
                }
            }
        }
    }

    /// Puts on the agenda when something in a queue is past its life.
    pub(super) fn watch_queue(&mut self, step: &Step<'_, '_>, queue: ReadId) {
        if self.agenda.due(&Job::MailQueue(queue)).is_none()
            && let Some(due) = queue::expire(step.tx, &queue, step.now)
        {
            self.agenda.set(step.tx, Job::MailQueue(queue), due);
        }
    }

    fn say_on(&mut self, channel: ChannelId, word: &Word) {
        let message = word.encode();
        self.effects.push(Effect::Channel(ChannelOrder::Say { channel, message }));
    }
}

/// What our own books say of the receipt that a new queue shows.
fn taken_back(step: &Step<'_, '_>, command: &Command) -> Option<CreditNotes> {
    let Command::New(NewQueue { receipt: Some(shown), .. }) = command else { return None };
    ledger::credit_notes(step.tx, &shown.receipt.digest(), step.now)
}
