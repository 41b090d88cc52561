"""consent.json: what persons let businesses write about, and reports."""

from model.consent import consent, parse_consent, report
from model.primitives import ed25519_public, ed25519_sign

from .common import Random, refusal

NOW = 1_700_000_000_000
DAY = 86_400_000
TOPICS = {"service": 1, "utility": 2, "authentication": 3, "marketing": 4}


def make():
    return {
        "consents": [given(topic, granted, seq) for seq, (topic, granted) in enumerate(said(), 1)],
        "refused": [
            {"payload": payload, "reason": refusal(lambda: parse_consent(payload), reason)}
            for payload, reason in wrong()
        ],
        "reports": [reported()],
    }


def said():
    return [(topic, granted) for topic in TOPICS for granted in (True, False)]


def given(topic, granted, seq):
    random = Random(f"consent {seq}")
    business, person, seed = random("business"), random("person"), random("signing seed")
    expires = NOW + 30 * DAY if granted else 0
    payload = consent(business, person, TOPICS[topic], granted, seq, NOW, expires)
    assert parse_consent(payload) == (business, person, TOPICS[topic], granted, seq, NOW, expires)
    return {
        **random.used, "topic": topic, "granted": granted, "seq": seq, "issued": NOW, "expires": expires,
        "payload": payload, "signer": ed25519_public(seed), "signature": ed25519_sign(seed, "consent", payload),
    }


def wrong():
    random = Random("no consent")
    two = random("business"), random("person")
    yield consent(*two, 5, True, 1, NOW, NOW + DAY), "an unknown topic"
    yield consent(*two, 2, True, 0, NOW, NOW + DAY), "no number"
    yield consent(*two, 2, True, 1, NOW, NOW), "no life"
    yield consent(*two, 2, True, 1, NOW, NOW + 733 * DAY), "too long a life"
    yield consent(*two, 2, False, 1, NOW, NOW + DAY), "nothing is granted and it has a life"
    yield consent(*two, 2, True, 1, NOW, NOW + DAY) + b"\x30\x01", "another encoding"


def reported():
    random = Random("report")
    reporter, about, seed = random("reporter"), random("about"), random("signing seed")
    note = "asked for a password"
    payload = report(reporter, about, 2, note, NOW)
    return {
        **random.used, "reason": "fraud", "note": note, "issued": NOW, "payload": payload,
        "signature": ed25519_sign(seed, "report", payload),
    }
