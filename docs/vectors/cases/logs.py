"""log.json: account logs."""

from model.identity import Device, account_key
from model.log import (
    ADD, DOMAIN, MAILBOXES, OPEN, REVOKE, ROTATE, SNAPSHOT, LogWriter, encode_former, member_of, verify_log,
)
from model.primitives import ed25519_public, ed25519_sign
from model.protobuf import Present, encode
from model.signed import signed

from .common import NOW, Random, filling, refusal

PURPOSES = (7, 1, 2, 4, 3, 5, 6, 7, 7)


def new_writer(name="log"):
    return LogWriter(account_key(Random(name)("seed")))


def device(number, account):
    return Device(Random(f"log device {number}")("secret"), account, PURPOSES[number])


def peer(number, length=38):
    return Random(f"log peer {number}")("peer", length)


class Story:
    """A log in the making, and what its owner asks for."""

    def __init__(self, name, seed="log"):
        self.name, self.seed, self.writer, self.operations = name, seed, new_writer(seed), []

    def note(self, now, operation, **more):
        self.operations.append({"now": now, "operation": operation, **more})

    def open(self, now, number):
        self.with_device("open", now, number, line=[])
        self.writer.open(now, device(number, self.writer.account))
        return self

    def add(self, now, number):
        self.with_device("add", now, number)
        self.writer.add(now, device(number, self.writer.account))
        return self

    def with_device(self, operation, now, number, agreed=None, former=0, **more):
        made = device(number, agreed or self.writer.account)
        self.note(now, operation, **described(member_of(made, self.writer.account, agreed, former)), **more)

    def take_over(self, now, first, others, seeds):
        """The account takes the place of those of `seeds`, oldest first; each of `others` is a device's number and
        which of them it agreed to be the device of, 1 for the last."""
        keys = [account_key(Random(seed)("seed")) for seed in seeds]
        accounts = [ed25519_public(key) for key in keys] + [self.writer.account]
        line = [
            (account, ed25519_sign(key, "identity succession", account + successor))
            for key, account, successor in zip(keys, accounts, accounts[1:])
        ]
        self.with_device("open", now, first, line=named(line))
        self.writer.open(now, device(first, self.writer.account), line)
        for number, former in others:
            agreed = accounts[-1 - former]
            self.with_device("add", now, number, agreed, former)
            self.writer.add(now, device(number, agreed), agreed, former)
        return self

    def revoke(self, now, number):
        revoked = device(number, self.writer.account).id
        self.note(now, "revoke", id=revoked)
        self.writer.revoke(now, revoked)
        return self

    def domain(self, now, text):
        self.note(now, "domain", domain=text)
        self.writer.domain(now, text.encode())
        return self

    def mailboxes(self, now, *peers):
        self.note(now, "mailboxes", mailboxes=peers)
        self.writer.mailboxes(now, list(peers))
        return self

    def snapshot(self, now):
        self.note(now, "snapshot")
        self.writer.snapshot(now)
        return self

    def rotate(self, now, name):
        seed = Random(name)("seed")
        self.note(now, "rotate", **{"seed of the successor": seed})
        self.writer.rotate(now, account_key(seed))
        return self

    def case(self):
        log = self.writer.log
        state, (seq, head), begin = log.state, log.head(), log.carried()
        again = verify_log(log.account, self.writer.entries)
        carried = verify_log(log.account, self.writer.carried())
        assert again.state.snapshot() == carried.state.snapshot() == state.snapshot()
        assert again.entries[0].hash == log.entries[0].hash and carried.head() == log.head()
        return {
            "name": self.name, "seed": Random(self.seed)("seed"), "account": log.account, "operations": self.operations,
            "entries": [
                {"payload": entry.payload, "signed": data, "hash": entry.hash}
                for entry, data in zip(log.entries, log.signed)
            ],
            "carried from": begin, "carried bytes": log.carried_size(), "head": {"seq": seq, "hash": head},
            "generation": state.generation, "successor": state.successor, "domain": state.domain.decode() or None,
            "mailboxes": state.mailboxes,
            "devices": [described(one) for one in state.devices.values()], "line": named(state.line),
        }


def described(member):
    one = member.certificate
    return {
        "id": one.signing, "exchange": one.exchange, "purposes": one.purposes, "consent": member.consent,
        "former": member.former,
    }


