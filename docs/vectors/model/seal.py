"""The seal of a first flight (section 5)."""

from .primitives import (
    Refused, hkdf, kem_decapsulate, kem_encapsulate, kem_public, label, open_sealed, seal, sha256, x25519, x25519_public,
)

LENGTH, FRONT = 8192, 1128
INSIDE = LENGTH - FRONT - 16


class Recipient:
    """To whom a flight is sealed, and to which keys."""

    def __init__(self, account, device, set_id, seal_key, seal_kem_key):
        self.account, self.device, self.set_id = account, device, set_id
        self.seal_key, self.seal_kem_key = seal_key, seal_kem_key


def derive(exchange_secret, kem_secret, front, to):
    info = label("seal") + sha256(front) + to.account + to.device + to.seal_key + sha256(to.seal_kem_key)
    keys = hkdf("sha256", b"", exchange_secret + kem_secret, info, 44)
    return keys[:32], keys[32:]


def seal_inside(to, message, ephemeral, kem_randomness):
    """A whole flight around an encoded FirstFlight."""
    if len(message) > INSIDE - 2:
        raise Refused("longer than a first flight holds")
    inside = len(message).to_bytes(2, "big") + message
    inside += bytes(INSIDE - len(inside))
    ciphertext, secret = kem_encapsulate(to.seal_kem_key, kem_randomness)
    front = b"\x01\x02\x00\x01" + to.set_id.to_bytes(4, "big") + x25519_public(ephemeral) + ciphertext
    key, nonce = derive(x25519(ephemeral, to.seal_key), secret, front, to)
    return front + seal(key, nonce, front, inside)


def open_inside(to, seal_secret, seal_kem_seed, flight):
    """The encoded FirstFlight of a flight."""
    if len(flight) != LENGTH:
        raise Refused("another length")
    if flight[:4] != b"\x01\x02\x00\x01":
        raise Refused("another version, kind or suite")
    if flight[4:8] != to.set_id.to_bytes(4, "big"):
        raise Refused("another prekey set")
    front = flight[:FRONT]
    key, nonce = derive(x25519(seal_secret, front[8:40]), kem_decapsulate(seal_kem_seed, front[40:]), front, to)
    inside = open_sealed(key, nonce, front, flight[FRONT:])
    length = int.from_bytes(inside[:2], "big")
    if length > INSIDE - 2:
        raise Refused("a length beyond the flight")
    if any(inside[2 + length :]):
        raise Refused("padding that isn't zeros")
    return inside[2 : 2 + length]


def recipient(device, prekey_set):
    """The recipient of a device's own set."""
    return Recipient(
        device.account, device.id, prekey_set.id, x25519_public(prekey_set.secrets[3]), kem_public(prekey_set.secrets[4])
    )
