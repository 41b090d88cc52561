//! What can be written on the command line about charging, and its help.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::base::money::Currency;
use crate::wire::plan::Period;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Plan {
    /// Offer a plan, or change the terms of one
    Add(PlanAdd),
    /// No longer offer a plan; who has it keeps it
    Remove {
        /// The plan's id
        id: String,
    },
    /// Announce the terms that a plan is offered under now to all who subscribe under older ones
    Announce {
        /// The plan's id
        id: String,
    },
    /// Show the plans that are offered
    List {
        /// Those of a business, by contact or address [default: this node's]
        #[arg(long, value_name = "WHO")]
        of: Option<String>,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct PlanAdd {
    /// Its id: a-z, 0-9 and -
    pub(super) id: String,
    /// What one period costs, such as 19.90
    pub(super) price: String,
    /// Three capital letters (ISO 4217), such as BRL
    #[arg(long)]
    pub(super) currency: Currency,
    /// How long a period is
    #[arg(long, value_enum, default_value = "monthly")]
    pub(super) period: PlanPeriod,
    /// Its name for people [default: the id]
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Days of free trial before the first payment
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    pub(super) trial: u32,
    /// Days of access after a period that wasn't renewed
    #[arg(long, value_name = "DAYS", default_value_t = 3)]
    pub(super) grace: u32,
    /// Days without access after that, in which paying restores the subscription
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(super) hold: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum PlanPeriod {
    Monthly,
    Annual,
}

impl From<PlanPeriod> for Period {
    fn from(period: PlanPeriod) -> Self {
        match period {
            PlanPeriod::Monthly => Self::Monthly,
            PlanPeriod::Annual => Self::Annual,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct Subscribe {
    /// The business: a contact or an address [default: show all subscriptions]
    #[arg(requires = "plan")]
    pub(super) who: Option<String>,
    /// The plan's id
    pub(super) plan: Option<String>,
    /// End the subscription when what is paid for ends
    #[arg(long, requires = "who")]
    pub(super) cancel: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Unsubscribe {
    /// The business: a contact or an address
    pub(super) who: String,
    /// The plan's id
    pub(super) plan: String,
    /// End it at once, not when what is paid for ends
    #[arg(long)]
    pub(super) now: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Change {
    /// The business: a contact or an address
    pub(super) who: String,
    /// The plan's id
    pub(super) plan: String,
    /// The other plan's id
    pub(super) to: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Pause {
    /// The business: a contact or an address
    pub(super) who: String,
    /// The plan's id
    pub(super) plan: String,
    /// Until when (RFC 3339), such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", required_unless_present = "days")]
    pub(super) until: Option<String>,
    /// For so many days from now
    #[arg(long, value_name = "NUMBER", conflicts_with = "until", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(super) days: Option<u32>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Agree {
    /// The announcement's id, whole: `sigillo subscribe --json` shows it
    pub(super) change: String,
    /// Refuse it: the old terms stay
    #[arg(long)]
    pub(super) refuse: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum RailName {
    Manual,
    Pix,
    Upi,
    Sepa,
    Lightning,
}

impl RailName {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Pix => "pix",
            Self::Upi => "upi",
            Self::Sepa => "sepa",
            Self::Lightning => "lightning",
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RailCommand {
    /// Show how money is taken
    List,
    /// Take money by a rail from now on
    Add {
        rail: RailName,
        /// Manual: what to do. Pix: the key. UPI: name@bank. SEPA: the IBAN. Lightning: the node's public key
        account: String,
        /// Who is paid
        #[arg(long, default_value = "")]
        name: String,
        /// Pix: the city
        #[arg(long, default_value = "", conflicts_with = "bic")]
        city: String,
        /// SEPA: the BIC, where it is wanted
        #[arg(long)]
        bic: Option<String>,
    },
    /// No longer take money by a rail
    Remove { rail: RailName },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Invoice {
    /// Show all invoices
    List,
    /// Show one invoice, and what a bank or a wallet reads
    Show {
        /// Its key
        key: String,
        /// Only this way to pay, its text alone
        #[arg(long, value_enum)]
        rail: Option<RailName>,
        /// Draw the QR code
        #[arg(long, requires = "rail")]
        qr: bool,
        /// Write the QR code as a picture
        #[arg(long, value_name = "FILE", requires = "rail")]
        svg: Option<PathBuf>,
        /// Write the QR code as a picture
        #[arg(long, value_name = "FILE", requires = "rail")]
        png: Option<PathBuf>,
    },
    /// Say, as the business, that an invoice was paid: the receipt goes out
    Paid {
        /// Its key
        key: String,
        /// How it was paid
        #[arg(long, value_enum, default_value = "manual")]
        rail: RailName,
        /// What the payment is called by whoever moved it; its SHA-256 goes into the receipt
        #[arg(long)]
        evidence: Option<String>,
        /// Stands for this notice: the same key does nothing twice, and is an error for anything else
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Say, as the payer, that an invoice was paid
    Evidence {
        /// Its key
        key: String,
        /// How it was paid
        #[arg(long, value_enum)]
        rail: RailName,
        /// Lightning: the preimage, which proves it. Else the payment's own reference
        proof: String,
    },
    /// Offer an invoice to be paid by Lightning, as the business
    Lightning {
        /// Its key
        key: String,
        /// A BOLT11 invoice of the node that the profile names
        bolt11: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// A file that proves itself
    Json,
    /// A JSON Web Signature that any JOSE library verifies
    Jws,
    /// A QR code, drawn
    Qr,
    /// A QR code as a picture
    Svg,
    /// A QR code as a picture
    Png,
    /// A page for people, to be printed, which proves itself too
    Html,
    /// The credit notes of its subscription, for whoever verifies it
    CreditNotes,
    /// The proof that its issuer signed two receipts of one number
    Contradiction,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Receipt {
    /// Show all receipts
    List,
    /// Show one receipt
    Show {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Write a receipt as a file that proves itself
    Export {
        /// Its id, or the beginning of it
        id: String,
        /// In which form
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        /// The file to make [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a receipt of yours with a fresh answer to a challenge, which nobody else can give
    Present {
        /// Its id, or the beginning of it
        id: String,
        /// What the verifier asks to be signed
        #[arg(long)]
        challenge: String,
        /// The file to make [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Give money back, as the business
    Refund {
        /// The receipt's id, or the beginning of it
        id: String,
        /// How much, in the receipt's currency [default: all that is left]
        #[arg(long)]
        amount: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
        /// Access goes on as if nothing was given back
        #[arg(long)]
        keep_access: bool,
        /// What the note is to be known by: the same key gives the same note for ever
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Take a receipt back at once, as the business
    Revoke {
        /// The receipt's id, or the beginning of it
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// What the note is to be known by: the same key gives the same note for ever
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Take a refund or a revocation back, as the business
    Reverse {
        /// The credit note's id, whole
        note: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Verify a receipt: a file, a JWS, a page or a picture of a QR code; needs no node, no home and no network
    Verify(Verify),
}

#[derive(Clone, Debug, Args)]
pub(super) struct Verify {
    /// The file, or `-` for stdin
    pub(super) file: PathBuf,
    /// The address of the business that must have issued it; without it, no receipt passes
    #[arg(long, value_name = "ADDRESS")]
    pub(super) issuer: Option<String>,
    /// The address, as the business knows them, of whom it must be for
    #[arg(long, value_name = "ADDRESS")]
    pub(super) subject: Option<String>,
    /// The moment at which it must hold (RFC 3339), or `any`
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub(super) at: String,
    /// What its subject must have signed just now: a copy then proves nothing
    #[arg(long, value_name = "TEXT")]
    pub(super) challenge: Option<String>,
    /// Credit notes of the issuer, from `sigillo receipt export --format credit-notes`
    #[arg(long, value_name = "FILE")]
    pub(super) credit_notes: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Ledger {
    /// Write every event as lines of JSON, with a signed end
    Export {
        /// The file to make
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Replay every event from its signature on, and name the first break
    Audit {
        /// A file from `sigillo ledger export`; needs no node and no home [default: this node's ledger]
        file: Option<PathBuf>,
        /// The address of the business whose ledger it must be
        #[arg(long, value_name = "ADDRESS", requires = "file")]
        issuer: Option<String>,
    },
}
