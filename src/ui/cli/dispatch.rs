//! Each command, led to the file that carries it out.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use crate::ui::cli::args::{Cli, Command, Device};
use crate::ui::cli::args_money::{Ledger, Receipt};
use crate::ui::cli::backup::Backups;
use crate::ui::cli::bot::Bot;
use crate::ui::cli::client::Client;
use crate::ui::cli::consent::Consent;
#[cfg(unix)]
use crate::ui::cli::demo;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::lab::Lab;
use crate::ui::cli::output::Output;
use crate::ui::cli::{
    api, backup, bench, billing, bot, business, chat, consent, desk, desk_texts, device, file, forms, id,
    inbox, join, lab, lab_dht, lab_run, ledger, mailbox, message, orders, people, personal, receipts, relay,
    run, safety, setup, show, talk, token, verify, webhook,
};

/// Carries a command out. New commands that need neither a home nor a node stand in the first match, those that
/// make or run a node in the second; the rest are requests.
pub(super) async fn dispatch(cli: Cli, output: Output) -> Result<(), Failure> {
    match &cli.command {
        #[cfg(unix)]
        Command::Demo(wanted) => return demo::demo(output, wanted.keep).await,
        Command::Completions { shell } => return completions(*shell),
        Command::Bot(Bot::Check { file }) => return bot::check(output, file),
        Command::Consent(Consent::Verify(wanted)) => return consent::verify_file(output, wanted),
        Command::Receipt(Receipt::Verify(wanted)) => return verify::verify(output, wanted),
        Command::Ledger { what: Some(Ledger::Audit { file: Some(file), issuer }), .. } => {
            return ledger::audit_file(output, file, issuer.as_deref());
        }
        Command::Api(wanted) => return api::api(output, *wanted),
        Command::Bench(wanted) => return bench::bench(output, wanted).await,
        Command::Lab(Lab::Sim(wanted)) => return lab::sim(output, wanted),
        Command::Lab(Lab::Dht(wanted)) => return lab_dht::dht(output, wanted).await,
        Command::Lab(Lab::Run(wanted)) => return lab_run::run(output, wanted).await,
        Command::Lab(Lab::List) => return lab_run::list(output),
        Command::Lab(Lab::Show { name }) => return lab_run::show(output, name),
        _ => {}
    }
    let home = home(cli.home)?;
    match cli.command {
        Command::Init(wanted) => setup::init(&home, output, wanted).await,
        Command::Restore(wanted) => setup::restore(&home, output, &wanted),
        Command::Backup(Backups::Restore { file }) => backup::restore(&home, output, &file),
        Command::Run(wanted) => run::run(&home, output, cli.verbose > 0, wanted).await,
        #[cfg(unix)]
        Command::Lab(Lab::Node) => lab_run::node(&home, output).await,
        Command::Device(Device::Join(wanted)) => join::join(&home, output, wanted).await,
        Command::Ready => output.show(&Client::ready(&home).await?, |_| "ready".to_owned()),
        Command::Doctor => {
            // One that was started a moment before, and doesn't answer yet, isn't ill.
            Client::appears(&home).await;
            answer(&home, output, Command::Doctor).await
        }
        request => match answer(&home, output, request.clone()).await {
            // It may have been started a moment before, and not hold its home yet.
            Err(failure) if failure.is(OFFLINE) && Client::appears(&home).await => {
                answer(&home, output, request).await
            }
            answered => answered,
        },
    }
}

/// What the API says where a node would have to run.
const OFFLINE: &str = "offline";

async fn answer(home: &Path, output: Output, request: Command) -> Result<(), Failure> {
    let client = Client::connect(home).await?;
    let answered = ask(&client, output, request).await;
    let closed = client.close().await;
    answered.and(closed)
}

