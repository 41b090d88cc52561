//! Every bound of the protocol and of the node, each with a name; what has many of its own has a file beside this one.

use core::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

// Frames and sessions.

/// The largest frame on the wire, route id included.
pub const FRAME_MAX: usize = 24 * 1024;
/// The exact size of a first flight: it tells nothing about its content.
pub const FIRST_FLIGHT_LEN: usize = 8 * 1024;
/// Sizes that a message's content is padded to, smallest first.
pub const PADDING_BUCKETS: [usize; 6] = [512, 1024, 2048, 4096, 8192, 16_384];
/// The largest text of a message in bytes of UTF-8.
pub const TEXT_MAX: usize = 12 * 1024;
/// How far a chain may run ahead of the last message received on it.
pub const CHAIN_FORWARD_MAX: u32 = 2_000;
/// Message keys that a session keeps for messages that are late: as many as fit the session's row.
pub const SKIPPED_KEYS_MAX: usize = 640;
/// How long such a key is kept.
pub const SKIPPED_KEY_LIFE: Duration = Duration::from_secs(30 * DAY);
/// Receive chains that a session keeps.
pub const RECEIVE_CHAINS_MAX: usize = 5;
/// Finished receive chains whose header key a session keeps, to tell a repeated frame from a broken one.
pub const SPENT_CHAINS_MAX: usize = 32;
/// Messages of both directions after which a session's post-quantum secret is replaced.
pub const EPOCH_MESSAGES: u64 = 50;
/// How long such a secret stands at most before its replacement is begun.
pub const EPOCH_LIFE: Duration = Duration::from_secs(24 * HOUR);
/// How many epochs back receive chains are kept.
pub const EPOCHS_BACK: u32 = 2;
/// Bytes of an envelope beside its padded content at most: route, header with a key in its slot, tags.
pub const FRAME_OVERHEAD_MAX: usize = 1_536;
/// The largest session row at rest without skipped keys.
pub const SESSION_ROW_MAX: usize = 4 * 1024;
/// The largest account log beside which a first flight holds a content of its full size: of up to four devices.
pub const FIRST_FLIGHT_LOG_MAX: usize = 1_536;
/// Older sessions with one device that can still receive.
pub const ARCHIVED_SESSIONS_MAX: usize = 5;
/// Frames in a row on another session than ours after which both sides are to send on one.
pub const APART_FRAMES: u32 = 8;
/// How long a refused content may turn out to have arrived before, while its link is up: some poor round trips.
pub const HEAL_PATIENCE: Duration = Duration::from_secs(10);
/// The least time between two new sessions made to heal a broken one.
pub const HEAL_INTERVAL: Duration = Duration::from_secs(10 * MINUTE);
/// Sessions made to heal in one day, with one device.
pub const HEALS_PER_DAY: u32 = 5;

// Prekeys and accounts.

