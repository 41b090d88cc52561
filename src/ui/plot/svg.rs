//! Charts as drawings: SVG text that takes its colours from the page, or its own where the page has none.

use std::fmt::Write as _;

use super::axis::{Scale, Tick};
use super::chart::{Chart, Series, Shape};
use super::escape::escape;
use super::figures::number;

/// Width and height of every drawing, in its own units; a page scales it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
/// Room to the right, where the last tick's text ends.
const RIGHT: f64 = 26.0;
/// Room below, for ticks and the axis's label.
const BELOW: f64 = 52.0;
/// About how wide a letter is.
const LETTER: f64 = 6.6;
/// Height of a line of the legend.
const LINE: f64 = 20.0;
/// Colours of series that have no page: told apart by people who see few colours (Okabe and Ito), dark enough on white
/// and light enough on black.
const COLOURS: [&str; 8] =
    ["#1f77b4", "#d55e00", "#009e73", "#c0579a", "#b8860b", "#4aa3df", "#7f6bb3", "#888888"];

/// Where the axes stand and what they mean.
struct Field {
    left: f64,
    top: f64,
    x: Scale,
    y: Scale,
}

impl Field {
    const fn right(&self) -> f64 {
        WIDTH - RIGHT
    }

    const fn bottom(&self) -> f64 {
        HEIGHT - BELOW
    }

    fn across(&self, share: f64) -> f64 {
        self.left + share * (self.right() - self.left)
    }

    fn up(&self, share: f64) -> f64 {
        self.bottom() - share * (self.bottom() - self.top)
    }

    fn place(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(self.x.place(x)?), self.up(self.y.place(y)?)))
    }

    /// The height at which a place is; the ground for what is nothing.
    fn height(&self, y: f64) -> f64 {
        self.up(self.y.place(y).unwrap_or_else(|| self.y.ground()))
    }
}

impl Chart {
    /// The chart as an `<svg>` element: complete as a file of its own, and for a page to take in.
    pub fn svg(&self) -> String {
        draw(self)
    }
}

/// The whole drawing.
fn draw(chart: &Chart) -> String {
    let corners: Vec<(f64, f64)> = chart.series.iter().flat_map(Series::corners).collect();
    let x = chart.x.fit(corners.iter().map(|corner| corner.0));
    let y = chart.y.fit(corners.iter().map(|corner| corner.1));
    let (ticks_x, ticks_y) = (x.ticks(), y.ticks());
    let widest = ticks_y.iter().map(|tick| tick.text.chars().count()).max().unwrap_or(0);
    let left = 34.0 + widest as f64 * LETTER;
    let (legend, lines) = legend(chart, left);
    let field = Field { left, top: 34.0 + lines * LINE, x, y };
    let mut svg = opening(&chart.title);
    svg.push_str(&legend);
    axes(&mut svg, &field, &ticks_x, &ticks_y);
    labels(&mut svg, chart, &field);
    for (at, series) in chart.series.iter().enumerate() {
        shape(&mut svg, series, at, &field);
    }
    if corners.is_empty() {
        let (x, y) = (field.across(0.5), field.up(0.5));
        text(&mut svg, x, y, "middle", "nothing was measured");
    }
    svg.push_str("</svg>\n");
    svg
}

fn opening(title: &str) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{title}\" style=\"font:12px system-ui,sans-serif;color:var(--text,currentColor)\">\n\
         <text x=\"8\" y=\"18\" fill=\"currentColor\" style=\"font-weight:600;font-size:14px\">{title}</text>\n"
    )
}

/// The names of the series under the title, and how many lines they take; none where there is one series.
fn legend(chart: &Chart, left: f64) -> (String, f64) {
    let mut svg = String::new();
    if chart.series.len() < 2 {
        return (svg, 0.0);
    }
    let (mut x, mut line) = (left, 0.0);
    for (at, series) in chart.series.iter().enumerate() {
        let width = 34.0 + series.name.chars().count() as f64 * LETTER;
        if x + width > WIDTH - RIGHT && x > left {
            (x, line) = (left, line + 1.0);
        }
        let y = 38.0 + line * LINE;
        sample(&mut svg, series, at, x, y - 4.0);
        text(&mut svg, x + 22.0, y, "start", &series.name);
        x += width;
    }
    (svg, line + 1.0)
}

/// What a series looks like, small.
fn sample(svg: &mut String, series: &Series, at: usize, x: f64, y: f64) {
    let colour = colour(series, at);
    match &series.shape {
        Shape::Points(_) => dot(svg, &colour, at, (x + 8.0, y), ""),
        Shape::Band(_) | Shape::Bars(_) => {
            let top = y - 5.0;
            put(
                svg,
                format_args!(
                    "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"16\" height=\"10\" style=\"fill:{colour};fill-opacity:.6\"/>"
                ),
            );
        }
        Shape::Line { dashed, dots, .. } => {
            path(svg, &format!("M{x:.1} {y:.1}h16"), &colour, *dashed);
            if *dots {
                dot(svg, &colour, at, (x + 8.0, y), "");
            }
        }
        Shape::Steps(_) => path(svg, &format!("M{x:.1} {y:.1}h16"), &colour, false),
    }
}

