"""Account logs: their entries, and what makes a list of entries a log (section 2)."""

from .identity import Certificate
from .primitives import Refused, ed25519_public, ed25519_sign, ed25519_verify, label, require_strong_key, sha256
from .protobuf import Present, decode, encode, one, sized
from .signed import signed, verify_signed

REVOKE, SNAPSHOT, ROTATE, DOMAIN, MAILBOXES, ADD, OPEN = 6, 8, 9, 10, 11, 12, 13
ZEROS = bytes(32)
CARRIED, ENTRY, KEPT, ENTRIES, LINE = 2304, 1920, 11776, 64, 2


def entry_hash(payload):
    return sha256(label("log hash") + payload)


class State:
    """What a log's entries come to."""

    def __init__(self, generation, members, domain=b"", mailboxes=(), line=()):
        self.generation, self.devices = generation, {one.certificate.signing: one for one in members}
        self.line = list(line)
        self.domain, self.mailboxes, self.successor = domain, list(mailboxes), None

    def snapshot(self):
        """The body of the Snapshot that restates it."""
        members, line = [one.encode() for one in self.devices.values()], [encode_former(*one) for one in self.line]
        return encode([(1, self.generation), (3, self.domain), (4, self.mailboxes), (5, members), (6, line)])

    def check(self, account):
        """Each account of the line named the next, and each device agreed to be one's of them."""
        accounts = [former for former, _ in self.line] + [account]
        for (former, signature), successor in zip(self.line, accounts[1:]):
            ed25519_verify(former, "identity succession", former + successor, signature)
        for member in self.devices.values():
            self.check_member(account, member)

    def check_member(self, account, member):
        accounts = [account] + [former for former, _ in reversed(self.line)]
        if member.former >= len(accounts):
            raise Refused("a device of an account that isn't in the line")
        agreed = Certificate(
            accounts[member.former], member.certificate.signing, member.certificate.exchange, member.certificate.purposes
        ).agreed()
        ed25519_verify(member.certificate.signing, "device consent", agreed, member.consent)


class Member:
    """A device in a log, with its own word."""

    def __init__(self, certificate, consent, former=0):
        self.certificate, self.consent, self.former = certificate, consent, former

    def encode(self):
        return encode([(1, encode_device(self.certificate)), (2, self.consent), (3, self.former)])


def member_of(device, account, agreed=None, former=0):
    """A device in the log of `account`; `agreed` is whose device it said to be."""
    return Member(device.certificate(account), device.consent(agreed or account), former)


def read_member(body, account):
    fields = decode(body)
    made = Member(read_device(one(fields, 1, b""), account)[0], sized(fields, 2, 64), one(fields, 3, 0))
    return made, made.encode()


def encode_former(account, signature):
    return encode([(1, account), (2, signature)])


def read_line(bodies):
    if len(bodies) > LINE:
        raise Refused("a line of more than two accounts")
    line = [(sized(fields, 1, 32), sized(fields, 2, 64)) for fields in map(decode, bodies)]
    for account, _ in line:
        require_strong_key(account)
    return line


def encode_opening(member, line):
    return encode([(1, member.encode()), (2, [encode_former(*one) for one in line])])


def read_opening(body, account):
    fields = decode(body)
    member, line = read_member(one(fields, 1, b""), account)[0], read_line(fields.get(2, []))
    return (member, line), encode_opening(member, line)


class Entry:
    """An entry, taken apart; `value` is what its operation says."""

    def __init__(self, payload, account):
        if len(payload) > ENTRY:
            raise Refused("an entry of more than 1,920 bytes")
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
    members = [read_member(item, account)[0] for item in fields.get(5, [])]
    if len(members) > 8:
        raise Refused("a ninth device")
    if len({one.certificate.signing for one in members}) != len(members):
        raise Refused("a device twice")
    domain, mailboxes = read_domain(one(fields, 3, b""))[0], fields.get(4, [])
    check_mailboxes(mailboxes)
    made = State(one(fields, 1, 0), members, domain, mailboxes, read_line(fields.get(6, [])))
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
    REVOKE: read_revoked, SNAPSHOT: read_snapshot, ROTATE: read_rotation, DOMAIN: read_domain, MAILBOXES: read_mailboxes,
    ADD: read_member, OPEN: read_opening,
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
            self.state = self.opened(entry)
        elif entry.kind == SNAPSHOT:
            if entry.previous == ZEROS:
                raise Refused("a snapshot of nothing")
            if entry.value.generation >= entry.seq:
                raise Refused("a snapshot before its generation")
            entry.value.check(self.account)
            self.state = entry.value
        else:
            raise Refused("begins with neither an open nor a snapshot")

    def opened(self, entry):
        member, line = entry.value
        made = State(entry.seq, [member], line=line)
        made.check(self.account)
        return made

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
            self.state = self.opened(entry)
        elif entry.kind == ADD:
            if value.certificate.signing in state.devices:
                raise Refused("adds a device that is there")
            if len(state.devices) == 8:
                raise Refused("a ninth device")
            state.check_member(self.account, value)
            state.devices[value.certificate.signing] = value
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
        member = self.state.devices.get(device_id)
        return member and member.certificate


def verify_log(account, entries):
    """The log that Signed messages from outside are."""
    if not 1 <= len(entries) <= ENTRIES:
        raise Refused("a log of no entries, or of more than 64")
    log = Log(account, entries)
    if log.carried_size() > CARRIED:
        raise Refused("more than 2,304 bytes to carry")
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

    def open(self, at, device, line=()):
        self.append(at, (OPEN, encode_opening(member_of(device, self.account), line)))

    def add(self, at, device, agreed=None, former=0):
        self.append(at, (ADD, member_of(device, self.account, agreed, former).encode()))

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
