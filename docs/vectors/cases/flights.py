"""handshake.json: seals and first flights."""

from model import seal
from model.handshake import accept, first_flight, initiate
from model.prekeys import signed_bundle, verify_bundle
from model.primitives import kem_public, x25519_public
from model.protobuf import decode

from .common import DAY, NOW, Person, Random, refusal

RANDOM = (
    ("ephemeral", 32), ("encapsulation", 32), ("ratchet", 32), ("header nonce", 24), ("seal ephemeral", 32),
    ("seal encapsulation", 32),
)
CONTENTS = {"neither": b"hello", "one-time": b"", "one-time KEM": b"\x00" * 510, "both": bytes(range(256)) * 4,
            "as long as can be": b"\xfe" * 4094, "as full as can be": b"\xff" * 2046}
BOTH = ("both", "as long as can be", "as full as can be")
MINUTE = 60_000


class Flight:
    """A flies to B."""

    def __init__(self, name, content):
        one_time, one_time_kem = name in ("one-time", *BOTH), name in ("one-time KEM", *BOTH)
        full = name == "as full as can be"
        self.a = Person("A", set_id=3, purposes=1, much_to_carry=full)
        self.b = Person("B", set_id=0xFFFFFFFF, much_to_carry=full)
        self.name, self.content, self.now = name, content, NOW
        random = self.random = Random(f"flight {name}")
        self.inputs = {key: random(key, length) for key, length in RANDOM}
        self.pool, given, given_kem = {}, None, None
        if one_time:
            self.pool[5, 0] = random("one-time prekey")
            given = (0, x25519_public(self.pool[5, 0]))
        if one_time_kem:
            self.pool[6, 77] = random("one-time KEM prekey", 64)
            given_kem = (77, kem_public(self.pool[6, 77]))
        payload = self.b.set.bundle_payload(self.b.device, NOW, NOW + 14 * DAY)
        self.bundle_bytes = signed_bundle(self.b.log.carried(), self.b.device, payload)
        bundle = verify_bundle(self.bundle_bytes, self.b.account, NOW)
        self.agreed, self.session, self.flight = initiate(
            self.a.device, self.a.log.carried(), self.a.certificate, bundle, given, given_kem, content, NOW, self.inputs
        )

    def accept(self, flight=None, now=NOW, pool=None):
        pool = self.pool if pool is None else pool
        return accept(self.b.device, self.b.certificate, self.b.set, pool, flight or self.flight, now)

    def case(self):
        accepted = self.accept()
        assert accepted.content == self.content
        mine, theirs = self.agreed, accepted.agreed
        for name in ("exchanges", "kem_secret", "transcript", "root", "session_id", "route_to_a", "route_to_b"):
            assert getattr(mine, name) == getattr(theirs, name), name
        return {
            "name": self.name, "A": self.a.describe(), "B": self.b.describe(), "bundle of B": self.bundle_bytes,
            "one-time id": 0 if (5, 0) in self.pool else None, "one-time KEM id": 77 if (6, 77) in self.pool else None,
            "random": self.random.used, "now": NOW, "content": self.content,
            "certificate hash of A": self.a.certificate.hash(), "certificate hash of B": self.b.certificate.hash(),
            "DH": mine.exchanges, "SS": mine.kem_secret, "CT": mine.ciphertext, "parts": mine.parts,
            "transcript": mine.transcript, "RK": mine.root, "QR": mine.kem_root, "HK_A": mine.header_key_a,
            "HK_B": mine.header_key_b, "session id": mine.session_id, "route key": mine.route_key, "AK": mine.authenticator,
            "route to A": mine.route_to_a, "route to B": mine.route_to_b, "binding": mine.binding,
            "FirstFlight": mine.inside, "flight": self.flight, "replay digest": accepted.replay,
        }


def make():
    flights = {
        name: Flight(name, content) for name, content in CONTENTS.items()
    }
    return {
        "flights": [flight.case() for flight in flights.values()],
        "refused": [
            {
                "to": flight.name, "now": now, "flight": data,
                "reason": refusal(lambda: flight.accept(data, now), reason),
            }
            for flight, now, data, reason in refused(flights)
        ],
        "refused changes": [
            {
                "to": "neither", "at": at, "xor": bytes([bits]),
                "reason": refusal(lambda: flights["neither"].accept(flipped(flights["neither"].flight, at, bits)), reason),
            }
            for at, bits, reason in CHANGES
        ],
    }


