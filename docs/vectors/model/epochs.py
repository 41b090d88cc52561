"""The epochs of the post-quantum ratchet (section 6): who offers a key, who answers, what enters the root."""

from .primitives import (
    Refused, hkdf, hmac_sha256, kem_check, kem_decapsulate, kem_encapsulate, kem_public, label, sha256,
)

EMPTY, OFFER, ANSWER, RECEIVED = range(4)
KEY, CIPHERTEXT = 1184, 1088
PAYLOAD = KEY + 32
MESSAGES, LIFE, BACK = 50, 86_400_000, 2


def proof(text, authenticator, epoch, content):
    return hmac_sha256(authenticator, label(text) + epoch.to_bytes(4, "big") + content)


def offer(authenticator, epoch, seed):
    key = kem_public(seed)
    return key + proof("epoch key", authenticator, epoch, key)


def agree(authenticator, epoch, secret, key, ciphertext):
    """The next authenticator, and the secret for the root."""
    info = label("epoch") + epoch.to_bytes(4, "big") + sha256(key) + sha256(ciphertext)
    keys = hkdf("sha256", authenticator, secret, info, 64)
    return keys[:32], keys[32:]


def answer(authenticator, epoch, key, randomness):
    ciphertext, secret = kem_encapsulate(key, randomness)
    agreed = agree(authenticator, epoch, secret, key, ciphertext)
    return ciphertext + bytes(KEY - CIPHERTEXT) + proof("epoch ciphertext", agreed[0], epoch, ciphertext), agreed


class Epochs:
    """One side. `state`: waiting, offered, answered (of an own offer); listening, heard, told (of the other's)."""

    def __init__(self, initiator, authenticator, now):
        self.current, self.authenticator, self.past = 0, authenticator, []
        self.state, self.since, self.messages = "waiting" if initiator else "listening", now, 0
        self.seed = self.payload = self.agreed = self.heard = self.first = None

    def offering(self):
        return self.state in ("waiting", "offered", "answered")

    def step(self):
        """At a root step for sending: the secret that enters, if any."""
        if self.state != "answered":
            return b""
        secret = self.agreed[1]
        self.enter("listening")
        return secret

    def follow(self, epoch):
        """At a root step for receiving: the secret that enters in this epoch. Nothing changes."""
        if epoch == self.current:
            return b""
        if epoch == self.current + 1 and self.state == "told":
            return self.agreed[1]
        raise Refused("an epoch that wasn't agreed")

    def enter(self, state, now=0, messages=0):
        self.authenticator, self.past = self.agreed[0], ([self.heard] + self.past)[:BACK]
        self.current += 1
        self.state, self.since, self.messages = state, now, messages
        self.seed = self.payload = self.agreed = self.heard = None

    def ride(self, now, messages, sequence, first_of_chain, take):
        """Kind and payload of the slot of the message of this sequence."""
        following = self.current + 1
        if self.state == "waiting" and (messages - self.messages >= MESSAGES or now - self.since >= LIFE):
            self.seed, self.first, self.state = take("KEM key", 64), sequence, "offered"
            return OFFER, offer(self.authenticator, following, self.seed)
        if self.state == "heard":
            key = self.payload[:KEY]
            self.heard, self.first, self.state = sha256(self.payload), sequence, "told"
            self.payload, self.agreed = answer(self.authenticator, following, key, take("encapsulation", 32))
            return ANSWER, self.payload
        if self.state == "answered":
            return RECEIVED, b""
        again = self.first is not None and (first_of_chain or (sequence - self.first).bit_count() == 1)
        if self.state == "offered" and again:
            return OFFER, offer(self.authenticator, following, self.seed)
        if self.state == "told" and self.payload is not None and again:
            return ANSWER, self.payload
        return EMPTY, b""

    def heed(self, epoch, kind, payload):
        """What the slot of a frame that has opened changes: a function, or None."""
        if kind == EMPTY:
            return None
        if epoch > self.current:
            raise Refused("a slot of an epoch to come")
        if epoch < self.current:
            return self.heed_past(self.current - epoch, kind, payload)
        following = self.current + 1
        if kind == OFFER and self.state == "listening":
            if payload[KEY:] != proof("epoch key", self.authenticator, following, payload[:KEY]):
                raise Refused("an offer without its proof")
            kem_check(payload[:KEY])
            return lambda: self.change("heard", payload=payload)
        if kind == OFFER and self.state in ("heard", "told"):
            self.same(payload, sha256(self.payload) if self.state == "heard" else self.heard)
            return None
        if kind == RECEIVED and self.state == "told":
            return lambda: self.change("told", payload=None)
        if kind == ANSWER and self.state == "offered":
            ciphertext = payload[:CIPHERTEXT]
            if any(payload[CIPHERTEXT:KEY]):
                raise Refused("an answer whose filling isn't zeros")
            secret = kem_decapsulate(self.seed, ciphertext)
            agreed = agree(self.authenticator, following, secret, kem_public(self.seed), ciphertext)
            if payload[KEY:] != proof("epoch ciphertext", agreed[0], following, ciphertext):
                raise Refused("an answer without its proof")
            return lambda: self.change("answered", agreed=agreed, heard=sha256(payload))
        if kind == ANSWER and self.state == "answered":
            self.same(payload, self.heard)
            return None
        raise Refused("a slot out of turn")

    def heed_past(self, back, kind, payload):
        if back > len(self.past):
            raise Refused("a slot of an epoch long past")
        we_offered = self.offering() == (back % 2 == 0)
        if kind == RECEIVED and not we_offered:
            return
        if kind != (ANSWER if we_offered else OFFER):
            raise Refused("a slot out of turn")
        self.same(payload, self.past[back - 1])

    def change(self, state, **fields):
        self.state = state
        vars(self).update(fields)

    @staticmethod
    def same(payload, known):
        if sha256(payload) != known:
            raise Refused("another payload than before")
