"""link.json: offers of new devices, and the answers to them."""

from model.base64url import encode64
from model.identity import Device
from model.link import (
    MINUTE, SCHEME, Grant, Offer, answer, grant_of, hidden_account, kem_public, offer, read_text, shown_account, text_of,
)
from model.log import encode_device
from model.primitives import label, sha256
from model.prekeys import signed_bundle
from model.protobuf import encode

from .common import NOW, Person, Random, refusal

RANDOM = (("exchange", 32), ("KEM", 64), ("token", 16), ("ephemeral", 32), ("encapsulation", 32), ("ask nonce", 24))


class Link:
    """A new device, and the one that takes it in."""

    def __init__(self, name, purposes=7, kind=0, display="", addresses=(), peer_length=38):
        random = self.random = Random(f"link {name}")
        self.name, self.display, self.kind = name, display, kind
        self.device = Device(random("device"), random("keys of"), purposes)
        self.inputs = {key: random(key, length) for key, length in RANDOM}
        self.peer, self.addresses = random("peer", peer_length), [text.encode() for text in addresses]
        self.offer_bytes = offer(
            self.device, self.inputs["exchange"], self.inputs["KEM"], self.inputs["token"], NOW + 10 * MINUTE, self.peer,
            self.addresses,
        )
        self.text = text_of(self.offer_bytes)
        self.offered = read_text(self.text, NOW)
        self.primary = Person("primary")
        self.primary.log.add(NOW, self.device)
        primary = self.primary
        payload = primary.set.bundle_payload(primary.device, NOW, NOW + 14 * 86_400_000)
        self.bundle = signed_bundle(primary.log.carried(), primary.device, payload)

    def reach(self, device=None):
        return device or self.primary.device.id, b"the primary's peer", [b"/ip4/192.0.2.1/tcp/7425"]

    def grant(self, log=None, account=None, kind=None, device=None):
        log = self.primary.log.carried() if log is None else log
        return grant_of(
            account or self.primary.account, self.kind if kind is None else kind, self.display.encode(), log,
            self.reach(device), self.bundle,
        )

    def seal(self, grant=None, offered=None):
        return answer(
            offered or self.offered, kem_public(self.inputs["KEM"]), grant or self.grant(), self.inputs["ephemeral"],
            self.inputs["encapsulation"],
        )

    def accept(self, data):
        return Grant(self.offered, self.inputs["exchange"], self.inputs["KEM"], data)

    def case(self):
        sealed = self.seal()
        got = self.accept(sealed)
        assert got.bytes == self.grant() and got.account == self.primary.account
        device, peer, addresses = self.reach()
        asked = hidden_account(self.offered, self.primary.account, self.inputs["ask nonce"])
        assert shown_account(self.offered, asked) == self.primary.account
        return {
            "name": self.name, "random": self.random.used, "now": NOW, "purposes": self.device.purposes, "peer": self.peer,
            "addresses": [text.decode() for text in self.addresses], "device id": self.device.id,
            "device exchange": self.device.exchange, "KEM key": kem_public(self.inputs["KEM"]),
            "LinkOffer": self.offer_bytes, "text": self.text, "asked": asked,
            "consent": self.device.consent(self.primary.account), "account": self.primary.account, "kind": self.kind,
            "display name": self.display, "log": self.primary.log.carried(),
            "primary": {"device": device, "peer": peer, "addresses": [text.decode() for text in addresses]},
            "bundle": self.bundle, "LinkGrant": got.bytes, "answer": sealed,
        }


def make():
    links = [
        Link("a person's"),
        Link("a business's", purposes=5, kind=1, display="Café", addresses=["/ip4/203.0.113.7/tcp/7425"], peer_length=1),
    ]
    good = links[0]
    return {
        "links": [link.case() for link in links],
        "refused offers": [
            {"text": text, "now": now, "reason": refusal(lambda: read_text(text, now), reason)}
            for text, now, reason in refused_offers(good)
        ],
        "refused answers": [
            {"answer": data, "reason": refusal(lambda: good.accept(data), reason)} for data, reason in refused_answers(good)
        ],
    }


