"""log.json: account logs."""

from model.identity import Device, LogWriter, account_key, entry_hash, signed, verify_log
from model.primitives import ed25519_public
from model.protobuf import Present, encode

from .common import NOW, Random, refusal


def make():
    writer, devices, operations = writer_with_devices()
    verified = verify_log(writer.account, writer.entries)
    seq, head = writer.head()
    return {
        "logs": [{
            "seed": Random("log")("seed"), "account": writer.account, "operations": operations,
            "entries": [
                {"payload": payload, "signed": entry, "hash": entry_hash(payload)}
                for payload, entry in zip(writer.payloads, writer.entries)
            ],
            "head": {"seq": seq, "hash": head},
            "devices": [{"id": key, "exchange": c.exchange, "purposes": c.purposes} for key, c in verified.items()],
        }],
        "refused": [
            {
                "account": account, "entries": entries,
                "reason": refusal(lambda: verify_log(account, entries), reason),
            }
            for account, entries, reason in refused(writer, devices)
        ],
    }


def new_writer():
    return LogWriter(account_key(Random("log")("seed")))


def device(number, account):
    return Device(Random(f"log device {number}")("secret"), account, (7, 1, 2, 4, 3, 5, 6, 7, 7)[number])


def writer_with_devices():
    writer, operations = new_writer(), []
    devices = [device(number, writer.account) for number in range(3)]
    for step, (kind, number) in enumerate([("add", 0), ("add", 1), ("revoke", 1), ("add", 2), ("add", 1)]):
        at, one = NOW + step * 1000, devices[number]
        operation = {"at": at, "operation": kind, "id": one.id}
        if kind == "add":
            writer.add(at, one)
            operation |= {"exchange": one.exchange, "purposes": one.purposes}
        else:
            writer.revoke(at, one.id)
        operations.append(operation)
    return writer, devices, operations


def refused(good, devices):
    account, entries = good.account, good.entries
    yield account, [], "a log of no entries, or of more than 64"
    yield account, entries[1:], "an entry out of place"
    yield account, [entries[0], entries[2]], "an entry out of place"
    yield account, [entries[0], entries[0]], "an entry out of place"
    yield account, [entries[0][:-1] + bytes([entries[0][-1] ^ 1])], "the signature doesn't hold"
    other = account_key(Random("another account")("seed"))
    yield account, [signed(other, "log entry", good.payloads[0])], "the signature doesn't hold"
    yield account, [signed(good.key_seed, "log hash", good.payloads[0])], "the signature doesn't hold"
    yield ed25519_public(other), [signed(other, "log entry", good.payloads[0])], "an entry of another account"
    yield account, chained([(2, None), (3, b"\x01" * 32)], devices[0]), "an entry that doesn't follow the one before"
    yield account, chained([(3, bytes(31))], devices[0]), "field 3 hasn't 32 bytes"
    yield account, operation((7, Present(b""))), "an operation that isn't known"
    yield account, operation((6, Present(devices[0].id))), "revokes a device that isn't there"
    yield account, added(devices[0], devices[0]), "adds a device that is there"
    yield account, operation((5, Present(certificate(devices[0], purposes=0)))), "purposes out of bounds"
    yield account, operation((5, Present(certificate(devices[0], purposes=8)))), "purposes out of bounds"
    yield account, operation((5, Present(certificate(devices[0], b"\x01" + bytes(31))))), "a key of small order"
    yield account, operation((5, Present(certificate(devices[0], exchange=bytes(31))))), "field 2 hasn't 32 bytes"
    yield account, added(*(device(number, account) for number in range(9))), "a ninth device"


def certificate(one, signing=None, exchange=None, purposes=None):
    purposes = one.purposes if purposes is None else purposes
    return encode([(1, signing or one.id), (2, exchange or one.exchange), (3, purposes)])


def operation(field):
    writer = new_writer()
    writer.append(NOW, field)
    return writer.entries


def added(*devices):
    writer = new_writer()
    for one in devices:
        writer.add(NOW, one)
    return writer.entries


def chained(changed, one):
    writer = new_writer()
    fields = {1: writer.account, 3: bytes(32), 4: NOW, 5: Present(certificate(one)), **dict(changed)}
    writer.append_payload(encode(sorted(fields.items())))
    return writer.entries