/// How often signed prekeys are replaced.
pub const PREKEY_ROTATION: Duration = Duration::from_secs(48 * HOUR);
/// Older bundles are refused.
pub const BUNDLE_AGE_MAX: Duration = Duration::from_secs(14 * DAY);
/// How long a replaced prekey's private half and its replay hashes are kept: a bundle may be 14 days old when
/// used, a first flight 14 days under way, and clocks differ.
pub const PREKEY_LIFE: Duration = Duration::from_secs(30 * DAY);
/// Sets of prekeys of one account; the oldest goes first.
pub const PREKEY_SETS_MAX: usize = 64;
/// First flights to one set of prekeys that are remembered. At half of them the set is replaced early, and beyond
/// them no flight to it is accepted, since a repetition couldn't be told.
pub const REPLAYS_PER_SET_MAX: usize = 16_384;
/// How long at least after what ends at the end of a life is looked for again.
pub const PREKEY_SWEEP: Duration = Duration::from_secs(HOUR);
/// Pairs of one-time prekeys that a full pool gives.
pub const ONE_TIME_POOL: u32 = 100;
/// The pool is filled again when it has fewer.
pub const ONE_TIME_LOW: u32 = 25;
/// What only contacts and bearers of an invite get: a fifth of the pool, and of [`ONE_TIME_WAITING_MAX`].
pub const ONE_TIME_RESERVE: u32 = ONE_TIME_POOL / 5;
/// The least time between two fillings of a pool.
pub const ONE_TIME_FILL_PAUSE: Duration = Duration::from_secs(HOUR);
/// Pairs of one-time prekeys that one account has handed out and that nobody has used.
pub const ONE_TIME_WAITING_MAX: u32 = 4_096;
/// Pairs of one-time prekeys that one requester may have at once; a stranger's network, before each costs it more.
pub const ONE_TIME_BUCKET: u32 = 6;
/// After how long it may have one more.
pub const ONE_TIME_BUCKET_PACE: Duration = Duration::from_secs(10 * MINUTE);
/// Requesters of one kind that are told apart; the one that asked least recently is forgotten first.
pub const ONE_TIME_REQUESTERS_MAX: usize = 1_024;
/// How long a challenge to work for one-time prekeys can be answered.
pub const CHALLENGE_LIFE: Duration = Duration::from_secs(10 * MINUTE);
/// Challenges of that time whose work was taken: as many strangers can be given a pair in it.
pub const CHALLENGES_SPENT_MAX: usize = 1_024;
/// How often somebody works for the same prekeys, each time because the price has risen meanwhile.
pub const WORK_ROUNDS: u32 = 3;
/// A first flight is refused when its absolute expiry is further away than this.
pub const FIRST_FLIGHT_LIFE: Duration = Duration::from_secs(14 * DAY);
/// Devices of one account.
pub const DEVICES_MAX: usize = 8;
/// Entries of one account log that are accepted.
pub const LOG_ENTRIES_MAX: usize = 64;
/// Accounts before the present one that devices in its log may have agreed to be theirs.
pub const LINE_OF_DEVICES_MAX: usize = 2;
/// The largest signed payload of an account log's entry: a snapshot of a full account.
pub const LOG_ENTRY_MAX: usize = 1_920;
/// The largest part of an account log that must be carried along, encoded: its last snapshot and what follows.
pub const LOG_CARRIED_MAX: usize = 2_304;
/// The most of a log, encoded, that its owner and its readers keep.
pub const LOG_KEPT_MAX: usize = 11_776;
/// Former accounts of an identity that a statement of its succession goes back to.
pub const FORMER_MAX: usize = 3;
/// Contacts that are told at once that the identity is another; the next ones after [`SUCCESSION_PACE`].
pub const SUCCESSIONS_AT_ONCE: usize = 64;
/// The pause before more contacts are told.
pub const SUCCESSION_PACE: Duration = Duration::from_millis(500);
/// The longest domain (RFC 1035, section 2.3.4, without the final dot).
pub const DOMAIN_MAX: usize = 253;
/// Peers that keep mail for one account.
pub const MAILBOXES_MAX: usize = 3;
/// How long an offer to link a device can be taken up.
pub const LINK_OFFER_LIFE: Duration = Duration::from_secs(10 * MINUTE);
/// The longest offer to link a device, as text.
pub const LINK_OFFER_MAX: usize = 1_024;
/// The largest grant that links a device.
pub const LINK_GRANT_MAX: usize = 12 * 1024;
/// Entries of each conversation that a new device is given.
pub const HISTORY_ENTRIES_MAX: u64 = 1_000;
/// Places behind them that are kept free for what comes before everybody knows the new device.
pub const LINKING_ENTRIES_MAX: u64 = 4_096;
/// Entries in one content that carries history.
pub const HISTORY_PAGE_MAX: usize = 128;
/// Bytes of text at which a content that carries history is full.
pub const HISTORY_PAGE_BYTES: usize = 8_000;
/// Contents with contacts or history that are under way to a new device at once.
pub const TRANSFER_WINDOW: usize = 32;
/// The longest text in which a safety number is handed over for comparison.
pub const SAFETY_TEXT_MAX: usize = 256;
/// The largest encoded bundle of prekeys.
pub const BUNDLE_MAX: usize = 6 * 1024;
/// How far another node's clock may run ahead of ours.
pub const CLOCK_SKEW: Duration = Duration::from_secs(10 * MINUTE);
/// How far clocks may differ where money is concerned.
pub const BILLING_CLOCK_SKEW: Duration = Duration::from_secs(5 * MINUTE);
/// How long an invite can be accepted.
pub const INVITE_LIFE: Duration = Duration::from_secs(7 * DAY);
/// Invites that are open at once.
pub const INVITES_MAX: usize = 256;
/// The largest encoded invite.
pub const INVITE_MAX: usize = 1024;

