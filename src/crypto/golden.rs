//! Help for tests that hold the code against recorded vectors.

use core::convert::Infallible;

use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use serde_json::Value;

use crate::crypto::secret::Secret;

/// A random source that hands out recorded bytes, in order; it fails the test where more are asked for, or, with
/// [`Replay::finish`], where some are left.
pub(crate) struct Replay(Vec<u8>);

impl Replay {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(parts.concat())
    }

    /// What was recorded for a case of the golden vectors, by the names it has there.
    pub(crate) fn of(case: &Case<'_>, names: &[&str]) -> Self {
        Self(names.iter().flat_map(|name| case.bytes(name)).collect())
    }

    pub(crate) fn finish(self) {
        assert!(self.0.is_empty(), "{} recorded bytes weren't asked for", self.0.len());
    }
}

impl TryRng for Replay {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        assert!(into.len() <= self.0.len(), "more randomness is asked for than was recorded");
        self.0.drain(..into.len()).zip(into).for_each(|(byte, place)| *place = byte);
        Ok(())
    }
}

impl TryCryptoRng for Replay {}

/// A random source that remembers what it gave out, call by call.
pub(crate) struct Recorder<R> {
    source: R,
    given: Vec<Vec<u8>>,
}

impl<R: CryptoRng> Recorder<R> {
    pub(crate) const fn new(source: R) -> Self {
        Self { source, given: Vec::new() }
    }

    /// What was given out since the last time, as the vectors write it.
    pub(crate) fn take(&mut self) -> Value {
        self.given.drain(..).map(|bytes| text(&bytes)).collect()
    }
}

impl<R: CryptoRng> TryRng for Recorder<R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.source.fill_bytes(into);
        self.given.push(into.to_vec());
        Ok(())
    }
}

impl<R: CryptoRng> TryCryptoRng for Recorder<R> {}

/// Bytes as the vectors write them.
pub(crate) fn text(bytes: &[u8]) -> Value {
    data_encoding::HEXLOWER.encode(bytes).into()
}

/// An object of the golden vectors (`docs/vectors/`). Every method fails the test where the value isn't there.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a>(pub(crate) &'a Value);

impl<'a> Case<'a> {
    pub(crate) fn get(&self, name: &str) -> &'a Value {
        self.0.get(name).unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn case(&self, name: &str) -> Self {
        Self(self.get(name))
    }

    pub(crate) fn cases(&self, name: &str) -> Vec<Self> {
        let cases: Vec<Self> = self.get(name).as_array().unwrap().iter().map(Case).collect();
        assert!(!cases.is_empty(), "{name} are cases");
        cases
    }

    pub(crate) fn text(&self, name: &str) -> &'a str {
        self.get(name).as_str().unwrap()
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).as_u64().unwrap()
    }

    /// A number of four bytes.
    pub(crate) fn id(&self, name: &str) -> u32 {
        self.number(name).try_into().unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        Self::decode(self.get(name))
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    pub(crate) fn secret<const N: usize>(&self, name: &str) -> Secret<N> {
        Secret::new(self.array(name))
    }

    /// A list of byte strings.
    pub(crate) fn list(&self, name: &str) -> Vec<Vec<u8>> {
        self.get(name).as_array().unwrap().iter().map(Self::decode).collect()
    }

    fn decode(value: &Value) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
    }
}
