"""Protocol Buffers, as far as sigillo's messages need them: fields in ascending order, defaults left out."""

from .primitives import Refused


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(fields):
    """`fields`: pairs of number and value. None and, unless wrapped in `Present`, defaults are left out."""
    out = b""
    for number, value in fields:
        for item in value if isinstance(value, list) else [value]:
            kept = isinstance(item, Present) or isinstance(value, list)
            item = item.value if isinstance(item, Present) else item
            if item is None or (not kept and not item):
                continue
            if isinstance(item, int):
                out += varint(number << 3) + varint(item)
            else:
                out += varint(number << 3 | 2) + varint(len(item)) + item
    return out


class Present:
    """A value that is written even if it is the default: `optional`, or a member of a `oneof`."""

    def __init__(self, value):
        self.value = value


def decode(data):
    """All fields as a dict from number to the list of its values, in the order of the wire."""
    fields, place = {}, 0

    def number():
        nonlocal place
        value, shift = 0, 0
        while True:
            if place >= len(data) or shift > 63:
                raise Refused("a broken protobuf message")
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        tag = number()
        if tag & 7 == 0:
            value = number()
        elif tag & 7 == 2:
            length = number()
            value = data[place : place + length]
            place += length
            if place > len(data):
                raise Refused("a broken protobuf message")
        else:
            raise Refused("a field of a type that no message has")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def one(fields, number, default):
    """The last value of a field (proto3 takes the last), or the default."""
    return fields.get(number, [default])[-1]


def sized(fields, number, length):
    value = one(fields, number, b"")
    if len(value) != length:
        raise Refused(f"field {number} hasn't {length} bytes")
    return value
