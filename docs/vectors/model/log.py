"""Account logs: their entries, and what makes a list of entries a log (section 2)."""

from .identity import Certificate
from .primitives import Refused, ed25519_public, ed25519_sign, ed25519_verify, label, require_strong_key, sha256
from .protobuf import Present, decode, encode, one, sized
from .signed import signed, verify_signed

ADD, REVOKE, OPEN, SNAPSHOT, ROTATE, DOMAIN, MAILBOXES = range(5, 12)
ZEROS = bytes(32)
CARRIED, ENTRY, KEPT, ENTRIES = 1536, 1152, 12288, 64


def entry_hash(payload):
    return sha256(label("log hash") + payload)


class State:
    """What a log's entries come to."""

    def __init__(self, generation, devices, domain=b"", mailboxes=()):
        self.generation, self.devices = generation, {one.signing: one for one in devices}
        self.domain, self.mailboxes, self.successor = domain, list(mailboxes), None

    def snapshot(self):
        """The body of the Snapshot that restates it."""
        devices = [encode_device(one) for one in self.devices.values()]
        return encode([(1, self.generation), (2, devices), (3, self.domain), (4, self.mailboxes)])


class Entry:
    """An entry, taken apart; `value` is what its operation says."""

    def __init__(self, payload, account):
        if len(payload) > ENTRY:
            raise Refused("an entry of more than 1,152 bytes")
        fields = decode(payload)
        self.payload, self.hash = payload, entry_hash(payload)
        if sized(fields, 1, 32) != account:
            raise Refused("an entry of another account")
        self.seq, self.previous, self.at = one(fields, 2, 0), sized(fields, 3, 32), one(fields, 4, 0)
        kinds = [kind for kind in READERS if kind in fields]
        if not kinds:
            raise Refused("an operation that isn't known")
        self.kind, body = kinds[0], one(fields, kinds[0], b"")
        self.value, again = READERS[self.kind](body, account)
        header = [(1, account), (2, self.seq), (3, self.previous), (4, self.at)]
        if encode([*header, (self.kind, Present(again))]) != payload:
            raise Refused("not an entry's only encoding")

    def size(self):
        """How it counts in what is carried."""
        return len(self.payload) + 72

    def begins(self):
        return self.kind in (OPEN, SNAPSHOT)


def encode_device(certificate):
    return encode([(1, certificate.signing), (2, certificate.exchange), (3, certificate.purposes)])


def read_device(body, account):
    fields = decode(body)
    signing, exchange, purposes = sized(fields, 1, 32), sized(fields, 2, 32), one(fields, 3, 0)
    require_strong_key(signing)
    if not 1 <= purposes <= 7:
        raise Refused("purposes out of bounds")
    made = Certificate(account, signing, exchange, purposes)
    return made, encode_device(made)


def read_revoked(body, _account):
    if len(body) != 32:
        raise Refused("a device's id of another length than 32 bytes")
    return body, body


def read_snapshot(body, account):
    fields = decode(body)
    devices = [read_device(item, account)[0] for item in fields.get(2, [])]
    if len(devices) > 8:
        raise Refused("a ninth device")
    if len({one.signing for one in devices}) != len(devices):
        raise Refused("a device twice")
    domain, mailboxes = read_domain(one(fields, 3, b""))[0], fields.get(4, [])
    check_mailboxes(mailboxes)
    made = State(one(fields, 1, 0), devices, domain, mailboxes)
    return made, made.snapshot()


def read_rotation(body, account):
    fields = decode(body)
    successor, acceptance = sized(fields, 1, 32), sized(fields, 2, 64)
    require_strong_key(successor)
    if successor == account:
        raise Refused("a rotation to the account itself")
    return (successor, acceptance), encode([(1, successor), (2, acceptance)])


def read_domain(body, _account=None):
    labels = body.split(b".") if body else []
    letters = b"abcdefghijklmnopqrstuvwxyz0123456789-"
    if len(labels) == 1 or len(body) > 253:
        raise Refused("no domain")
    for text in labels:
        if not 1 <= len(text) <= 63 or text[:1] == b"-" or text[-1:] == b"-" or any(byte not in letters for byte in text):
            raise Refused("no domain")
    return body, body


def check_mailboxes(peers):
    if len(peers) > 3:
        raise Refused("a fourth mailbox")
    if any(not 1 <= len(peer) <= 64 for peer in peers):
        raise Refused("a mailbox's peer id that is empty or longer than 64 bytes")
    if len(set(peers)) != len(peers):
        raise Refused("a mailbox twice")


def read_mailboxes(body, _account):
    peers = decode(body).get(1, [])
    check_mailboxes(peers)
    return peers, encode([(1, peers)])


READERS = {
    ADD: read_device, REVOKE: read_revoked, OPEN: read_device, SNAPSHOT: read_snapshot, ROTATE: read_rotation,
    DOMAIN: read_domain, MAILBOXES: read_mailboxes,
}


