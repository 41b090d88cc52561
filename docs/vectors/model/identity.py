"""Identity keys, devices, addresses and account logs (section 2)."""

from mnemonic import Mnemonic

from .primitives import (
    Refused, ed25519_public, ed25519_sign, ed25519_verify, hkdf, label, require_strong_key, sha256, x25519_public,
)
from .protobuf import Present, decode, encode, one, sized


def phrase_of(seed):
    return Mnemonic("english").to_mnemonic(seed)


def seed_of(phrase):
    return bytes(Mnemonic("english").to_entropy(phrase))


def account_key(seed):
    """The seed of the account identity key."""
    return hkdf("sha256", b"", seed, label("account key"), 32)


def subject_key(seed, business):
    """The seed of the account identity key towards a business."""
    return hkdf("sha256", b"", seed, label("subject key") + business, 32)


class Device:
    """A device's keys for one account."""

    def __init__(self, secret, account, purposes=7):
        self.account, self.purposes = account, purposes
        self.signing_seed = hkdf("sha256", b"", secret, label("device signing key") + account, 32)
        self.exchange_secret = hkdf("sha256", b"", secret, label("device exchange key") + account, 32)
        self.id = ed25519_public(self.signing_seed)
        self.exchange = x25519_public(self.exchange_secret)

    def certificate(self):
        return Certificate(self.account, self.id, self.exchange, self.purposes)


class Certificate:
    """What an account's log says of one of its devices."""

    def __init__(self, account, signing, exchange, purposes):
        self.account, self.signing, self.exchange, self.purposes = account, signing, exchange, purposes

    def hash(self):
        return sha256(
            label("device certificate") + self.account + self.signing + self.exchange + bytes([self.purposes])
        )


# Addresses: BIP 350.

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M = 0x2BC830A3


def checksum(prefix, data, constant):
    """The six digits behind `data` (digits of five bits)."""
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + data + [0] * 6
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                state ^= generator
    return [(state ^ constant) >> 5 * (5 - place) & 31 for place in range(6)]


def regroup(data, from_bits, to_bits, pad):
    number, bits, out = 0, 0, []
    for value in data:
        number = (number << from_bits | value) & 0xFFF
        bits += from_bits
        while bits >= to_bits:
            bits -= to_bits
            out.append(number >> bits & (1 << to_bits) - 1)
    if pad and bits:
        out.append(number << to_bits - bits & (1 << to_bits) - 1)
    elif not pad and (bits >= from_bits or number & (1 << bits) - 1):
        raise Refused("bits left over")
    return out


def address_text(payload, prefix="sig", constant=BECH32M):
    data = regroup(payload, 8, 5, True)
    return prefix + "1" + "".join(ALPHABET[digit] for digit in data + checksum(prefix, data, constant))


def address_of(account):
    return address_text(b"\x01" + account)


def account_of(address):
    if address not in (address.lower(), address.upper()):
        raise Refused("mixed case")
    prefix, _, digits = address.lower().rpartition("1")
    if prefix != "sig":
        raise Refused("another prefix")
    if len(digits) < 6 or any(digit not in ALPHABET for digit in digits):
        raise Refused("not bech32m")
    data = [ALPHABET.index(digit) for digit in digits]
    if checksum(prefix, data[:-6], BECH32M) != data[-6:]:
        raise Refused("the checksum doesn't hold")
    payload = bytes(regroup(data[:-6], 5, 8, False))
    if payload[:1] != b"\x01":
        raise Refused("another version")
    if len(payload) != 33:
        raise Refused("another length")
    require_strong_key(payload[1:])
    return payload[1:]


# Account logs.


def signed(seed, text, payload):
    """A Signed message."""
    return encode([(1, payload), (2, ed25519_sign(seed, text, payload))])


def verify_signed(public, text, data):
    """The payload of a Signed message whose signature holds."""
    fields = decode(data)
    payload = one(fields, 1, b"")
    ed25519_verify(public, text, payload, sized(fields, 2, 64))
    return payload


def entry_hash(payload):
    return sha256(label("log hash") + payload)


class LogWriter:
    """An account log in the making."""

    def __init__(self, key_seed):
        self.key_seed, self.account = key_seed, ed25519_public(key_seed)
        self.payloads, self.entries = [], []

    def append(self, at, operation):
        previous = entry_hash(self.payloads[-1]) if self.payloads else bytes(32)
        fields = [(1, self.account), (2, len(self.payloads)), (3, previous), (4, at), operation]
        self.append_payload(encode(fields))

    def append_payload(self, payload):
        self.payloads.append(payload)
        self.entries.append(signed(self.key_seed, "log entry", payload))

    def add(self, at, device):
        body = encode([(1, device.id), (2, device.exchange), (3, device.purposes)])
        self.append(at, (5, Present(body)))

    def revoke(self, at, device_id):
        self.append(at, (6, Present(device_id)))

    def head(self):
        return len(self.payloads) - 1, entry_hash(self.payloads[-1])


def verify_log(account, entries):
    """The account's devices, by their ids, after a log of Signed messages; refuses what isn't a log of the account."""
    if not 1 <= len(entries) <= 64:
        raise Refused("a log of no entries, or of more than 64")
    require_strong_key(account)
    devices, previous = {}, bytes(32)
    for seq, entry in enumerate(entries):
        payload = verify_signed(account, "log entry", entry)
        if len(payload) > 512:
            raise Refused("an entry of more than 512 bytes")
        fields = decode(payload)
        if sized(fields, 1, 32) != account:
            raise Refused("an entry of another account")
        if one(fields, 2, 0) != seq:
            raise Refused("an entry out of place")
        if sized(fields, 3, 32) != previous:
            raise Refused("an entry that doesn't follow the one before")
        previous = entry_hash(payload)
        if 5 in fields:
            add_device(account, devices, decode(fields[5][-1]))
        elif 6 in fields:
            if devices.pop(sized(fields, 6, 32), None) is None:
                raise Refused("revokes a device that isn't there")
        else:
            raise Refused("an operation that isn't known")
    return devices


def add_device(account, devices, fields):
    signing, exchange, purposes = sized(fields, 1, 32), sized(fields, 2, 32), one(fields, 3, 0)
    require_strong_key(signing)
    if not 1 <= purposes <= 7:
        raise Refused("purposes out of bounds")
    if signing in devices:
        raise Refused("adds a device that is there")
    if len(devices) == 8:
        raise Refused("a ninth device")
    devices[signing] = Certificate(account, signing, exchange, purposes)