// Conversations.

/// How long a message is tried before it has failed with the cause `expired`.
pub const MESSAGE_LIFE: Duration = Duration::from_secs(30 * DAY);
/// How long a gap waits for the message that is missing before it is shown as missing.
pub const GAP_PATIENCE: Duration = Duration::from_secs(MINUTE);
/// Messages that wait behind a gap, for one sender.
pub const HELD_MAX: usize = 200;
/// How far a sequence number may run ahead of the last one received.
pub const SEQUENCE_FORWARD_MAX: u64 = 100_000;
/// The highest sequence number: more than anybody ever sends.
pub const SEQUENCE_MAX: u64 = 1 << 48;
/// Numbers that are passed over at least after a backup was restored.
pub const VOID_SPAN: u64 = 1 << 20;
/// Such runs of numbers that are remembered.
pub const VOIDS_MAX: usize = 8;
/// Entries on one page of a timeline.
pub const PAGE_ENTRIES_MAX: usize = 32;
/// Bytes at which a page of a timeline is full.
pub const PAGE_BYTES_MAX: usize = 16 * 1024;
/// Contents waiting for one recipient.
pub const OUTBOX_MAX: u64 = 100_000;
/// Contents waiting for another device of ours from which on it is passed nothing that others said: they don't take all the
/// room that there is for it.
pub const PASSED_ON_MAX: u64 = OUTBOX_MAX / 2;
/// Frames sent to one peer and not yet taken by it.
pub const FLIGHT_WINDOW: usize = 512;
/// Requests from strangers that wait for the person.
pub const REQUESTS_MAX: usize = 256;
/// Contents of a stranger that are heard before the person admits them.
pub const STRANGER_ENTRIES_MAX: u64 = 16;
/// Contacts of one node.
pub const CONTACTS_MAX: usize = 100_000;
/// The longest display name in bytes.
pub const NAME_MAX: usize = 80;
/// Addresses told to a contact or published in a profile.
pub const ADDRESSES_MAX: usize = 8;
/// The longest multiaddress, as text.
pub const ADDRESS_LEN_MAX: usize = 256;
/// Contacts that a person's node tells where it is whenever that changes.
pub const GREETED_MAX: usize = 64;
/// First and longest pause between attempts to reach a peer.
pub const RETRY_FIRST: Duration = Duration::from_secs(2);
/// See [`RETRY_FIRST`].
pub const RETRY_LAST: Duration = Duration::from_secs(10 * MINUTE);

// The directory.