/// Commands that are requests to the API.
async fn ask(client: &Client, output: Output, command: Command) -> Result<(), Failure> {
    match command {
        Command::Id { what } => id::id(client, output, what).await,
        Command::Status => output.show(&client.get("/v1/status").await?, show::status),
        Command::Doctor => {
            let found = client.get("/v1/doctor").await?;
            output.show(&found, show::doctor)?;
            if found["healthy"] == serde_json::Value::Bool(true) { Ok(()) } else { Err(Failure::Said) }
        }
        Command::Profile(what) => business::profile(client, output, what).await,
        Command::Find(query) => business::find(client, output, query).await,
        Command::Plan(what) => business::plan(client, output, what).await,
        Command::Invite { no_qr } => people::invite(client, output, no_qr).await,
        Command::Add { who, name } => people::add(client, output, &who, name).await,
        Command::Contacts { what } => people::contacts(client, output, what).await,
        Command::Export { who, output: file } => {
            personal::export(client, output, &who, file.as_deref()).await
        }
        Command::Erase { who, yes } => personal::erase(client, output, &who, yes).await,
        Command::Verify { who, scan, accept, no_qr } => {
            safety::verify(client, output, &who, safety::Wish { scan, accept, no_qr }).await
        }
        Command::Device(what) => device::device(client, output, what).await,
        Command::Mailbox(what) => mailbox::mailbox(client, output, what).await,
        Command::Relay(what) => relay::relay(client, output, what).await,
        Command::Token(what) => token::token(client, output, what).await,
        Command::Webhook(what) => webhook::webhook(client, output, what).await,
        Command::Backup(Backups::Create { file }) => backup::create(client, output, &file).await,
        Command::Cloud => output.show(&client.get("/v1/cloud").await?, show::cloud),
        Command::Block { who, report: Some(reason), note, .. } => {
            people::report(client, output, &who, (reason, note)).await
        }
        Command::Block { who, undo, .. } => people::block(client, output, &who, undo).await,
        Command::Consent(what) => consent::consent(client, output, what).await,
        Command::Send(letter) => talk::send(client, output, *letter).await,
        Command::React(wish) => message::react(client, output, wish).await,
        Command::Edit(wish) => message::edit(client, output, wish).await,
        Command::Delete(which) => message::delete(client, output, which).await,
        Command::Choose(wish) => message::choose(client, output, wish).await,
        Command::Fill(wish) => forms::fill(client, output, wish).await,
        Command::Offer(wish) => orders::offer(client, output, *wish).await,
        Command::Order(wish) => orders::order(client, output, wish).await,
        Command::Bill(wish) => orders::bill(client, output, wish).await,
        Command::OrderStatus(wish) => orders::status(client, output, wish).await,
        Command::Picture(wish) => orders::picture(client, output, wish).await,
        Command::File(what) => file::file(client, output, what).await,
        Command::Desk(what) => desk::desk(client, output, what).await,
        Command::Quick(what) => desk_texts::quick(client, output, what).await,
        Command::Template(what) => desk_texts::template(client, output, what).await,
        Command::Form(what) => forms::form(client, output, what).await,
        Command::Catalog(what) => desk_texts::catalog(client, output, what).await,
        Command::Bot(what) => bot::bot(client, output, what).await,
        Command::Chat { who } => chat::chat(client, output, &who).await,
        Command::Inbox(wanted) => inbox::inbox(client, output, &wanted).await,
        Command::History(wanted) => inbox::history(client, output, wanted).await,
        Command::Subscribe(wish) => billing::subscribe(client, output, wish).await,
        Command::Invoice(what) => billing::invoice(client, output, what).await,
        Command::Cancel(wish) => billing::cancel(client, output, wish).await,
        Command::Change(wish) => billing::change(client, output, wish).await,
        Command::Pause(wish) => billing::pause(client, output, wish).await,
        Command::Agree(answer) => billing::agree(client, output, answer).await,
        Command::Rail(what) => billing::rail(client, output, what).await,
        Command::Receipt(what) => receipts::receipt(client, output, what).await,
        Command::Ledger { csv, what } => ledger::ledger(client, output, csv, what).await,
        Command::Api(_)
        | Command::Backup(Backups::Restore { .. })
        | Command::Bench(_)
        | Command::Lab(_)
        | Command::Ready
        | Command::Init(_)
        | Command::Restore(_)
        | Command::Run(_)
        | Command::Completions { .. } => Ok(()),
        #[cfg(unix)]
        Command::Demo(_) => Ok(()),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut <Cli>::command(), "sigillo", &mut script);
    Ok(std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?)
}

/// The home that was named, or the user's own.
fn home(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(home) = named.filter(|home| !home.as_os_str().is_empty()) {
        return Ok(home);
    }
    let own = directories::ProjectDirs::from("", "", "sigillo");
    own.map(|own| own.data_dir().to_owned())
        .ok_or_else(|| Failure::misused("this user has no home directory: name one with --home"))
}