def named(line):
    return [{"account": account, "signature": signature} for account, signature in line]


def stories():
    yield Story("devices come and go").open(NOW, 0).add(NOW + 1, 1).revoke(NOW + 2, 1).add(NOW + 3, 2).add(NOW + 3, 1)
    yield (
        Story("every operation, and an end").open(NOW, 0).add(NOW + 1000, 3).domain(NOW + 2000, "shop.example")
        .mailboxes(NOW + 3000, peer(0), peer(1, 1), peer(2, 64)).snapshot(NOW + 4000).domain(NOW + 5000, "")
        .mailboxes(NOW + 6000).rotate(NOW + 7000, "successor")
    )
    yield Story("a clock set back").open(NOW, 0).add(NOW + 1000, 1).domain(NOW - 1000, "a.b").open(NOW + 500, 2)
    yield Story("a generation in the same moment").open(NOW, 0).add(NOW, 1).domain(NOW, "a.b").open(NOW, 1).add(NOW, 0)
    yield Story("a generation later").open(NOW, 0).add(NOW, 1).domain(NOW, "a.b").open(NOW + 60_000, 4)
    yield Story("nobody speaks").open(NOW, 0).revoke(NOW, 0).snapshot(NOW)
    yield Story("the year 1970").open(0, 0).add(0, 1).snapshot(0)
    yield Story("taken over", "successor").take_over(NOW, 0, [(1, 1), (2, 1)], ["log"]).add(NOW, 3).snapshot(NOW)
    twice = Story("taken over twice", "another account").take_over(NOW, 0, [(1, 2), (2, 1)], ["log", "successor"])
    yield twice.revoke(NOW, 0).snapshot(NOW).open(NOW, 4)
    yield many("snapshots where they are needed", 12)
    yield many("more than is kept", 60)
    yield many("a snapshot before the end", 7).rotate(NOW, "successor")
    full = Story("as full as can be").open(NOW, 0)
    for number in range(1, 8):
        full.add(NOW, number)
    yield full.domain(NOW, ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])).mailboxes(
        NOW, *(peer(number, 64) for number in range(3))
    ).snapshot(NOW).rotate(NOW, "successor")


def many(name, count):
    story = Story(name).open(NOW, 0)
    for number in range(count):
        story.domain(NOW + number, f"number-{number}.example")
    return story


def make():
    return {
        "logs": [story.case() for story in stories()],
        "refused": [
            {
                "account": account, "entries": entries,
                "reason": refusal(lambda: verify_log(account, entries), reason),
            }
            for account, entries, reason in [*refused_lists(), *refused_chains(), *refused_operations(), *refused_snapshots(), *refused_consents()]
        ],
    }


class Forger:
    """Entries that the account's key really signs, with whatever in them."""

    def __init__(self):
        self.good = new_writer()
        self.good.open(NOW, device(0, self.good.account))
        self.account, self.key_seed = self.good.account, self.good.key_seed
        self.device = device(0, self.account)

    def entry(self, operation, text="log entry", key_seed=None, **changes):
        """The entry after the first, with other fields."""
        last = self.good.log.entries[-1]
        fields = {"account": self.account, "seq": last.seq + 1, "previous": last.hash, "at": last.at} | changes
        kind, body = operation
        payload = encode([*zip(range(1, 5), fields.values()), (kind, Present(body))])
        return signed(key_seed or self.key_seed, text, payload)

    def behind(self, operation, **changes):
        return [*self.good.entries, self.entry(operation, **changes)]

    def certificate(self, number=1, signing=None, exchange=None, purposes=None):
        one = device(number, self.account)
        return encode([
            (1, signing or one.id), (2, exchange or one.exchange), (3, one.purposes if purposes is None else purposes),
        ])

    def member(self, number=1, signing=None, exchange=None, purposes=None, consent=None, former=0):
        one, certificate = device(number, self.account), self.certificate(number, signing, exchange, purposes)
        agreed = self.account + (signing or one.id) + (exchange or one.exchange)
        agreed += bytes([one.purposes if purposes is None else purposes])
        consent = ed25519_sign(one.signing_seed, "device consent", agreed) if consent is None else consent
        return encode([(1, certificate), (2, consent), (3, former)])

    def add(self, **changes):
        return ADD, self.member(**changes)

    def raw(self, change):
        """The good first payload, as `change` makes it."""
        return [signed(self.key_seed, "log entry", change(self.good.log.entries[0].payload))]


