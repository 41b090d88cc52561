//! `sigillo lab dht`: what the directory costs against its size.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::base::limits;
use crate::disk::files;
use crate::sim::routing::space::Churn;
use crate::ui::bench::nodes::Failed;
use crate::ui::bench::timer::Timer;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::plot::figures::number;
use crate::ui::scale::figures::{Row, Summary};
use crate::ui::scale::modelled;
use crate::ui::scale::real::Network;
use crate::ui::scale::report::{Content, page};

/// Real nodes that one process runs at most: what a large machine holds.
const REAL_MAX: i64 = 1_000;
/// Nodes of the model at most: it keeps nine bytes for each.
const MODEL_MAX: i64 = 10_000_000;
/// Sizes of one run.
const SIZES_MAX: usize = 16;
/// The largest real network in which nodes leave and come.
const CHURNED_MAX: usize = 100;
/// Publications and searches of the model at each size, for each of real nodes: it is quick.
const MODEL_SAMPLES: u64 = 5;
/// Nodes of the model in which nodes leave and come by the hour, at most.
const CHURNED_MODEL: usize = 100_000;
/// Percent of the nodes that leave in an hour, in the model.
const HOURLY: [u32; 6] = [0, 1, 2, 5, 10, 20];

/// Which networks.
#[derive(Clone, Debug, Args)]
pub(super) struct Dht {
    /// Sizes of real networks on loopback, 2 to 1,000 nodes each, one after the other
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, default_value = "10,30,100", value_name = "N,N,…",
        value_parser = clap::value_parser!(u32).range(2..=REAL_MAX))]
    nodes: Vec<u32>,
    /// Sizes of modelled networks, 2 to 10,000,000 nodes each
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, default_value = "1000,10000,100000,1000000", value_name = "N,N,…",
        value_parser = clap::value_parser!(u32).range(2..=MODEL_MAX))]
    model: Vec<u32>,
    /// The model only, without a real node
    #[arg(long, conflicts_with = "nodes")]
    model_only: bool,
    /// The seed that decides the model; the same seed, the same figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Publications and searches of real nodes at each size; of the model five times as many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    samples: u16,
    /// Percent of the nodes that leave at once, and as many come, in the largest real network of at most 100 nodes;
    /// 0 for none
    #[arg(long, default_value_t = 10, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=50))]
    churn: u32,
    /// A file for the report: a page with plots that opens from disk
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

/// All that came of it.
#[derive(Default)]
struct Found {
    real: Vec<Row>,
    beside: Vec<Row>,
    model: Vec<Row>,
    churned: Option<(Row, Row)>,
    /// Nodes of the model by the hour.
    churning: usize,
    hourly: Vec<(u32, Summary)>,
}

/// Measures, models and shows.
pub(super) async fn dht(output: Output, wanted: &Dht) -> Result<(), Failure> {
    if wanted.nodes.len() > SIZES_MAX || wanted.model.len() > SIZES_MAX {
        return Err(Failure::misused(format!("more than {SIZES_MAX} sizes: run it more than once")));
    }
    let timer = Timer::start();
    let mut found = Found::default();
    if !wanted.model_only {
        measure(wanted, &mut found).await.map_err(|error| Failure::failed("lab", error.to_string()))?;
    }
    model(wanted, &mut found);
    if let Some(path) = &wanted.report {
        let churned = found.churned.as_ref().map(|(real, model)| (real, model));
        let command = command(wanted);
        let html = page(&Content {
            real: &found.real,
            beside: &found.beside,
            model: &found.model,
            churned,
            percent: wanted.churn,
            hourly: &found.hourly,
            churning: found.churning,
            command: &command,
        });
        let unwritten = |error: std::io::Error| {
            Failure::failed("report", format!("{} can't be written: {error}", path.display()))
        };
        files::write_whole(path, html.as_bytes()).map_err(unwritten)?;
        note(&format!("the report is in {}", path.display()));
    }
    output.show(&document(wanted, &found, timer.elapsed().as_secs_f64()), table)
}

async fn measure(wanted: &Dht, found: &mut Found) -> Result<(), Failed> {
    let mut sizes: Vec<usize> = wanted.nodes.iter().map(|size| *size as usize).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let samples = usize::from(wanted.samples);
    let leave = |size: usize| size * wanted.churn as usize / 100;
    let churned = sizes.iter().copied().filter(|size| *size <= CHURNED_MAX && leave(*size) > 0).max();
    for nodes in sizes {
        note(&format!("{} real nodes ...", number(nodes as f64)));
        let folder = tempfile::tempdir()?;
        let mut network = Network::start(folder.path(), nodes).await?;
        network.open().await?;
        found.real.push(network.measure(samples).await?);
        found.beside.push(modelled::row(nodes, Churn::default(), wanted.seed, model_samples(wanted)));
        if churned == Some(nodes) {
            note(&format!("{} % of them leave, and as many come ...", wanted.churn));
            network.churn(wanted.churn).await?;
            let left = f64::from(wanted.churn) / 100.0;
            let churn = Churn { since_put: left, since_refresh: left };
            let model = modelled::row(nodes, churn, wanted.seed, model_samples(wanted));
            found.churned = Some((network.measure(samples).await?, model));
        }
        network.end().await?;
    }
    Ok(())
}

