//! What a person or program asks of the node, and what it answers.

use serde::Serialize;

use crate::base::id::{AccountId, ContactToken, DeviceId, Digest, FileId, MessageId};
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::credit::Wish;
use crate::domain::billing::export::ReceiptFile;
use crate::domain::billing::ledger_file::SignedEnd;
use crate::domain::chat::changes::Named;
use crate::domain::consent::quiet::Quiet;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::search::Query;
use crate::domain::identity::account::Seed;
use crate::engine::desk_command::DeskCommand;
use crate::engine::found_business::FoundBusiness;
use crate::engine::letter::{FillWish, Letter, OrderWish, PaidNotice};
use crate::engine::parcel::NewFile;
use crate::wire::consent::Topic;
use crate::wire::invite::Invite;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::link::LinkOffer;
use crate::wire::mail::ShownReceipt;
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::plan::Plan;
use crate::wire::rail::{Payee, Rail};
use crate::wire::report::Reason;
use crate::wire::template::Template;

/// A request. Whatever it names is parsed already.
#[derive(Clone, Debug)]
pub enum Command {
    /// What this node calls itself towards contacts; may be empty.
    SetName(String),
    /// Makes an invite that one person can accept.
    Invite,
    /// Accepts an invite: its maker becomes a contact, and is told.
    Accept {
        /// The invite.
        invite: Invite,
        /// What to call them here.
        name: Option<String>,
    },
    /// Adds a business by its address, after looking its profile up.
    Add {
        /// The business.
        account: AccountId,
        /// What to call it here.
        name: Option<String>,
    },
    /// Calls a contact something else.
    Rename {
        /// The contact.
        contact: AccountId,
        /// Its new name.
        name: String,
    },
    /// Lets a stranger who wrote be a contact.
    Admit(AccountId),
    /// Drops whatever the contact sends from now on, and what still waits for it.
    Block(AccountId),
    /// Listens to a blocked contact again.
    Unblock(AccountId),
    /// A person compared the contact's safety number, or accepts its key as it is.
    Verify(AccountId),
    /// Sends a text.
    Send {
        /// To whom.
        to: AccountId,
        /// At most [`crate::base::limits::TEXT_MAX`] bytes.
        text: String,
    },
    /// Sends a message of any kind.
    Say {
        /// To whom.
        to: AccountId,
        /// What.
        letter: Box<Letter>,
    },
    /// Says what the person feels about a message.
    React {
        /// In the conversation with whom.
        with: AccountId,
        /// Which message.
        message: Named,
        /// One emoji; empty where it is nothing any more.
        emoji: String,
    },
    /// Puts another text in the place of that of a message of ours.
    Edit {
        /// In the conversation with whom.
        with: AccountId,
        /// Which message.
        message: MessageId,
        /// As in [`Command::Send`].
        text: String,
    },
    /// Takes a message of ours back.
    Delete {
        /// In the conversation with whom.
        with: AccountId,
        /// Which message.
        message: MessageId,
    },
    /// Says which row of a menu the person chose.
    Choose {
        /// Whose menu it is.
        to: AccountId,
        /// The message that is the menu.
        menu: MessageId,
        /// The row's id.
        row: String,
    },
    /// Orders things of an offer of a business's.
    Order(AccountId, Box<OrderWish>),
    /// Fills a form of a business's in.
    Fill(AccountId, Box<FillWish>),
    /// Makes a file known that is on the disk, so that it can be sent.
    TakeFile(Box<NewFile>),
    /// Fetches a file, however large it is.
    WantFile(FileId),
    /// Removes a file from the disk, and fetches it no more.
    ForgetFile(FileId),
    /// Sends a text that a template made, as a business: outside a customer's window no other is taken.
    SendByTemplate {
        /// To whom.
        to: AccountId,
        /// As in [`Command::Send`].
        text: String,
        /// Which template, and what stands in its places.
        template: Box<Template>,
    },
    /// What is asked of the front desk.
    Desk(DeskCommand),
    /// A person saw a conversation up to this position, or as it stands.
    MarkRead(AccountId, Option<u64>),
    /// What a business may write about, from now on.
    Consent {
        /// The business.
        to: AccountId,
        /// The topics; without days none means all.
        topics: Vec<Topic>,
        /// For how many days; none takes the consent back.
        days: Option<u32>,
    },
    /// When the person isn't to be disturbed.
    SetQuiet(Option<Quiet>),
    /// Keeps a signed statement against a contact, and blocks them.
    Report {
        /// The contact.
        contact: AccountId,
        /// What is wrong.
        reason: Reason,
        /// In the person's words; at most [`crate::base::consent_limits::REPORT_NOTE_MAX`] bytes.
        note: String,
    },
    /// Doesn't let a stranger who wrote be a contact, and hears them no more.
    Refuse(AccountId),
    /// Erases a contact with all that was said, but for what was charged.
    Erase(AccountId),
    /// Shows what another device of the account is to be told, to be let in.
    OfferDevice,
    /// The person has seen whose device this is to be, and agrees.
    JoinAccount(AccountId),
    /// Lets a device that made this offer into the account.
    LinkDevice(Box<LinkOffer>),
    /// Takes a device out of the account.
    RevokeDevice(DeviceId),
    /// Takes a mailbox on: contacts deposit there what they can't hand over.
    AddMailbox(Box<NewMailbox>),
    /// Leaves a mailbox; what still comes there is fetched for a while.
    RemoveMailbox(PeerKey),
    /// Puts the identity of this seed in the place of this one.
    RotateIdentity(Box<Seed>),
    /// A command that changes the account's log, with the seed whose key signs that.
    Unlocked(Box<Seed>, Box<Command>),
    /// What this business says of itself; published at the next opportunity.
    SetProfile(Box<ProfileDraft>),
    /// Publishes the profile now, and answers once the network took it.
    Publish,
    /// Looks for what an identity that was brought back had said before.
    Reconcile {
        /// Looks for nothing: there is nothing to go on from.
        force: bool,
        /// Somebody who may know a person's log; without it those are asked whom the store knows.
        from: Option<Box<Invite>>,
    },
    /// Offers a plan, or a new version of one.
    PutPlan(Plan),
    /// No longer offers a plan; who has it keeps it.
    RemovePlan(String),
    /// Looks for businesses.
    Find(Query),
    /// Looks a business up by its address.
    Lookup(AccountId),
    /// Asks a business for a subscription; its invoice follows.
    Subscribe {
        /// The business.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
    },
    /// Ends a subscription when its period ends; needs nobody's consent.
    Cancel {
        /// The business.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
    },
    /// Ends a subscription at once; needs nobody's consent.
    CancelNow {
        /// The business.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
    },
    /// Asks a business for another plan in the place of one.
    ChangePlan {
        /// The business.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
        /// The other plan's.
        to: String,
    },
    /// Asks a business to stop for a while when what is paid for ends.
    Pause {
        /// The business.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
        /// Until when.
        until: Time,
    },
    /// Agrees to another price, or doesn't.
    AnswerPrice {
        /// The price change's id.
        change: Digest,
        /// Yes or no.
        agrees: bool,
    },
    /// The payer's word, with proof where the rail has one, that an invoice was paid.
    SayPaid {
        /// The invoice.
        invoice: InvoiceKey,
        /// By which rail.
        rail: Rail,
        /// Lightning: the preimage. Else the payment's own reference.
        proof: Vec<u8>,
    },
    /// A receipt of ours as a file, with our fresh answer to a challenge.
    Present {
        /// The receipt's id.
        receipt: Digest,
        /// What the verifier asked to be signed.
        challenge: String,
    },
    /// The business's word that an invoice was paid; its receipt follows.
    MarkPaid(InvoiceKey),
    /// The same from a payment provider, with how it was paid.
    Paid(Box<PaidNotice>),
    /// Offers an open invoice to be paid by Lightning.
    OfferLightning {
        /// The invoice.
        invoice: InvoiceKey,
        /// A BOLT11 invoice for the node that the profile names.
        bolt11: String,
    },
    /// Takes money by a rail from now on.
    PutPayee(Payee),
    /// No longer takes money by a rail.
    RemovePayee(Rail),
    /// Gives money back, or takes a receipt back.
    Credit(Box<Wish>),
    /// Takes a credit note back.
    ReverseCredit {
        /// The note's id.
        note: Digest,
        /// Why.
        reason: String,
    },
    /// Announces the offered terms of a plan to all who subscribe under older ones.
    AnnouncePrice(String),
    /// Signs how far the ledger goes, for whoever gets it as a file.
    SignLedger,
    /// Carries receipts of operators in the profile, as listings.
    SetListings(Vec<Digest>),
    /// Asks a relay for a place that is for those who pay.
    AskPlace {
        /// Where it is.
        relay: Box<PeerAddress>,
        /// The receipt that pays; none to hear which plan does.
        receipt: Option<Digest>,
    },
}

