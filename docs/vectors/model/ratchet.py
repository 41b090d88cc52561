"""The ratchet (section 6)."""

from .padding import BUCKETS, pad, unpad
from .primitives import (
    Refused, hkdf, hkdf_expand, hmac_sha256, label, open_sealed, seal, sha256, x25519, x25519_public, xopen, xseal,
)

START, FRONT, HEADER = b"\x01\x01\x00\x45", 97, 53
FORWARD, CHAINS, SKIPPED, SPENT = 2000, 5, 640, 32


class Duplicate(Refused):
    """A frame that was opened before."""


def root_step(root, kem_root, exchange, epoch=0):
    """RK', QR', the chain's CK and CQ, NHK."""
    keys = hkdf("sha256", root, exchange, label("ratchet root"), 96)
    kem = hkdf("sha256", kem_root, b"", label("post-quantum root") + epoch.to_bytes(4, "big"), 64)
    return keys[:32], kem[:32], (keys[32:64], kem[32:]), keys[64:]


def chain_step(chain):
    """The message's secret M, and the chain at the next message."""
    classical, quantum = chain
    message = hmac_sha256(hmac_sha256(quantum, b"\x01"), hmac_sha256(classical, b"\x01"))
    return message, (hmac_sha256(classical, b"\x02"), hmac_sha256(quantum, b"\x02"))


def body_key(message, header_nonce):
    keys = hkdf_expand("sha256", message, label("message key") + header_nonce, 44)
    return keys[:32], keys[32:]


class Chain:
    """A receive chain."""

    def __init__(self, header_key, keys):
        self.header_key, self.keys, self.next, self.end = header_key, keys, 0, None
        self.skipped, self.forgot = {}, False

    def copy(self):
        other = Chain(self.header_key, self.keys)
        other.next, other.end, other.skipped, other.forgot = self.next, self.end, dict(self.skipped), self.forgot
        return other

    def take(self, number):
        """The secret of a message; the chain has moved on behind it."""
        if number < self.next:
            if number not in self.skipped:
                raise Refused("its key was dropped") if self.forgot else Duplicate("opened before")
            return self.skipped.pop(number)
        if self.end is not None and number >= self.end:
            raise Refused("a number beyond the chain's end")
        if number - self.next > FORWARD:
            raise Refused("too far ahead")
        while self.next < number:
            self.skipped[self.next], self.keys = chain_step(self.keys)
            self.next += 1
        message, self.keys = chain_step(self.keys)
        self.next += 1
        return message

    def finished(self):
        return self.end is not None and self.next >= self.end and not self.skipped