def refused_lists():
    forger, other = Forger(), account_key(Random("another account")("seed"))
    account, (first,), payload = forger.account, forger.good.entries, forger.good.log.entries[0].payload
    yield account, [], "a log of no entries, or of more than 64"
    long = new_writer()
    for number in range(65):
        long.append_payload(long.payload(NOW, (OPEN, encode([(1, forger.member(0))]))))
    yield account, list(long.entries), "a log of no entries, or of more than 64"
    heavy = new_writer()
    heavy.open(NOW, forger.device)
    for _ in range(5):
        heavy.append_payload(heavy.payload(NOW, (MAILBOXES, encode([(1, [bytes([number]) * 64 for number in range(3)])]))))
    heavy.append_payload(heavy.payload(NOW, (DOMAIN, filling(heavy, 1))))
    assert heavy.log.carried_size() == 2305
    yield account, list(heavy.entries), "more than 2,304 bytes to carry"
    yield account, [first[:-1] + bytes([first[-1] ^ 1])], "the signature doesn't hold"
    yield account, [signed(other, "log entry", payload)], "the signature doesn't hold"
    yield account, [signed(forger.key_seed, "log hash", payload)], "the signature doesn't hold"
    yield ed25519_public(other), [signed(other, "log entry", payload)], "an entry of another account"
    yield account, forger.behind((DOMAIN, b"a.b"), account=account[:31]), "field 1 hasn't 32 bytes"
    for change in (
        lambda good: good + bytes([0x78, 1]), lambda good: good + bytes([0x20, 0]),
        lambda good: good[34:] + good[:34], lambda good: good + good[:34],
        lambda good: good[:1] + b"\xa0\x00" + good[2:],
    ):
        yield account, forger.raw(change), "not an entry's only encoding"
    two = encode([(6, Present(forger.device.id)), (12, Present(forger.member()))])
    last = forger.good.log.entries[-1]
    header = encode([(1, account), (2, last.seq + 1), (3, last.hash), (4, NOW)])
    yield account, [first, signed(forger.key_seed, "log entry", header + two)], "not an entry's only encoding"
    yield account, [first, signed(forger.key_seed, "log entry", header)], "an operation that isn't known"


def refused_chains():
    forger = Forger()
    account, (first,), add = forger.account, forger.good.entries, forger.add()
    opens = (OPEN, encode([(1, forger.member(0))]))
    yield account, [first, first], "an entry that doesn't follow the one before"
    third = new_writer()
    third.open(NOW, forger.device)
    third.domain(NOW, b"a.b")
    third.add(NOW, device(1, account))
    yield account, [third.entries[0], third.entries[2]], "an entry that doesn't follow the one before"
    yield account, [third.entries[0], third.entries[2], third.entries[1]], "an entry that doesn't follow the one before"
    yield account, third.entries[1:], "begins with neither an open nor a snapshot"
    yield account, forger.behind(add, previous=bytes(32)), "an entry that doesn't follow the one before"
    yield account, forger.behind(add, previous=bytes(31)), "field 3 hasn't 32 bytes"
    yield account, forger.behind(add, seq=NOW), "an entry out of place"
    yield account, forger.behind(add, seq=NOW + 2), "an entry out of place"
    yield account, forger.behind(add, at=NOW - 1), "an entry from before the one before"
    yield account, forger.behind(opens, at=NOW + 5, seq=NOW + 1), "an entry out of place"
    yield account, forger.behind(opens, at=NOW + 5, seq=NOW + 6), "an entry out of place"
    yield account, forger.behind(opens, seq=NOW), "an entry out of place"
    for previous, seq in ((bytes(32), NOW + 1), (bytes(32), NOW - 1), (b"\x01" * 32, NOW - 1)):
        begun = forger.entry(opens, previous=previous, seq=seq)
        yield account, [begun], "a generation's number that isn't its time's"
    ended = new_writer()
    ended.open(NOW, forger.device)
    ended.rotate(NOW, account_key(Random("successor")("seed")))
    for operation in (add, opens, (SNAPSHOT, encode([(1, NOW)])), (DOMAIN, b"a.b")):
        behind = signed(ended.key_seed, "log entry", ended.payload(NOW, operation))
        yield account, [*ended.entries, behind], "an entry behind a rotation"


