//! What was measured, as a document.

use serde::Serialize;

/// All figures of one run. Absolute times depend on the machine; compare the ratios.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Report {
    /// Cores of the machine.
    pub(in crate::ui) cores: usize,
    /// Bytes of each text.
    pub(in crate::ui) text_bytes: usize,
    /// The disk under it all: appending 1 KiB and syncing it, in milliseconds (median).
    pub(in crate::ui) fdatasync_ms: f64,
    /// Messages that are stored and acknowledged by both nodes' disks.
    pub(in crate::ui) messages: Messages,
    /// One message at a time.
    pub(in crate::ui) latency: Latency,
    /// The directory.
    pub(in crate::ui) directory: Directory,
    /// A node that starts with a history.
    pub(in crate::ui) startup: Startup,
    /// A personal node that does nothing; only where `/proc` tells.
    pub(in crate::ui) idle: Option<Idle>,
}

/// Durable, acknowledged messages a second.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Messages {
    /// One way, while the journals take the burst.
    pub(in crate::ui) burst_one_way: f64,
    /// How many messages that was.
    pub(in crate::ui) burst_messages: u64,
    /// Both ways at once, counted together.
    pub(in crate::ui) burst_both_ways: f64,
    /// One way, for as long as was asked, with everything that the disk does meanwhile.
    pub(in crate::ui) sustained_one_way: f64,
    /// How many seconds that was.
    pub(in crate::ui) sustained_seconds: f64,
}

/// Milliseconds from the command to the recipient's acknowledgement.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Latency {
    /// Half of the messages took no longer.
    pub(in crate::ui) median_ms: f64,
    /// 99 of a hundred took no longer.
    pub p99_ms: f64,
    /// The median in fdatasyncs: a message needs one on each side, and the acknowledgement one more.
    pub(in crate::ui) median_in_fdatasyncs: f64,
    /// From an address to the first message delivered: look-up, connection, handshake, message.
    pub(in crate::ui) first_contact_ms: f64,
}

/// Milliseconds of directory operations, in a network of three nodes.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Directory {
    /// Signed, put, indexed and read back.
    pub(in crate::ui) publish_ms: f64,
    /// Found by a word, fetched and verified.
    pub(in crate::ui) find_ms: f64,
}

/// A node that starts with a history.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Startup {
    /// Messages in its store.
    pub(in crate::ui) stored_messages: u64,
    /// Milliseconds from the unlocked keystore to listening, after a clean stop.
    pub(in crate::ui) millis: f64,
}

/// A personal node that does nothing.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Idle {
    /// Resident memory in MiB.
    pub(in crate::ui) resident_mib: f64,
    /// Processor time, in per cent of one core.
    pub(in crate::ui) cpu_percent: f64,
    /// For how many seconds it was watched.
    pub(in crate::ui) seconds: f64,
}
