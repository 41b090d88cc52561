//! A business's books: shown, exported, audited.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::domain::billing::audit::{Auditor, Entry};
use crate::domain::billing::ledger_file::{EventLine, Head, SignedEnd};
use crate::domain::identity::address;
use crate::ui::cli::args_money::Ledger;
use crate::ui::cli::client::Client;
use crate::ui::cli::documents::write_new;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;
use crate::ui::ledger_check;

/// Events of a file that are verified at once.
const PART: usize = 4_096;
/// Bytes of a file's line: the first one has the logs of all customers.
const LINE_MAX: u64 = 256 * 1024 * 1024;

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
    let line = |value: &Value| format!("{value}\n");
    // What comes while it is written isn't in it: the end is signed first.
    let end = client.post("/v1/ledger/end", &Value::Null).await?;
    let count = end["count"].as_u64().unwrap_or_default();
    let mut written = line(&client.get("/v1/ledger/head").await?);
    let mut from = 0;
    while from < count {
        let events = client.get(&format!("/v1/ledger/events?from={from}")).await?;
        let events = events.as_array().map(Vec::as_slice).unwrap_or_default();
        let wanted = usize::try_from(count - from).unwrap_or(usize::MAX).min(events.len());
        if wanted == 0 {
            break;
        }
        events[..wanted].iter().for_each(|event| written.push_str(&line(event)));
        from += wanted as u64;
    }
    written.push_str(&line(&end));
    write_new(path, written.as_bytes())?;
    let made = json!({ "file": path, "events": count });
    output.show(&made, |_| format!("{count} events written to {}", path.display()))
}

/// Audits a file, without a node or a home.
pub(super) fn audit_file(output: Output, path: &Path, issuer: Option<&str>) -> Result<(), Failure> {
    let unreadable =
        |what: &dyn core::fmt::Display| Failure::failed("file", format!("{}: {what}", path.display()));
    let broken = |what: &str| Failure::failed("ledger", format!("{}: {what}", path.display()));
    let mut reader = BufReader::new(File::open(path).map_err(|error| unreadable(&error))?);
    let mut next = || -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = reader.by_ref().take(LINE_MAX).read_line(&mut line);
        let read = read.map_err(|error| unreadable(&error))?;
        Ok((read > 0).then_some(line))
    };
    let first = next()?.ok_or_else(|| broken("it is empty"))?;
    let head: Head = serde_json::from_str(&first).map_err(|_| broken("it isn't a ledger's file"))?;
    let logs = head.verified_logs().ok_or_else(|| broken("a log in its first line doesn't hold"))?;
    if let Some(issuer) = issuer {
        let expected =
            address::decode(issuer).map_err(|error| Failure::misused(format!("--issuer: {error}")))?;
        if expected != head.account {
            return Err(broken(&format!("it is the ledger of {}", address::encode(&head.account))));
        }
    }
    let mut auditor = Auditor::default();
    let mut part: Vec<Entry> = Vec::new();
    let mut end: Option<SignedEnd> = None;
    while let Some(line) = next()? {
        if end.is_some() {
            return Err(broken("there is something behind its end"));
        }
        if let Ok(event) = serde_json::from_str::<EventLine>(&line) {
            let place = auditor.summary().events + part.len() as u64;
            part.push(event.entry().ok_or_else(|| broken(&format!("event {place} can't be read")))?);
            if part.len() >= PART {
                ledger_check::take(&mut auditor, &part, &logs);
                part.clear();
            }
        } else {
            let read = serde_json::from_str(&line);
            let place = auditor.summary().events + part.len() as u64;
            end = Some(read.map_err(|_| broken(&format!("line {place} behind the first can't be read")))?);
        }
    }
    ledger_check::take(&mut auditor, &part, &logs);
    let summary = auditor.summary();
    let reason = summary.first_break.as_ref().map(|found| found.reason.to_string());
    let mut audited = json!(summary);
    audited["sound"] = json!(summary.first_break.is_none());
    audited["reason"] = json!(reason);
    audited["issuer"] = json!(address::encode(&head.account));
    audited["issuer_pinned"] = json!(issuer.is_some());
    if summary.first_break.is_none() {
        let end = end.ok_or_else(|| broken("it has no signed end: it was cut off"))?;
        if !end.holds(head.account, &logs, summary) {
            return Err(broken("its signed end isn't that of its events: it was cut off, or changed"));
        }
        audited["until"] = json!(end.at);
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
