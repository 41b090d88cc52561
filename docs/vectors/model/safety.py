"""Safety numbers and their QR codes (section 2)."""

from .base64url import decode64, encode64
from .primitives import Refused, label, sha512

SCHEME = "sigillo-verify:"


def fingerprint(account):
    digest = sha512(label("safety number") + b"\x01" + account)
    for _ in range(5199):
        digest = sha512(digest + account)
    return digest[:32]


def half(print_):
    groups = (int.from_bytes(print_[place : place + 5], "big") for place in range(0, 30, 5))
    return "".join(f"{group % 100_000:05}" for group in groups)


def safety_number(one, other):
    return "".join(sorted([half(fingerprint(one)), half(fingerprint(other))]))


def code(own, other):
    """What the QR code on one's own screen says."""
    data = b"\x01" + fingerprint(own) + fingerprint(other)
    return SCHEME + encode64(data)


def scanned(own, other, text):
    """Whether the code on the other's screen is the one that belongs there; refuses what is none."""
    if not text.startswith(SCHEME):
        raise Refused("no code of a safety number")
    data = decode64(text[len(SCHEME) :])
    if len(data) != 65:
        raise Refused("another length")
    if data[0] != 1:
        raise Refused("another version")
    return data[1:33] == fingerprint(other) and data[33:] == fingerprint(own)