/// The largest profile record.
pub const PROFILE_MAX: usize = 8 * 1024;
/// The longest description of a business.
pub const ABOUT_MAX: usize = 500;
/// Categories of a business.
pub const CATEGORIES_MAX: usize = 3;
/// Languages of a business.
pub const LANGUAGES_MAX: usize = 8;
/// The longest single word or code in a profile (category, region, language).
pub const TERM_MAX: usize = 40;
/// The longest website or opening hours.
pub const LINE_MAX: usize = 200;
/// Plans of a business.
pub const PLANS_MAX: usize = 8;
/// A profile's longest life.
pub const PROFILE_LIFE: Duration = Duration::from_secs(48 * HOUR);
/// Statements of a succession are numbered from here on and profiles below, so that no profile takes the place of one.
pub const SUCCESSION_SEQ: u64 = 1 << 63;
/// How long a former address leads to the one that took its place, unless the business stops saying so.
pub const SUCCESSION_LIFE: Duration = Duration::from_secs(366 * DAY);
/// Statements of a succession that one look-up follows, one after the other.
pub const SUCCESSIONS_FOLLOWED: usize = 4;
/// How long after its issue a profile is published anew.
pub const REPUBLISH_AFTER: Duration = Duration::from_secs(12 * HOUR);
/// How long the highest sequence seen of a profile is remembered.
pub const FLOOR_LIFE: Duration = Duration::from_secs(90 * DAY);
/// DHT keys that one profile is stored under.
pub const PROFILE_KEYS: u8 = 3;
/// The largest signed index entry.
pub const INDEX_ENTRY_MAX: usize = 600;
/// Terms that one business is indexed under.
pub const INDEX_TERMS_MAX: usize = 32;
/// Index entries in one answer.
pub const INDEX_PAGE: usize = 20;
/// Index entries that one node keeps for others.
pub const INDEX_HOSTED_MAX: usize = 50_000;
/// Records that one node keeps for others.
pub const RECORDS_HOSTED_MAX: usize = 10_000;
/// Businesses that one search shows; further ones come with its next page.
pub const FIND_MAX: usize = 20;
/// How long a search looks for the nodes that keep an index: longer than the query for them, which waits for some that left.
pub const KEEPERS_PATIENCE: Duration = Duration::from_secs(11);
/// For how long queries leave a peer alone that couldn't be dialled. Others name it until they have tried themselves, and
/// each query that is near it would wait for it as long as a dial takes.
pub const DIAL_REST: Duration = Duration::from_secs(5 * MINUTE);
/// Peers that are left alone at once; of more the one whose rest ends first is tried again.
pub const DIAL_RESTS_MAX: usize = 1_024;
/// How long the nodes that keep an index are waited for, with one page.
pub const INDEX_PATIENCE: Duration = Duration::from_secs(5);
/// How long a look-up may take, and after what time a search asks for no further page.
pub const FIND_PATIENCE: Duration = Duration::from_secs(15);
const _: () = assert!(KEEPERS_PATIENCE.as_secs() > QUERY_PATIENCE.as_secs());
/// How long after its addresses changed a business publishes them, so that several changes are one.
pub const SETTLE_PAUSE: Duration = Duration::from_secs(1);
/// How long after the first look in vain a profile is read back once more; after each further one thrice as long.
pub const READ_BACK_PAUSE: Duration = Duration::from_millis(30);
/// How often what is past its life is forgotten.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(HOUR);

// The network.

