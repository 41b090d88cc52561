//! The front desk's inbox, and what is said by itself but for the bot.

use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::ui::cli::client::{Client, escaped, query};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do at the front desk.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Desk {
    /// Show conversations, who waits longest first
    List(List),
    /// Show one conversation as the desk keeps it, with its notes
    Show {
        /// A contact's name, address, or the beginning of one
        who: String,
    },
    /// Change the status, labels or agent of a conversation
    Set(Set),
    /// Add a note to a conversation; it is never sent
    Note {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// The note
        #[arg(required = true)]
        text: Vec<String>,
        /// Who writes it
        #[arg(long, default_value = "")]
        by: String,
    },
    /// Show the opening hours, the greeting and the away message
    Reception,
    /// Say when this business is open
    Hours(Hours),
    /// Greet who comes
    Greeting(Greeting),
    /// Say something to who comes out of hours, once in each closed time
    Away {
        /// What is said
        #[arg(required_unless_present = "off")]
        text: Option<String>,
        /// Say nothing
        #[arg(long, conflicts_with = "text")]
        off: bool,
    },
}

/// Whether somebody has to do something.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Status {
    /// Somebody has to answer
    Open,
    /// The customer, or the bot, is next
    Pending,
    /// Nobody has to do anything
    Done,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Done => "done",
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct List {
    /// Only those with this status
    #[arg(long)]
    status: Option<Status>,
    /// Only those with this label
    #[arg(long)]
    label: Option<String>,
    /// Only those that this agent looks after
    #[arg(long, value_name = "AGENT")]
    assigned: Option<String>,
    /// Only those that nobody looks after
    #[arg(long, conflicts_with = "assigned")]
    unassigned: bool,
    /// Those that got their status last come first
    #[arg(long)]
    latest: bool,
    /// Go on where an earlier list ended, with what it named as `next`
    #[arg(long, value_name = "NEXT")]
    after: Option<u64>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Set {
    /// A contact's name, address, or the beginning of one
    who: String,
    #[command(flatten)]
    wish: SetWish,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct SetWish {
    /// The status
    #[arg(long)]
    status: Option<Status>,
    /// A label to be added; may be repeated
    #[arg(long)]
    label: Vec<String>,
    /// A label to be taken away; may be repeated
    #[arg(long)]
    unlabel: Vec<String>,
    /// Who looks after it; an empty name is nobody
    #[arg(long, value_name = "AGENT")]
    assign: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Hours {
    /// Such as "Mo-Fr 08:00-18:00; Sa 08:00-12:00" [default: those of the profile as they stand now]
    #[arg(requires = "zone")]
    hours: Option<String>,
    /// The time zone, such as America/Sao_Paulo, or how far its clock is from UTC, such as -03:00
    #[arg(long, allow_hyphen_values = true, required_unless_present = "off")]
    zone: Option<String>,
    /// Be always open
    #[arg(long, conflicts_with_all = ["hours", "zone"])]
    off: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Greeting {
    /// What is said
    #[arg(required_unless_present = "off")]
    text: Option<String>,
    /// Say it again after so many days of silence [default: only once]
    #[arg(long, value_name = "DAYS", requires = "text")]
    after_days: Option<u32>,
    /// Greet nobody
    #[arg(long, conflicts_with = "text")]
    off: bool,
}

pub(super) async fn desk(client: &Client, output: Output, what: Desk) -> Result<(), Failure> {
    match what {
        Desk::List(wanted) => list(client, output, wanted).await,
        Desk::Show { who } => {
            let path = format!("/v1/desk/{}", escaped(&who));
            let mut case = client.get(&path).await?;
            let notes =
                client.get(&query(&format!("{path}/notes"), &[("limit", Some("500".to_owned()))])).await?;
            case["notes"] = notes;
            output.show(&case, |case| {
                let notes = show::notes(&case["notes"]);
                if notes.is_empty() { show::case(case) } else { format!("{}\n\n{notes}", show::case(case)) }
            })
        }
        Desk::Set(Set { who, wish: SetWish { status, label, unlabel, assign } }) => {
            let path = format!("/v1/desk/{}", escaped(&who));
            let status = status.map(Status::word);
            let wish = json!({ "status": status, "label": label, "unlabel": unlabel, "assigned": assign });
            output.show(&client.request(Method::PATCH, &path, Some(&wish)).await?, show::case)
        }
        Desk::Note { who, text, by } => {
            let note = json!({ "text": text.join(" "), "by": by });
            let path = format!("/v1/desk/{}/notes", escaped(&who));
            output.show(&client.post(&path, &note).await?, show::case)
        }
        Desk::Reception => output.show(&client.get("/v1/reception").await?, show::reception),
        Desk::Hours(Hours { hours, zone, .. }) => {
            let body = zone.map(|zone| json!({ "hours": hours, "zone": zone }));
            set(client, output, "hours", body).await
        }
        Desk::Greeting(Greeting { text, after_days, .. }) => {
            let body = text.map(|text| json!({ "text": text, "again_after_days": after_days }));
            set(client, output, "greeting", body).await
        }
        Desk::Away { text, .. } => {
            set(client, output, "away", text.map(|text| json!({ "text": text }))).await
        }
    }
}

async fn list(client: &Client, output: Output, wanted: List) -> Result<(), Failure> {
    let assigned = if wanted.unassigned { Some(String::new()) } else { wanted.assigned };
    let parameters = [
        ("status", wanted.status.map(|status| status.word().to_owned())),
        ("label", wanted.label),
        ("assigned", assigned),
        ("latest", wanted.latest.then(|| "true".to_owned())),
        ("after", wanted.after.map(|after| after.to_string())),
        ("limit", Some(wanted.limit.to_string())),
    ];
    output.show(&client.get(&query("/v1/desk", &parameters)).await?, show::cases)
}

/// Sets a part of what is said by itself, or ends it.
async fn set(client: &Client, output: Output, part: &str, body: Option<Value>) -> Result<(), Failure> {
    let path = format!("/v1/reception/{part}");
    let method = if body.is_some() { Method::PUT } else { Method::DELETE };
    output.show(&client.request(method, &path, body.as_ref()).await?, show::reception)
}
