//! What others have of our own account's log: asked for by an identity that was brought back, and told to one.
//!
//! Whoever knows an account has pinned its log. So a node that has lost its past, or a part of it, hears from them how far
//! its log had come, and goes on from there instead of telling a second story.

use crate::base::id::{AccountId, RouteId};
use crate::base::limits;
use crate::crypto::ed25519::{self, Signature};
use crate::crypto::kdf::label;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved::{self, MOVED};
use crate::domain::identity::own::{self, ACCOUNTS};
use crate::domain::session::rows::{PEERS, ROUTES, Route, SESSIONS};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Step};
use crate::engine::pending::{Inquiry, Question};
use crate::engine::reconcile;
use crate::store::table::Rows;
use crate::wire::account::Purposes;
use crate::wire::ask::{Answer, Ask, LogAsked};
use crate::wire::invite::Invite;
use crate::wire::peer::{PeerAddress, PeerKey};

impl Engine {
    /// A person who was brought back asks the maker of an invite, or else the contacts and own devices that the store knows,
    /// what they have of our log.
    pub(super) fn ask_for_log(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, from: Option<&Invite>) {
        let asked = self.signing_key().and_then(|key| Ok((key, self.questions(step, from)?)));
        let (key, questions) = match asked {
            Ok(asked) => asked,
            Err(refusal) => return self.reply(ticket, Err(refusal)),
        };
        if let Some(former) = self.lookups.inquiry.take() {
            self.lookups.forget(|question| matches!(question, Question::OwnLog));
            self.reply(former.ticket, Err(Refusal::Identity("it was asked for once more".into())));
        }
        let open = questions.len();
        self.lookups.inquiry = Some(Inquiry { ticket, key: Box::new(key), open, answered: 0, best: None });
        for (peer, body) in questions {
            self.ask_network(Question::OwnLog, |query| Effect::Ask { query, peer, body });
        }
    }

    /// Whom to ask, and how; at most [`limits::GREETED_MAX`] devices.
    fn questions(
        &mut self,
        step: &Step<'_, '_>,
        from: Option<&Invite>,
    ) -> Result<Vec<(PeerAddress, Vec<u8>)>, Refusal> {
        let us = self.peer.clone().ok_or(Refusal::Offline)?;
        let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
        let keys = self.device_keys(&own.log.account());
        let account = own.log.account();
        let ask = |(at, route): (PeerAddress, RouteId)| {
            let payload = LogAsked::payload(at.peer(), &us, &route, &account);
            let proof = Signature::new(keys.signing().sign(label::LOG_ASK, &payload));
            let asked = LogAsked { route, account, log: own.log.carried(), device: keys.id(), proof };
            (at, Ask::Log(Box::new(asked)).encode())
        };
        let whom = match from {
            Some(invite) => vec![(invite.reach.at().ok_or(Refusal::Invite)?, invite.inbox)],
            None => self.who_knows_us(step),
        };
        if whom.is_empty() {
            return Err(Refusal::Identity(
                "this store knows nobody who could be asked: give an invite by somebody who knows this identity, with \
                 `--from INVITE`"
                    .into(),
            ));
        }
        Ok(whom.into_iter().map(ask).collect())
    }

    /// The devices of contacts who know the account that the world knows, and our own, as far as they can be asked.
    fn who_knows_us(&self, step: &Step<'_, '_>) -> Vec<(PeerAddress, RouteId)> {
        let mut whom = Vec::new();
        for (_, contact) in step.tx.scan(&CONTACTS, &CONTACTS.all()) {
            if contact.standing != Standing::Accepted || !self.is_main(&contact.own) {
                continue;
            }
            for reach in contact.reach.iter().filter(|reach| Some(reach.device()) != contact.this_device) {
                let session = step.tx.row(&PEERS, reach.device().as_bytes()).and_then(|peer| peer.active);
                let session = session.and_then(|id| step.tx.row(&SESSIONS, id.as_bytes()));
                let route = session.map(|session| session.send_route()).or(contact.inbox);
                whom.extend(reach.at().zip(route));
            }
        }
        whom.truncate(limits::GREETED_MAX);
        whom
    }

