//! Commands, each led to the room that carries it out.

use crate::domain::billing::payment::Payment;
use crate::domain::identity::account::Seed;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, NOBODY, Step};
use crate::engine::pending::Want;
use crate::engine::reconcile;
use crate::wire::billing::CancelWhen;
use crate::wire::said::message::Said;

impl Engine {
    /// Carries a command out; its answer comes now, or when the network has answered.
    pub(super) fn command(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, command: Command) {
        let joins = matches!(command, Command::OfferDevice | Command::JoinAccount(_));
        if self.account == NOBODY && !joins {
            return self.reply(ticket, Err(Refusal::NotLinked));
        }
        let result = match command {
            Command::AddMailbox(wanted) => return self.add_mailbox(step, ticket, *wanted),
            Command::RemoveMailbox(peer) => self.remove_mailbox(step, &peer),
            Command::OfferDevice => self.offer_device(step),
            Command::JoinAccount(account) => self.join_account(step, &account),
            Command::RevokeDevice(device) => self.revoke_device(step, &device),
            Command::RotateIdentity(next) => self.rotate_identity(step, *next),
            Command::Unlocked(seed, command) => return self.unlocked(step, ticket, &seed, *command),
            Command::Reconcile { force: true, .. } => self.reconcile_by_force(step),
            Command::SetName(name) => self.set_name(step, name),
            Command::Invite => self.invite(step),
            Command::Accept { invite, name } => self.accept_invite(step, invite, name),
            Command::Rename { contact, name } => self.rename(step, &contact, name),
            Command::Admit(contact) | Command::Unblock(contact) => self.admit_contact(step, &contact),
            Command::Block(contact) => self.block(step, &contact),
            Command::Verify(contact) => self.verify_contact(step, &contact),
            Command::Send { to, text } => self.send(step, to, Said::Text(text), None, None),
            Command::SendByTemplate { to, text, template } => {
                self.send(step, to, Said::Text(text), None, Some(*template))
            }
            Command::Say { to, letter } => self.send(step, to, letter.said, letter.reply, letter.template),
            Command::React { with, message, emoji } => self.react(step, &with, message, emoji),
            Command::Edit { with, message, text } => self.edit(step, &with, message, text),
            Command::Delete { with, message } => self.take_back(step, &with, message),
            Command::Choose { to, menu, row } => self.choose(step, &to, menu, &row),
            Command::Order(to, wish) => self.order(step, &to, *wish),
            Command::Fill(to, wish) => self.fill(step, &to, *wish),
            Command::TakeFile(new) => self.take_file(step, *new),
            Command::WantFile(file) => self.want_file(step, &file),
            Command::ForgetFile(file) => self.forget_file(step, &file),
            Command::Desk(wanted) => self.desk_command(step, wanted),
            Command::Consent { to, topics, days } => self.consent(step, &to, topics, days),
            Command::SetQuiet(quiet) => self.set_quiet(step, quiet),
            Command::Report { contact, reason, note } => self.report(step, &contact, reason, note),
            Command::Refuse(contact) => self.refuse(step, &contact),
            Command::Erase(contact) => self.erase(step, &contact),
            Command::MarkRead(with, upto) => self.mark_read(step, &with, upto),
            Command::SetProfile(draft) => self.set_profile(step, *draft),
            Command::PutPlan(plan) => self.put_plan(step, plan),
            Command::RemovePlan(id) => self.remove_plan(step, &id),
            needs_network if needs_network.needs_network() => {
                return self.network_command(step, ticket, needs_network);
            }
            about_money => self.money_command(step, about_money),
        };
        self.reply(ticket, result);
    }

    /// A command that came with the identity's key: it is here for that long.
    fn unlocked(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, seed: &Seed, command: Command) {
        let key = seed.account();
        if self.is_primary() && key.id() != self.account {
            let words = "this is the recovery phrase of another identity than this node's";
            return self.reply(ticket, Err(Refusal::Identity(words.into())));
        }
        self.key = self.is_primary().then_some(key);
        self.command(step, ticket, command);
        if reconcile::may_issue(step.tx) {
            // What waited for the key; a log that was brought back stays as it is until it is known what it goes on from.
            self.name_mailboxes(step);
        }
        self.key = None;
    }

    /// Commands about charging.
    fn money_command(&mut self, step: &mut Step<'_, '_>, command: Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Cancel { issuer, plan } => self.cancel(step, &issuer, &plan, CancelWhen::AtPeriodEnd),
            Command::CancelNow { issuer, plan } => self.cancel(step, &issuer, &plan, CancelWhen::Now),
            Command::Pause { issuer, plan, until } => self.pause(step, &issuer, &plan, until),
            Command::AnswerPrice { change, agrees } => self.answer_price(step, &change, agrees),
            Command::SayPaid { invoice, rail, proof } => self.say_paid(step, &invoice, rail, proof),
            Command::Present { receipt, challenge } => self.present(step, &receipt, &challenge),
            Command::MarkPaid(invoice) => self.mark_paid(step, &invoice, &Payment::manual()),
            Command::Paid(notice) => self.paid(step, &notice),
            Command::OfferLightning { invoice, bolt11 } => self.offer(step, &invoice, bolt11),
            Command::PutPayee(payee) => self.put_payee(step, payee),
            Command::RemovePayee(rail) => self.remove_payee(step, rail),
            Command::Credit(wish) => self.credit(step, &wish),
            Command::ReverseCredit { note, reason } => self.reverse(step, &note, &reason),
            Command::AnnouncePrice(plan) => self.announce_price(step, &plan),
            Command::SignLedger => self.sign_ledger(step),
            Command::SetListings(receipts) => self.set_listings(step, &receipts),
            _ => Ok(Outcome::Done),
        }
    }

    /// Commands whose answer comes from the network.
    fn network_command(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, command: Command) {
        if !self.online {
            return self.reply(ticket, Err(Refusal::Offline));
        }
        match command {
            Command::LinkDevice(offer) => self.link_device(step, ticket, *offer),
            Command::Find(query) => self.find(step, ticket, query),
            Command::Lookup(account) => self.fetch(step, account, Want::Lookup(ticket)),
            Command::Add { account, name } => self.fetch(step, account, Want::Add(ticket, name)),
            Command::Subscribe { issuer, plan } => self.fetch(step, issuer, Want::Subscribe(ticket, plan)),
            Command::ChangePlan { issuer, plan, to } => {
                self.fetch(step, issuer, Want::Change(ticket, plan, to));
            }
            Command::AskPlace { relay, receipt } => self.ask_place(step, ticket, *relay, receipt.as_ref()),
            Command::Publish => self.publish(step, Some(ticket)),
            Command::Reconcile { from, .. } => self.reconcile(step, ticket, from.as_deref()),
            _ => self.reply(ticket, Ok(Outcome::Done)),
        }
    }
}

impl Command {
    /// Whether its answer comes from the network.
    const fn needs_network(&self) -> bool {
        matches!(
            self,
            Self::LinkDevice(_)
                | Self::Find(_)
                | Self::Lookup(_)
                | Self::Add { .. }
                | Self::Subscribe { .. }
                | Self::ChangePlan { .. }
                | Self::AskPlace { .. }
                | Self::Publish
                | Self::Reconcile { force: false, .. }
        )
    }
}