/// The longest peer id, as bytes.
pub const PEER_KEY_MAX: usize = 64;
/// What part of [`CONNECTIONS_IN_MAX`] others may be opening at once, one in so many: all come back at once when we do.
pub const PENDING_IN_PART: u32 = 2;
/// Connections that we may be opening at once.
pub const PENDING_OUT_MAX: u32 = 64;
/// Established connections that others opened, unless the operator raises it.
pub const CONNECTIONS_IN_MAX: u32 = 256;
/// Established connections that we opened.
pub const CONNECTIONS_OUT_MAX: u32 = 128;
/// Connections with one peer; another one takes the place of the oldest.
pub const CONNECTIONS_PER_PEER: usize = 2;
/// Connections with one peer, those that are being closed among them.
pub const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Streams on one connection, in both directions together (Yamux) or opened by the other side (QUIC).
pub const STREAMS_MAX: usize = 52;
/// Streams of one connection whose protocol is being agreed.
pub const STREAMS_NEGOTIATING_MAX: usize = 16;
/// Unread bytes that a QUIC stream may hold.
pub const QUIC_STREAM_WINDOW: u32 = 256 * 1024;
/// Unread bytes that a QUIC connection may hold.
pub const QUIC_CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How long a connection may take to be encrypted and agreed.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection without a link or a request stays open.
pub const IDLE_PATIENCE: Duration = Duration::from_secs(MINUTE);
/// How often an open connection is checked; a second failure in a row closes it.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a check may take.
pub const PING_PATIENCE: Duration = Duration::from_secs(10);
/// Frames in one event of the network.
pub const BATCH_FRAMES_MAX: usize = 256;
/// Bytes of frames at which an event of the network is full; one frame may exceed it.
pub const BATCH_BYTES_MAX: usize = 128 * 1024;
/// The largest request or answer between two nodes.
pub const ASK_MAX: usize = 16 * 1024;
/// How long a request and its answer may take.
pub const ASK_PATIENCE: Duration = Duration::from_secs(10);
/// Requests of one peer that are being answered.
pub const ASKS_IN_PER_PEER: usize = 16;
/// Requests of all peers that are being answered.
pub const ASKS_IN_MAX: usize = 512;
/// Our own requests to one peer that run at once: with everything else they must fit [`STREAMS_MAX`].
pub const ASKS_OUT_PER_PEER: usize = 4;
/// Our own requests that run or wait, to all peers.
pub const ASKS_OUT_MAX: usize = 1_024;
/// Directory queries that run at once: each may hold one stream to the same peer.
pub const QUERIES_MAX: usize = 6;
/// Directory queries that wait for their turn.
pub const QUERIES_WAITING_MAX: usize = 256;
/// How long one phase of a directory query may take.
pub const QUERY_PATIENCE: Duration = Duration::from_secs(10);
/// Queries of one node that a meter tells apart between two readings.
pub const METERED_QUERIES_MAX: usize = 4_096;
/// Distinct values of one key that a query hands up.
pub const VALUES_MAX: usize = 24;
/// The largest packet of the directory's protocol.
pub const DIRECTORY_PACKET_MAX: usize = 16 * 1024;
/// Bytes of records that one node keeps for others.
pub const RECORD_BYTES_HOSTED_MAX: usize = 32 * 1024 * 1024;
/// How long a record can be kept.
pub const RECORD_LIFE_MAX: Duration = Duration::from_secs(48 * HOUR);
/// How often the routing table is refreshed.
pub const ROUTING_REFRESH: Duration = Duration::from_secs(15 * MINUTE);
/// Peers of one /24 (IPv4) or /48 (IPv6) in a bucket of the routing table.
pub const SUBNET_BUCKET_MAX: usize = 2;
/// Peers of one such subnet in the routing table, and queried at once.
pub const SUBNET_TABLE_MAX: usize = 3;
/// How long a connection through a relay may take to be encrypted and agreed.
pub const CIRCUIT_PATIENCE: Duration = Duration::from_secs(10);
/// Relays that a node which nobody can dial has reservations with.
pub const RELAYS_WANTED: usize = 2;
/// Relays that a node remembers.
pub const RELAYS_KNOWN_MAX: usize = 16;
/// How long a reservation may take, from the first dial of the relay on.
pub const RESERVATION_PATIENCE: Duration = Duration::from_secs(20);
/// Circuits of one peer through a relay; each is a stream on its connection with the relay.
pub const CIRCUITS_PER_PEER: usize = 16;
/// Peers that a relay keeps a reservation for, unless its operator says otherwise.
pub const RELAY_RESERVATIONS: usize = 128;
/// Circuits through a relay, unless its operator says otherwise.
pub const RELAY_CIRCUITS: usize = 256;
/// Minutes after which a relay ends a circuit, unless its operator says otherwise.
pub const RELAY_CIRCUIT_MINUTES: u32 = 120;
/// Mebibytes in both directions after which a relay ends a circuit, unless its operator says otherwise.
pub const RELAY_CIRCUIT_MEBIBYTES: u64 = 1_024;
/// How long a reservation with a relay of ours holds before it must be renewed.
pub const RESERVATION_LIFE: Duration = Duration::from_secs(HOUR);
/// Addresses at which others say they see us that are tested, and tried for hole punching.
pub const CANDIDATES_MAX: usize = 16;
/// How often an untested one is tested.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(30);
/// How often it is looked whether the machine slept.
pub const WAKE_INTERVAL: Duration = Duration::from_secs(30);
/// How far the wall clock and the running clock may drift apart between two looks before the machine slept, or its
/// clock was set.
pub const WAKE_JUMP: Duration = Duration::from_secs(15);
/// Peers of whom is remembered since when they are gone, and why.
pub const GONE_MAX: usize = 1_024;
/// Neighbours found by multicast that are remembered.
pub const NEIGHBOURS_MAX: usize = 64;
/// Commands that wait for the network.
pub const NET_COMMAND_QUEUE: usize = 1_024;
/// Events of the network that wait for whoever listens, beyond the channel they go to.
pub const NET_EVENT_QUEUE: usize = 4_096;

// The market: directory, charging, invites.

/// The largest body of an index request or its answer.
pub const INDEX_BODY_MAX: usize = 16 * 1024;
/// Index entries that one request offers.
pub const INDEX_PUT_MAX: usize = INDEX_PAGE;
/// Words of one search that are looked at.
pub const QUERY_WORDS_MAX: usize = 8;
/// Values found for one profile that are looked at.
pub const FOUND_VALUES_MAX: usize = 64;

