"""ratchet.json: conversations, message by message."""

import copy

from model.epochs import offer as whole_offer
from model.padding import pad
from model.primitives import Refused, x25519_public
from model.ratchet import Duplicate, Session

from .common import NOW, Random


class Start:
    """What a handshake would have agreed on."""

    def __init__(self, random):
        self.root, self.kem_root = random("RK"), random("QR")
        self.header_key_a, self.header_key_b = random("HK_A"), random("HK_B")
        self.session_id, self.binding = random("session id"), random("binding")
        self.authenticator = random("AK")


class Conversation:
    """Two sides, and every step of what they do."""

    def __init__(self, name):
        self.name, random = name, Random(f"conversation {name}")
        start, signed, ratchet = Start(random), random("signed prekey"), random("ratchet key of A")
        self.sides = {
            "A": Session.initiate(start, x25519_public(signed), ratchet, NOW), "B": Session.respond(start, signed, NOW),
        }
        self.start, self.random, self.steps, self.states = dict(random.used), random, [], []
        self.now, self.sealed = NOW, {}

    def describe(self):
        return {"name": self.name, "start": self.start, "steps": self.steps}

    def step(self, **fields):
        self.steps.append(fields)
        self.states.append(copy.deepcopy(self.sides))

    def inputs(self):
        """The random source of this step, and what it has given out."""
        number, used = len(self.steps), {}

        def take(name, length):
            used[name] = self.random(f"{name} {number}", length)
            return used[name]

        return take, used

    def seal(self, side, content=None):
        content = f"{side} {len(self.steps)}".encode() if content is None else content
        take, used = self.inputs()
        frame = self.sides[side].seal(content, self.now, take)
        self.sealed[frame] = len(self.steps)
        self.step(seal=side, now=self.now, content=content, random=used, frame=frame)
        return frame

    def crafted(self, side, padded=None, change=lambda header: header):
        """A frame that no honest side seals; the side forgets that it did."""
        before = copy.deepcopy(self.sides[side])
        frame = self.sides[side].seal_padded(
            pad(b"crafted") if padded is None else padded, self.now, self.inputs()[0], change
        )
        self.sides[side] = before
        return frame

    def open(self, side, frame, reason=None):
        """Opens a frame; with a reason, it must be refused for it."""
        session, before = self.sides[side], copy.deepcopy(self.sides[side])
        given = {"frame of": self.sealed[frame]} if frame in self.sealed else {"frame": frame}
        try:
            content, outcome = session.open(frame, self.now), "opened"
            assert reason is None, f"not refused: {reason}"
            self.step(
                open=side, now=self.now, **given, outcome=outcome, content=content,
                **{"rolled back": session.rolled_back, "epoch": session.epochs.current},
            )
        except Refused as error:
            assert str(error) == reason, f"{error}, not {reason}"
            self.sides[side] = before
            outcome = "duplicate" if isinstance(error, Duplicate) else "refused"
            self.step(open=side, now=self.now, **given, outcome=outcome, reason=reason)

    def pass_on(self, side, count=1):
        for _ in range(count):
            self.open("B" if side == "A" else "A", self.seal(side))

    def set_back(self, side, step):
        """The side's state is again what it was after a step."""
        self.sides[side] = copy.deepcopy(self.states[step][side])
        self.step(**{"set back": side, "to after": step})


def make():
    made = [turns(), reordered(), skipped(), far_ahead(), refusals(), disk_set_back(), set_back_past_a_turn(),
            epochs_by_time(), epochs_by_count(), epoch_lies()]
    return {"conversations": [conversation.describe() for conversation in made]}


def turns():
    talk = Conversation("turns")
    talk.pass_on("A", 2)
    talk.pass_on("B", 3)
    for _ in range(4):
        talk.pass_on("A")
        talk.pass_on("B")
    both = [talk.seal("A"), talk.seal("B"), talk.seal("A"), talk.seal("B")]
    for side, frame in zip("BABA", both):
        talk.open(side, frame)
    for length in (0, 510, 511):
        talk.open("B", talk.seal("A", b"\xa5" * length))
        talk.pass_on("B")
    return talk


def reordered():
    talk = Conversation("out of order")
    first = [talk.seal("A") for _ in range(4)]
    talk.open("B", first[2])
    talk.open("B", first[2], "opened before")
    talk.pass_on("B")
    second = [talk.seal("A") for _ in range(3)]
    talk.open("B", second[1])
    for frame in (first[3], second[2], first[0]):
        talk.open("B", frame)
    talk.pass_on("B")
    talk.pass_on("A")
    talk.open("B", first[0], "opened before")
    talk.open("B", first[1])
    talk.open("B", second[0])
    for frame in first + second:
        talk.open("B", frame, "opened before")
    return talk