class Session:
    """One side of a session."""

    def __init__(self, agreed, initiator):
        self.id, self.binding = agreed.session_id, agreed.binding
        self.out, self.into = (b"\x00", b"\x01") if initiator else (b"\x01", b"\x00")
        self.root, self.kem_root = agreed.root, agreed.kem_root
        self.ours = self.theirs = self.sending = self.send_header_key = None
        self.number = self.previous = self.sealed = self.seen = 0
        self.chains, self.spent, self.rolled_back = [], [], False

    @classmethod
    def initiate(cls, agreed, signed_prekey, ratchet_secret):
        session = cls(agreed, True)
        session.theirs, session.next_send, session.next_receive = signed_prekey, agreed.header_key_a, agreed.header_key_b
        session.begin_sending(ratchet_secret)
        return session

    @classmethod
    def respond(cls, agreed, signed_prekey_secret):
        session = cls(agreed, False)
        session.ours, session.next_send, session.next_receive = signed_prekey_secret, agreed.header_key_b, agreed.header_key_a
        return session

    def needs_ratchet_key(self):
        """Whether the next `seal` begins a chain, with a new ratchet key."""
        return self.sending is None

    def begin_sending(self, ratchet_secret):
        self.ours, self.send_header_key = ratchet_secret, self.next_send
        exchange = x25519(self.ours, self.theirs)
        self.root, self.kem_root, self.sending, self.next_send = root_step(self.root, self.kem_root, exchange)
        self.number = 0

    def seal(self, content, header_nonce, ratchet_secret=None):
        return self.seal_padded(pad(content), header_nonce, ratchet_secret)

    def seal_padded(self, padded, header_nonce, ratchet_secret=None, change=lambda header: header):
        """`change` is for vectors of wrong headers."""
        if self.needs_ratchet_key():
            self.begin_sending(ratchet_secret)
        message, after = chain_step(self.sending)
        numbers = (self.previous, self.number, self.sealed + 1, self.seen, 0)
        header = x25519_public(self.ours) + b"".join(number.to_bytes(4, "big") for number in numbers) + b"\x00"
        associated = self.id + self.out + START
        front = START + header_nonce + xseal(self.send_header_key, header_nonce, associated, change(header))
        key, nonce = body_key(message, header_nonce)
        body = seal(key, nonce, self.binding + self.out + sha256(front), padded)
        self.sending, self.number, self.sealed = after, self.number + 1, self.sealed + 1
        return front + body

    def open(self, frame):
        """The content of a frame; nothing changes where it is refused."""
        if len(frame) - FRONT - 16 not in BUCKETS:
            raise Refused("another length")
        if frame[:4] != START:
            raise Refused("another version, kind or header length")
        header, place = self.find(frame)
        number, sequence = (int.from_bytes(header[at : at + 4], "big") for at in (36, 40))
        if header[48:] != bytes(5):
            raise Refused("another epoch, or something in the slot")
        if place is not None:
            chain = self.chains[place].copy()
            message = chain.take(number)
            content = self.open_body(frame, message)
            self.chains[place] = chain
        else:
            content = self.turn(frame, header, number)
        self.seen = max(self.seen, sequence)
        self.rolled_back = int.from_bytes(header[44:48], "big") > self.sealed
        self.tidy()
        return content

    def find(self, frame):
        """The header, and the place of its chain; None for a new chain."""
        nonce, sealed = frame[4:28], frame[28:FRONT]

        def opened(key):
            try:
                return xopen(key, nonce, self.id + self.into + START, sealed)
            except Refused:
                return None

        tries = [(chain.header_key, place) for place, chain in enumerate(self.chains)]
        tries.insert(min(1, len(tries)), (self.next_receive, None))
        for key, place in tries:
            header = opened(key)
            if header is not None:
                return header, place
        if any(opened(key) is not None for key in self.spent):
            raise Duplicate("opened before")
        raise Refused("no header key opens it")

    def turn(self, frame, header, number):
        """A step for receiving."""
        theirs, previous = header[:32], int.from_bytes(header[32:36], "big")
        if self.chains and self.sending is None:
            raise Refused("a new ratchet key before anything was sent on the own newest one")
        if self.chains and previous < self.chains[0].next:
            raise Refused("a chain shorter than what came of it")
        step = root_step(self.root, self.kem_root, x25519(self.ours, theirs))
        chain = Chain(self.next_receive, step[2])
        content = self.open_body(frame, chain.take(number))
        self.root, self.kem_root, self.next_receive = step[0], step[1], step[3]
        if self.chains:
            self.chains[0].end = previous
        self.chains.insert(0, chain)
        self.theirs = theirs
        if self.sending is not None:
            self.previous, self.sending = self.number, None
        return content

    def open_body(self, frame, message):
        key, nonce = body_key(message, frame[4:28])
        associated = self.binding + self.into + sha256(frame[:FRONT])
        return unpad(open_sealed(key, nonce, associated, frame[FRONT:]))

    def tidy(self):
        """Finished chains leave their header keys; too many chains and keys are dropped."""
        self.spent = ([c.header_key for c in self.chains if c.finished() and not c.forgot] + self.spent)[:SPENT]
        self.chains = [chain for chain in self.chains if not chain.finished()][:CHAINS]
        excess = sum(len(chain.skipped) for chain in self.chains) - SKIPPED
        for chain in reversed(self.chains):
            for number in sorted(chain.skipped)[: max(excess, 0)]:
                del chain.skipped[number]
                chain.forgot, excess = True, excess - 1
