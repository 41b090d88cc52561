//! The transports: QUIC, and TCP with Noise and Yamux, over IPv4 and IPv6, by address or by name; and circuits
//! through relays over either.

use std::time::Duration;

use libp2p::core::Transport;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, dns, noise, quic, relay, tcp, yamux};

use super::config::StartError;
use super::meter::Meter;
use crate::base::limits::{
    CIRCUIT_PATIENCE, HANDSHAKE_PATIENCE, QUIC_CONNECTION_WINDOW, QUIC_STREAM_WINDOW, STREAMS_MAX,
};

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

/// How often a silent QUIC connection is kept alive, and after how much silence it is lost. The defaults (5 s
/// and 10 s) would wake an idle node all the time.
const QUIC_KEEP_ALIVE: Duration = Duration::from_secs(15);
const QUIC_SILENCE_MILLIS: u32 = 40_000;

/// Every transport of a node with this key, circuits among them, and the behaviour that circuits need. Connecting
/// takes [`HANDSHAKE_PATIENCE`] at most, through a relay [`CIRCUIT_PATIENCE`]. What goes over them is counted where a
/// meter is given.
///
/// # Errors
/// [`StartError::Key`].
pub(crate) fn relayed(
    key: &Keypair,
    meter: Option<Meter>,
) -> Result<(Connections, relay::client::Behaviour), StartError> {
    let (circuits, behaviour) = relay::client::new(key.public().to_peer_id());
    let circuits = circuits
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).map_err(|_| StartError::Key)?)
        .multiplex(yamux())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let circuits = TransportTimeout::new(circuits, CIRCUIT_PATIENCE);
    let either = circuits.or_transport(transport(key)?).map(|either, _| either.into_inner());
    let connections = match meter {
        None => either.boxed(),
        Some(meter) => either.map(move |(peer, muxer), _| (peer, meter.watch(&peer, muxer))).boxed(),
    };
    Ok((connections, behaviour))
}

/// The transports that need nobody between; connecting by either side takes [`HANDSHAKE_PATIENCE`] at most.
///
/// # Errors
/// [`StartError::Key`].
pub(crate) fn transport(key: &Keypair) -> Result<Connections, StartError> {
    // Without a readable configuration of the system's resolver, addresses still work and names don't.
    let named = dns::tokio::Transport::system(by_address(key)?).map(Transport::boxed);
    let connections = match named {
        Ok(connections) => connections,
        Err(reason) => {
            tracing::warn!(%reason, "no name resolution");
            by_address(key)?
        }
    };
    Ok(TransportTimeout::new(connections, HANDSHAKE_PATIENCE).boxed())
}

/// TCP by address and nothing else; connecting takes [`HANDSHAKE_PATIENCE`] at most.
///
/// # Errors
/// [`StartError::Key`].
pub(crate) fn tcp_only(key: &Keypair) -> Result<Connections, StartError> {
    Ok(TransportTimeout::new(over_tcp(key)?, HANDSHAKE_PATIENCE).boxed())
}

fn by_address(key: &Keypair) -> Result<Connections, StartError> {
    let quic = quic::tokio::Transport::new(quic_config(key))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(quic.or_transport(over_tcp(key)?).map(|either, _| either.into_inner()).boxed())
}

fn over_tcp(key: &Keypair) -> Result<Connections, StartError> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).map_err(|_| StartError::Key)?)
        .multiplex(yamux())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(tcp.boxed())
}

fn yamux() -> yamux::Config {
    let mut streams = yamux::Config::default();
    streams.set_max_num_streams(STREAMS_MAX);
    streams
}

fn quic_config(key: &Keypair) -> quic::Config {
    let mut config = quic::Config::new(key);
    config.handshake_timeout = HANDSHAKE_PATIENCE;
    config.keep_alive_interval = QUIC_KEEP_ALIVE;
    config.max_idle_timeout = QUIC_SILENCE_MILLIS;
    config.max_concurrent_stream_limit = u32::try_from(STREAMS_MAX).unwrap_or(u32::MAX);
    config.max_stream_data = QUIC_STREAM_WINDOW;
    config.max_connection_data = QUIC_CONNECTION_WINDOW;
    config
}
