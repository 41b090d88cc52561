"""base64url without padding (RFC 4648, section 5), in its only form."""

import base64

from .primitives import Refused


def encode64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode64(digits):
    try:
        data = base64.b64decode(digits + "=" * (-len(digits) % 4), b"-_", validate=True)
    except ValueError as error:
        raise Refused("not base64url") from error
    if encode64(data) != digits:
        raise Refused("not base64url")
    return data
