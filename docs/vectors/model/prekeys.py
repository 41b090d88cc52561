"""Prekey sets, bundles and one-time prekeys (section 3)."""

from .log import verify_log
from .primitives import Refused, kem_check, kem_public, x25519_public
from .protobuf import decode, encode, one, sized
from .signed import signed, verify_signed

SIGNED, SIGNED_KEM, SEAL, SEAL_KEM, ONE_TIME, ONE_TIME_KEM = 1, 2, 3, 4, 5, 6
ALGORITHM = {SIGNED: 1, SIGNED_KEM: 2, SEAL: 1, SEAL_KEM: 2, ONE_TIME: 1, ONE_TIME_KEM: 2}
MINUTE, DAY = 60_000, 86_400_000


class PrekeySet:
    """The private halves of one set."""

    def __init__(self, set_id, signed_prekey, signed_kem_seed, seal, seal_kem_seed, inbox):
        self.id, self.inbox = set_id, inbox
        self.secrets = {SIGNED: signed_prekey, SIGNED_KEM: signed_kem_seed, SEAL: seal, SEAL_KEM: seal_kem_seed}
        self.public = {
            kind: x25519_public(secret) if ALGORITHM[kind] == 1 else kem_public(secret)
            for kind, secret in self.secrets.items()
        }

    def bundle_payload(self, device, issued, expires):
        keys = [prekey(kind, self.id, self.public[kind]) for kind in sorted(self.public)]
        return encode(
            [(1, 1), (2, device.account), (3, device.id), (4, self.inbox), (5, issued), (6, expires), (7, keys)]
        )


def prekey(kind, key_id, key):
    return encode([(1, kind), (2, ALGORITHM[kind]), (3, key_id), (4, key)])


def signed_bundle(log_entries, device, payload):
    return encode([(1, log_entries), (2, signed(device.signing_seed, "bundle", payload))])


def one_time_prekey(device, issued, expires, kind, key_id, public, source=b""):
    payload = encode([
        (1, 1), (2, device.account), (3, device.id), (4, issued), (5, expires), (6, prekey(kind, key_id, public)),
        (7, source),
    ])
    return signed(device.signing_seed, "one-time prekey", payload)


class Bundle:
    """What a good bundle says."""

    def __init__(self, certificate, fields, keys):
        self.certificate, self.id, self.keys = certificate, keys[0][0], {kind: key for kind, (_, key) in enumerate(keys, 1)}
        self.inbox = sized(fields, 4, 16)


def verify_bundle(data, account, now):
    """A SignedBundle, good for `account` at `now`."""
    if len(data) > 6144:
        raise Refused("a bundle of more than 6,144 bytes")
    outer = decode(data)
    devices = verify_log(account, outer.get(1, []))
    body = one(outer, 2, b"")
    certificate = publisher(devices, decode(one(decode(body), 1, b"")))
    fields = decode(verify_signed(certificate.signing, "bundle", body))
    check_validity(fields, account, now, one(fields, 5, 0), one(fields, 6, 0))
    prekeys = [decode(item) for item in fields.get(7, [])]
    if len(prekeys) != 4:
        raise Refused("not exactly four prekeys")
    keys = [read_prekey(item, kind) for kind, item in enumerate(prekeys, 1)]
    if len({key_id for key_id, _ in keys}) != 1:
        raise Refused("prekeys of different sets")
    return Bundle(certificate, fields, keys)


def publisher(devices, fields):
    certificate = devices.get(one(fields, 3, b""))
    if certificate is None or not certificate.purposes & 1:
        raise Refused("no device of the account with the purpose of messages")
    return certificate


def check_validity(fields, account, now, issued, expires):
    if one(fields, 1, 0) != 1:
        raise Refused("another suite")
    if one(fields, 2, b"") != account:
        raise Refused("another account")
    if issued > now + 10 * MINUTE:
        raise Refused("issued in the future")
    if expires <= now:
        raise Refused("expired")
    if expires > issued + 14 * DAY:
        raise Refused("good for longer than 14 days")


def read_prekey(fields, kind):
    if one(fields, 1, 0) != kind:
        raise Refused("a prekey of another kind")
    if one(fields, 2, 0) != ALGORITHM[kind]:
        raise Refused("a prekey of another algorithm")
    key = one(fields, 4, b"")
    if ALGORITHM[kind] == 2:
        kem_check(key)
    elif len(key) != 32:
        raise Refused("an X25519 key of another length than 32 bytes")
    return one(fields, 3, 0), key


def verify_one_time(data, certificate, account, now, kind):
    """Id and key of a one-time prekey that the bundle's device signed."""
    fields = decode(verify_signed(certificate.signing, "one-time prekey", data))
    check_validity(fields, account, now, one(fields, 4, 0), one(fields, 5, 0))
    if sized(fields, 3, 32) != certificate.signing:
        raise Refused("a one-time prekey of another device")
    # The device itself is the source that every prekey of these vectors was got from.
    if one(fields, 7, b""):
        sized(fields, 7, 32)
        raise Refused("a one-time prekey of another source")
    return read_prekey(decode(one(fields, 6, b"")), kind)