    /// One of those who were asked answered, or didn't.
    pub(super) fn own_log_told(&mut self, step: &mut Step<'_, '_>, answer: Option<Answer>) {
        let account = self.account;
        let Some(inquiry) = &mut self.lookups.inquiry else { return };
        inquiry.open = inquiry.open.saturating_sub(1);
        inquiry.answered += usize::from(answer.is_some());
        if let Some(Answer::Log(entries)) = answer
            && let Ok(log) = AccountLog::verify(account, entries)
            && inquiry.best.as_ref().is_none_or(|best| rank(best) < rank(&log))
        {
            inquiry.best = Some(log);
        }
        if inquiry.open > 0 {
            return;
        }
        let Some(Inquiry { ticket, key, answered, best, .. }) = self.lookups.inquiry.take() else { return };
        let result = match best {
            Some(found) => self.heard_of_us(step, &key, &found),
            None if answered == 0 => Err(Refusal::Identity(
                "nobody who was asked can be reached now: try again while they are on".into(),
            )),
            None => Err(Refusal::NothingFound),
        };
        self.reply(ticket, result);
    }

    fn heard_of_us(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &AccountKey,
        found: &AccountLog,
    ) -> Result<Outcome, Refusal> {
        self.go_on_from(step, key, found)?;
        let seq = found.head().seq;
        reconcile::heard(step, seq);
        Ok(Outcome::Reconciled { seq })
    }

    /// A device of an account asks what we have of that account's log. It is told to nobody else, and by no account of
    /// ours but the one that it knows.
    pub(super) fn log_asked(
        &mut self,
        step: &Step<'_, '_>,
        asker: &PeerKey,
        asked: &LogAsked,
    ) -> Option<Answer> {
        let us = self.peer.clone()?;
        let own = match step.tx.row(&ROUTES, asked.route.as_bytes()).as_deref()? {
            Route::Inbox { own } => *own,
            Route::Pair { own, .. } => *own,
        };
        let log = AccountLog::verify(asked.account, asked.log.clone()).ok()?;
        log.device(&asked.device, Purposes::MESSAGE)?;
        let payload = LogAsked::payload(&us, asker, &asked.route, &asked.account);
        ed25519::verify(asked.device.as_bytes(), label::LOG_ASK, &payload, asked.proof.as_bytes()).ok()?;
        let known = self.what_we_have(step, &own, &asked.account)?;
        // Who was taken out is told no more than it knows.
        let head = log.head();
        let is_out = known.hash_at(head.seq) == Some(head.hash)
            && !known.devices().any(|device| device.id == asked.device);
        (!is_out).then(|| Answer::Log(known.entries()))
    }

    fn what_we_have(&self, step: &Step<'_, '_>, own: &AccountId, account: &AccountId) -> Option<AccountLog> {
        if self.is_main(account) {
            let ours = step.tx.row(&ACCOUNTS, account.as_bytes()).filter(|_| self.is_main(own));
            return ours.map(|ours| ours.log.clone());
        }
        let contact = moved::contact(step.tx, account)?;
        let knows = |contact: &Contact| {
            contact.standing == Standing::Accepted
                && own::current(step.tx, &contact.own) == own::current(step.tx, own)
        };
        if !knows(&contact) {
            return None;
        }
        match step.tx.row(&MOVED, account.as_bytes()) {
            Some(moved) => Some(moved.log.clone()),
            None => contact.log.clone().filter(|log| log.account() == *account),
        }
    }
}

/// What ended an account stands against all else; of other logs the one that has come further counts.
fn rank(log: &AccountLog) -> (bool, u64) {
    (log.successor().is_some(), log.head().seq)
}

const _: () = assert!(limits::LOG_KEPT_MAX + 1_024 < limits::ASK_MAX, "what is kept of a log fits an answer");