/// Grid, ticks and the two lines that values are read from.
fn axes(svg: &mut String, field: &Field, ticks_x: &[Tick], ticks_y: &[Tick]) {
    let (left, right, top, bottom) = (field.left, field.right(), field.top, field.bottom());
    for tick in ticks_y {
        let Some(y) = field.y.place(tick.at).map(|share| field.up(share)) else { continue };
        put(
            svg,
            format_args!(
                "<path d=\"M{left:.1} {y:.1}H{right:.1}\" style=\"stroke:currentColor;stroke-opacity:.14;fill:none\"/>"
            ),
        );
        text(svg, left - 6.0, y + 4.0, "end", &tick.text);
    }
    for tick in ticks_x {
        let Some(x) = field.x.place(tick.at).map(|share| field.across(share)) else { continue };
        put(
            svg,
            format_args!(
                "<path d=\"M{x:.1} {top:.1}V{bottom:.1}\" style=\"stroke:currentColor;stroke-opacity:.08;fill:none\"/>"
            ),
        );
        text(svg, x, bottom + 17.0, "middle", &tick.text);
    }
    put(
        svg,
        format_args!(
            "<path d=\"M{left:.1} {top:.1}V{bottom:.1}H{right:.1}\" style=\"stroke:currentColor;stroke-opacity:.55;fill:none\"/>"
        ),
    );
}

fn labels(svg: &mut String, chart: &Chart, field: &Field) {
    text(svg, field.across(0.5), HEIGHT - 12.0, "middle", &chart.x.label);
    let (y, label) = (field.up(0.5), escape(&chart.y.label));
    put(
        svg,
        format_args!(
            "<text transform=\"translate(14 {y:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"currentColor\" fill-opacity=\".85\">{label}</text>"
        ),
    );
}

