//! What travels between nodes: the recipient's route id, then bytes that only the recipient can open.

use crate::base::id::RouteId;
use crate::base::limits;
use crate::wire::decode::Malformed;

/// A frame as it comes from the network: routed, not opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Envelope<'a> {
    /// The recipient's inbox id, or the pair id of one session and direction.
    pub route: RouteId,
    /// A first flight for an inbox, a session's frame for a pair.
    pub body: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Splits a frame of at most [`limits::FRAME_MAX`] bytes.
    pub fn parse(frame: &'a [u8]) -> Result<Self, Malformed> {
        if frame.len() > limits::FRAME_MAX {
            return Err(Malformed("too large"));
        }
        let (route, body) = frame.split_at_checked(RouteId::LEN).ok_or(Malformed("too short"))?;
        let route = RouteId::from_slice(route).ok_or(Malformed("too short"))?;
        if body.is_empty() { Err(Malformed("empty")) } else { Ok(Self { route, body }) }
    }

    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(RouteId::LEN + self.body.len());
        frame.extend_from_slice(self.route.as_bytes());
        frame.extend_from_slice(self.body);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_route_and_a_body_within_bounds() {
        let envelope = Envelope { route: RouteId::new([7; 16]), body: b"sealed" };
        let frame = envelope.encode();
        assert_eq!(Envelope::parse(&frame), Ok(envelope));
        assert!(Envelope::parse(&frame[..16]).is_err() && Envelope::parse(&frame[..3]).is_err());
        assert!(Envelope::parse(&vec![0; limits::FRAME_MAX + 1]).is_err());
    }
}
