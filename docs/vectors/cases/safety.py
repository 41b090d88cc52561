"""safety.json: safety numbers, and the codes that are shown."""

from model.identity import account_key
from model.primitives import ed25519_public
from model.safety import SCHEME, code, fingerprint, safety_number, scanned

from .common import Random, refusal


def make():
    people = [ed25519_public(account_key(Random(f"safety {number}")("seed"))) for number in range(3)]
    pairs = [(bytes(32), b"\xff" * 32), (people[0], people[1]), (people[1], people[2]), (people[2], people[0])]
    # The number that section 2 of the document names.
    assert safety_number(*pairs[0]) == "416604583819628793725300496870810663715833797339967467699346"
    own, other = people[:2]
    return {
        "numbers": [pair(*keys) for keys in pairs],
        "other codes": [{"own": own, "other": other, "code": text} for text in others(*people)],
        "not codes": [
            {"own": own, "other": other, "code": text, "reason": refusal(lambda: scanned(own, other, text), reason)}
            for text, reason in refused(code(other, own))
        ],
    }


def pair(own, other):
    assert safety_number(own, other) == safety_number(other, own) and scanned(own, other, code(other, own))
    return {
        "own": own, "other": other, "own fingerprint": fingerprint(own), "other fingerprint": fingerprint(other),
        "number": safety_number(own, other), "own code": code(own, other), "other code": code(other, own),
    }


def others(own, other, third):
    """Codes, but not the one that the other's screen shows."""
    for text in (code(own, other), code(other, third), code(third, own), code(other, other)):
        assert not scanned(own, other, text)
        yield text


def refused(good):
    yield good[len(SCHEME) :], "no code of a safety number"
    yield "sigillo-link:" + good[len(SCHEME) :], "no code of a safety number"
    yield good + "=", "not base64url"
    yield good[:40] + "+" + good[41:], "not base64url"
    yield good[:-1], "not base64url"
    yield good[:-3], "another length"
    yield good + "AAAA", "another length"
    yield SCHEME + "Ag" + good[len(SCHEME) + 2 :], "another version"
    yield SCHEME + "AA" + good[len(SCHEME) + 2 :], "another version"
