//! A business's books: shown, exported, audited.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::base::charging;
use crate::domain::billing::ledger_file::{EventLine, FileAudit, FileAuditor, FileError, Head, SignedEnd};
use crate::domain::identity::address;
use crate::ui::cli::args_money::Ledger;
use crate::ui::cli::client::Client;
use crate::ui::cli::documents::{NewFile, account};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;
use crate::ui::ledger_check::Verifiers;

/// How often an export begins anew while logs of customers change.
const ENDS_TRIES: usize = 5;

pub(super) async fn ledger(
    client: &Client,
    output: Output,
    csv: bool,
    what: Option<Ledger>,
) -> Result<(), Failure> {
    match what {
        None => {
            let books = client.get("/v1/ledger").await?;
            output.show(&books, if csv { show::books_csv } else { show::books })
        }
        Some(Ledger::Export { output: file }) => export(client, output, &file).await,
        Some(Ledger::Audit { .. }) => {
            let spinner = Spinner::start("replaying the ledger");
            let audited = client.get("/v1/ledger/audit").await;
            drop(spinner);
            verdict(output, &audited?)
        }
    }
}

async fn export(client: &Client, output: Output, path: &Path) -> Result<(), Failure> {
    let (head, end) = ends(client).await?;
    let mut file = NewFile::begin(path)?;
    file.write(&head.written().ok_or_else(unreadable)?)?;
    let mut from = 0;
    // What comes while it is written isn't in it: the end was signed before.
    while from < end.count {
        let events = client.get(&format!("/v1/ledger/events?from={from}")).await?;
        let events: Vec<EventLine> = serde_json::from_value(events).map_err(|_| unreadable())?;
        let wanted = usize::try_from(end.count - from).unwrap_or(usize::MAX).min(events.len());
        if wanted == 0 {
            break;
        }
        events[..wanted].iter().try_for_each(|event| file.write(&event.written()))?;
        from += wanted as u64;
    }
    file.write(&end.written().ok_or_else(unreadable)?)?;
    file.finish()?;
    let made = json!({ "file": path, "events": end.count });
    output.show(&made, |_| format!("{} events written to {}", end.count, path.display()))
}

/// The first line and the signed end that names it; asked for again where somebody's log changed in between.
async fn ends(client: &Client) -> Result<(Head, SignedEnd), Failure> {
    for _ in 0..ENDS_TRIES {
        let end = client.post("/v1/ledger/end", &Value::Null).await?;
        let end: SignedEnd = serde_json::from_value(end).map_err(|_| unreadable())?;
        let head = client.get("/v1/ledger/head").await?;
        let head: Head = serde_json::from_value(head).map_err(|_| unreadable())?;
        if head.hash() == end.head {
            return Ok((head, end));
        }
    }
    Err(Failure::failed("ledger", "the logs of customers change all the time: try again"))
}

fn unreadable() -> Failure {
    Failure::failed("ledger", "the ledger can't be read")
}

/// Audits a file, without a node or a home.
pub(super) fn audit_file(output: Output, path: &Path, issuer: Option<&str>) -> Result<(), Failure> {
    let unreadable =
        |what: &dyn core::fmt::Display| Failure::failed("file", format!("{}: {what}", path.display()));
    let broken = |error: FileError| Failure::failed("ledger", format!("{}: {error}", path.display()));
    let expected = issuer.map(|issuer| account("--issuer", issuer)).transpose()?;
    let mut reader = BufReader::new(File::open(path).map_err(|error| unreadable(&error))?);
    let mut next = |most: usize| -> Result<Option<String>, Failure> {
        let mut line = String::new();
        // A line that is longer is cut, and then it isn't one.
        let read = reader.by_ref().take(most as u64).read_line(&mut line);
        let read = read.map_err(|error| unreadable(&error))?;
        Ok((read > 0).then_some(line))
    };
    let first = next(charging::LEDGER_LINE_MAX)?.unwrap_or_default();
    let mut auditor = FileAuditor::begin(&first, expected.as_ref()).map_err(broken)?;
    let mut verifiers = Verifiers::new();
    loop {
        let part = core::iter::from_fn(|| next(charging::LEDGER_EVENT_LINE_MAX).transpose())
            .take(charging::AUDIT_PART);
        let part = part.collect::<Result<Vec<String>, Failure>>()?;
        if part.is_empty() {
            break;
        }
        for line in verifiers.lines(&part, auditor.logs()) {
            auditor.take(line).map_err(broken)?;
        }
    }
    let FileAudit { account, summary, until } = auditor.finish().map_err(broken)?;
    let reason = summary.first_break.as_ref().map(|found| found.reason.to_string());
    let mut audited = json!(summary);
    audited["sound"] = json!(summary.first_break.is_none());
    audited["reason"] = json!(reason);
    audited["issuer"] = json!(address::encode(&account));
    audited["issuer_pinned"] = json!(issuer.is_some());
    if let Some(until) = until {
        audited["until"] = json!(until);
    }
    verdict(output, &audited)?;
    if issuer.is_none() {
        note("whose ledger it must be wasn't said: name the business with --issuer ADDRESS");
    }
    Ok(())
}

fn verdict(output: Output, audited: &Value) -> Result<(), Failure> {
    output.show(audited, show::audited)?;
    if audited["sound"] == Value::Bool(true) { Ok(()) } else { Err(Failure::Said) }
}
