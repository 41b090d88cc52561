"""What the cases share: random inputs that are the same in every run, and people."""

import hashlib

from model.identity import Device, account_key
from model.log import CARRIED, DOMAIN, LogWriter
from model.prekeys import PrekeySet
from model.primitives import Refused

NOW = 1_700_000_000_000
DAY = 86_400_000


class Random:
    """Random inputs of a case, each with a name; `used` is what goes into the JSON."""

    def __init__(self, case):
        self.case, self.used = case, {}

    def __call__(self, name, length=32):
        data = hashlib.shake_256(f"sigillo vectors/{self.case}/{name}".encode()).digest(length)
        self.used[name] = data
        return data


class Person:
    """An account with one device, a log of one entry (or one that is as much to carry as can be), and one prekey set."""

    def __init__(self, name, set_id=1, purposes=7, at=NOW - DAY, much_to_carry=False):
        random = Random(f"person {name}")
        self.random, self.at, self.set_id = random, at, set_id
        self.log = LogWriter(account_key(random("seed")))
        self.account = self.log.account
        self.device = Device(random("device"), self.account, purposes)
        self.certificate = self.device.certificate()
        self.log.open(at, self.device)
        if much_to_carry:
            self.carry_much()
        self.set = PrekeySet(
            set_id, random("signed prekey"), random("signed KEM prekey", 64), random("seal"), random("seal KEM", 64),
            random("inbox", 16),
        )

    def carry_much(self):
        """An entry that isn't carried any more, and a snapshot with as many behind it as there is room for."""
        self.log.domain(self.at, b"shop.example")
        self.log.snapshot(self.at)
        for _ in range(5):
            self.log.mailboxes(self.at, [bytes([number]) * 64 for number in range(3)])
        self.log.domain(self.at, filling(self.log))
        assert self.log.log.carried_size() == CARRIED and self.log.log.carried() == 2

    def describe(self):
        return {
            **self.random.used, "at": self.at, "purposes": self.certificate.purposes, "set": self.set_id, "account": self.account,
            "device id": self.device.id, "log": list(self.log.entries), "carried": self.log.carried(),
        }


def filling(log, more=0):
    """A domain whose entry fills what may be carried, or goes beyond it."""
    beside = len(log.payload(NOW, (DOMAIN, b"a" * 50))) - 50 + 72
    length = CARRIED - log.log.carried_size() - beside + more
    return b"a" * (length - 3) + b".bc" if length <= 66 else b"a" * 63 + b"." + b"b" * (length - 64)


def refusal(action, reason):
    """The reason, after making sure that the model refuses for it."""
    try:
        action()
    except Refused as error:
        if str(error) != reason:
            raise AssertionError(f"refused for another reason: {error}, not {reason}") from error
        return reason
    raise AssertionError(f"not refused: {reason}")