class Log:
    """Entries that are a log of the account; refuses what isn't one."""

    def __init__(self, account, entries=()):
        require_strong_key(account)
        self.account, self.entries, self.signed, self.state = account, [], [], None
        for entry in entries:
            self.append(entry)

    def append(self, data):
        entry = Entry(verify_signed(self.account, "log entry", data), self.account)
        if self.entries:
            self.follow(entry)
        else:
            self.begin(entry)
        self.entries.append(entry)
        self.signed.append(data)

    def begin(self, entry):
        if entry.kind == OPEN:
            fits = entry.seq == entry.at if entry.previous == ZEROS else entry.seq >= entry.at
            if not fits:
                raise Refused("a generation's number that isn't its time's")
            self.state = State(entry.seq, [entry.value])
        elif entry.kind == SNAPSHOT:
            if entry.previous == ZEROS:
                raise Refused("a snapshot of nothing")
            if entry.value.generation >= entry.seq:
                raise Refused("a snapshot before its generation")
            self.state = entry.value
        else:
            raise Refused("begins with neither an open nor a snapshot")

    def follow(self, entry):
        last = self.entries[-1]
        if self.state.successor:
            raise Refused("an entry behind a rotation")
        if entry.previous != last.hash:
            raise Refused("an entry that doesn't follow the one before")
        if entry.at < last.at:
            raise Refused("an entry from before the one before")
        if entry.seq != (max(entry.at, last.seq + 1) if entry.kind == OPEN else last.seq + 1):
            raise Refused("an entry out of place")
        self.apply(entry)

    def apply(self, entry):
        state, value = self.state, entry.value
        if entry.kind == OPEN:
            self.state = State(entry.seq, [value])
        elif entry.kind == ADD:
            if value.signing in state.devices:
                raise Refused("adds a device that is there")
            if len(state.devices) == 8:
                raise Refused("a ninth device")
            state.devices[value.signing] = value
        elif entry.kind == REVOKE:
            if state.devices.pop(value, None) is None:
                raise Refused("revokes a device that isn't there")
        elif entry.kind == SNAPSHOT:
            if value.snapshot() != state.snapshot():
                raise Refused("a snapshot of something else")
        elif entry.kind == DOMAIN:
            state.domain = value
        elif entry.kind == MAILBOXES:
            state.mailboxes = value
        else:
            successor, acceptance = value
            ed25519_verify(successor, "identity acceptance", self.account + entry.previous + successor, acceptance)
            self.state = State(state.generation, [])
            self.state.successor = successor

    def carried(self):
        """Where in its entries the carried part begins."""
        return max(place for place, entry in enumerate(self.entries) if entry.begins())

    def carried_size(self):
        return sum(entry.size() for entry in self.entries[self.carried() :])

    def shorten(self):
        """Drops the oldest entries where there is more than is kept."""
        while sum(entry.size() for entry in self.entries) > KEPT or len(self.entries) > ENTRIES:
            places = [place for place, entry in enumerate(self.entries) if entry.begins() and place]
            del self.entries[: places[0]], self.signed[: places[0]]

    def head(self):
        return self.entries[-1].seq, self.entries[-1].hash

    def get(self, device_id):
        return self.state.devices.get(device_id)


def verify_log(account, entries):
    """The log that Signed messages from outside are."""
    if not 1 <= len(entries) <= ENTRIES:
        raise Refused("a log of no entries, or of more than 64")
    log = Log(account, entries)
    if log.carried_size() > CARRIED:
        raise Refused("more than 1,536 bytes to carry")
    log.shorten()
    return log


class LogWriter:
    """An account log in the making, by the rules for its owner."""

    def __init__(self, key_seed):
        self.key_seed, self.account = key_seed, ed25519_public(key_seed)
        self.log = Log(self.account)

    @property
    def entries(self):
        return self.log.signed

    def carried(self):
        return self.log.signed[self.log.carried() :]

    def append(self, at, operation):
        """What is asked for, and the snapshot that it makes necessary."""
        self.append_payload(self.payload(at, operation))
        if self.log.carried_size() > CARRIED:
            self.snapshot(at)
        self.log.shorten()

    def payload(self, at, operation):
        kind, body = operation
        if self.log.entries:
            last = self.log.entries[-1]
            at, seq, previous = max(at, last.at), last.seq + 1, last.hash
            seq = max(at, seq) if kind == OPEN else seq
        else:
            seq, previous = at, ZEROS
        return encode([(1, self.account), (2, seq), (3, previous), (4, at), (kind, Present(body))])

    def append_payload(self, payload):
        self.log.append(signed(self.key_seed, "log entry", payload))

    def open(self, at, device):
        self.append(at, (OPEN, encode_device(device.certificate())))

    def add(self, at, device):
        self.append(at, (ADD, encode_device(device.certificate())))

    def revoke(self, at, device_id):
        self.append(at, (REVOKE, device_id))

    def domain(self, at, text):
        self.append(at, (DOMAIN, text))

    def mailboxes(self, at, peers):
        self.append(at, (MAILBOXES, encode([(1, peers)])))

    def snapshot(self, at):
        self.append_payload(self.payload(at, (SNAPSHOT, self.log.state.snapshot())))

    def rotate(self, at, successor_seed):
        payload = self.payload(at, self.rotation(successor_seed))
        if self.log.carried_size() + len(payload) + 72 > CARRIED:
            self.snapshot(at)
            payload = self.payload(at, self.rotation(successor_seed))
        self.append_payload(payload)
        self.log.shorten()

    def rotation(self, successor_seed):
        successor, place = ed25519_public(successor_seed), self.account + self.log.entries[-1].hash
        acceptance = ed25519_sign(successor_seed, "identity acceptance", place + successor)
        return ROTATE, encode([(1, successor), (2, acceptance)])
