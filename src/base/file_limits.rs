//! Every bound of files that go from node to node, each with a name.

use core::time::Duration;

use crate::base::limits::{
    ASKS_OUT_PER_PEER, CIRCUITS_PER_PEER, MESSAGE_LIFE, PADDING_BUCKETS, PAGE_BYTES_MAX, QUERIES_MAX,
    STREAMS_MAX, TEXT_MAX, VALUE_MAX,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const MEBIBYTE: u64 = 1024 * 1024;

// What a file is.

/// The largest file, in bytes.
pub const FILE_MAX: u64 = 2 * 1024 * MEBIBYTE;
/// Bytes of a file that are sealed together; the last chunk may have fewer.
pub const CHUNK_LEN: u64 = 64 * 1024;
/// The longest name of a file, in bytes.
pub const FILE_NAME_MAX: usize = 255;
/// The longest media type: two names of RFC 6838, section 4.2, and the stroke between.
pub const MEDIA_TYPE_MAX: usize = 127 + 1 + 127;
/// The longest text under a file, in bytes.
pub const CAPTION_MAX: usize = 4 * 1024;
/// The largest thumbnail of a picture, in bytes.
pub const THUMBNAIL_MAX: usize = 7 * 1024;
/// The widest and highest picture that is spoken of, in pixels.
pub const PICTURE_SIDE_MAX: u32 = 65_535;

// Thumbnails that the node makes by itself.

/// The largest file of which it makes one: so much is held in memory for it.
pub const PICTURE_BYTES_MAX: u64 = 16 * MEBIBYTE;
/// Pixels of the largest such picture: checked before anything is decoded.
pub const PICTURE_PIXELS_MAX: u64 = 24_000_000;
/// The longer side of a thumbnail, in pixels; of one that would be too large, half of it, and so on.
pub const THUMBNAIL_SIDE: u32 = 160;

// What a node keeps.

/// Files that a node knows of, those that are gone among them.
pub const FILES_MAX: usize = 100_000;
/// Files that were given to the node and belong to no message yet.
pub const FILES_UNSENT_MAX: usize = 64;
/// How long such a file is kept.
pub const UNSENT_LIFE: Duration = Duration::from_secs(24 * HOUR);
/// How long a file is offered to those it was sent to: as long as its message is tried.
pub const OFFER_LIFE: Duration = MESSAGE_LIFE;
/// Bytes of files on the disk of a person's node, unless its owner says otherwise.
pub const KEPT_BY_PERSON: u64 = 4 * 1024 * MEBIBYTE;
/// The same for a business's node.
pub const KEPT_BY_BUSINESS: u64 = 32 * 1024 * MEBIBYTE;
/// The largest file that a person's node fetches without being asked, unless its owner says otherwise.
pub const FETCHED_BY_PERSON: u64 = 5 * MEBIBYTE;
/// The same for a business's node.
pub const FETCHED_BY_BUSINESS: u64 = 16 * MEBIBYTE;
/// Bytes that stay free on the disk, whatever is fetched.
pub const DISK_RESERVE: u64 = 64 * MEBIBYTE;
/// Bytes of a file that is being fetched which a power cut may take back.
pub const UNSYNCED_MAX: u64 = 8 * MEBIBYTE;
/// Files in one answer of the local API.
pub const FILES_LIST_MAX: usize = 1_000;

// How it is fetched.

/// Files that are fetched at once.
pub const FETCHES_MAX: usize = 4;
/// Of these, files of one conversation, however many devices its other side has: others have room beside it.
pub const FETCHES_PER_CONVERSATION: usize = FETCHES_MAX / 2;
/// Files that are wanted at once.
pub const WANTED_MAX: usize = 10_000;
/// Files of one conversation that are fetched without a person's word, and that aren't here yet.
pub const UNASKED_MAX: usize = 64;
/// Their bytes together, sealed: what may be kept, divided by this. The first one may have more.
pub const UNASKED_SHARE: u64 = 8;
/// First and longest pause between two rounds of attempts to fetch a file.
pub const FETCH_RETRY_FIRST: Duration = Duration::from_secs(5);
/// See [`FETCH_RETRY_FIRST`].
pub const FETCH_RETRY_LAST: Duration = Duration::from_secs(10 * MINUTE);
/// How often what came wasn't what was said, before a file counts as broken.
pub const FETCH_FAULTS_MAX: u8 = 3;
/// Chunks of one stream that wait to be written to the disk, or to be sent.
pub const CHUNKS_WAITING: usize = 4;
/// Streams on which one peer fetches files here at once, and on which we fetch from one peer.
pub const FILE_STREAMS_PER_PEER: usize = 1;
/// Streams on which files are fetched here at once.
pub const FILE_STREAMS_MAX: usize = 32;
/// How long one chunk may take: on the poorest network that is of use.
pub const CHUNK_PATIENCE: Duration = Duration::from_secs(60);
/// How long a node may take to say whether it gives a file.
pub const GRANT_PATIENCE: Duration = Duration::from_secs(20);
/// Requests for files that aren't there which one peer has free before it must wait.
pub const MISSES_BURST: u32 = 16;
/// After how long it has one more.
pub const MISSES_PACE: Duration = Duration::from_secs(30);
/// Peers whose such requests are counted; the one that asked least recently is forgotten first.
pub const MISSES_PEERS_MAX: usize = 1_024;

const _: () = {
    let text = CAPTION_MAX + FILE_NAME_MAX + MEDIA_TYPE_MAX;
    assert!(
        text + THUMBNAIL_MAX + 2_560 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "a file's content, with a template and around it another device's word, fits the largest bucket"
    );
    assert!(text + 1_024 < TEXT_MAX && PAGE_BYTES_MAX + text < VALUE_MAX, "a file's line fits a page");
    assert!(text + THUMBNAIL_MAX + 1_024 < VALUE_MAX, "what is known of a file fits a value");
    assert!(FILE_MAX <= KEPT_BY_PERSON && FILE_MAX.is_power_of_two(), "the largest file is no longer padded");
    // Beside what `limits.rs` counts: a file each way, and another one each way that is ending.
    assert!(
        2 * (QUERIES_MAX + 1)
            + 2
            + 2
            + 4
            + 2 * ASKS_OUT_PER_PEER
            + CIRCUITS_PER_PEER
            + 4 * FILE_STREAMS_PER_PEER
            < STREAMS_MAX,
        "two honest nodes that also exchange files never need more streams than a connection has"
    );
    assert!(1 <= FETCHES_PER_CONVERSATION && FETCHES_PER_CONVERSATION < FETCHES_MAX);
    assert!(FILE_MAX / CHUNK_LEN < u32::MAX as u64, "chunks are counted by a u32");
};
