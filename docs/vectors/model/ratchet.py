"""The ratchet (section 6)."""

from .epochs import ANSWER, BACK, OFFER, PAYLOAD, Epochs
from .padding import BUCKETS, pad, unpad
from .primitives import (
    Refused, hkdf, hkdf_expand, hmac_sha256, label, open_sealed, seal, sha256, x25519, x25519_public, xopen, xseal,
)

HEADER = 53
SHORT, LONG = HEADER + 16, HEADER + PAYLOAD + 16
FORWARD, CHAINS, SKIPPED, SPENT = 2000, 5, 640, 32


class Duplicate(Refused):
    """A frame that was opened before."""


def start_of(header_length):
    """The first four bytes of a frame whose encrypted header has this length."""
    return b"\x01\x01" + header_length.to_bytes(2, "big")


def root_step(root, kem_root, exchange, epoch, epoch_secret):
    """RK', QR', the chain's CK and CQ, NHK. The secret is empty where no epoch begins."""
    keys = hkdf("sha256", root, exchange, label("ratchet root"), 96)
    kem = hkdf("sha256", kem_root, epoch_secret, label("post-quantum root") + epoch.to_bytes(4, "big"), 64)
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

    def __init__(self, header_key, epoch, keys):
        self.header_key, self.epoch, self.keys, self.next, self.end = header_key, epoch, keys, 0, None
        self.skipped, self.forgot = {}, False

    def copy(self):
        other = Chain(self.header_key, self.epoch, self.keys)
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

    def __init__(self, agreed, initiator, now):
        self.id, self.binding = agreed.session_id, agreed.binding
        self.out, self.into = (b"\x00", b"\x01") if initiator else (b"\x01", b"\x00")
        self.root, self.kem_root = agreed.root, agreed.kem_root
        self.ours = self.theirs = self.sending = self.send_header_key = None
        self.number = self.previous = self.sealed = self.seen = self.opened = 0
        self.epochs = Epochs(initiator, agreed.authenticator, now)
        self.chains, self.spent, self.rolled_back = [], [], False

    @classmethod
    def initiate(cls, agreed, signed_prekey, ratchet_secret, now):
        session = cls(agreed, True, now)
        session.theirs, session.next_send, session.next_receive = signed_prekey, agreed.header_key_a, agreed.header_key_b
        session.begin_sending(ratchet_secret)
        return session

    @classmethod
    def respond(cls, agreed, signed_prekey_secret, now):
        session = cls(agreed, False, now)
        session.ours, session.next_send, session.next_receive = signed_prekey_secret, agreed.header_key_b, agreed.header_key_a
        return session

    def begin_sending(self, ratchet_secret):
        self.ours, self.send_header_key = ratchet_secret, self.next_send
        exchange, secret = x25519(self.ours, self.theirs), self.epochs.step()
        step = root_step(self.root, self.kem_root, exchange, self.epochs.current, secret)
        self.root, self.kem_root, self.sending, self.next_send = step
        self.number = 0
        self.forget_epochs()

    def seal(self, content, now, take):
        """`take(name, length)` gives random bytes, in the order in which they are needed."""
        return self.seal_padded(pad(content), now, take)

    def seal_padded(self, padded, now, take, change=lambda header: header):
        """`change` is for vectors of wrong headers."""
        if self.sending is None:
            self.begin_sending(take("ratchet key", 32))
        message, after = chain_step(self.sending)
        epoch = self.epochs.current
        kind, payload = self.epochs.ride(
            now, self.opened + self.sealed, self.sealed + 1, self.number == 0, take
        )
        header_nonce = take("header nonce", 24)
        numbers = (self.previous, self.number, self.sealed + 1, self.seen, epoch)
        header = x25519_public(self.ours) + b"".join(number.to_bytes(4, "big") for number in numbers)
        header = change(header + bytes([kind]) + payload)
        start = start_of(len(header) + 16)
        front = start + header_nonce + xseal(self.send_header_key, header_nonce, self.id + self.out + start, header)
        key, nonce = body_key(message, header_nonce)
        body = seal(key, nonce, self.binding + self.out + sha256(front), padded)
        self.sending, self.number, self.sealed = after, self.number + 1, self.sealed + 1
        return front + body

    def open(self, frame, now):
        """The content of a frame; nothing changes where it is refused."""
        length = next((length for length in (SHORT, LONG) if frame[:4] == start_of(length)), None)
        if length is None:
            raise Refused("another version, kind or header length")
        front = frame[: 28 + length]
        if len(frame) - len(front) - 16 not in BUCKETS:
            raise Refused("another length")
        header, place = self.find(front)
        number, sequence, echo, epoch = (int.from_bytes(header[at : at + 4], "big") for at in (36, 40, 44, 48))
        kind, payload = header[52], header[53:]
        if kind > 3 or bool(payload) != (kind in (OFFER, ANSWER)):
            raise Refused("a slot of another form")
        rolled_back = echo > self.sealed
        if place is not None:
            chain, turn = self.chains[place].copy(), None
            if epoch != chain.epoch:
                raise Refused("another epoch than the chain's")
            message = chain.take(number)
        else:
            chain, turn, message = self.turn(header, number, epoch)
        content = self.open_body(frame, front, message)
        heard = None if rolled_back else self.epochs.heed(epoch, kind, payload)
        # From here on nothing is refused any more.
        self.opened, self.seen, self.rolled_back = self.opened + 1, max(self.seen, sequence), rolled_back
        if turn is None:
            self.chains[place] = chain
        else:
            self.begin_receiving(header, chain, turn, now)
        if heard:
            heard()
        self.tidy()
        return content

    def find(self, front):
        """The header, and the place of its chain; None for a new chain."""
        nonce, sealed = front[4:28], front[28:]

        def opened(key):
            try:
                return xopen(key, nonce, self.id + self.into + front[:4], sealed)
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

    def turn(self, header, number, epoch):
        """What a step for receiving leads to: the new chain, the step, the message's secret."""
        theirs, previous = header[:32], int.from_bytes(header[32:36], "big")
        if self.chains and self.sending is None:
            raise Refused("a new ratchet key before anything was sent on the own newest one")
        if self.chains and previous < self.chains[0].next:
            raise Refused("a chain shorter than what came of it")
        exchange, secret = x25519(self.ours, theirs), self.epochs.follow(epoch)
        step = root_step(self.root, self.kem_root, exchange, epoch, secret)
        chain = Chain(self.next_receive, epoch, step[2])
        return chain, step, chain.take(number)

    def begin_receiving(self, header, chain, step, now):
        self.root, self.kem_root, self.next_receive = step[0], step[1], step[3]
        if self.chains:
            self.chains[0].end = int.from_bytes(header[32:36], "big")
        self.chains.insert(0, chain)
        self.theirs = header[:32]
        if self.sending is not None:
            self.previous, self.sending = self.number, None
        if chain.epoch > self.epochs.current:
            self.tidy()
            self.epochs.enter("waiting", now, self.opened + self.sealed)
            self.forget_epochs()

    def forget_epochs(self):
        self.chains = [chain for chain in self.chains if chain.epoch + BACK >= self.epochs.current]

    def open_body(self, frame, front, message):
        key, nonce = body_key(message, frame[4:28])
        associated = self.binding + self.into + sha256(front)
        return unpad(open_sealed(key, nonce, associated, frame[len(front) :]))

    def tidy(self):
        """Finished chains leave their header keys; too many chains and keys are dropped."""
        self.spent = ([c.header_key for c in self.chains if c.finished() and not c.forgot] + self.spent)[:SPENT]
        self.chains = [chain for chain in self.chains if not chain.finished()][:CHAINS]
        excess = sum(len(chain.skipped) for chain in self.chains) - SKIPPED
        for chain in reversed(self.chains):
            for number in sorted(chain.skipped)[: max(excess, 0)]:
                del chain.skipped[number]
                chain.forgot, excess = True, excess - 1