CHANGES = [
    (0, 3, "another version, kind or suite"), (1, 3, "another version, kind or suite"),
    (3, 3, "another version, kind or suite"), (2, 1, "another version, kind or suite"),
    (7, 1, "another prekey set"), (8, 1, "the tag doesn't hold"), (39, 0x80, "the tag doesn't hold"),
    (40, 1, "the tag doesn't hold"), (1127, 1, "the tag doesn't hold"), (1128, 1, "the tag doesn't hold"),
    (8175, 1, "the tag doesn't hold"), (8191, 1, "the tag doesn't hold"),
]


def flipped(data, at, bits):
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def resealed(flight, inside=None, **changes):
    """The flight with other fields, sealed anew; `inside` gives it an inside of other bytes."""
    numbers = {"log": 1, "account": 2, "device": 3, "ephemeral": 4, "ciphertext": 5, "one_time": 6,
               "one_time_kem": 7, "expires": 8, "frame": 9}
    fields = decode(flight.agreed.inside)
    values = {name: fields.get(number, [None])[-1] for name, number in numbers.items()}
    values["log"] = fields.get(1, [])
    values |= changes
    log, account, device = values.pop("log"), values.pop("account"), values.pop("device")
    speaker = type("Speaker", (), {"account": account, "id": device})
    message = first_flight(
        log, speaker, values["ephemeral"], values["ciphertext"], values["one_time"], values["one_time_kem"],
        values["expires"], values["frame"],
    )
    random, to = Random(f"resealed {flight.name}"), seal.recipient(flight.b.device, flight.b.set)
    if inside is not None:
        return raw_sealed(to, inside(message), random)
    return seal.seal_inside(to, message, random("ephemeral"), random("encapsulation"))


def raw_sealed(to, inside, random):
    """A seal around an inside of any bytes."""
    ciphertext, secret = seal.kem_encapsulate(to.seal_kem_key, random("encapsulation"))
    public = x25519_public(random("ephemeral"))
    front = b"\x01\x02\x00\x01" + to.set_id.to_bytes(4, "big") + public + ciphertext
    key, nonce = seal.derive(seal.x25519(random("ephemeral"), to.seal_key), secret, front, to)
    return front + seal.seal(key, nonce, front, inside)


def refused(flights):
    plain, both = flights["neither"], flights["both"]
    expires = NOW + 14 * DAY
    yield plain, NOW, plain.flight[:-1], "another length"
    yield plain, expires, plain.flight, "expired, or expires too late"
    yield plain, NOW - 10 * MINUTE - 1, plain.flight, "expired, or expires too late"
    bound = "no header key opens it"
    yield plain, NOW, resealed(plain, expires=expires + 1), bound
    yield plain, NOW, resealed(plain, ephemeral=bytes(32)), "an X25519 secret of zeros"
    yield plain, NOW, resealed(plain, ephemeral=flipped(x25519_public(plain.inputs["ephemeral"]), 31, 0x80)), bound
    yield plain, NOW, resealed(plain, ciphertext=flipped(plain.agreed.ciphertext, 500, 1)), bound
    yield plain, NOW, resealed(plain, ciphertext=plain.agreed.ciphertext[:-1]), "field 5 hasn't 1088 bytes"
    yield plain, NOW, resealed(plain, one_time=0), "a one-time prekey that isn't there"
    yield plain, NOW, resealed(plain, one_time_kem=77), "a one-time KEM prekey that isn't there"
    yield both, NOW, resealed(both, one_time=None), bound
    yield both, NOW, resealed(both, one_time_kem=None), bound
    yield plain, NOW, resealed(plain, log=[]), "a log of no entries, or of more than 64"
    yield plain, NOW, resealed(plain, account=plain.b.account), "the signature doesn't hold"
    stranger = Person("stranger")
    yield plain, NOW, resealed(
        plain, device=stranger.device.id
    ), "no device of the account with the purpose of messages"
    yield plain, NOW, resealed(
        plain, log=stranger.log.entries, account=stranger.account, device=stranger.device.id
    ), bound
    yield plain, NOW, resealed(plain, device=plain.b.device.id), "from the device itself"
    padding = lambda message: len(message).to_bytes(2, "big") + message + bytes(7045 - len(message)) + b"\x01"  # noqa: E731
    yield plain, NOW, resealed(plain, inside=padding), "padding that isn't zeros"
    yield plain, NOW, resealed(plain, inside=lambda _: (7047).to_bytes(2, "big") + bytes(7046)), "a length beyond the flight"
    frame = decode(plain.agreed.inside)[9][0]
    yield plain, NOW, resealed(plain, frame=flipped(frame, 97, 1)), "the tag doesn't hold"
    yield plain, NOW, resealed(plain, frame=frame[:-1]), "another length"
