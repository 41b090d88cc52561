"""Signed messages (section 1)."""

from .primitives import ed25519_sign, ed25519_verify
from .protobuf import decode, encode, one, sized


def signed(seed, text, payload):
    """A Signed message."""
    return encode([(1, payload), (2, ed25519_sign(seed, text, payload))])


def verify_signed(public, text, data):
    """The payload of a Signed message whose signature holds."""
    fields = decode(data)
    payload = one(fields, 1, b"")
    ed25519_verify(public, text, payload, sized(fields, 2, 64))
    return payload
