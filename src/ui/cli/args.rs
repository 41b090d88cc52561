//! What can be written on the command line, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::base::id::AccountId;
use crate::domain::identity::{address, invite};
use crate::ui::cli::api::ApiCommand;
use crate::ui::cli::args_money::{
    Agree, Change, Invoice, Ledger, Pause, Plan, RailCommand, Receipt, Subscribe, Unsubscribe,
};
use crate::ui::cli::args_run::{Run, place};
use crate::ui::cli::backup::Backups;
use crate::ui::cli::bench::Bench;
use crate::ui::cli::bot::Bot;
use crate::ui::cli::consent::Consent;
use crate::ui::cli::desk::Desk;
use crate::ui::cli::desk_texts::{By, Catalog, Quick, Template};
use crate::ui::cli::file::{FileCommand, WithFile};
use crate::ui::cli::forms::{Fill, Form};
use crate::ui::cli::id_args::{Id, Phrase};
use crate::ui::cli::lab::Lab;
use crate::ui::cli::mailbox::Mailbox;
use crate::ui::cli::message::{Choose, Edit, React, Which};
use crate::ui::cli::orders::{Bill, Offer, Order, Picture, Status};
use crate::ui::cli::relay::Relay;
use crate::ui::cli::said::Beside;
use crate::ui::cli::sending::Waiting;
use crate::ui::cli::token::Token;
use crate::ui::cli::webhook::Webhook;

/// In the place of a mailbox's address: the nodes that the configuration begins with.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// Peer-to-peer, end-to-end-encrypted messaging for people and businesses.
///
/// Exit codes: 0 done, 1 failed, 2 misused.
#[derive(Debug, Parser)]
#[command(name = "sigillo", version, max_term_width = 100)]
pub(super) struct Cli<C: Subcommand = Command> {
    /// The node's home directory [default: `sigillo` in the user's data directory]
    #[arg(long, global = true, env = "SIGILLO_HOME", value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Write one JSON document (JSON lines for streams) to stdout
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say more on stderr; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    #[command(subcommand)]
    pub(super) command: C,
}

impl Cli {
    /// Reads the process's arguments. Whether they run a node is asked first, by itself: the grammar of all commands is
    /// the better part of a megabyte, which such a process would keep for as long as it lasts.
    pub(super) fn read() -> Result<Self, clap::Error> {
        match Cli::<Lasting>::try_parse() {
            Ok(Cli { home, json, verbose, command: Lasting::Run(wanted) }) => {
                Ok(Self { home, json, verbose, command: Command::Run(wanted) })
            }
            Err(_) => Self::try_parse(),
        }
    }
}