def refused_operations():
    forger = Forger()
    account = forger.account
    unknown = "an operation that isn't known"
    yield account, forger.behind((14, b"")), unknown
    yield account, forger.behind((5, forger.certificate())), unknown
    yield account, forger.behind((REVOKE, device(1, account).id)), "revokes a device that isn't there"
    yield account, forger.behind((REVOKE, bytes(31))), "a device's id of another length than 32 bytes"
    yield account, forger.behind(forger.add(number=0)), "adds a device that is there"
    yield account, forger.behind(forger.add(number=0, purposes=1)), "adds a device that is there"
    yield account, forger.behind(forger.add(purposes=0)), "purposes out of bounds"
    yield account, forger.behind(forger.add(purposes=8)), "purposes out of bounds"
    yield account, forger.behind(forger.add(signing=b"\x01" + bytes(31))), "a key of small order"
    yield account, forger.behind(forger.add(signing=b"\x02" + bytes(31))), "a key that is no point of the curve"
    yield account, forger.behind(forger.add(exchange=bytes(31))), "field 2 hasn't 32 bytes"
    nine = new_writer()
    nine.open(NOW, device(0, account))
    for number in range(1, 5):
        nine.add(NOW, device(number, account))
    nine.snapshot(NOW)
    for number in range(5, 8):
        nine.add(NOW, device(number, account))
    nine.snapshot(NOW)
    ninth = nine.payload(NOW, (ADD, forger.member(8)))
    yield account, [*nine.carried(), signed(nine.key_seed, "log entry", ninth)], "a ninth device"
    for text in (
        "example", ".example", "a..example", "example.", "-a.example", "a-.example", "A.example", "a_b.example",
        "é.example", " a.example", "a" * 64 + ".example", ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 62]),
    ):
        yield account, forger.behind((DOMAIN, text.encode())), "no domain"
    yield account, forger.behind((DOMAIN, b"\xff.example")), "no domain"
    for peers, reason in REFUSED_MAILBOXES:
        yield account, forger.behind((MAILBOXES, encode([(1, peers)]))), reason
    yield from refused_rotations(forger)


REFUSED_MAILBOXES = [
    ([b"1", b"2", b"3", b"4"], "a fourth mailbox"), ([b"1", b"2", b"1"], "a mailbox twice"),
    ([b""], "a mailbox's peer id that is empty or longer than 64 bytes"),
    ([bytes(65)], "a mailbox's peer id that is empty or longer than 64 bytes"),
]


def refused_rotations(forger):
    account, previous = forger.account, forger.good.log.entries[-1].hash
    new, other = (account_key(Random(name)("seed")) for name in ("successor", "another account"))
    successor = ed25519_public(new)

    def rotation(payload, key=new, text="identity acceptance", named=successor):
        return forger.behind((ROTATE, encode([(1, named), (2, ed25519_sign(key, text, payload))])))

    unaccepted = "the signature doesn't hold"
    good = account + previous + successor
    yield account, rotation(good, key=forger.key_seed), unaccepted
    yield account, rotation(good, key=other), unaccepted
    yield account, rotation(good, text="log entry"), unaccepted
    yield account, rotation(account + bytes(32) + successor), unaccepted
    yield account, rotation(ed25519_public(other) + previous + successor), unaccepted
    yield account, rotation(good, named=ed25519_public(other)), unaccepted
    itself = account + previous + account
    yield account, rotation(itself, forger.key_seed, named=account), "a rotation to the account itself"
    yield account, rotation(good, named=b"\x01" + bytes(31)), "a key of small order"
    short = encode([(1, successor), (2, bytes(63))])
    yield account, forger.behind((ROTATE, short)), "field 2 hasn't 64 bytes"
    moved = new_writer()
    moved.open(NOW, forger.device)
    moved.domain(NOW, b"a.b")
    payload = moved.payload(NOW, (ROTATE, encode([(1, successor), (2, ed25519_sign(new, "identity acceptance", good))])))
    yield account, [*moved.entries, signed(moved.key_seed, "log entry", payload)], unaccepted
    begun = forger.entry((ROTATE, encode([(1, successor), (2, ed25519_sign(new, "identity acceptance", good))])))
    yield account, [begun], "begins with neither an open nor a snapshot"


