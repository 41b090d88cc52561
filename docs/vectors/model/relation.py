"""What a head or a log from outside is to a reader who has pinned one (section 2)."""

from .log import Log
from .primitives import Refused


def weigh(pinned, seq, digest):
    """A head that a message names."""
    kept = {entry.seq: entry.hash for entry in pinned.entries}
    if kept.get(seq, digest) != digest:
        return "fork"
    own = pinned.head()[0]
    return "ahead" if seq > own else "same" if seq == own else "behind"


def relate(pinned, other):
    """A verified log of the account: what it is, and the log to be pinned now."""
    mine, theirs = pinned.state.successor, other.state.successor
    if mine:
        if theirs and theirs != mine:
            return "fork", pinned
        return ("same" if other.head() == pinned.head() else "behind"), pinned
    outcome, then = compare(pinned, other)
    return ("ended", other) if theirs and outcome != "continuation" else (outcome, then)


def compare(pinned, other):
    (seq, _), (number, digest) = pinned.head(), other.head()
    if number <= seq:
        return weigh(pinned, number, digest), pinned
    behind = entries_behind(pinned, other)
    if behind is not None:
        return followed(pinned, behind)
    if other.state.generation > seq:
        return "restored", other
    first = other.entries[0].seq
    if first > seq + 1 and other.state.generation == pinned.state.generation:
        return "gap", pinned
    return "fork", pinned


def entries_behind(pinned, other):
    """The entries that follow the pinned head, where the other log shows that they do."""
    if other.entries[0].previous == pinned.head()[1]:
        return other.signed
    for place, entry in enumerate(other.entries):
        if (entry.seq, entry.hash) == pinned.head():
            return other.signed[place + 1 :]
    return None


def followed(pinned, entries):
    """The entries must hold on what is pinned: not only on what the other log says of itself."""
    log = Log(pinned.account, pinned.signed)
    try:
        for entry in entries:
            log.append(entry)
    except Refused:
        return "fork", pinned
    log.shorten()
    return "continuation", log