/// The command whose process lasts.
#[derive(Clone, Debug, Subcommand)]
enum Lasting {
    Run(Run),
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// Make an identity, and show its address and recovery phrase once
    Init(Init),
    /// Bring an identity back from its recovery phrase
    Restore(Restore),
    /// Show this node's address, lock its key away, or put another identity in its place
    Id {
        #[command(subcommand)]
        what: Option<Id>,
    },
    /// Run the node until it is interrupted
    Run(Run),
    /// Show how the node is doing, and how each contact is reached
    Status,
    /// Find out why others can't be reached, or can't reach this node, and what to do about it
    Doctor,
    /// What this node says of itself
    #[command(subcommand)]
    Profile(Profile),
    /// Look for businesses, by words and filters or by address
    Find(Find),
    /// Measure whole paths between real nodes on this machine
    Bench(Bench),
    /// Try sigillo out: in simulated worlds, or with many real nodes on this machine
    #[command(subcommand)]
    Lab(Lab),
    /// Make an invite that one person can accept
    Invite {
        /// Show the link only, without a QR code
        #[arg(long)]
        no_qr: bool,
    },
    /// Add a contact: by their invite, or a business by its address
    Add {
        /// An invite (`sigillo:...`), a business's address (`sig1...`), or `-` to read one from stdin
        who: String,
        /// What to call them here
        #[arg(long)]
        name: Option<String>,
    },
    /// Show and change contacts
    Contacts {
        #[command(subcommand)]
        what: Option<Contacts>,
    },
    /// Write all that is kept of a contact as JSON: what they may ask for
    Export {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// The file; stdout where none is named
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Erase a contact and all that was said with them; what was charged is kept, as laws want it
    Erase {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Show the number that you and a contact compare to be sure of each other's key
    Verify {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// Compare with what they see: the text of their QR code, their 60 digits, or `-` to read either from stdin
        #[arg(long, value_name = "CODE")]
        scan: Option<String>,
        /// Mark the contact as verified (with --scan only if it is the same number)
        #[arg(long)]
        accept: bool,
        /// Don't draw the QR code
        #[arg(long)]
        no_qr: bool,
    },
    /// The devices of this identity: link one, show them, take one out
    #[command(subcommand)]
    Device(Device),
    /// The mailboxes of this identity: take one on, show them, leave one
    #[command(subcommand)]
    Mailbox(Mailbox),
    /// Relays of others: places that are paid for
    #[command(subcommand)]
    Relay(Relay),
    /// The bearer tokens of the local API over TCP: make one, show them, take one back
    #[command(subcommand)]
    Token(Token),
    /// Programs elsewhere that are told what happens here
    #[command(subcommand)]
    Webhook(Webhook),
    /// Say whether the node of the home sends and receives now; exit code 1 where it doesn't, or doesn't run
    Ready,
    /// A copy of the whole home in one file: make one while the node runs, bring one back
    #[command(subcommand)]
    Backup(Backups),
    /// Show what a program of the Cloud-API-compatible surface has to be given, its app secret included
    Cloud,
    /// The local API itself
    #[command(subcommand)]
    Api(ApiCommand),
    /// Drop whatever a contact sends from now on
    Block {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// Listen to them again
        #[arg(long)]
        undo: bool,
        /// Also keep a signed statement of what is wrong; nobody is told
        #[arg(long, value_name = "REASON", conflicts_with = "undo")]
        report: Option<Reason>,
        /// The statement in your words
        #[arg(long, requires = "report")]
        note: Option<String>,
    },
    /// What businesses may write about, and what this node dropped
    #[command(subcommand)]
    Consent(Consent),
    /// Send a text, a file, a place, a contact or a menu
    Send(Box<Send>),
    /// React to a message with an emoji
    React(React),
    /// Put another text in the place of a message of yours, within 24 hours
    Edit(Edit),
    /// Take a message of yours back, within 48 hours
    Delete(Which),
    /// Choose a row of a menu that a business sent
    Choose(Choose),
    /// Fill a form in that a business sent
    Fill(Fill),
    /// Offer a customer things of the catalog, which they can order
    Offer(Box<Offer>),
    /// Order things that a business offered
    Order(Order),
    /// Say what a customer's order comes to, at the prices of the catalog, and how it can be paid
    Bill(Bill),
    /// Say what becomes of a customer's order
    OrderStatus(Status),
    /// Write the small picture of a thing that was offered
    Picture(Picture),
    /// The files that were sent and that came: show them, write one to the disk, forget some
    #[command(subcommand)]
    File(FileCommand),
    /// The front desk of a business: who waits, who looks after them, what is said by itself
    #[command(subcommand)]
    Desk(Desk),
    /// Quick replies: texts that are said often, under short names
    #[command(subcommand)]
    Quick(Quick),
    /// Templates: texts with typed variables, for which customers consent
    #[command(subcommand)]
    Template(Template),
    /// Forms, which customers fill in
    #[command(subcommand)]
    Form(Form),
    /// What this business sells
    #[command(subcommand)]
    Catalog(Catalog),
    /// The bot that answers customers
    #[command(subcommand)]
    Bot(Bot),
    /// Talk with a contact, line by line
    Chat {
        /// A contact's name, address, or the beginning of one
        who: String,
    },
    /// Show conversations, the latest first
    Inbox(Inbox),
    /// Show what was said
    History(History),
    /// The plans that a business offers
    #[command(subcommand)]
    Plan(Plan),
    /// Subscribe to a plan of a business, or show all subscriptions
    Subscribe(Subscribe),
    /// Cancel a subscription; it needs nobody's consent
    Cancel(Unsubscribe),
    /// Change a subscription to another plan of the business; both sides compute what is due
    Change(Change),
    /// Stop a subscription for a while when what is paid for ends
    Pause(Pause),
    /// Agree to another price that a business announced, or refuse it
    Agree(Agree),
    /// How this business takes money
    #[command(subcommand)]
    Rail(RailCommand),
    /// Invoices, ours and theirs
    #[command(subcommand)]
    Invoice(Invoice),
    /// Receipts: signed proofs of paid periods
    #[command(subcommand)]
    Receipt(Receipt),
    /// What came in and who subscribes; the chain of events, exported and audited
    Ledger {
        /// Write CSV
        #[arg(long)]
        csv: bool,
        #[command(subcommand)]
        what: Option<Ledger>,
    },
    /// Play the whole job through with nodes of its own, each a process, in a temporary home
    #[cfg(unix)]
    Demo(Demo),
    /// Write a completion script for a shell to stdout
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

#[cfg(unix)]
#[derive(Clone, Debug, Args)]
pub(super) struct Demo {
    /// Leave the homes, and say how to go on by hand
    #[arg(long)]
    pub(super) keep: bool,
}

/// What protects the keystore.
#[derive(Clone, Debug, Args)]
pub(super) struct Kdf {
    /// MiB of memory that one guess at the passphrase costs; less is weaker
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(12..=1024))]
    pub(super) kdf_memory: u32,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Device {
    /// Make this, a new device, one of an identity that you have: shows a code for `sigillo device link`
    Join(Join),
    /// Let a new device into this identity, by the code that `sigillo device join` shows there
    Link {
        /// The code (`sigillo-link:...`), or `-` to read it from stdin
        code: String,
        #[command(flatten)]
        key: Phrase,
    },
    /// Show the devices of this identity
    List,
    /// Take a device out of this identity, from the next message on
    Revoke {
        /// The device's id, or the beginning of it
        device: String,
        #[command(flatten)]
        key: Phrase,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct Join {
    /// The address of the identity that is yours: nothing is asked then, and no other is joined
    #[arg(long, value_name = "ADDRESS")]
    pub(super) account: Option<String>,
    /// Show the code only, without a QR picture
    #[arg(long)]
    pub(super) no_qr: bool,
    #[command(flatten)]
    pub(super) run: Run,
    #[command(flatten)]
    pub(super) kdf: Kdf,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Init {
    /// Make a business's identity: it can publish a profile and offer plans
    #[arg(long)]
    pub(super) business: bool,
    /// What to call yourself towards contacts; a business's public name
    #[arg(long)]
    pub(super) name: Option<String>,
    /// A node that is to keep mail while this one is off; `bootstrap` takes those of config.toml [up to three]
    #[arg(long, value_name = "ADDRESS", value_parser = keeper)]
    pub(super) mailbox: Vec<String>,
    /// Accept this invite at once; without a mailbox of your own, you take on those that it names
    #[arg(long, value_parser = newcomer)]
    pub(super) invite: Option<String>,
    #[command(flatten)]
    pub(super) kdf: Kdf,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Restore {
    /// The identity is a business's
    #[arg(long)]
    pub(super) business: bool,
    /// Read the 24 words from a file [default: a prompt, or stdin where that is no terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) phrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) kdf: Kdf,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Profile {
    /// Change what is given and keep the rest; an empty text removes
    Set(ProfileSet),
    /// Show the profile, or that of a business
    Show {
        /// A contact or a business's address [default: this node]
        who: Option<String>,
    },
    /// Publish the profile now, and wait until the network took it
    Publish,
    /// Carry receipts of operators, by which their customers find this business; none takes them out
    Listings {
        /// Receipts' ids, or the beginnings of them; up to two
        receipts: Vec<String>,
    },
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct ProfileSet {
    /// The name; for a person, what contacts are told
    #[arg(long)]
    pub(super) name: Option<String>,
    /// A description
    #[arg(long)]
    pub(super) about: Option<String>,
    /// A category in your own words; up to three
    #[arg(long = "category", value_name = "CATEGORY")]
    pub(super) categories: Option<Vec<String>>,
    /// Two letters (ISO 3166), such as BR
    #[arg(long)]
    pub(super) country: Option<String>,
    /// A code (ISO 3166-2), such as BR-SP, or a place's name
    #[arg(long)]
    pub(super) region: Option<String>,
    /// A language tag, such as pt-BR; may be repeated
    #[arg(long = "language", value_name = "TAG")]
    pub(super) languages: Option<Vec<String>>,
    /// A web address, beginning with https://
    #[arg(long)]
    pub(super) website: Option<String>,
    /// Opening hours
    #[arg(long)]
    pub(super) hours: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Find {
    /// Words of the name or category, or one address
    pub(super) words: Vec<String>,
    /// A category, whole
    #[arg(long)]
    pub(super) category: Option<String>,
    /// Two letters (ISO 3166), such as BR
    #[arg(long)]
    pub(super) country: Option<String>,
    /// A region, whole
    #[arg(long)]
    pub(super) region: Option<String>,
    /// A language tag
    #[arg(long)]
    pub(super) language: Option<String>,
    /// Only businesses that pay this operator to be listed: a contact or an address
    #[arg(long, value_name = "OPERATOR")]
    pub(super) listed_by: Option<String>,
    /// Go on where an earlier search ended, with what it named as `next`
    #[arg(long, value_name = "NEXT", value_parser = cursor)]
    pub(super) after: Option<AccountId>,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Contacts {
    /// Show all contacts
    List,
    /// Call a contact something else
    Rename {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// The new name
        name: String,
    },
    /// Let a stranger who wrote be a contact
    #[command(visible_alias = "accept")]
    Admit {
        /// A contact's name, address, or the beginning of one
        who: String,
    },
    /// Don't let a stranger who wrote be a contact, and hear nothing more of them
    Refuse {
        /// A contact's name, address, or the beginning of one
        who: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct Send {
    /// A contact's name, address, or the beginning of one; a business's whole address adds it
    pub(super) who: String,
    /// The text, or `-` to read it from stdin
    #[arg(required_unless_present_any = ["file", "location", "card", "menu", "ask_location", "template", "quick"])]
    pub(super) text: Vec<String>,
    #[command(flatten)]
    pub(super) beside: Beside,
    #[command(flatten)]
    pub(super) with: WithFile,
    #[command(flatten)]
    pub(super) by: By,
    #[command(flatten)]
    pub(super) waiting: Waiting,
}

/// What is wrong with a contact.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Reason {
    /// They write what you didn't ask for
    Spam,
    /// They try to take what isn't theirs
    Fraud,
    /// They threaten or insult
    Abuse,
    /// Something else
    Other,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Inbox {
    /// Show strangers who wait to be admitted
    #[arg(long)]
    pub(super) requests: bool,
    /// Show what happens from now on, until interrupted
    #[arg(long, conflicts_with = "requests")]
    pub(super) follow: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct History {
    /// A contact's name, address, or the beginning of one
    pub(super) who: String,
    /// At most so many entries
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(super) limit: u16,
    /// Only entries before this position
    #[arg(long, value_name = "POSITION")]
    pub(super) before: Option<u64>,
    /// Only entries with all these words, latest first
    #[arg(long, value_name = "WORDS")]
    pub(super) search: Option<String>,
    /// Show the beginning of each message's id, by which it can be answered or changed
    #[arg(long)]
    pub(super) ids: bool,
    /// Mark the conversation as read
    #[arg(long)]
    pub(super) read: bool,
}

fn cursor(text: &str) -> Result<AccountId, &'static str> {
    AccountId::from_hex(text).ok_or("not what an earlier search named as `next`")
}

/// A node that keeps mail, or those of the configuration.
fn keeper(text: &str) -> Result<String, &'static str> {
    if text == BOOTSTRAP { Ok(text.to_owned()) } else { place(text) }
}

/// An invite, or the address of a business: what is mistyped makes no identity.
fn newcomer(text: &str) -> Result<String, String> {
    let text = text.trim();
    match invite::decode(text) {
        Err(error) if address::decode(text).is_err() => Err(error.to_string()),
        _ => Ok(text.to_owned()),
    }
}
