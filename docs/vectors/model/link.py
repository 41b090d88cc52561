"""What a new device offers, and what it is granted (section 2)."""

from .base64url import decode64, encode64
from .identity import Certificate
from .log import encode_device, read_device, verify_log
from .primitives import (
    Refused, hkdf, kem_decapsulate, kem_encapsulate, kem_public, label, open_sealed, require_strong_key, seal, sha256,
    x25519, x25519_public, xopen, xseal,
)
from .protobuf import decode, encode, one, sized

SCHEME = "sigillo-link:"
MINUTE = 60_000
FRONT = 1 + 32 + 1088


class Offer:
    """An offer, taken apart; `bytes` is the LinkOffer."""

    def __init__(self, data):
        fields = decode(data)
        self.bytes, device = data, one(fields, 1, b"")
        self.device = read_device(device, b"")[0]
        self.exchange, self.kem_hash, self.token = sized(fields, 2, 32), sized(fields, 3, 32), sized(fields, 4, 16)
        self.expires, self.peer, self.addresses = one(fields, 5, 0), one(fields, 6, b""), fields.get(7, [])
        check_reach(self.peer, self.addresses)
        again = [
            (1, encode_device(self.device)), (2, self.exchange), (3, self.kem_hash), (4, self.token), (5, self.expires),
            (6, self.peer), (7, self.addresses),
        ]
        if encode(again) != data:
            raise Refused("not an offer's only encoding")


def check_reach(peer, addresses):
    if not 1 <= len(peer) <= 64:
        raise Refused("a peer id that is empty or longer than 64 bytes")
    if len(addresses) > 8:
        raise Refused("too many addresses")
    for text in addresses:
        if text[:1] != b"/" or len(text) > 256 or any(not 0x21 <= byte <= 0x7E for byte in text):
            raise Refused("no address")


def offer(device, exchange_secret, kem_seed, token, expires, peer, addresses):
    """The LinkOffer of a device whose keys name no account."""
    return encode([
        (1, encode_device(device.certificate())), (2, x25519_public(exchange_secret)), (3, sha256(kem_public(kem_seed))),
        (4, token), (5, expires), (6, peer), (7, addresses),
    ])


def text_of(data):
    data = b"\x01" + data
    data += sha256(label("link offer") + data)[:4]
    return SCHEME + encode64(data)


def read_text(text, now):
    if len(text) > 1024:
        raise Refused("more than 1,024 characters")
    if not text.startswith(SCHEME):
        raise Refused("no offer")
    data = decode64(text[len(SCHEME) :])
    data, check = data[:-4], data[-4:]
    if sha256(label("link offer") + data)[:4] != check:
        raise Refused("the checksum doesn't hold")
    if data[:1] != b"\x01":
        raise Refused("another version")
    made = Offer(data[1:])
    if made.expires <= now:
        raise Refused("expired")
    if made.expires > now + 20 * MINUTE:
        raise Refused("lives too long")
    return made


def account_key(offered):
    return hkdf("sha256", b"", offered.token, label("link account") + sha256(offered.bytes), 32)


def hidden_account(offered, account, nonce):
    """Which account asks, for those who have seen the offer."""
    return nonce + xseal(account_key(offered), nonce, b"", account)


def shown_account(offered, asked):
    account = xopen(account_key(offered), asked[:24], b"", asked[24:])
    require_strong_key(account)
    return account


def keys(offered, exchanged, secret, front):
    info = label("link grant") + sha256(offered.bytes) + sha256(front)
    key = hkdf("sha256", offered.token, exchanged + secret, info, 44)
    return key[:32], key[32:]


def answer(offered, kem_key, grant, ephemeral, encapsulation):
    if sha256(kem_key) != offered.kem_hash:
        raise Refused("another KEM key")
    ciphertext, secret = kem_encapsulate(kem_key, encapsulation)
    front = b"\x01" + x25519_public(ephemeral) + ciphertext
    key, nonce = keys(offered, x25519(ephemeral, offered.exchange), secret, front)
    return front + seal(key, nonce, front, grant)


def grant_of(account, kind, name, log, primary, bundle):
    device, peer, addresses = primary
    reach = encode([(1, device), (2, peer), (3, addresses)])
    return encode([(1, account), (2, kind), (3, name), (4, log), (5, reach), (6, bundle)])


class Grant:
    """What the new device takes from a good answer."""

    def __init__(self, offered, exchange_secret, kem_seed, data):
        if len(data) > 12288:
            raise Refused("more than 12,288 bytes")
        front = data[:FRONT]
        if len(front) < FRONT or front[0] != 1:
            raise Refused("another version")
        secret = kem_decapsulate(kem_seed, front[33:])
        key, nonce = keys(offered, x25519(exchange_secret, front[1:33]), secret, front)
        self.bytes = open_sealed(key, nonce, front, data[FRONT:])
        fields = decode(self.bytes)
        self.account, self.kind, self.name = sized(fields, 1, 32), one(fields, 2, 0), one(fields, 3, b"")
        self.log = verify_log(self.account, fields.get(4, []))
        reach = decode(one(fields, 5, b""))
        self.primary, self.bundle = sized(reach, 1, 32), one(fields, 6, b"")
        if self.kind > 1:
            raise Refused("no kind of an account")
        peer, addresses = one(reach, 2, b""), reach.get(3, [])
        check_reach(peer, addresses)
        again = grant_of(
            self.account, self.kind, self.name, fields.get(4, []), (self.primary, peer, addresses), self.bundle
        )
        if again != self.bytes:
            raise Refused("not a grant's only encoding")
        mine = offered.device
        if self.log.get(mine.signing) is None or same(self.log.get(mine.signing)) != same(mine):
            raise Refused("without the certificate as it was offered")
        primary = self.log.get(self.primary)
        if self.primary == mine.signing or primary is None or not primary.purposes & 1:
            raise Refused("from no other device with the purpose of messages")


def same(certificate):
    return encode_device(Certificate(b"", certificate.signing, certificate.exchange, certificate.purposes))
