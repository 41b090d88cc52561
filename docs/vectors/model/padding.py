"""Padding (section 6)."""

from .primitives import Refused

BUCKETS = (512, 1024, 2048, 4096, 8192, 16384)


def pad(content):
    for bucket in BUCKETS:
        if len(content) + 2 <= bucket:
            return content + bytes(bucket - 2 - len(content)) + len(content).to_bytes(2, "big")
    raise Refused("longer than a frame holds")


def unpad(padded):
    if len(padded) not in BUCKETS:
        raise Refused("not a bucket's length")
    length = int.from_bytes(padded[-2:], "big")
    if length > len(padded) - 2:
        raise Refused("a length beyond the bucket")
    if any(padded[length:-2]):
        raise Refused("padding that isn't zeros")
    if min(bucket for bucket in BUCKETS if length + 2 <= bucket) != len(padded):
        raise Refused("not the smallest bucket")
    return padded[:length]