def skipped():
    """Five chains are kept, and the sixth oldest is dropped."""
    talk = Conversation("old chains")
    late = []
    for _ in range(6):
        late.append(talk.seal("A"))
        talk.pass_on("A")
        talk.pass_on("B")
    talk.pass_on("A")
    talk.open("B", late[0], "no header key opens it")
    talk.open("B", late[1], "no header key opens it")
    for frame in late[2:]:
        talk.open("B", frame)
    return talk


def far_ahead():
    talk = Conversation("far ahead")
    session = talk.sides["A"]
    first = talk.seal("A")
    middle = [talk.seal("A") for _ in range(2)]
    lost(talk, "A", 1997)
    last = talk.seal("A")
    assert session.number == 2001
    further = talk.seal("A")
    talk.open("B", further, "too far ahead")
    talk.open("B", last)
    talk.open("B", first, "its key was dropped")
    talk.open("B", middle[0], "its key was dropped")
    talk.open("B", further)
    return talk


def lost(talk, side, count):
    """Sealed, but nothing of it is ever seen; the nonces don't matter, since nothing after them depends on one."""
    for _ in range(count):
        talk.sides[side].seal(b"lost", NOW, lambda name, length: bytes(length))
    talk.step(lost=side, count=count, now=NOW)


def refusals():
    talk = Conversation("refusals")
    none, tag = "no header key opens it", "the tag doesn't hold"
    frame = talk.seal("A")
    for at, reason in ((0, "another version, kind or header length"), (1, "another version, kind or header length"),
                       (2, "another version, kind or header length"), (3, "another version, kind or header length"),
                       (4, none), (28, none), (96, none), (97, tag), (len(frame) - 1, tag)):
        talk.open("B", frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :], reason)
    talk.open("B", frame[:-1], "another length")
    talk.open("B", frame + b"\x00", "another length")
    talk.open("B", frame + bytes(512), tag)
    talk.open("B", b"", "another version, kind or header length")
    talk.open("A", frame, none)
    epoch, slot = "an epoch that wasn't agreed", "a slot of another form"
    talk.open("B", talk.crafted("A", change=lambda header: header[:51] + b"\x01" + header[52:]), epoch)
    talk.open("B", talk.crafted("A", change=lambda header: header[:52] + b"\x01"), slot)
    talk.open("B", talk.crafted("A", change=lambda header: header[:52] + b"\x04"), slot)
    talk.open("B", talk.crafted("A", change=lambda header: header + bytes(1216)), slot)
    zeros = bytes(32)
    talk.open("B", talk.crafted("A", change=lambda header: zeros + header[32:]), "an X25519 secret of zeros")
    talk.open("B", talk.crafted("A", padded=bytes(1024)), "not the smallest bucket")
    talk.open("B", talk.crafted("A", padded=b"\x00\x01" + bytes(510)), "padding that isn't zeros")
    talk.open("B", frame)
    talk.pass_on("B", 2)
    talk.pass_on("A", 2)
    # B has not sent since: a further key of A would answer nothing. Only a liar steps twice.
    liar = copy.deepcopy(talk.sides["A"])
    talk.sides["A"].previous, talk.sides["A"].sending = talk.sides["A"].number, None
    talk.open("B", talk.crafted("A"), "a new ratchet key before anything was sent on the own newest one")
    talk.sides["A"] = liar
    talk.pass_on("B")
    # The chain before is said to be shorter than what came of it.
    talk.open("B", talk.crafted("A", change=lambda header: header[:32] + bytes(3) + b"\x01" + header[36:]),
              "a chain shorter than what came of it")
    old = [talk.seal("A") for _ in range(2)]
    talk.open("B", old[0])
    talk.pass_on("B")
    # Numbers at and beyond a chain's end: A goes on with the chain that it said had two messages.
    keep = copy.deepcopy(talk.sides["A"])
    talk.sides["A"] = copy.deepcopy(talk.states[-3]["A"])
    beyond = talk.crafted("A")
    talk.sides["A"] = keep
    talk.pass_on("A")
    talk.open("B", beyond, "a number beyond the chain's end")
    talk.open("B", old[1])
    talk.pass_on("B")
    talk.pass_on("A")
    return talk


