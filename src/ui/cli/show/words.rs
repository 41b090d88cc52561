//! Parts of answers as words: texts, times, money, tables.

use serde_json::Value;

use crate::base::money::Money;
use crate::base::time::Time;
use crate::node::clock;

/// A text of an answer; empty where there is none.
pub(in crate::ui::cli) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A number of an answer; 0 where there is none.
pub(super) fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_default()
}

/// The things in a list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A list of texts, joined.
pub(super) fn joined(value: &Value) -> String {
    list(value).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A moment, in UTC (RFC 3339).
pub(super) fn time(value: &Value, key: &str) -> String {
    value[key].as_u64().map_or_else(|| "-".to_owned(), |millis| Time::from_millis(millis).to_string())
}

/// A moment, as how long ago it was; a day or more ago, in UTC.
pub(super) fn ago(value: &Value, key: &str) -> String {
    let then = Time::from_millis(number(value, key));
    let minutes = clock::now().since(then).as_secs() / 60;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        _ => then.to_string(),
    }
}

/// An amount of money.
pub(super) fn money(value: &Value) -> String {
    serde_json::from_value::<Money>(value.clone()).map_or_else(|_| "-".to_owned(), |money| money.to_string())
}

/// The beginning of a long id.
pub(super) fn short(id: &str) -> String {
    id.chars().take(16).collect()
}

/// A text that may have several lines, with all but the first indented, so that none looks like a line of ours.
pub(super) fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// Lines of names and values; those without a value are left out.
pub(super) fn fields(fields: &[(&str, String)]) -> String {
    let given: Vec<&(&str, String)> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = given.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = given.iter().map(|(name, value)| format!("{name:width$}  {}", indented(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A table, its columns as wide as they must be; `none` where it has no row.
pub(super) fn table(head: &[&str], rows: Vec<Vec<String>>, none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let lines: Vec<Vec<String>> = core::iter::once(head).chain(rows).collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let row = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// One line of a text, cut where it is long.
pub(super) fn glimpse(text: &str) -> String {
    const LONGEST: usize = 48;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let cut: String = line.chars().take(LONGEST - 1).collect();
    format!("{cut}…")
}

/// A number of days.
pub(super) fn days(count: u64) -> String {
    match count {
        1 => "1 day".to_owned(),
        count => format!("{count} days"),
    }
}

/// How many bytes, in units that a person reads.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{} KiB", count / 1_024),
        _ => format!("{} MiB", count / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_its_columns_up() {
        let rows = vec![vec!["é".into(), "x".into()], vec!["long".into(), String::new()]];
        assert_eq!(table(&["a", "b"], rows, "none"), "a     b\né     x\nlong");
        assert_eq!(table(&["a"], Vec::new(), "none"), "none");
    }

    #[test]
    fn no_line_of_a_text_begins_where_ours_do() {
        assert_eq!(fields(&[("a", "x\ny".into()), ("none", String::new())]), "a  x\n    y");
    }
}
