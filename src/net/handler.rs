//! Our streams on one connection: opens them on demand, accepts them from the other side.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};

use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol};
use libp2p::{Stream, StreamProtocol};

use super::protocol::Purpose;
use crate::base::limits::{HANDSHAKE_PATIENCE, STREAMS_MAX};

/// Names one request for a stream.
pub(crate) type Ticket = u64;

/// Asks for a stream on this connection.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) ticket: Ticket,
    pub(crate) purpose: Purpose,
}

/// What became of streams on this connection.
#[derive(Debug)]
pub(crate) enum Change {
    /// The stream that a ticket asked for.
    Opened { ticket: Ticket, stream: Stream },
    /// No stream for this ticket on this connection; `silent` if the other side didn't say so itself.
    Failed { ticket: Ticket, silent: bool },
    /// The other side opened a stream.
    Accepted { purpose: Purpose, stream: Stream },
}

/// The streams of one connection, until they are handed over.
#[derive(Default)]
pub(crate) struct Handler {
    wanted: VecDeque<Open>,
    changes: VecDeque<Change>,
    waker: Option<Waker>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Change;
    type InboundProtocol = Accept;
    type OutboundProtocol = Request;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Ticket;

    fn listen_protocol(&self) -> SubstreamProtocol<Accept> {
        SubstreamProtocol::new(Accept, ()).with_timeout(HANDSHAKE_PATIENCE)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Request, Ticket, Change>> {
        if let Some(change) = self.changes.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(change));
        }
        if let Some(Open { ticket, purpose }) = self.wanted.pop_front() {
            let protocol = SubstreamProtocol::new(Request(purpose), ticket).with_timeout(HANDSHAKE_PATIENCE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, open: Open) {
        self.wanted.push_back(open);
        self.wake();
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Accept, Request, (), Ticket>) {
        let change = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                let (purpose, stream) = protocol;
                Change::Accepted { purpose, stream }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                Change::Opened { ticket: info, stream: protocol }
            }
            ConnectionEvent::DialUpgradeError(failed) => {
                let silent = matches!(failed.error, StreamUpgradeError::Timeout);
                Change::Failed { ticket: failed.info, silent }
            }
            _ => return,
        };
        // An honest connection never has so many; dropping a stream closes it.
        if self.changes.len() < 2 * STREAMS_MAX || !matches!(change, Change::Accepted { .. }) {
            self.changes.push_back(change);
        }
        self.wake();
    }
}

impl Handler {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Takes any of our protocols from the other side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accept;

impl UpgradeInfo for Accept {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; Purpose::ALL.len()];

    fn protocol_info(&self) -> Self::InfoIter {
        Purpose::ALL.map(Purpose::protocol)
    }
}

impl InboundUpgrade<Stream> for Accept {
    type Output = (Purpose, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, info: StreamProtocol) -> Self::Future {
        let asked = Purpose::ALL.into_iter().find(|purpose| purpose.protocol() == info);
        let purpose = asked.unwrap_or(Purpose::Ask);
        ready(Ok((purpose, stream)))
    }
}

/// Asks the other side for one protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request(Purpose);

impl UpgradeInfo for Request {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; 1];

    fn protocol_info(&self) -> Self::InfoIter {
        [self.0.protocol()]
    }
}

impl OutboundUpgrade<Stream> for Request {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
    }
}