// The disk.

/// The largest stored value.
pub const VALUE_MAX: usize = 32 * 1024;
/// The longest id and the longest order part of a stored key.
pub const KEY_PART_MAX: usize = 1024;
/// The largest sealed journal record: the batches of one sync.
pub const JOURNAL_RECORD_MAX: usize = 64 * 1024 * 1024;
/// Bytes at which the journal stops gathering batches for one sync.
pub const JOURNAL_GROUP_BYTES: usize = 1024 * 1024;
/// Batches that wait for the journal. Their places are memory from the first moment on, 64 bytes each.
pub const JOURNAL_QUEUE: usize = 512;
/// Rows brought into sled between two syncs.
pub const APPLY_ROWS: usize = 512;
/// Bytes of values brought into sled between two syncs.
pub const APPLY_BYTES: usize = 256 * 1024;
/// The largest manifest that is read.
pub const MANIFEST_MAX: u64 = 4 * 1024;
/// The largest keystore that is read.
pub const KEYSTORE_MAX: usize = 4 * 1024;
/// Bytes of rows that a backup seals at once.
pub const BACKUP_CHUNK: usize = 256 * 1024;
/// Inputs decided in one transaction.
pub const GROUP_MAX: usize = 512;
/// Inputs waiting to be decided.
pub const INPUT_QUEUE: usize = 4_096;
/// Commands among them. What comes from the network waits behind no more than these: where thousands are said at once, those
/// that were said before still leave and arrive meanwhile.
pub const COMMAND_QUEUE: usize = 256;

// The local API and the command line.

/// The largest body of a request to the local API: a text of [`TEXT_MAX`] whose every byte is escaped fits.
pub const API_BODY_MAX: usize = 128 * 1024;
/// The largest answer that a client of the local API takes.
pub const API_RESPONSE_MAX: usize = 64 * 1024 * 1024;
/// Connections to the local API at once.
pub const API_CONNECTIONS_MAX: usize = 64;
/// How long a request's head may take, an idle connection may stay, and requests may go on after the end.
pub const API_HEADER_PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may wait for a message's delivery.
pub const API_WAIT_MAX: Duration = Duration::from_secs(600);
/// How often a waiting request looks whether something changed that is no event.
pub const API_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Conversations in one answer.
pub const API_LIST_MAX: usize = 1_000;
/// Entries of a conversation in one answer, unless the caller says how many.
pub const API_PAGE_DEFAULT: usize = 50;
/// The most entries of a conversation in one answer.
pub const API_PAGE_MAX: usize = 500;
/// The largest passphrase file.
pub const PASSPHRASE_MAX: u64 = 4 * 1024;
/// The largest file or input with a recovery phrase.
pub const PHRASE_MAX: u64 = 1_024;
/// The largest scenario file of the laboratory.
pub const LAB_FILE_MAX: u64 = 256 * 1024;
/// Nodes of one scenario.
pub const LAB_NODES_MAX: usize = 1_000;
/// Groups of nodes of one scenario.
pub const LAB_GROUPS_MAX: usize = 64;
/// Steps of one scenario.
pub const LAB_STEPS_MAX: usize = 1_000;
/// Messages that one step of a scenario sends.
pub const LAB_MESSAGES_MAX: usize = 1_000_000;
/// Rounds of one step that goes on in rounds.
pub const LAB_ROUNDS_MAX: u32 = 1_000;
/// The longest name of a group of nodes.
pub const LAB_NAME_MAX: usize = 24;
/// The longest span of time that a scenario names.
pub const LAB_SPAN_MAX: Duration = Duration::from_secs(3 * 366 * DAY);
/// The longest line between the laboratory and a node in a process of its own.
pub const LAB_LINE_MAX: u64 = 1024 * 1024;
/// The largest receipt file: a whole account log and a receipt, in hexadecimal.
pub const RECEIPT_FILE_MAX: u64 = 256 * 1024;

