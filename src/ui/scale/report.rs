//! A page with what was measured and what was modelled, plotted together.

use crate::ui::plot::axis::Axis;
use crate::ui::plot::chart::{Chart, Series};
use crate::ui::plot::figures::number;
use crate::ui::plot::page::{Cell, Page, Table};
use crate::ui::scale::figures::{Parts, Row, Summary, Typical};

/// All that a page is made of.
pub(in crate::ui) struct Content<'c> {
    /// Real nodes.
    pub(in crate::ui) real: &'c [Row],
    /// The model at the sizes of the real networks.
    pub(in crate::ui) beside: &'c [Row],
    /// The model at the sizes that were asked for.
    pub(in crate::ui) model: &'c [Row],
    /// A real network some of whose nodes had just left, and the model of it.
    pub(in crate::ui) churned: Option<(&'c Row, &'c Row)>,
    /// Percent of the nodes that had left.
    pub(in crate::ui) percent: u32,
    /// By the hour: percent of the nodes that leave, and the model.
    pub(in crate::ui) hourly: &'c [(u32, Summary)],
    /// Of how many nodes.
    pub(in crate::ui) churning: usize,
    /// The command that makes it again.
    pub(in crate::ui) command: &'c str,
}

/// One of the two things that nodes do.
type Of = fn(&Row) -> &Summary;
/// One of its figures.
type What = fn(&Summary) -> Typical;

const DEEDS: [(&str, Of); 2] = [("publish", |row| &row.publish), ("find", |row| &row.find)];
const FIGURES: [(&str, What); 3] = [
    ("hops", |summary| summary.hops),
    ("messages", |summary| summary.messages),
    ("bytes", |summary| summary.bytes),
];

/// The whole page.
pub(in crate::ui) fn page(content: &Content<'_>) -> String {
    let largest = content.model.last().or(content.beside.last());
    let mut page = Page::new(
        "What the directory costs against its size",
        "Hops, messages and bytes of publishing a business and of finding it: real nodes on one machine, metered, and a \
         model of the same rules where no machine holds the nodes.",
    )
    .fact("real nodes, at most", &content.real.last().map_or_else(|| "none".into(), |row| number(row.nodes as f64)))
    .fact("modelled nodes, at most", &largest.map_or_else(|| "none".into(), |row| number(row.nodes as f64)));
    if let Some(row) = largest {
        page = page
            .fact("messages to find, there", &number(row.find.messages.median))
            .fact("messages to publish, there", &number(row.publish.messages.median));
    }
    page = page.section("Against the number of nodes").text(
        "Points are metered at real nodes; dashed lines are the model. Filled marks are medians; the second marks and the \
         shaded room reach to what 99 of 100 don't exceed.",
    );
    for (deed, of) in DEEDS {
        for (figure, what) in FIGURES {
            page = page.chart(&chart(content, deed, of, figure, what));
        }
    }
    page = made_of(page, content);
    if let Some(row) = largest {
        page = page.section("From one to the next").chart(&distribution(row, content.real.last()));
    }
    page = churn(page, content);
    page = page.section("Figures").table(&table(content));
    page.verbatim("The command that makes this page", content.command).html()
}

fn chart(content: &Content<'_>, deed: &str, of: Of, figure: &str, what: What) -> Chart {
    let points = |rows: &[Row], part: fn(Typical) -> f64| -> Vec<(f64, f64)> {
        rows.iter().map(|row| (row.nodes as f64, part(what(of(row))))).collect()
    };
    let mut model: Vec<Row> = content.beside.iter().chain(content.model).cloned().collect();
    model.sort_by_key(|row| row.nodes);
    let reach: Vec<(f64, f64, f64)> =
        model.iter().map(|row| (row.nodes as f64, what(of(row)).median, what(of(row)).p99)).collect();
    let y = if figure == "bytes" { Axis::log(figure) } else { Axis::linear(figure).from(0.0) };
    Chart::new(&format!("{figure} per {deed}"), Axis::log("nodes that serve the directory"), y)
        .with(Series::points("real, median", &points(content.real, |typical| typical.median)))
        .with(Series::points("real, 99 of 100", &points(content.real, |typical| typical.p99)))
        .with(Series::dashed("model, median", &points(&model, |typical| typical.median)).coloured_as(0))
        .with(Series::band("model, up to 99 of 100", &reach).coloured_as(0))
}

/// What messages and bytes are for, in the model.
fn made_of(page: Page, content: &Content<'_>) -> Page {
    let rows: Vec<&Row> = content.beside.iter().chain(content.model).collect();
    let mut page = page.section("What they are made of").text(
        "Averages of the model. Routing finds the peers closest to a key; puts hand records over; gets fetch them, and \
         each peer that has a record answers with the whole of it; the index takes entries and gives pages.",
    );
    let places: Vec<f64> = rows.iter().map(|row| row.nodes as f64).collect();
    for (deed, of) in DEEDS {
        for (figure, part) in [("messages", 0), ("bytes", 1)] {
            let heights = |of_part: fn(&Parts) -> [f64; 2]| -> Vec<f64> {
                rows.iter().map(|row| of_part(&of(row).parts)[part]).collect()
            };
            let layers = [
                ("routing", heights(|parts| [parts.routing.messages, parts.routing.bytes])),
                ("puts", heights(|parts| [parts.puts.messages, parts.puts.bytes])),
                ("gets", heights(|parts| [parts.gets.messages, parts.gets.bytes])),
                ("index", heights(|parts| [parts.index.messages, parts.index.bytes])),
            ];
            let title = format!("{figure} of a {deed}, by what they are for");
            let chart = Chart::new(&title, Axis::log("nodes that serve the directory"), Axis::linear(figure));
            page = page.chart(&chart.stacked(&places, &layers));
        }
    }
    page
}

