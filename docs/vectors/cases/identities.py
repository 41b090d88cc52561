"""identity.json: phrases, keys, devices, addresses."""

from model.identity import (
    BECH32M, Device, account_key, account_of, address_of, address_text, phrase_of, seed_of, subject_key,
)
from model.primitives import ed25519_public, ed25519_sign, x25519_public

from .common import Random, refusal


def make():
    seeds = [bytes(32), b"\xff" * 32, bytes(range(32)), Random("identities")("seed")]
    businesses = [ed25519_public(account_key(seed)) for seed in seeds]
    return {
        "identities": [identity(seed, business) for seed, business in zip(seeds, reversed(businesses))],
        "devices": [device(place, account) for place, account in enumerate(businesses)],
        "signatures": [signature(text) for text in ("log entry", "bundle", "one-time prekey")],
        "not addresses": [
            {"address": address, "reason": refusal(lambda text=address: account_of(text), reason)}
            for address, reason in not_addresses(businesses[0])
        ],
    }


def identity(seed, business):
    key, subject = account_key(seed), subject_key(seed, business)
    account, phrase = ed25519_public(key), phrase_of(seed)
    assert seed_of(phrase) == seed and account_of(address_of(account)) == account
    return {
        "seed": seed, "phrase": phrase, "account key": key, "account": account, "address": address_of(account),
        "business": business, "subject key": subject, "subject account": ed25519_public(subject),
    }


def device(place, account):
    random, purposes = Random(f"device {place}"), (1, 2, 4, 7)[place]
    made = Device(random("secret"), account, purposes)
    assert x25519_public(made.exchange_secret) == made.exchange
    return {
        **random.used, "account": account, "purposes": purposes, "signing seed": made.signing_seed, "id": made.id,
        "exchange secret": made.exchange_secret, "exchange": made.exchange, "certificate hash": made.certificate().hash(),
    }


def signature(text):
    random = Random(f"signature {text}")
    seed, payload = random("seed"), random("payload", 40)
    return {
        "seed": seed, "public": ed25519_public(seed), "label": text, "payload": payload,
        "signature": ed25519_sign(seed, text, payload),
    }


def not_addresses(account):
    good = address_of(account)
    yield good[:-1] + ("q" if good[-1] != "q" else "p"), "the checksum doesn't hold"
    yield good[:10] + good[11:], "the checksum doesn't hold"
    yield "SIG" + good[3:], "mixed case"
    yield address_text(b"\x01" + account, "sog"), "another prefix"
    yield address_text(b"\x01" + account, constant=1), "the checksum doesn't hold"
    yield address_text(b"\x02" + account), "another version"
    yield address_text(b"\x01" + account[:31]), "another length"
    yield address_text(b"\x01" + account + b"\x00"), "another length"
    yield address_text(b"\x01" + b"\x01" + bytes(31)), "a key of small order"
    yield address_text(b"\x01" + bytes(32)), "a key of small order"
    yield address_text(b"\x01" + b"\xee" + b"\xff" * 30 + b"\x7f"), "a key that isn't canonical"
    yield address_text(b"\x01" + b"\x01" + bytes(30) + b"\x80"), "a key that isn't canonical"
    yield address_text(b"\x01" + b"\x02" + bytes(31)), "a key that is no point of the curve"
    assert BECH32M != 1
