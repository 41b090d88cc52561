"""Files: padding, chunks, the hash over them and the id (section 17)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .primitives import Refused, hkdf, label, sha256

CHUNK = 65536
LARGEST = 2**31


def padded_length(size):
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    kept = exponent.bit_length() - 1 + 1
    unit = 1 << max(exponent - kept, 0)
    return -(-size // unit) * unit


def nonce(number, last):
    return bytes(7) + number.to_bytes(4, "big") + bytes([last])


def chunk_cipher(key):
    return ChaCha20Poly1305(hkdf("sha256", b"", key, label("file chunks"), 32))


def seal(key, text):
    """All sealed chunks, in order."""
    text = text + bytes(padded_length(len(text)) - len(text))
    pieces = [text[at:at + CHUNK] for at in range(0, len(text), CHUNK)] or [b""]
    cipher = chunk_cipher(key)
    return [cipher.encrypt(nonce(at, at + 1 == len(pieces)), piece, None) for at, piece in enumerate(pieces)]


def open_chunk(key, number, last, sealed):
    try:
        return chunk_cipher(key).decrypt(nonce(number, last), sealed, None)
    except InvalidTag as error:
        raise Refused("not the chunk of this place") from error


def file_id(digest, key, size):
    return sha256(label("file id") + digest + key + size.to_bytes(8, "big"))
