//! A place on the earth.

use serde::{Deserialize, Serialize};

use crate::base::said_limits::{DEGREE, PLACE_ADDRESS_MAX, PLACE_NAME_MAX};
use crate::wire::decode::{Malformed, is_line};
use crate::wire::schema;

/// A place on the earth (WGS 84).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Location {
    /// Ten-millionths of a degree, north of the equator where it is positive.
    pub latitude: i32,
    /// Ten-millionths of a degree, east of Greenwich where it is positive.
    pub longitude: i32,
    /// What the place is called; may be empty.
    pub name: String,
    /// On one line; may be empty.
    pub address: String,
}

impl Location {
    /// Reads degrees, as people write them; none where they lie on no globe.
    #[expect(clippy::cast_possible_truncation, reason = "its range was looked at before")]
    pub fn degrees(value: f64, most: i32) -> Option<i32> {
        (value.abs() <= f64::from(most)).then(|| (value * f64::from(DEGREE)).round() as i32)
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        let on_globe = self.latitude.unsigned_abs() <= 90 * DEGREE.unsigned_abs()
            && self.longitude.unsigned_abs() <= 180 * DEGREE.unsigned_abs();
        if !on_globe {
            return Err(Malformed("a latitude is -90 to 90 degrees, a longitude -180 to 180"));
        }
        if is_line(&self.name, PLACE_NAME_MAX) && is_line(&self.address, PLACE_ADDRESS_MAX) {
            Ok(())
        } else {
            Err(Malformed("a place's name and its address are lines, of at most 256 and 512 bytes"))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Location {
        schema::Location {
            latitude: self.latitude,
            longitude: self.longitude,
            name: self.name.clone(),
            address: self.address.clone(),
        }
    }

    pub(crate) fn from_schema(place: schema::Location) -> Result<Self, Malformed> {
        let schema::Location { latitude, longitude, name, address } = place;
        let place = Self { latitude, longitude, name, address };
        place.check().map(|()| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_on_the_globe() {
        let place = Location {
            latitude: Location::degrees(-23.550_520_1, 90).unwrap(),
            longitude: Location::degrees(-46.633_308_9, 180).unwrap(),
            name: "Sé".into(),
            address: "Praça da Sé, São Paulo".into(),
        };
        assert_eq!((place.latitude, place.longitude), (-235_505_201, -466_333_089));
        assert_eq!(Location::from_schema(place.to_schema()), Ok(place.clone()));
        for beyond in [f64::NAN, f64::INFINITY, 90.000_001, -91.0] {
            assert_eq!(Location::degrees(beyond, 90), None);
        }
        let wrong = [
            Location { latitude: 90 * DEGREE + 1, ..place.clone() },
            Location { longitude: i32::MIN, ..place.clone() },
            Location { name: "two\nlines".into(), ..place.clone() },
            Location { address: "x".repeat(PLACE_ADDRESS_MAX + 1), ..place },
        ];
        assert!(wrong.iter().all(|wrong| Location::from_schema(wrong.to_schema()).is_err()));
    }
}
