"""relations.json: heads and logs, compared with a log that is pinned."""

from model.identity import account_key
from model.log import SNAPSHOT, LogWriter, State, member_of, verify_log
from model.protobuf import Present, encode
from model.relation import relate, weigh
from model.signed import signed

from .common import NOW, Random
from .logs import Story, device, new_writer



def make():
    return {"pinned": [pinned.case() for pinned in (plain(), carried_only(), restored(), ended())]}


class Pinned:
    """A pinned log, and what comes."""

    def __init__(self, name, entries):
        self.name, self.heads, self.logs = name, [], []
        self.account = new_writer().account
        self.entries, self.log = list(entries), verify_log(self.account, entries)

    def head(self, outcome, seq, digest):
        assert weigh(self.log, seq, digest) == outcome, (self.name, outcome)
        self.heads.append({"seq": seq, "hash": digest, "is": outcome})
        return self

    def comes(self, outcome, name, entries):
        """A log; what it is to the reader, and the entries that are pinned then."""
        found, then = relate(self.log, verify_log(self.account, entries))
        assert found == outcome, (self.name, name, outcome, found)
        self.logs.append({"name": name, "entries": list(entries), "is": outcome, "pinned then": list(then.signed)})
        return self

    def case(self):
        seq, digest = self.log.head()
        return {
            "name": self.name, "account": self.account, "entries": self.entries, "head": {"seq": seq, "hash": digest},
            "heads": self.heads, "logs": self.logs,
        }


def main():
    """The story that all tell: five entries."""
    return Story("").open(NOW, 0).add(NOW, 1).domain(NOW, "a.example").mailboxes(NOW, b"peer").revoke(NOW, 1).writer


def entries_of(*steps):
    """The main story's entries, changed or gone on with by `steps`."""
    writer = main()
    for step in steps:
        step(writer)
    return writer.entries


def rival(count, *steps):
    """A log with the first `count` entries of the main story, and others behind them."""
    writer = LogWriter(new_writer().key_seed)
    for entry in main().log.entries[:count]:
        writer.append_payload(entry.payload)
    for step in steps:
        step(writer)
    return writer


def domain(text, at=NOW):
    return lambda writer: writer.domain(at, text)


def snapshot(writer):
    writer.snapshot(NOW)


def reopened(number, at):
    return lambda writer: writer.open(at, device(number, writer.account))


def rotated(name="successor"):
    return lambda writer: writer.rotate(NOW, account_key(Random(name)("seed")))


def lying_snapshot(writer):
    """Alone behind the head, it restates what wasn't."""
    said = State(writer.log.state.generation, [member_of(device(5, writer.account), writer.account)]).snapshot()
    return [signed(writer.key_seed, "log entry", writer.payload(NOW, (SNAPSHOT, said)))]


def anew(number, at):
    writer = new_writer()
    writer.open(at, device(number, writer.account))
    return writer.entries


def common(pinned):
    """What any log that tells the main story up to its head says to these."""
    further = rival(5, domain(b"b.example"), snapshot, domain(b"c.example"))
    (
        pinned.head("same", NOW + 4, main().log.entries[4].hash)
        .head("fork", NOW + 4, bytes(32)).head("ahead", NOW + 5, bytes(32)).head("ahead", 2**63, bytes(32))
        .head("behind", NOW - 1, bytes(32)).head("behind", 0, bytes(32))
        .comes("same", "the same", main().entries)
        .comes("behind", "an older one", main().entries[:3])
        .comes("continuation", "all entries, and one more", entries_of(domain(b"b.example")))
        .comes("continuation", "all entries, a snapshot and more", further.entries)
        .comes("continuation", "what is carried, its snapshot names the pinned head", entries_of(snapshot)[5:])
        .comes("gap", "what is carried, with one entry missing before", further.entries[6:])
        .comes("fork", "another last entry", rival(4, domain(b"b.example")).entries)
        .comes("fork", "another last entry, and more", rival(4, domain(b"b.example"), domain(b"c.example")).entries)
        .comes("fork", "a snapshot that lies, behind the pinned head", lying_snapshot(main()))
        .comes("fork", "a snapshot in the next place, of another story", rival(4, domain(b"b.example"), snapshot).entries[5:])
        .comes("restored", "an identity restored without memory", anew(2, NOW + 60_000))
        .comes("restored", "the least number that is enough", anew(2, NOW + 5))
        .comes("continuation", "an identity restored with memory", entries_of(reopened(2, NOW + 60_000)))
        .comes("continuation", "the generation that names the pinned head, alone", entries_of(reopened(2, NOW + 60_000))[5:])
        .comes("restored", "a generation above a rival story", rival(4, domain(b"b.example"), reopened(2, NOW + 60_000)).entries)
        .comes("continuation", "all entries and a rotation", entries_of(rotated()))
        .comes("ended", "a rotation behind a rival story", rival(4, domain(b"b.example"), rotated()).entries)
        .comes("ended", "a rotation before the pinned head", rival(3, rotated()).entries)
        .comes("ended", "a rotation with a gap before it", rival(5, domain(b"b.example"), snapshot, rotated()).entries[6:])
    )
    return pinned