def refused_snapshots():
    forger = Forger()
    account, else_ = forger.account, "a snapshot of something else"
    zero, one = forger.member(0), forger.member(1)

    def snapshot(generation=NOW, devices=(zero,), domain=b"", mailboxes=()):
        return SNAPSHOT, encode([(1, generation), (3, domain), (4, list(mailboxes)), (5, list(devices))])

    verify_log(account, forger.behind(snapshot()))
    yield account, forger.behind(snapshot(generation=NOW - 1)), else_
    yield account, forger.behind(snapshot(devices=[])), else_
    yield account, forger.behind(snapshot(devices=[zero, one])), else_
    yield account, forger.behind(snapshot(devices=[forger.member(0, purposes=1)])), else_
    yield account, forger.behind(snapshot(domain=b"a.b")), else_
    yield account, forger.behind(snapshot(mailboxes=[b"1"])), else_
    two = new_writer()
    two.open(NOW, forger.device)
    two.add(NOW, device(1, account))
    turned = signed(two.key_seed, "log entry", two.payload(NOW, snapshot(devices=[one, zero])))
    yield account, [*two.entries, turned], else_
    alone = lambda operation, **changes: [forger.entry(operation, **changes)]  # noqa: E731
    verify_log(account, alone(snapshot(generation=NOW, devices=[one])))
    yield account, alone(snapshot(), previous=bytes(32)), "a snapshot of nothing"
    yield account, alone(snapshot(generation=NOW + 1)), "a snapshot before its generation"
    yield account, alone(snapshot(devices=[zero, zero])), "a device twice"
    yield account, alone(snapshot(devices=[forger.member(number) for number in range(9)])), "a ninth device"
    yield account, alone(snapshot(devices=[forger.member(0, purposes=8)])), "purposes out of bounds"
    yield account, alone(snapshot(domain=b"example")), "no domain"
    for peers, reason in REFUSED_MAILBOXES:
        yield account, alone(snapshot(mailboxes=peers)), reason


def refused_consents():
    """Devices that didn't agree to be the account's; each in every place where a log lists one."""
    forger, other = Forger(), account_key(Random("another account")("seed"))
    account, theirs = forger.account, ed25519_public(other)
    victim, unsigned = device(2, theirs), "the signature doesn't hold"

    def lists(member, line=(), reason=unsigned):
        opening = encode([(1, member), (2, list(line))])
        yield account, [forger.entry((OPEN, opening), previous=bytes(32), seq=NOW)], reason
        yield account, forger.behind((OPEN, opening)), reason
        if not line:
            yield account, forger.behind((ADD, member)), reason
        restated = encode([(1, NOW), (5, [member]), (6, list(line))])
        yield account, [forger.entry((SNAPSHOT, restated))], reason

    def listed(agreed, former=0, signer=victim, text="device consent"):
        made = member_of(victim, account)
        made.consent = ed25519_sign(signer.signing_seed, text, victim.certificate(agreed).agreed())
        made.former = former
        return made.encode()

    yield from lists(listed(theirs))
    yield from lists(listed(account, signer=forger.device))
    yield from lists(listed(account, text="device certificate"))
    yield from lists(forger.member(2, consent=bytes(63)), reason="field 2 hasn't 64 bytes")
    outside = "a device of an account that isn't in the line"
    yield from lists(listed(theirs, former=1), reason=outside)
    word = lambda key, former, heir: encode_former(  # noqa: E731
        former, ed25519_sign(key, "identity succession", former + heir)
    )
    good = word(other, theirs, account)
    opened = forger.entry((OPEN, encode([(1, listed(theirs, former=1)), (2, [good])])), previous=bytes(32), seq=NOW)
    verify_log(account, [opened])
    yield from lists(listed(theirs, former=2), [good], outside)
    yield from lists(listed(theirs), [good])
    yield from lists(listed(theirs, former=1), [word(forger.key_seed, theirs, account)])
    yield from lists(listed(theirs, former=1), [word(other, theirs, theirs)])
    yield from lists(listed(theirs, former=1), [word(forger.key_seed, account, account)])
    yield from lists(listed(theirs, former=2), [word(other, theirs, theirs), word(forger.key_seed, account, account)])
    yield from lists(listed(theirs, former=1), [good] * 3, "a line of more than two accounts")
    weak = encode([(1, b"\x01" + bytes(31)), (2, bytes(64))])
    yield from lists(forger.member(2), [weak], "a key of small order")