const _: () = {
    assert!(
        PADDING_BUCKETS[PADDING_BUCKETS.len() - 1] + FRAME_OVERHEAD_MAX < FRAME_MAX,
        "the largest content fits a frame"
    );
    assert!(
        TEXT_MAX + 2_048 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "the longest text fits the largest bucket"
    );
    assert!(PAGE_BYTES_MAX + TEXT_MAX + 2_048 < VALUE_MAX, "a page and one more message fit a value");
    assert!(
        PADDING_BUCKETS[PADDING_BUCKETS.len() - 1] + FRAME_OVERHEAD_MAX + TEXT_MAX + 2_048 < VALUE_MAX,
        "an outbox row, the content and its frame, fits a value"
    );
    // One connection: the queries of both sides and the refresh of each, one link and one mailbox's channel each
    // way, ping and identify both ways, the requests of both sides, and circuits where one is the other's relay. Files
    // come to that where their bounds are.
    assert!(
        2 * (QUERIES_MAX + 1) + 2 + 2 + 4 + 2 * ASKS_OUT_PER_PEER + CIRCUITS_PER_PEER < STREAMS_MAX,
        "two honest nodes never need more streams than a connection has"
    );
    assert!(BATCH_FRAMES_MAX <= FLIGHT_WINDOW, "a batch fits the window");
    assert!(FLIGHT_WINDOW <= SKIPPED_KEYS_MAX, "frames lost with a link still open when they come again");
    assert!(
        LOG_ENTRY_MAX + 72 + 260 <= LOG_CARRIED_MAX,
        "a snapshot of a full account and the rotation behind it can be carried"
    );
    assert!(
        LOG_KEPT_MAX
            + LOG_CARRIED_MAX
            + DEVICES_MAX * (32 + PEER_KEY_MAX + 4 + ADDRESSES_MAX * (ADDRESS_LEN_MAX + 2))
            + 1_024
            <= VALUE_MAX,
        "a contact's row, its log and where all its devices are, fits a value"
    );
    assert!(
        SESSION_ROW_MAX + SKIPPED_KEYS_MAX * 43 < VALUE_MAX,
        "a session with all its skipped keys (33 bytes, two varints) fits a value"
    );
    assert!(
        INDEX_PAGE * (INDEX_ENTRY_MAX + 3) + 64 <= INDEX_BODY_MAX
            && INDEX_PUT_MAX * (INDEX_ENTRY_MAX + 3) + 64 <= INDEX_BODY_MAX,
        "a page of index entries fits a body"
    );
    assert!(PROFILE_MAX <= VALUE_MAX && PROFILE_MAX + 1_024 < 16 * 1024, "a profile fits a DHT packet");
    assert!(
        FORMER_MAX * LOG_CARRIED_MAX
            + BUNDLE_MAX
            + PEER_KEY_MAX
            + ADDRESSES_MAX * (ADDRESS_LEN_MAX + 3)
            + 1_024
            < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "the statements of a whole line of accounts and a bundle fit a content"
    );
    assert!(
        FORMER_MAX * LOG_CARRIED_MAX + 512 <= PROFILE_MAX,
        "the statements of a whole line of accounts fit a record"
    );
    assert!(FORMER_MAX * 12 <= LOG_ENTRIES_MAX, "what ended logs carry is no longer than a list of entries");
    assert!(ONE_TIME_RESERVE < ONE_TIME_LOW, "the reserve is still full when the pool may be filled again");
    assert!(ONE_TIME_BUCKET < ONE_TIME_RESERVE, "no requester empties the reserve at once");
    assert!(
        CHALLENGE_LIFE.as_secs() <= ONE_TIME_FILL_PAUSE.as_secs(),
        "a pool is filled once in a challenge's life"
    );
    assert!(
        2 * ONE_TIME_POOL as usize <= CHALLENGES_SPENT_MAX,
        "every pair that is given for work is remembered"
    );
    assert!(
        PREKEY_SETS_MAX as u64 > PREKEY_LIFE.as_secs() / PREKEY_ROTATION.as_secs() + 1,
        "no set that is replaced in time goes before the end of its life"
    );
    assert!(
        PREKEY_LIFE.as_secs()
            >= BUNDLE_AGE_MAX.as_secs() + FIRST_FLIGHT_LIFE.as_secs() + PREKEY_ROTATION.as_secs(),
        "a prekey outlives every first flight that may use it"
    );
};
