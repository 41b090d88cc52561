"""from-rust.json: what the Rust code sealed, opened by the model."""

from model.handshake import accept, initiate
from model.identity import Device, account_key
from model.log import verify_log
from model.prekeys import PrekeySet, verify_bundle, verify_one_time
from model.primitives import Refused, ed25519_public
from model.ratchet import Duplicate

HANDSHAKE = ("ephemeral", "encapsulation", "ratchet", "header nonce", "seal ephemeral", "seal encapsulation")


class Person:
    """A person of the recording."""

    def __init__(self, data):
        seed, device, *secrets = unhex(data["random"])
        self.account = ed25519_public(account_key(seed))
        self.device = Device(device, self.account)
        self.log = unhex(data["log"])
        self.certificate = verify_log(self.account, self.log).get(self.device.id)
        self.set = PrekeySet(data["set"], *secrets, bytes.fromhex(data["inbox"]))


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def check(data):
    """How many frames opened, the first flight's among them; each must be what the model makes of the same inputs."""
    a, b, now = Person(data["A"]), Person(data["B"]), data["now"]
    bundle = verify_bundle(bytes.fromhex(data["bundle of B"]), b.account, now)
    assert bundle.certificate.hash() == b.certificate.hash()
    one_time, one_time_kem = (
        verify_one_time(prekey, bundle.certificate, b.account, now, kind)
        for prekey, kind in zip(unhex(data["one-time prekeys"]), (5, 6))
    )
    secrets = unhex(data["one-time secrets"])
    pool = {(5, one_time[0]): secrets[0], (6, one_time_kem[0]): secrets[1]}
    flight, content = bytes.fromhex(data["flight"]), bytes.fromhex(data["content"])
    accepted = accept(b.device, b.certificate, b.set, pool, flight, now)
    assert accepted.content == content, "the flight's content"
    random = dict(zip(HANDSHAKE, unhex(data["random"]), strict=True))
    _, session, same = initiate(
        a.device, a.log, a.certificate, bundle, one_time, one_time_kem, content, now, random
    )
    assert same == flight, "the flight"
    return 1 + converse({"A": session, "B": accepted.session}, data["steps"])


def converse(sides, steps):
    opened = 0
    for number, step in enumerate(steps):
        if "seal" in step:
            frame = sealed_again(sides[step["seal"]], step)
            assert frame.hex() == step["frame"], f"step {number}"
            continue
        session, frame = sides[step["open"]], bytes.fromhex(steps[step["frame of"]]["frame"])
        try:
            content, outcome = session.open(frame, step["now"]), "opened"
            assert (content.hex(), session.epochs.current) == (step["content"], step["epoch"]), f"step {number}"
            opened += 1
        except Refused as error:
            outcome = "duplicate" if isinstance(error, Duplicate) else "refused"
        assert outcome == step["outcome"], f"step {number}: {outcome}"
    return opened


def sealed_again(session, step):
    random = unhex(step["random"])

    def take(name, length):
        assert len(random[0]) == length, name
        return random.pop(0)

    frame = session.seal(bytes.fromhex(step["content"]), step["now"], take)
    assert not random, "randomness is left"
    return frame
