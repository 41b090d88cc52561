"""The handshake and the first flight (sections 4 and 5)."""

from . import seal
from .log import verify_log
from .prekeys import DAY, MINUTE
from .primitives import (
    Refused, hkdf, hmac_sha256, kem_decapsulate, kem_encapsulate, kem_public, label, sha256, sha512, x25519, x25519_public,
)
from .protobuf import Present, decode, encode, one, sized
from .ratchet import Session

LIFE = 14 * DAY


class Agreed:
    """What both sides have after a handshake; the parts are kept for the vectors."""

    def __init__(self, exchanges, kem_secret, transcript):
        self.exchanges, self.kem_secret, self.transcript = exchanges, kem_secret, transcript
        secrets = b"\xff" * 32 + b"".join(exchanges) + kem_secret
        keys = hkdf("sha512", bytes(64), secrets, label("pqxdh") + transcript, 224)
        (
            self.root, self.kem_root, self.header_key_a, self.header_key_b, self.session_id, self.route_key,
            self.authenticator,
        ) = (keys[place : place + 32] for place in range(0, 224, 32))
        self.route_to_b = hmac_sha256(self.route_key, label("pair id") + b"\x00")[:16]
        self.route_to_a = hmac_sha256(self.route_key, label("pair id") + b"\x01")[:16]
        self.binding = sha256(transcript)


def transcript_hash(parts):
    return sha512(label("pqxdh transcript") + b"".join(len(part).to_bytes(4, "big") + part for part in parts))


def transcript_parts(a, b, ephemeral, set_id, signed, one_time, one_time_kem_id, kem_key, ciphertext, expires):
    """P1 to P16; `a` and `b` are certificates, `one_time` is an id and a key or None."""
    number = lambda value, size=4: value.to_bytes(size, "big")  # noqa: E731
    return [
        number(1, 2), a.account, b.account, a.hash(), b.hash(), a.exchange, b.exchange, ephemeral, number(set_id), signed,
        number(one_time[0]) + one_time[1] if one_time else b"",
        b"\x00" if one_time_kem_id is None else b"\x01",
        number(set_id if one_time_kem_id is None else one_time_kem_id),
        sha256(kem_key), sha256(ciphertext), number(expires, 8),
    ]


def initiate(device, log_entries, purposes_certificate, bundle, one_time, one_time_kem, content, now, random):
    """Agreed, session and flight. `one_time`, `one_time_kem`: id and public key, or None. `random`: a dict."""
    ephemeral = random["ephemeral"]
    signed, kem_key = bundle.keys[1], one_time_kem[1] if one_time_kem else bundle.keys[2]
    ciphertext, kem_secret = kem_encapsulate(kem_key, random["encapsulation"])
    theirs, expires = bundle.certificate, now + LIFE
    exchanges = [
        x25519(device.exchange_secret, theirs.exchange), x25519(device.exchange_secret, signed),
        x25519(ephemeral, theirs.exchange), x25519(ephemeral, signed),
    ]
    if one_time:
        exchanges.append(x25519(ephemeral, one_time[1]))
    parts = transcript_parts(
        purposes_certificate, theirs, x25519_public(ephemeral), bundle.id, signed, one_time,
        one_time_kem[0] if one_time_kem else None, kem_key, ciphertext, expires,
    )
    agreed = Agreed(exchanges, kem_secret, transcript_hash(parts))
    agreed.parts, agreed.ciphertext = parts, ciphertext
    session = Session.initiate(agreed, signed, random["ratchet"], now)
    frame = session.seal(content, now, lambda name, _: random[name])
    message = first_flight(
        log_entries, device, x25519_public(ephemeral), ciphertext, one_time and one_time[0],
        one_time_kem and one_time_kem[0], expires, frame,
    )
    to = seal.Recipient(theirs.account, theirs.signing, bundle.id, bundle.keys[3], bundle.keys[4])
    agreed.inside = message
    return agreed, session, seal.seal_inside(to, message, random["seal ephemeral"], random["seal encapsulation"])


def first_flight(log_entries, device, ephemeral, ciphertext, one_time_id, one_time_kem_id, expires, frame):
    optional = lambda value: None if value is None else Present(value)  # noqa: E731
    return encode([
        (1, log_entries), (2, device.account), (3, device.id), (4, ephemeral), (5, ciphertext),
        (6, optional(one_time_id)), (7, optional(one_time_kem_id)), (8, expires), (9, frame),
    ])


class Accepted:
    """What came of a first flight."""

    def __init__(self, agreed, session, content, replay):
        self.agreed, self.session, self.content, self.replay = agreed, session, content, replay


def accept(device, certificate, prekey_set, pool, flight, now):
    """`pool`: private halves of one-time prekeys, by kind and id."""
    message = seal.open_inside(
        seal.recipient(device, prekey_set), prekey_set.secrets[3], prekey_set.secrets[4], flight
    )
    fields = decode(message)
    account, initiator = sized(fields, 2, 32), sized(fields, 3, 32)
    ephemeral, ciphertext = sized(fields, 4, 32), sized(fields, 5, 1088)
    expires = one(fields, 8, 0)
    if not now < expires <= now + LIFE + 10 * MINUTE:
        raise Refused("expired, or expires too late")
    if initiator == device.id:
        raise Refused("from the device itself")
    theirs = verify_log(account, fields.get(1, [])).get(initiator)
    if theirs is None or not theirs.purposes & 1:
        raise Refused("no device of the account with the purpose of messages")
    one_time_id, one_time_kem_id = one(fields, 6, None), one(fields, 7, None)
    one_time = None
    if one_time_id is not None:
        if (5, one_time_id) not in pool:
            raise Refused("a one-time prekey that isn't there")
        one_time = pool[5, one_time_id]
    kem_seed = prekey_set.secrets[2]
    if one_time_kem_id is not None:
        if (6, one_time_kem_id) not in pool:
            raise Refused("a one-time KEM prekey that isn't there")
        kem_seed = pool[6, one_time_kem_id]
    signed = prekey_set.secrets[1]
    exchanges = [
        x25519(device.exchange_secret, theirs.exchange), x25519(signed, theirs.exchange),
        x25519(device.exchange_secret, ephemeral), x25519(signed, ephemeral),
    ]
    if one_time is not None:
        exchanges.append(x25519(one_time, ephemeral))
    parts = transcript_parts(
        theirs, certificate, ephemeral, prekey_set.id, prekey_set.public[1],
        None if one_time is None else (one_time_id, x25519_public(one_time)), one_time_kem_id, kem_public(kem_seed),
        ciphertext, expires,
    )
    agreed = Agreed(exchanges, kem_decapsulate(kem_seed, ciphertext), transcript_hash(parts))
    session = Session.respond(agreed, signed, now)
    return Accepted(agreed, session, session.open(one(fields, 9, b""), now), sha256(ephemeral))