def refused_offers(link):
    text = link.text
    yield text, NOW + 10 * MINUTE, "expired"
    yield text, NOW - 10 * MINUTE - 1, "lives too long"
    yield "sigillo-verify:" + text[len(SCHEME) :], NOW, "no offer"
    yield text[:50] + ("A" if text[50] != "A" else "B") + text[51:], NOW, "the checksum doesn't hold"
    yield text[:-4], NOW, "the checksum doesn't hold"
    yield text + "=", NOW, "not base64url"
    wrong = b"\x02" + link.offer_bytes
    wrong += sha256(label("link offer") + wrong)[:4]
    yield SCHEME + encode64(wrong), NOW, "another version"
    yield SCHEME + "A" * (1025 - len(SCHEME)), NOW, "more than 1,024 characters"
    one = encode_device(link.device.certificate())
    fields = {1: one, 2: bytes(32), 3: bytes(32), 4: bytes(16), 5: NOW + 1, 6: b"peer"}
    changes = [
        ({2: bytes(31)}, "field 2 hasn't 32 bytes"), ({3: bytes(33)}, "field 3 hasn't 32 bytes"),
        ({4: bytes(15)}, "field 4 hasn't 16 bytes"), ({6: b""}, "a peer id that is empty or longer than 64 bytes"),
        ({6: bytes(65)}, "a peer id that is empty or longer than 64 bytes"),
        ({1: encode([(1, bytes(32)), (2, bytes(32)), (3, 7)])}, "a key of small order"),
        ({1: encode([(1, link.device.id), (2, bytes(32)), (3, 8)])}, "purposes out of bounds"),
        ({8: b"more"}, "not an offer's only encoding"), ({7: b"ip4/no-slash"}, "no address"),
        ({7: [b"/a"] * 9}, "too many addresses"), ({7: b"/with a space"}, "no address"),
    ]
    for change, reason in changes:
        yield text_of(encode(sorted((fields | change).items()))), NOW, reason


def refused_answers(link):
    good = link.seal()
    for at, reason in ((0, "another version"), (1, None), (33, None), (1121, None), (len(good) - 1, None)):
        yield good[:at] + bytes([good[at] ^ 2]) + good[at + 1 :], reason or "the tag doesn't hold"
    yield good[:1121], "the tag doesn't hold"
    yield good[:1120], "another version"
    yield good + bytes(12289 - len(good)), "more than 12,288 bytes"
    other = Link("another offer")
    yield other.seal(), "the tag doesn't hold"
    token = Offer(link.offer_bytes)
    token.token = bytes(16)
    yield link.seal(offered=token), "the tag doesn't hold"
    yield link.seal(link.grant(kind=2)), "no kind of an account"
    yield link.seal(link.grant(account=Person("stranger").account)), "the signature doesn't hold"
    yield link.seal(link.grant(log=[])), "a log of no entries, or of more than 64"
    yield link.seal(link.grant(log=Person("primary").log.entries)), "without the certificate as it was offered"
    bent = Person("primary")
    weaker = Device(link.random("device"), link.random("keys of"), 1)
    bent.log.add(NOW, weaker)
    yield link.seal(link.grant(log=bent.log.entries)), "without the certificate as it was offered"
    from_itself = "from no other device with the purpose of messages"
    yield link.seal(link.grant(device=link.device.id)), from_itself
    yield link.seal(link.grant(device=Person("stranger").device.id)), from_itself
    mute = Person("primary", purposes=6)
    mute.log.add(NOW, link.device)
    yield link.seal(link.grant(log=mute.log.entries)), from_itself
    yield link.seal(link.grant() + b"\x3a\x01x"), "not a grant's only encoding"
