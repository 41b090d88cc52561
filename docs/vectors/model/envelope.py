"""Envelopes (section 7)."""

from .primitives import Refused


def envelope(route, body):
    if len(route) != 16 or not body or len(route) + len(body) > 24576:
        raise Refused("no envelope")
    return route + body


def parse(data):
    if not 17 <= len(data) <= 24576:
        raise Refused("no envelope")
    return data[:16], data[16:]