def disk_set_back():
    """An echo tells of messages that A doesn't remember."""
    talk = Conversation("disk set back")
    talk.pass_on("A")
    talk.pass_on("B")
    talk.pass_on("A")
    kept = len(talk.steps) - 1
    talk.pass_on("A", 2)
    talk.set_back("A", kept)
    talk.open("A", talk.seal("B"))
    return talk


def set_back_past_a_turn():
    """A forgot the ratchet key that B answers: nothing opens, and a new session is made as for any loss."""
    talk = Conversation("disk set back past a turn")
    talk.pass_on("A")
    talk.pass_on("B")
    kept = len(talk.steps) - 1
    talk.pass_on("A")
    talk.set_back("A", kept)
    talk.open("A", talk.seal("B"), "a new ratchet key before anything was sent on the own newest one")
    return talk


DAY = 86_400_000


def epochs_by_time():
    """A day for each epoch; offers and answers get lost, come twice and come late."""
    talk = Conversation("epochs by time")
    talk.pass_on("A")
    talk.pass_on("B")
    late = []
    for _ in range(4):
        talk.now += DAY
        late.append(talk.seal("A"))
        for _ in range(5):
            talk.pass_on("B")
            late.append(talk.seal("B"))
            talk.pass_on("A", 2)
            late.append(talk.seal("A"))
    assert talk.sides["A"].epochs.current >= 3, talk.sides["A"].epochs.current
    for place, frame in enumerate(late[-3:]):
        talk.open("BA"[place % 2], frame)
    talk.open("B", late[0], "no header key opens it")
    talk.pass_on("B")
    talk.pass_on("A")
    return talk


def epochs_by_count():
    """After fifty messages an offer, which is repeated ever more rarely; the answer is repeated until it has arrived."""
    talk = Conversation("epochs by count")
    talk.pass_on("A", 48)
    talk.pass_on("A")
    talk.pass_on("A")
    assert talk.sides["A"].epochs.state == "waiting"
    offers = [talk.seal("A") for _ in range(5)]
    assert [len(frame) > 625 for frame in offers] == [True, True, True, False, True]
    for frame in (offers[1], offers[0], offers[4]):
        talk.open("B", frame)
    answers = [talk.seal("B") for _ in range(4)]
    assert [len(frame) > 625 for frame in answers] == [True, True, True, False]
    talk.open("A", answers[1])
    talk.open("A", answers[0])
    talk.open("A", answers[3])
    talk.pass_on("A")
    assert talk.sides["B"].epochs.current == 1
    talk.open("B", offers[2])
    talk.open("A", answers[2])
    talk.pass_on("B")
    return talk


def epoch_lies():
    """Slots that only a liar sends, each in a frame that is right otherwise."""
    talk = Conversation("epoch lies")
    talk.pass_on("A")
    talk.pass_on("B")
    out_of_turn, payload = "a slot out of turn", bytes(1216)
    put = lambda kind, data: lambda header: header[:52] + bytes([kind]) + data  # noqa: E731
    talk.open("B", talk.crafted("A", change=put(1, payload)), "an offer without its proof")
    talk.open("B", talk.crafted("A", change=put(2, payload)), out_of_turn)
    talk.open("B", talk.crafted("A", change=put(3, b"")), out_of_turn)
    talk.open("A", talk.crafted("B", change=put(1, payload)), out_of_turn)
    talk.now += DAY
    offer = talk.seal("A")
    flip = lambda at: lambda header: header[:at] + bytes([header[at] ^ 1]) + header[at + 1 :]  # noqa: E731
    talk.open("B", talk.crafted("A", change=put(2, payload)), out_of_turn)
    talk.open("B", offer)
    for at in (53, 53 + 1184):
        # The same offer again, but for one bit.
        own = talk.sides["A"].epochs
        lie = lambda header, at=at: flip(at)(header[:52] + b"\x01" + whole_offer(own.authenticator, 1, own.seed))  # noqa: E731
        talk.open("B", talk.crafted("A", change=lie), "another payload than before")
    for at, reason in ((53, "an answer without its proof"), (53 + 1100, "an answer whose filling isn't zeros"),
                       (53 + 1184, "an answer without its proof")):
        talk.open("A", talk.crafted("B", change=flip(at)), reason)
    talk.pass_on("B")
    talk.pass_on("A")
    assert talk.sides["B"].epochs.current == 1
    talk.open("A", talk.crafted("B", change=put(3, b"")), "a slot out of turn")
    talk.pass_on("B")
    return talk