def plain():
    known = main().log.entries
    pinned = Pinned("all entries of a log", main().entries)
    pinned.head("behind", NOW, known[0].hash).head("fork", NOW, bytes(32)).head("fork", NOW + 3, known[2].hash)
    pinned.comes("fork", "an older one that tells another story", rival(2, domain(b"z.example")).entries)
    pinned.comes("behind", "a generation before the pinned one", anew(2, NOW - 1))
    pinned.comes("fork", "a generation before the pinned one, further on", later_in(NOW - 1))
    pinned.comes("fork", "a generation with a number that is another entry's", later_in(NOW + 3))
    return common(pinned)


def later_in(generation):
    """A snapshot far behind an earlier generation's beginning."""
    writer = new_writer()
    said = State(generation, [member_of(device(2, writer.account), writer.account)]).snapshot()
    payload = encode([(1, writer.account), (2, NOW + 100), (3, b"\x07" * 32), (4, NOW), (SNAPSHOT, Present(said))])
    return [signed(writer.key_seed, "log entry", payload)]


def carried_only():
    """The main story's head, known from a snapshot in its place."""
    writer = rival(3, snapshot, domain(b"b.example"))
    pinned = Pinned("what is carried, from a snapshot on", writer.carried())
    known = writer.log.entries
    pinned.head("same", NOW + 4, known[4].hash).head("behind", NOW + 3, known[3].hash).head("fork", NOW + 3, bytes(32))
    pinned.head("behind", NOW + 2, known[2].hash).head("behind", NOW + 2, bytes(32)).head("behind", NOW, bytes(32))
    pinned.comes("same", "more of the same", writer.entries)
    pinned.comes("behind", "an older one", writer.entries[:2])
    pinned.comes("fork", "another last entry", rival(3, snapshot, domain(b"c.example")).entries)
    more = rival(3, snapshot, domain(b"b.example"), domain(b"c.example"))
    pinned.comes("continuation", "all entries and one more", more.entries)
    pinned.comes("continuation", "as much, and one more", more.carried())
    return pinned


def restored():
    writer = rival(5, reopened(2, NOW + 60_000))
    pinned = Pinned("two generations", writer.entries)
    pinned.head("behind", NOW + 59_999, bytes(32)).head("behind", NOW + 4, main().log.entries[4].hash)
    pinned.head("fork", NOW + 4, bytes(32)).head("ahead", NOW + 60_001, bytes(32))
    pinned.comes("behind", "the generation before", main().entries)
    pinned.comes("behind", "the generation before, gone on", entries_of(domain(b"b.example")))
    pinned.comes("fork", "another generation with the same number", anew(3, NOW + 60_000))
    pinned.comes("restored", "a third", anew(3, NOW + 60_001))
    return pinned


def ended():
    pinned = Pinned("a rotation", entries_of(rotated()))
    pinned.head("same", NOW + 5, pinned.log.head()[1]).head("fork", NOW + 5, bytes(32)).head("ahead", NOW + 6, bytes(32))
    pinned.comes("same", "the same", entries_of(rotated()))
    pinned.comes("behind", "what was before", main().entries)
    pinned.comes("behind", "what the key signed instead", entries_of(domain(b"b.example"), domain(b"c.example")))
    pinned.comes("behind", "a generation above", anew(3, NOW + 60_000))
    pinned.comes("behind", "another way to the same successor", rival(4, rotated()).entries)
    pinned.comes("fork", "another successor", entries_of(rotated("another account")))
    pinned.comes("fork", "another successor, sooner", rival(2, rotated("another account")).entries)
    return pinned
