//! What a plot shows.

use super::axis::Axis;
use super::figures::{bins, distribution};

/// Points of one series that are drawn; of more, every so many is left out.
const POINTS_MAX: usize = 2_000;
/// Bins of a histogram, about.
const BINS: usize = 30;

/// A chart: two axes, and what stands between them.
#[derive(Clone, Debug)]
pub struct Chart {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
}

/// One thing that a chart shows, with its name in the legend.
#[derive(Clone, Debug)]
pub struct Series {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) colour: Option<usize>,
}

/// How a series is drawn.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Line {
        points: Vec<(f64, f64)>,
        dashed: bool,
        dots: bool,
    },
    Points(Vec<(f64, f64)>),
    Steps(Vec<(f64, f64)>),
    /// Place, lower and upper edge.
    Band(Vec<(f64, f64, f64)>),
    /// Left and right edge, height.
    Bars(Vec<(f64, f64, f64)>),
}

impl Series {
    /// Points joined by a line, in the order given.
    pub fn line(name: &str, points: &[(f64, f64)]) -> Self {
        Self::new(name, Shape::Line { points: thin(points), dashed: false, dots: false })
    }

    /// The same as a dashed line: what is modelled, where the other is measured.
    pub fn dashed(name: &str, points: &[(f64, f64)]) -> Self {
        Self::new(name, Shape::Line { points: thin(points), dashed: true, dots: false })
    }

    /// A line that shows its points too.
    pub fn dotted(name: &str, points: &[(f64, f64)]) -> Self {
        Self::new(name, Shape::Line { points: thin(points), dashed: false, dots: true })
    }

    /// Points alone.
    pub fn points(name: &str, points: &[(f64, f64)]) -> Self {
        Self::new(name, Shape::Points(thin(points)))
    }

    /// A line that keeps its height until the next point: what changes all at once.
    pub fn steps(name: &str, points: &[(f64, f64)]) -> Self {
        Self::new(name, Shape::Steps(thin(points)))
    }

    /// Which share of the values doesn't exceed what the x axis says.
    pub fn distribution(name: &str, values: &[f64]) -> Self {
        let mut points = distribution(values);
        if let Some(first) = points.first().map(|first| first.0) {
            points.insert(0, (first, 0.0));
        }
        Self::steps(name, &points)
    }

    /// How many of the values lie where.
    pub fn histogram(name: &str, values: &[f64]) -> Self {
        Self::new(name, Shape::Bars(bins(values, BINS)))
    }

    /// The room between two heights at each place: (place, lower, upper).
    pub fn band(name: &str, edges: &[(f64, f64, f64)]) -> Self {
        Self::new(name, Shape::Band(thin(edges)))
    }

    /// The same in the colour of the series with this place in the chart, from 0: the dashed line of a model beside
    /// the points that were measured.
    #[must_use]
    pub const fn coloured_as(mut self, other: usize) -> Self {
        self.colour = Some(other);
        self
    }

    fn new(name: &str, shape: Shape) -> Self {
        Self { name: name.to_owned(), shape, colour: None }
    }

    /// All places and heights that must have room.
    pub(super) fn corners(&self) -> Vec<(f64, f64)> {
        match &self.shape {
            Shape::Line { points, .. } | Shape::Points(points) | Shape::Steps(points) => points.clone(),
            Shape::Band(edges) => edges.iter().flat_map(|(x, low, high)| [(*x, *low), (*x, *high)]).collect(),
            Shape::Bars(bars) => {
                bars.iter().flat_map(|(left, right, high)| [(*left, 0.0), (*right, *high)]).collect()
            }
        }
    }
}

impl Chart {
    /// A chart of nothing yet.
    pub fn new(title: &str, x: Axis, y: Axis) -> Self {
        Self { title: title.to_owned(), x, y, series: Vec::new() }
    }

    /// The same with one more series.
    #[must_use]
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// The same with areas that stand on one another: what all is made of, over time. Each layer is a name and a
    /// height for each place; a height that is missing is nothing. The first layer lies at the bottom.
    #[must_use]
    pub fn stacked(mut self, places: &[f64], layers: &[(&str, Vec<f64>)]) -> Self {
        let mut ground = vec![0.0; places.len()];
        for (name, heights) in layers {
            let edges: Vec<(f64, f64, f64)> = places
                .iter()
                .zip(&mut ground)
                .enumerate()
                .map(|(at, (place, low))| {
                    let height = heights.get(at).copied().filter(|height| height.is_finite()).unwrap_or(0.0);
                    let edge = (*place, *low, *low + height.max(0.0));
                    *low = edge.2;
                    edge
                })
                .collect();
            self.series.push(Series::band(name, &edges));
        }
        self
    }
}

/// Every so many, and the last.
fn thin<T: Copy>(points: &[T]) -> Vec<T> {
    let stride = points.len().div_ceil(POINTS_MAX).max(1);
    let mut kept: Vec<T> = points.iter().copied().step_by(stride).collect();
    if points.len() % stride != 1 && stride > 1 {
        kept.extend(points.last());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_stand_on_one_another_whatever_is_missing() {
        let chart = Chart::new("", Axis::time(""), Axis::linear(""))
            .stacked(&[0.0, 1.0], &[("a", vec![1.0, 2.0]), ("b", vec![3.0]), ("c", vec![f64::NAN, -1.0])]);
        let edges = |at: usize| match &chart.series[at].shape {
            Shape::Band(edges) => edges.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(edges(0), [(0.0, 0.0, 1.0), (1.0, 0.0, 2.0)]);
        assert_eq!(edges(1), [(0.0, 1.0, 4.0), (1.0, 2.0, 2.0)]);
        assert_eq!(edges(2), [(0.0, 4.0, 4.0), (1.0, 2.0, 2.0)]);
    }

    #[test]
    fn many_points_are_thinned_and_the_last_stays() {
        for count in [0, 1, POINTS_MAX, POINTS_MAX + 1, 100_000, 100_001] {
            let points: Vec<usize> = (0..count).collect();
            let kept = thin(&points);
            assert!(kept.len() <= POINTS_MAX + 1, "{count}");
            assert_eq!((kept.first(), kept.last()), (points.first(), points.last()), "{count}");
        }
        let distribution = Series::distribution("", &(0..50_000).map(f64::from).collect::<Vec<_>>());
        assert_eq!(distribution.corners().last(), Some(&(49_999.0, 1.0)));
        assert_eq!(distribution.corners().first(), Some(&(0.0, 0.0)));
    }
}