/// A mailbox to be taken on.
#[derive(Clone, Debug)]
pub struct NewMailbox {
    /// Where it is.
    pub at: PeerAddress,
    /// What lets our queues in.
    pub token: Option<ContactToken>,
    /// A receipt that does.
    pub receipt: Option<ShownReceipt>,
}

/// What came of a command.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It's done.
    Done,
    /// An invite, as a link.
    Invited {
        /// The link.
        invite: String,
        /// Nobody can accept it after this.
        expires: Time,
    },
    /// A device's offer to be linked, as text.
    LinkOffered {
        /// The text.
        code: String,
        /// It can't be taken up after this.
        expires: Time,
    },
    /// A device speaks for the account now.
    Linked {
        /// Its id.
        device: DeviceId,
        /// The account's address.
        address: String,
    },
    /// A contact was erased.
    Erased {
        /// Their address.
        address: String,
        /// Entries of the conversation.
        entries: u64,
        /// Subscriptions that are kept, with their invoices and receipts.
        subscriptions: u64,
    },
    /// The identity is another now.
    Rotated {
        /// Its address.
        address: String,
        /// The address that it took the place of.
        former: String,
    },
    /// An identity that was brought back goes on from what it had said.
    Reconciled {
        /// The number of the profile that was found; a person's is that of its log's last entry.
        seq: u64,
    },
    /// Somebody is a contact now.
    Added {
        /// Their address.
        address: String,
        /// What they are called here.
        name: String,
    },
    /// A message is on the disk and on its way.
    Queued {
        /// Its id.
        id: MessageId,
        /// Its place in the conversation.
        position: u64,
    },
    /// A file can be sent now.
    FileTaken {
        /// Its id.
        file: FileId,
        /// It is removed then, if no message speaks of it.
        expires: Time,
    },
    /// The profile is out.
    Published {
        /// Its sequence number.
        seq: u64,
        /// Peers that were asked to keep it.
        peers_asked: u32,
        /// Keys under which it was read back.
        keys_read_back: u32,
        /// Index entries that were taken.
        index_entries: u32,
        /// When it has to be published again.
        expires: Time,
    },
    /// Businesses that were found.
    Found {
        /// Each verified, newest profile.
        businesses: Vec<FoundBusiness>,
        /// Where the search goes on, if the index has more: the cursor of another query.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<AccountId>,
        /// Peers that were asked.
        peers_asked: u32,
        /// Records and entries that were refused because they were forged, stale or malformed.
        refused: u32,
    },
    /// The request for a subscription is on its way.
    Subscribed {
        /// The event's id.
        id: Digest,
    },
    /// Something was signed, is kept, and on its way.
    Said {
        /// The event's id.
        id: Digest,
    },
    /// Another plan was asked for; it counts once the business agrees, and what is due is paid.
    ChangeAsked {
        /// The event's id.
        id: Digest,
        /// From when on.
        at: Time,
        /// What is due for it.
        due: Money,
    },
    /// Other terms were announced.
    Announced {
        /// In how many subscriptions.
        subscriptions: u32,
    },
    /// A receipt, shown by its subject.
    Presented {
        /// The receipt's file.
        file: Box<ReceiptFile>,
    },
    /// A relay keeps a place for this node.
    PlaceKept {
        /// Until then.
        until: Time,
    },
    /// How far the ledger goes, signed.
    LedgerEnd {
        /// What was signed.
        end: Box<SignedEnd>,
    },
    /// A receipt was issued, or had been before.
    Receipted {
        /// The receipt's id.
        receipt: Digest,
        /// The amount.
        amount: Money,
        /// Who paid.
        subject: String,
    },
}

