"""prekeys.json: bundles and one-time prekeys."""

from model.prekeys import DAY, MINUTE, one_time_prekey, prekey, signed_bundle, verify_bundle, verify_one_time
from model.primitives import kem_public, x25519_public
from model.protobuf import encode
from model.signed import signed

from .common import NOW, Person, Random, refusal


def make():
    person = Person("publisher", set_id=0x01020304)
    bundle = bundle_case(person)["bundle"]
    certificate = verify_bundle(bundle, person.account, NOW).certificate
    assert certificate.hash() == person.certificate.hash()
    one_time = [one_time_case(person, kind) for kind in (5, 6)]
    return {
        "bundles": [bundle_case(person), bundle_case(Person("publisher", set_id=1, much_to_carry=True))],
        "bundles with more of the log": [with_whole_log(Person("publisher", much_to_carry=True))],
        "one-time prekeys": one_time,
        "refused bundles": [
            {
                "account": account, "now": now, "bundle": data,
                "reason": refusal(lambda: verify_bundle(data, account, now), reason),
            }
            for account, now, data, reason in refused_bundles(person, bundle)
        ],
        "refused one-time prekeys": [
            {
                "now": now, "prekey": data,
                "reason": refusal(lambda: verify_one_time(data, certificate, person.account, now, 5), reason),
            }
            for now, data, reason in refused_one_time(person)
        ],
    }


def bundle_case(person):
    payload = person.set.bundle_payload(person.device, NOW, NOW + 14 * DAY)
    return {
        "publisher": person.describe(), "public": [person.set.public[kind] for kind in (1, 2, 3, 4)],
        "issued": NOW, "expires": NOW + 14 * DAY, "payload": payload,
        "bundle": signed_bundle(person.log.carried(), person.device, payload),
    }


def with_whole_log(person):
    """Good for a reader, though more than a publisher sends."""
    payload = person.set.bundle_payload(person.device, NOW, NOW + 14 * DAY)
    data = signed_bundle(person.log.entries, person.device, payload)
    assert verify_bundle(data, person.account, NOW).certificate.hash() == person.certificate.hash()
    return {"account": person.account, "now": NOW, "log": person.log.entries, "bundle": data}


def one_time_case(person, kind):
    random = Random(f"one-time prekey {kind}")
    secret = random("secret", 32 if kind == 5 else 64)
    public = x25519_public(secret) if kind == 5 else kem_public(secret)
    made = one_time_prekey(person.device, NOW, NOW + 14 * DAY, kind, 700 + kind, public)
    assert verify_one_time(made, person.certificate, person.account, NOW, kind) == (700 + kind, public)
    return {**random.used, "kind": kind, "id": 700 + kind, "public": public, "prekey": made}


def changed(person, changes=(), keys=None, text="bundle", device=None):
    """A bundle with other fields, rightly signed unless said otherwise."""
    device = device or person.device
    own = [prekey(kind, person.set.id, person.set.public[kind]) for kind in (1, 2, 3, 4)]
    fields = {
        1: 1, 2: person.account, 3: device.id, 4: person.set.inbox, 5: NOW, 6: NOW + 14 * DAY,
        7: own if keys is None else keys(own), **dict(changes),
    }
    payload = encode(sorted(fields.items()))
    return encode([(1, person.log.carried()), (2, signed(device.signing_seed, text, payload))])


def refused_bundles(person, good):
    account, stranger = person.account, Person("stranger")
    yield stranger.account, NOW, good, "the signature doesn't hold"
    yield account, NOW, changed(person, text="one-time prekey"), "the signature doesn't hold"
    yield account, NOW, changed(person, device=stranger.device), "no device of the account with the purpose of messages"
    without = Person("publisher of profiles", purposes=2)
    yield without.account, NOW, changed(without), "no device of the account with the purpose of messages"
    yield account, NOW, changed(person, [(2, stranger.account)]), "another account"
    yield account, NOW, changed(person, [(1, 2)]), "another suite"
    yield account, NOW - 10 * MINUTE - 1, good, "issued in the future"
    yield account, NOW + 14 * DAY, good, "expired"
    yield account, NOW, changed(person, [(6, NOW + 14 * DAY + 1)]), "good for longer than 14 days"
    yield account, NOW, changed(person, keys=lambda own: own[:3]), "not exactly four prekeys"
    yield account, NOW, changed(person, keys=lambda own: own + own[:1]), "not exactly four prekeys"
    yield account, NOW, changed(person, keys=lambda own: [own[2], own[1], own[0], own[3]]), "a prekey of another kind"
    yield account, NOW, changed(
        person, keys=lambda own: [prekey(1, person.set.id + 1, person.set.public[1])] + own[1:]
    ), "prekeys of different sets"
    mistyped = encode([(1, 1), (2, 2), (3, person.set.id), (4, person.set.public[1])])
    yield account, NOW, changed(person, keys=lambda own: [mistyped] + own[1:]), "a prekey of another algorithm"
    short = prekey(3, person.set.id, bytes(31))
    yield account, NOW, changed(
        person, keys=lambda own: own[:2] + [short] + own[3:]
    ), "an X25519 key of another length than 32 bytes"
    unreduced = prekey(2, person.set.id, b"\xff" * 1184)
    yield account, NOW, changed(
        person, keys=lambda own: [own[0], unreduced] + own[2:]
    ), "a KEM key with a coefficient that isn't reduced"
    yield account, NOW, changed(person, [(4, bytes(15))]), "field 4 hasn't 16 bytes"
    yield account, NOW, good + bytes([0x7A]) + b"\xb0\x20" + bytes(4144), "a bundle of more than 6,144 bytes"


def refused_one_time(person):
    public = x25519_public(Random("one-time prekey 5")("secret"))
    make_one = lambda **change: one_time_prekey(  # noqa: E731
        **{"device": person.device, "issued": NOW, "expires": NOW + 14 * DAY, "kind": 5, "key_id": 1, "public": public, **change}
    )
    stranger = Person("stranger")
    yield NOW, make_one(device=stranger.device), "the signature doesn't hold"
    yield NOW + 14 * DAY, make_one(), "expired"
    yield NOW - 10 * MINUTE - 1, make_one(), "issued in the future"
    yield NOW, make_one(expires=NOW + 14 * DAY + 1), "good for longer than 14 days"
    yield NOW, make_one(public=public[:31]), "an X25519 key of another length than 32 bytes"
    payload = encode([
        (1, 1), (2, person.account), (3, person.device.id), (5, NOW), (4, NOW), (6, prekey(5, 1, public)),
    ])
    yield NOW, signed(person.device.signing_seed, "bundle", payload), "the signature doesn't hold"
    # Mailboxes hand out pools of their own: signed by the same device, and good from nobody else.
    for kind, key in ((5, public), (6, kem_public(Random("one-time prekey 6")("secret", 64)))):
        elsewhere = make_one(kind=kind, key_id=2, public=key, source=Random("source of prekeys")("mailbox"))
        yield NOW, elsewhere, "a one-time prekey of another source"
    yield NOW, make_one(source=bytes(31)), "field 7 hasn't 32 bytes"
