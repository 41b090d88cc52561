"""Consents and reports (section 16)."""

from .primitives import Refused
from .protobuf import decode, encode, one, sized

LIFE_MAX = 2 * 366 * 86_400_000


def consent(business, person, topic, granted, seq, issued, expires):
    """The payload that is signed under the label "consent"."""
    fields = [(1, 1), (2, business), (3, person), (4, topic), (5, int(granted)), (6, seq), (7, issued), (8, expires)]
    return encode(fields)


def parse_consent(payload):
    fields = decode(payload)
    business, person = sized(fields, 2, 32), sized(fields, 3, 32)
    version, topic, granted, seq, issued, expires = (one(fields, number, 0) for number in (1, 4, 5, 6, 7, 8))
    if version != 1 or seq == 0:
        raise Refused("no number")
    if not 1 <= topic <= 4:
        raise Refused("an unknown topic")
    if granted and expires <= issued:
        raise Refused("no life")
    if granted and expires - issued > LIFE_MAX:
        raise Refused("too long a life")
    if not granted and expires:
        raise Refused("nothing is granted and it has a life")
    read = (business, person, topic, bool(granted), seq, issued, expires)
    if consent(*read) != payload:
        raise Refused("another encoding")
    return read


def report(reporter, about, reason, note, issued):
    """The payload that is signed under the label "report"."""
    return encode([(1, 1), (2, reporter), (3, about), (4, reason), (5, note.encode()), (6, issued)])