/// Why a command wasn't carried out. The text says what to do next.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody of that address is known.
    #[error("{0} is not a contact: add them first, with `sigillo add`")]
    NotAContact(String),
    /// The contact is blocked.
    #[error("this contact is blocked: unblock it first, with `sigillo block --undo`")]
    Blocked,
    /// A stranger who asks to be a contact.
    #[error("{0} isn't admitted yet: let them in first, with `sigillo contacts admit`")]
    NotAdmitted(String),
    /// The contact's key isn't the one that was compared.
    #[error(
        "{0} has another key than the one that was compared: look at `sigillo verify`, then `--accept` it"
    )]
    KeyChanged(String),
    /// No text, or too much.
    #[error("a text has 1 to {max} bytes, this one has {length}", max = crate::base::limits::TEXT_MAX)]
    TextLength {
        /// Its bytes.
        length: usize,
    },
    /// Characters that can deceive.
    #[error("the text has control characters, which messages don't carry")]
    TextCharacters,
    /// What is to be said, or changed, can't be.
    #[error("{0}")]
    Said(String),
    /// No such message.
    #[error("no message of that conversation has that id: `sigillo history WHO --ids` shows them")]
    NoSuchMessage,
    /// No such file.
    #[error("no file has that id: `sigillo file list` shows them")]
    NoSuchFile,
    /// A file can't be taken, sent or fetched.
    #[error("{0}")]
    File(String),
    /// A message's author has no more time to change it.
    #[error("that can be done for {0} hours after a message was sent, and no longer")]
    TooLate(u64),
    /// A name that can't be shown.
    #[error("a name is one line of at most {max} bytes", max = crate::base::limits::NAME_MAX)]
    Name,
    /// The invite is no longer good.
    #[error("the invite has expired or was made by this node: ask for a new one")]
    Invite,
    /// Only businesses do this.
    #[error("only a business node does this: make one with `sigillo init --business`")]
    NotABusiness,
    /// Only persons do this.
    #[error("a business node doesn't do this: use a personal node, made with `sigillo init`")]
    NotAPerson,
    /// Only the device with the recovery phrase does this.
    #[error("only the device that has the recovery phrase does this: use that one")]
    NotPrimary,
    /// The command changes the account's log, and came without its key.
    #[error(
        "this takes the identity key: give the passphrase, or the recovery phrase where the key is locked"
    )]
    KeyNeeded,
    /// The device belongs to nobody yet.
    #[error("this device isn't linked yet: link it with `sigillo device join`")]
    NotLinked,
    /// The device belongs to somebody already.
    #[error("this device belongs to an account already")]
    AlreadyLinked,
    /// An identity that was brought back doesn't know yet what it said before.
    #[error(
        "this identity was brought back: let it find out first what it said before, with `sigillo id reconcile`"
    )]
    Unreconciled,
    /// Nothing was found that it had said.
    #[error(
        "nothing that this identity said was found (a profile ends after 48 hours): if there is nothing, say `id reconcile --force`"
    )]
    NothingFound,
    /// The device was taken out of the account.
    #[error("this device was revoked: it no longer speaks for the account")]
    Revoked,
    /// A device isn't linked.
    #[error("{0}")]
    Link(String),
    /// The identity can't be put in the place of the other.
    #[error("{0}")]
    Identity(String),
    /// No such device, or several.
    #[error("{0} devices of this account fit that id: `sigillo device list` shows them")]
    NoSuchDevice(usize),
    /// A mailbox doesn't take us.
    #[error("{0}")]
    Mailbox(String),
    /// No such mailbox.
    #[error("no mailbox of this node has that peer id: `sigillo mailbox list` shows them")]
    NoSuchMailbox,
    /// There is nothing to publish.
    #[error("there is no profile yet: say who you are with `sigillo profile set --name NAME`")]
    NoProfile,
    /// The draft isn't acceptable.
    #[error("{0}")]
    Profile(String),
    /// The network is needed.
    #[error("this needs the network: start the node with `sigillo run` and try again")]
    Offline,
    /// No peer answered.
    #[error("no peer of the network could be asked: check the bootstrap addresses (`sigillo status`)")]
    NoPeers,
    /// Peers said that they keep the profile, and none of them has it.
    #[error("the profile was offered, but could not be read back yet: it will be tried again by itself")]
    NotReadBack,
    /// There is nothing to search by.
    #[error("say what to look for: words of a name, or a category, country, region or language")]
    Query,
    /// Nobody published under that address.
    #[error("no valid profile was found under {0}: check the address, and that the business is online")]
    NotFound(String),
    /// The business offers no such plan.
    #[error("the business offers no plan {0}: `sigillo plan list --of ADDRESS` shows its plans")]
    NoSuchPlan(String),
    /// No such subscription.
    #[error("there is no subscription to {0} here")]
    NoSubscription(String),
    /// No such invoice.
    #[error("there is no invoice {0} here: `sigillo invoice list` shows them")]
    NoInvoice(String),
    /// A consent, quiet hours or a report can't be made so.
    #[error("{0}")]
    Consent(String),
    /// What is asked of the front desk can't be done so: a word for programs, and why.
    #[error("{1}")]
    Desk(&'static str, String),
    /// The front desk has no such thing.
    #[error("{0}")]
    NoneSuch(String),
    /// The events of charging don't allow it.
    #[error("{0}")]
    Billing(String),
    /// A bound is reached.
    #[error("there are too many {0}")]
    TooMany(&'static str),
    /// A row would be larger than the store takes.
    #[error("that is more than the store keeps in one place: say less")]
    TooLarge,
    /// The node is about to stop.
    #[error("the node is shutting down")]
    Stopping,
}
