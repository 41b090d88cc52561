"""padding.json and envelope.json: the outer forms."""

from model.envelope import envelope, parse
from model.padding import BUCKETS, pad, unpad

from .common import Random, refusal


def make_padding():
    lengths = sorted({0, 1} | {bucket - less for bucket in BUCKETS for less in (3, 2, 1)} - {16383})
    short = pad(b"hello")
    wrong = [
        (short[:5] + b"\x01" + short[6:], "padding that isn't zeros"),
        (short[:509] + b"\x01" + short[510:], "padding that isn't zeros"),
        (bytes(1024), "not the smallest bucket"),
        (bytes(1022) + (510).to_bytes(2, "big"), "not the smallest bucket"),
        (bytes(510) + (511).to_bytes(2, "big"), "a length beyond the bucket"),
        (bytes(510) + b"\xff\xff", "a length beyond the bucket"),
        (bytes(511), "not a bucket's length"),
        (b"", "not a bucket's length"),
    ]
    return {
        "contents": [padded(length) for length in lengths],
        "too long": [16383, 16384, 65536],
        "refused": [
            {"padded": data, "reason": refusal(lambda: unpad(data), reason)} for data, reason in wrong
        ],
    }


def padded(length):
    content = b"\xa5" * length
    data = pad(content)
    assert unpad(data) == content
    return {"length": length, "bucket": len(data), "tail": data[length:] if len(data) - length < 64 else data[-16:]}


def make_envelopes():
    route, body = Random("envelope")("route", 16), Random("envelope")("body", 24)
    made = envelope(route, body)
    assert parse(made) == (route, body)
    assert len(parse(bytes(24576))[1]) == 24560
    refused = [0, 15, 16, 24577]
    return {
        "envelopes": [{"route": route, "body": body, "envelope": made}],
        "refused lengths": [
            {"length": length, "reason": refusal(lambda: parse(bytes(length)), "no envelope")} for length in refused
        ],
    }
