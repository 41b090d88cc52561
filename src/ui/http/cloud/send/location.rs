//! A place.

use serde_json::{Map, Value};

use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters::text;
use crate::ui::http::cloud::send::letter::{Letter, optional, said};
use crate::wire::said::location::Location;
use crate::wire::said::message::Said;

/// Reads `location`, whose degrees are numbers or texts.
pub(in crate::ui::http::cloud) fn read(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let degrees = |name: &str, most: i32| {
        let path = format!("location.{name}");
        let written = content.get(name).and_then(text).ok_or_else(|| Graph::missing(&path))?;
        let units = written.trim().parse().ok().and_then(|value: f64| Location::degrees(value, most));
        units.ok_or_else(|| Graph::value(&path, &format!("is a number of degrees from -{most} to {most}")))
    };
    let line = |name| optional(content, name).unwrap_or_default();
    let (latitude, longitude) = (degrees("latitude", 90)?, degrees("longitude", 180)?);
    said(Said::Location(Location { latitude, longitude, name: line("name"), address: line("address") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn degrees_are_numbers_or_texts_on_the_globe() {
        let place = |latitude: Value| {
            let content =
                json!({ "latitude": latitude, "longitude": -46.654, "name": "Loja", "address": null });
            read(content.as_object().unwrap())
        };
        let expected = Location {
            latitude: -235_640_000,
            longitude: -466_540_000,
            name: "Loja".into(),
            address: String::new(),
        };
        for written in [json!(-23.564), json!("-23.564")] {
            assert_eq!(place(written).unwrap(), Letter::Said(Box::new(Said::Location(expected.clone()))));
        }
        for wrong in [json!(91), json!("NaN"), json!("x"), json!(null)] {
            assert!(place(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