fn model(wanted: &Dht, found: &mut Found) {
    let mut sizes: Vec<usize> = wanted.model.iter().map(|size| *size as usize).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for nodes in &sizes {
        note(&format!("{} modelled nodes ...", number(*nodes as f64)));
        found.model.push(modelled::row(*nodes, Churn::default(), wanted.seed, model_samples(wanted)));
    }
    found.churning = sizes.last().map_or(0, |largest| (*largest).min(CHURNED_MODEL));
    let nodes = found.churning;
    let hours = |span: core::time::Duration| span.as_secs_f64() / 3_600.0;
    let (refresh, put) = (hours(limits::ROUTING_REFRESH), hours(limits::REPUBLISH_AFTER));
    for percent in HOURLY {
        let churn = Churn::hourly(f64::from(percent) / 100.0, refresh, put);
        found.hourly.push((percent, modelled::searches(nodes, churn, wanted.seed, model_samples(wanted))));
    }
}

fn model_samples(wanted: &Dht) -> u64 {
    u64::from(wanted.samples) * MODEL_SAMPLES
}

/// The command that does the same again.
fn command(wanted: &Dht) -> String {
    let list = |sizes: &[u32]| sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let nodes =
        if wanted.model_only { "--model-only".into() } else { format!("--nodes {}", list(&wanted.nodes)) };
    let Dht { seed, samples, churn, .. } = wanted;
    format!(
        "sigillo lab dht {nodes} --model {} --seed {seed} --samples {samples} --churn {churn} --report dht.html",
        list(&wanted.model)
    )
}

fn document(wanted: &Dht, found: &Found, seconds: f64) -> Value {
    let off = |real: f64, model: f64| {
        if real > 0.0 { (1_000.0 * (model / real - 1.0)).round() / 1_000.0 } else { 0.0 }
    };
    let deviation: Vec<Value> = found
        .real
        .iter()
        .zip(&found.beside)
        .map(|(real, model)| {
            let of = |real: &Summary, model: &Summary| {
                json!({
                    "messages": off(real.messages.median, model.messages.median),
                    "bytes": off(real.bytes.median, model.bytes.median),
                    "hops": model.hops.median - real.hops.median,
                })
            };
            json!({
                "nodes": real.nodes,
                "publish": of(&real.publish, &model.publish),
                "find": of(&real.find, &model.find),
            })
        })
        .collect();
    let churned = found
        .churned
        .as_ref()
        .map(|(real, model)| json!({ "percent": wanted.churn, "real": real, "model": model }));
    let hourly: Vec<Value> = found
        .hourly
        .iter()
        .map(|(percent, find)| json!({ "percent": percent, "nodes": found.churning, "find": find }))
        .collect();
    json!({
        "seed": wanted.seed,
        "real": found.real,
        "model_beside_real": found.beside,
        "deviation": deviation,
        "model": found.model,
        "churned": churned,
        "churn_by_the_hour": hourly,
        "wall_seconds": (seconds * 1_000.0).round() / 1_000.0,
    })
}

fn table(document: &Value) -> String {
    let mut lines = vec![format!(
        "{:>10}  {:<6}{:>7} {:>15}{:>15}{:>19} {:>15}{:>15}{:>19}",
        "nodes", "from", "table", "publish: hops", "messages", "bytes", "find: hops", "messages", "bytes"
    )];
    let both = |figures: &Value| {
        let of = |part: &str| number(figures[part].as_f64().unwrap_or(0.0));
        format!("{} / {}", of("median"), of("p99"))
    };
    let mut line = |from: &str, row: &Value| {
        let deed = |deed: &str| {
            let figures = |figure: &str| both(&row[deed][figure]);
            format!("{:>15}{:>15}{:>19}", figures("hops"), figures("messages"), figures("bytes"))
        };
        let of = |figure: &str| number(row[figure].as_f64().unwrap_or(0.0));
        lines.push(format!(
            "{:>10}  {from:<6}{:>7} {} {}",
            of("nodes"),
            of("table"),
            deed("publish"),
            deed("find")
        ));
    };
    for (key, from) in [("real", "real"), ("model_beside_real", "model"), ("model", "model")] {
        document[key].as_array().into_iter().flatten().for_each(|row| line(from, row));
    }
    if let Some(percent) = document["churned"]["percent"].as_u64() {
        line("real", &document["churned"]["real"]);
        line("model", &document["churned"]["model"]);
        lines.push(format!("the last two: just after {percent} % had left and as many had come"));
    }
    lines.push("each figure: the median / what 99 of 100 don't exceed".to_owned());
    lines.join("\n")
}