fn shape(svg: &mut String, series: &Series, at: usize, field: &Field) {
    let colour = colour(series, at);
    match &series.shape {
        Shape::Line { points, dashed, dots } => {
            path(svg, &joined(points, field, false), &colour, *dashed);
            if *dots {
                marks(svg, series, &colour, at, points, field);
            }
        }
        Shape::Steps(points) => path(svg, &joined(points, field, true), &colour, false),
        Shape::Points(points) => marks(svg, series, &colour, at, points, field),
        Shape::Band(edges) => {
            let seen: Vec<(f64, f64, f64)> = edges
                .iter()
                .filter_map(|(x, low, high)| {
                    Some((field.across(field.x.place(*x)?), field.height(*low), field.height(*high)))
                })
                .collect();
            let mut d = String::new();
            let there = seen.iter().map(|(x, _, high)| (x, high));
            for (at, (x, y)) in there.chain(seen.iter().rev().map(|(x, low, _)| (x, low))).enumerate() {
                put(&mut d, format_args!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' }));
            }
            // Behind the series whose room it is, it lets that one be seen.
            let faint = if series.colour.is_some() { 0.2 } else { 0.6 };
            area(svg, &d, &colour, faint, &series.name);
        }
        Shape::Bars(bars) => {
            for (left, right, high) in bars.iter().filter(|bar| bar.2 > 0.0) {
                let (Some(from), Some(to)) = (field.x.place(*left), field.x.place(*right)) else { continue };
                let (from, to) = (field.across(from) + 0.5, field.across(to) - 0.5);
                let (y, ground) = (field.height(*high), field.up(field.y.ground()));
                let d = format!("M{from:.1} {ground:.1}V{y:.1}H{to:.1}V{ground:.1}");
                area(
                    svg,
                    &d,
                    &colour,
                    0.6,
                    &format!("{} – {}: {}", number(*left), number(*right), number(*high)),
                );
            }
        }
    }
}

/// The points as one path, broken where one has no place.
fn joined(points: &[(f64, f64)], field: &Field, steps: bool) -> String {
    let (mut d, mut broken) = (String::new(), true);
    for (x, y) in points {
        let Some((x, y)) = field.place(*x, *y) else {
            broken = true;
            continue;
        };
        match (broken, steps) {
            (true, _) => put(&mut d, format_args!("M{x:.1} {y:.1}")),
            (false, true) => put(&mut d, format_args!("H{x:.1}V{y:.1}")),
            (false, false) => put(&mut d, format_args!("L{x:.1} {y:.1}")),
        }
        broken = false;
    }
    d
}

fn marks(svg: &mut String, series: &Series, colour: &str, at: usize, points: &[(f64, f64)], field: &Field) {
    for (x, y) in points {
        if let Some(place) = field.place(*x, *y) {
            dot(svg, colour, at, place, &format!("{}: {}, {}", series.name, number(*x), number(*y)));
        }
    }
}

/// A mark whose form, too, tells the series; it says its values when pointed at.
fn dot(svg: &mut String, colour: &str, at: usize, (x, y): (f64, f64), says: &str) {
    let d = match at % 4 {
        0 => "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
        1 => "m-3.2 -3.2h6.4v6.4h-6.4z",
        2 => "m0 -4.2l4 7h-8z",
        _ => "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
    };
    let title = if says.is_empty() { String::new() } else { format!("<title>{}</title>", escape(says)) };
    put(svg, format_args!("<path d=\"M{x:.1} {y:.1}{d}\" style=\"fill:{colour}\">{title}</path>"));
}

fn path(svg: &mut String, d: &str, colour: &str, dashed: bool) {
    let dash = if dashed { ";stroke-dasharray:6 4" } else { "" };
    put(
        svg,
        format_args!(
            "<path d=\"{d}\" style=\"fill:none;stroke:{colour};stroke-width:2;stroke-linejoin:round{dash}\"/>"
        ),
    );
}

fn area(svg: &mut String, d: &str, colour: &str, opacity: f64, says: &str) {
    let says = escape(says);
    put(
        svg,
        format_args!(
            "<path d=\"{d}Z\" style=\"fill:{colour};fill-opacity:{opacity}\"><title>{says}</title></path>"
        ),
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, says: &str) {
    let says = escape(says);
    put(
        svg,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"currentColor\" fill-opacity=\".85\">{says}</text>"
        ),
    );
}

/// The colour of a series: the page's of this number, or ours.
fn colour(series: &Series, at: usize) -> String {
    let at = series.colour.unwrap_or(at) % COLOURS.len();
    format!("var(--plot-{},{})", at + 1, COLOURS[at])
}

/// Writing to a text can't fail.
fn put(svg: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(what);
    if svg.ends_with('>') {
        svg.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::*;

    /// All tags closed in the order in which they were opened, and attributes in quotes.
    fn is_well_formed(svg: &str) -> bool {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let Some((tag, _)) = tag.split_once('>') else { return false };
            if tag.matches('"').count() % 2 == 1 {
                return false;
            }
            match tag.strip_prefix('/') {
                Some(name) if open.pop() != Some(name.to_owned()) => return false,
                Some(_) => {}
                None if tag.ends_with('/') => {}
                None => open.push(tag.split_whitespace().next().unwrap_or_default().to_owned()),
            }
        }
        open.is_empty()
    }

    fn chart() -> Chart {
        Chart::new("Cost", Axis::log("nodes"), Axis::linear("messages"))
            .with(Series::points("real", &[(10.0, 20.0), (100.0, 40.0)]))
            .with(Series::dashed("model", &[(10.0, 21.0), (100.0, 39.0), (1e6, 90.0)]).coloured_as(0))
    }

    #[test]
    fn every_shape_is_drawn_well_formed() {
        let svg = chart()
            .with(Series::dotted("dotted", &[(10.0, 1.0)]))
            .with(Series::steps("steps", &[(10.0, 1.0), (20.0, 3.0)]))
            .with(Series::band("band", &[(10.0, 1.0, 4.0), (20.0, 3.0, 9.0)]))
            .with(Series::histogram("bars", &[10.0, 11.0, 12.0, 40.0]))
            .stacked(&[10.0, 20.0], &[("layer", vec![1.0, 2.0])])
            .svg();
        assert!(is_well_formed(&svg), "{svg}");
        for name in ["real", "model", "dotted", "steps", "band", "bars", "layer", "Cost", "nodes", "messages"]
        {
            assert!(svg.contains(&format!(">{name}</text>")), "{name}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_hostile_name_stays_a_name() {
        let hostile = "</text><script>alert(1)</script>\"'&";
        let svg = Chart::new(hostile, Axis::linear(hostile), Axis::linear(hostile))
            .with(Series::points(hostile, &[(1.0, 1.0)]))
            .with(Series::line(hostile, &[(1.0, 1.0)]))
            .svg();
        assert!(is_well_formed(&svg), "{svg}");
        assert!(!svg.contains("<script"));
    }

    #[test]
    fn points_stand_where_the_axes_say() {
        let svg = chart().svg();
        // 10 is the left end, 100 a fifth of the way to a million; 40 of 100 is less than half of the height.
        let places: Vec<f64> = svg
            .split("<path d=\"M")
            .skip(1)
            .filter(|path| path.contains("<title>"))
            .filter_map(|path| path.split_once(' ')?.0.parse().ok())
            .collect();
        assert_eq!(places.len(), 2);
        let width = WIDTH - RIGHT - places[0];
        assert!((places[1] - places[0] - width / 5.0).abs() < 0.2, "{places:?}");
    }

    #[test]
    fn a_model_has_the_colour_of_what_it_models_and_no_legend_names_one_series() {
        assert!(!chart().svg().contains("--plot-2"));
        let one =
            Chart::new("", Axis::linear(""), Axis::linear("")).with(Series::line("alone", &[(0.0, 1.0)]));
        assert!(!one.svg().contains("alone"));
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_too() {
        let nothing = Chart::new("", Axis::linear(""), Axis::log(""));
        assert!(nothing.svg().contains("nothing was measured"));
        let nonsense = nothing.with(Series::line("", &[(f64::NAN, 1.0), (1.0, -3.0), (f64::INFINITY, 2.0)]));
        let svg = nonsense.svg();
        assert!(is_well_formed(&svg) && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
