//! A page that opens from disk: a title, a summary, sections with texts, tables and plots.

use std::fmt::Write as _;

use super::chart::Chart;
use super::escape::escape;

/// The page's own style: readable width, light and dark as the reader's system is, printable.
const STYLE: &str = include_str!("page.css");

/// A page, made from top to bottom. All texts are texts: nothing in them is markup.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    lead: String,
    verdict: Option<(bool, String)>,
    summary: Vec<(String, String)>,
    body: String,
}

/// A table with a head.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// What stands in one place of a table.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A figure, aligned to the right.
    Figure(String),
    /// Whether something held, with words.
    Held(bool, String),
}

impl Table {
    /// An empty table with these columns.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// The same with one more row.
    #[must_use]
    pub fn row(mut self, cells: Vec<Cell>) -> Self {
        self.rows.push(cells);
        self
    }

    fn html(&self) -> String {
        let mut html = String::from("<div class=\"wide\"><table>\n<thead><tr>");
        let is_figure = |at: usize| self.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Figure(_))));
        for (at, name) in self.head.iter().enumerate() {
            let class = if is_figure(at) { " class=\"figure\"" } else { "" };
            put(&mut html, format_args!("<th scope=\"col\"{class}>{}</th>", escape(name)));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for cell in row {
                let (class, text) = match cell {
                    Cell::Text(text) => ("", text),
                    Cell::Figure(text) => (" class=\"figure\"", text),
                    Cell::Held(true, text) => (" class=\"held\"", text),
                    Cell::Held(false, text) => (" class=\"broken\"", text),
                };
                put(&mut html, format_args!("<td{class}>{}</td>", escape(text)));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }
}

impl Page {
    /// A page with a title and one sentence that says what it is about.
    pub fn new(title: &str, lead: &str) -> Self {
        Self {
            title: title.to_owned(),
            lead: lead.to_owned(),
            verdict: None,
            summary: Vec::new(),
            body: String::new(),
        }
    }

    /// Whether all went as expected, in words, at the top.
    #[must_use]
    pub fn verdict(mut self, held: bool, words: &str) -> Self {
        self.verdict = Some((held, words.to_owned()));
        self
    }

    /// One more line of the summary.
    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        self.summary.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Begins a section.
    #[must_use]
    pub fn section(mut self, title: &str) -> Self {
        put(&mut self.body, format_args!("<h2>{}</h2>\n", escape(title)));
        self
    }

    /// A paragraph.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        put(&mut self.body, format_args!("<p>{}</p>\n", escape(text)));
        self
    }

    /// A table.
    #[must_use]
    pub fn table(mut self, table: &Table) -> Self {
        self.body.push_str(&table.html());
        self
    }

    /// A plot.
    #[must_use]
    pub fn chart(mut self, chart: &Chart) -> Self {
        put(&mut self.body, format_args!("<figure>\n{}</figure>\n", chart.svg()));
        self
    }

    /// A text as it is, letter for letter, under a line that opens it: a file, a log, a command.
    #[must_use]
    pub fn verbatim(mut self, title: &str, text: &str) -> Self {
        let (title, text) = (escape(title), escape(text));
        put(&mut self.body, format_args!("<details><summary>{title}</summary><pre>{text}</pre></details>\n"));
        self
    }

    /// The whole page. It loads nothing and runs nothing.
    pub fn html(&self) -> String {
        let (title, lead) = (escape(&self.title), escape(&self.lead));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
             <p class=\"lead\">{lead}</p>\n"
        );
        if let Some((held, words)) = &self.verdict {
            let class = if *held { "held" } else { "broken" };
            put(&mut html, format_args!("<p class=\"verdict {class}\">{}</p>\n", escape(words)));
        }
        if !self.summary.is_empty() {
            html.push_str("<dl>\n");
            for (name, value) in &self.summary {
                put(
                    &mut html,
                    format_args!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value)),
                );
            }
            html.push_str("</dl>\n");
        }
        html.push_str(&self.body);
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }
}

/// Writing to a text can't fail.
fn put(html: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = html.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::super::chart::Series;
    use super::*;

    fn page(text: &str) -> String {
        let table = Table::new(&[text, "figures"])
            .row(vec![Cell::Text(text.into()), Cell::Figure("12".into())])
            .row(vec![Cell::Held(false, text.into()), Cell::Figure("7".into())]);
        let chart = Chart::new(text, Axis::linear("x"), Axis::linear("y"))
            .with(Series::line(text, &[(0.0, 1.0), (1.0, 2.0)]));
        Page::new(text, text)
            .verdict(true, text)
            .fact(text, text)
            .section(text)
            .text(text)
            .table(&table)
            .chart(&chart)
            .verbatim(text, text)
            .html()
    }

    #[test]
    fn a_page_says_everything_and_loads_nothing() {
        let html = page("Padaria & Filhos");
        assert!(html.matches("Padaria &amp; Filhos").count() >= 12, "{html}");
        assert!(html.contains("<th scope=\"col\" class=\"figure\">figures</th>"));
        assert!(html.contains("<td class=\"broken\">") && html.contains("<svg "));
        for loads in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!html.contains(loads), "{loads}");
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        let html = page("</style></pre><img src=x onerror=alert(1)>");
        assert!(!html.contains("<img"));
        assert_eq!(html.matches("</style>").count(), 1);
    }
}
