"""Identity keys, devices and addresses (section 2)."""

from mnemonic import Mnemonic

from .primitives import Refused, ed25519_public, ed25519_sign, hkdf, label, require_strong_key, sha256, x25519_public


def phrase_of(seed):
    return Mnemonic("english").to_mnemonic(seed)


def seed_of(phrase):
    return bytes(Mnemonic("english").to_entropy(phrase))


def account_key(seed):
    """The seed of the account identity key."""
    return hkdf("sha256", b"", seed, label("account key"), 32)


def subject_key(seed, business):
    """The seed of the account identity key towards a business."""
    return hkdf("sha256", b"", subject_root(seed), label("subject key") + business, 32)


def subject_root(seed):
    """What all accounts towards businesses follow from."""
    return hkdf("sha256", b"", seed, label("subject root"), 32)


class Device:
    """A device's keys for one account; `account` is 32 random bytes for one that is linked."""

    def __init__(self, secret, account, purposes=7):
        self.account, self.purposes = account, purposes
        self.signing_seed = hkdf("sha256", b"", secret, label("device signing key") + account, 32)
        self.exchange_secret = hkdf("sha256", b"", secret, label("device exchange key") + account, 32)
        self.id = ed25519_public(self.signing_seed)
        self.exchange = x25519_public(self.exchange_secret)

    def certificate(self, account=None):
        return Certificate(account or self.account, self.id, self.exchange, self.purposes)

    def consent(self, account):
        """Its own word that it is the account's."""
        return ed25519_sign(self.signing_seed, "device consent", self.certificate(account).agreed())


class Certificate:
    """What an account's log says of one of its devices."""

    def __init__(self, account, signing, exchange, purposes):
        self.account, self.signing, self.exchange, self.purposes = account, signing, exchange, purposes

    def hash(self):
        return sha256(label("device certificate") + self.agreed())

    def agreed(self):
        """What the device signs: for this account."""
        return self.account + self.signing + self.exchange + bytes([self.purposes])


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
