//! What businesses may write about, what was dropped, and when it is quiet.

use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::base::consent_limits;
use crate::domain::consent::export::{self, ConsentFile, Expect, Refusal};
use crate::ui::cli::client::{Client, query};
use crate::ui::cli::documents::{self, pretty, write_new};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do about consents.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Consent {
    /// Show what businesses may write about; at a business, what its customers let it
    List {
        /// One contact's name, address, or the beginning of one [default: all]
        who: Option<String>,
    },
    /// Let a business write about something, also when you didn't write first
    Give(Give),
    /// Take back what a business may write about
    Revoke {
        /// A contact's name, address, or the beginning of one
        who: String,
        /// What they may no longer write about [default: everything]
        topics: Vec<Topic>,
    },
    /// Show what businesses wrote that this node dropped: how much, and why
    Log,
    /// Show, set or end the hours in which you aren't to be disturbed
    Quiet(Quiet),
    /// Write all consents between you and a contact as a file that proves itself
    Export(Export),
    /// Verify a file of consents; needs no node, no home and no network
    Verify(Verify),
}

/// What a text of a business is about.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Topic {
    /// Help with what you asked for
    Service,
    /// What has become of an order, an appointment, an account
    Utility,
    /// One-time codes
    Authentication,
    /// Offers
    Marketing,
}

impl Topic {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::Marketing => "marketing",
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct Give {
    /// A contact's name, address, or the beginning of one
    who: String,
    /// What they may write about
    #[arg(required = true)]
    topics: Vec<Topic>,
    /// For how many days
    #[arg(long, default_value_t = consent_limits::CONSENT_DAYS, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Quiet {
    /// The hours, such as 22:00-07:00 [default: show them]
    #[arg(requires = "zone")]
    hours: Option<String>,
    /// How far your clock is from UTC, such as -03:00
    #[arg(long, allow_hyphen_values = true, requires = "hours")]
    zone: Option<String>,
    /// There are no such hours any more
    #[arg(long, conflicts_with = "hours")]
    off: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Export {
    /// A contact's name, address, or the beginning of one
    who: String,
    /// Also what you reported about them
    #[arg(long)]
    reports: bool,
    /// The file to make [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Verify {
    /// The file, or `-` for stdin
    file: PathBuf,
    /// The address of the business that everything must be addressed to
    #[arg(long, value_name = "ADDRESS")]
    business: Option<String>,
    /// The address, as the business knows them, of the person who must have said it
    #[arg(long, value_name = "ADDRESS")]
    person: Option<String>,
    /// The moment at which to say what holds (RFC 3339)
    #[arg(long, value_name = "TIME", default_value = "now")]
    at: String,
}

pub(super) async fn consent(client: &Client, output: Output, what: Consent) -> Result<(), Failure> {
    match what {
        Consent::List { who } => {
            output.show(&client.get(&query("/v1/consents", &[("who", who)])).await?, show::consents)
        }
        Consent::Give(Give { who, topics, days }) => {
            let wish = json!({ "who": who, "topics": names(&topics), "days": days });
            output.show(&client.post("/v1/consents", &wish).await?, show::consents)
        }
        Consent::Revoke { who, topics } => {
            let wish = json!({ "who": who, "topics": names(&topics) });
            output.show(&client.post("/v1/consents/revoke", &wish).await?, show::consents)
        }
        Consent::Log => output.show(&client.get("/v1/consents/dropped").await?, show::dropped),
        Consent::Quiet(Quiet { hours, zone, off }) => {
            const ROUTE: &str = "/v1/consents/quiet";
            let answer = match hours {
                Some(hours) => {
                    let body = json!({ "hours": hours, "zone": zone });
                    client.request(Method::PUT, ROUTE, Some(&body)).await?
                }
                None if off => client.request(Method::DELETE, ROUTE, None).await?,
                None => client.get(ROUTE).await?,
            };
            output.show(&answer, show::quiet)
        }
        Consent::Export(Export { who, reports, output: file }) => {
            let parameters = [("who", Some(who.clone())), ("reports", Some(reports.to_string()))];
            let consents = client.get(&query("/v1/consents/file", &parameters)).await?;
            match file {
                None => output.show(&consents, pretty),
                Some(path) => {
                    write_new(&path, pretty(&consents).as_bytes())?;
                    let made = json!({ "who": who, "file": path });
                    output.show(&made, |_| format!("written to {}", path.display()))
                }
            }
        }
        Consent::Verify(wanted) => verify_file(output, &wanted),
    }
}

/// Says what a file of consents proves.
pub(super) fn verify_file(output: Output, wanted: &Verify) -> Result<(), Failure> {
    let expect = Expect {
        business: wanted
            .business
            .as_deref()
            .map(|text| documents::account("--business", text))
            .transpose()?,
        person: wanted.person.as_deref().map(|text| documents::account("--person", text)).transpose()?,
    };
    let at = documents::moment(&wanted.at)?;
    let at = at.ok_or_else(|| Failure::misused("--at: say a moment, or leave it out"))?;
    let text = documents::read(&wanted.file, consent_limits::CONSENT_FILE_MAX)?;
    let file: Result<ConsentFile, _> = serde_json::from_slice(&text);
    let verdict = file.map_err(|_| Refusal::Malformed).and_then(|file| export::verify(&file, &expect, at));
    let verdict =
        verdict.map_err(|refusal| Failure::failed(code(&refusal), format!("refused: {refusal}")))?;
    output.show(&json!(verdict), |_| verdict.to_string())
}

fn names(topics: &[Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.name()).collect()
}

const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed",
        Refusal::Signature => "tampered",
        Refusal::Log => "log",
        Refusal::Signer => "signer",
        Refusal::Business { .. } => "other_business",
        Refusal::Person { .. } => "other_person",
    }
}