fn distribution(model: &Row, real: Option<&Row>) -> Chart {
    let x = Axis::linear("messages").from(0.0);
    let y = Axis::linear("share of all").from(0.0).to(1.0);
    let mut chart = Chart::new("Messages: how many take at most so many", x, y);
    for (deed, of) in DEEDS {
        if let Some(real) = real {
            let name = format!("{deed}, {} real nodes", number(real.nodes as f64));
            chart = chart.with(Series::distribution(&name, &of(real).all_messages));
        }
        let name = format!("{deed}, {} in the model", number(model.nodes as f64));
        chart = chart.with(Series::distribution(&name, &of(model).all_messages));
    }
    chart
}

/// One figure of many runs.
type Figure = fn(&Summary) -> f64;

fn churn(page: Page, content: &Content<'_>) -> Page {
    let mut page = page.section("While nodes leave and come");
    if let Some((real, model)) = content.churned {
        let text = format!(
            "{} % of {} nodes left at once and as many others came, and nobody had published again or refreshed a table.",
            content.percent,
            number(real.nodes as f64)
        );
        let mut table = Table::new(&["", "real", "model"]);
        for (deed, of) in DEEDS {
            let figures: [(&str, Figure); 4] = [
                ("done, of 100", |summary| 100.0 * summary.done),
                ("messages, median", |summary| summary.messages.median),
                ("peers that couldn't be reached, median", |summary| summary.unreached.median),
                ("the same, 99 of 100", |summary| summary.unreached.p99),
            ];
            for (name, what) in figures {
                table = table.row(vec![
                    Cell::Text(format!("{deed}: {name}")),
                    Cell::Figure(number(what(of(real)))),
                    Cell::Figure(number(what(of(model)))),
                ]);
            }
        }
        page = page.text(&text).table(&table);
    }
    if content.hourly.is_empty() {
        return page;
    }
    let line = |what: fn(&Summary) -> f64| -> Vec<(f64, f64)> {
        content.hourly.iter().map(|(percent, find)| (f64::from(*percent), what(find))).collect()
    };
    let x = || Axis::linear("percent of the nodes that leave in an hour").from(0.0);
    let found = Chart::new("Businesses found (model)", x(), Axis::linear("share of all").from(0.0).to(1.0))
        .with(Series::dotted("found", &line(|find| find.done)));
    let cost = Chart::new("What a search takes (model)", x(), Axis::linear("messages, peers").from(0.0))
        .with(Series::dotted("messages", &line(|find| find.messages.median)))
        .with(Series::dotted("peers that couldn't be reached", &line(|find| find.unreached.median)));
    page.text(&format!(
        "In the model, at {} nodes: tables are refreshed every quarter of an hour, records put every twelve hours, and \
         searches come at any time between.",
        number(content.churning as f64)
    ))
    .chart(&found)
    .chart(&cost)
}

fn table(content: &Content<'_>) -> Table {
    let mut table = Table::new(&[
        "nodes",
        "from",
        "in a table",
        "publish: hops",
        "messages",
        "bytes",
        "done",
        "find: hops",
        "messages",
        "bytes",
        "done",
    ]);
    let rows = |from: &'static str, rows: &[Row]| {
        rows.iter().map(|row| (row.nodes, from, row.clone())).collect::<Vec<(usize, &str, Row)>>()
    };
    let mut all = rows("real", content.real);
    all.extend(rows("model", content.beside));
    all.extend(rows("model", content.model));
    all.sort_by_key(|(nodes, from, _)| (*nodes, *from == "model"));
    for (nodes, from, row) in all {
        let mut cells = vec![
            Cell::Figure(number(nodes as f64)),
            Cell::Text(from.into()),
            Cell::Figure(number(row.table)),
        ];
        for (_, of) in DEEDS {
            let summary = of(&row);
            let both = |typical: Typical| format!("{} / {}", number(typical.median), number(typical.p99));
            cells.extend(
                [summary.hops, summary.messages, summary.bytes].map(|typical| Cell::Figure(both(typical))),
            );
            cells.push(Cell::Figure(format!("{} %", number(100.0 * summary.done))));
        }
        table = table.row(cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::routing::space::Churn;
    use crate::ui::scale::modelled::row;

    #[test]
    fn a_page_shows_real_and_modelled_together_and_can_do_without_either() {
        let (small, large) = (row(10, Churn::default(), 1, 5), row(1_000, Churn::default(), 1, 5));
        let (rows, models) = ([small.clone()], [large.clone()]);
        let hourly = [(10, large.find.clone())];
        let whole = page(&Content {
            real: &rows,
            beside: &rows,
            model: &models,
            churned: Some((&small, &large)),
            percent: 10,
            hourly: &hourly,
            churning: 1_000,
            command: "sigillo lab dht",
        });
        for says in ["messages per find", "bytes per publish", "1,000", "10 % of 10 nodes", "sigillo lab dht"]
        {
            assert!(whole.contains(says), "{says}");
        }
        assert!(whole.matches("<svg ").count() >= 12);
        let nothing = Content {
            real: &[],
            beside: &[],
            model: &[],
            churned: None,
            percent: 0,
            hourly: &[],
            churning: 0,
            command: "",
        };
        assert!(page(&nothing).contains("nothing was measured"));
    }
}
