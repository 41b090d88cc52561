"""The published primitives that everything is composed of (section 1 of docs/protocol.md)."""

import hashlib
import hmac as hmac_module
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kyber_py.ml_kem import ML_KEM_768


class Refused(Exception):
    """What a reader must not accept; the text says why."""


def label(text):
    """L("text") of the document: 00, one byte of length, the text behind its prefix."""
    whole = b"sigillo v1 " + text.encode()
    return bytes([0, len(whole)]) + whole


def sha256(data):
    return hashlib.sha256(data).digest()


def sha512(data):
    return hashlib.sha512(data).digest()


def hmac_sha256(key, message):
    return hmac_module.new(key, message, hashlib.sha256).digest()


def hkdf_expand(name, pseudorandom_key, info, length):
    """RFC 5869, section 2.3."""
    block, out, count = b"", b"", 0
    while len(out) < length:
        count += 1
        block = hmac_module.new(pseudorandom_key, block + info + bytes([count]), name).digest()
        out += block
    return out[:length]


def hkdf(name, salt, key_input, info, length):
    """RFC 5869: an empty salt is a salt of zeros."""
    salt = salt or bytes(hashlib.new(name).digest_size)
    return hkdf_expand(name, hmac_module.new(salt, key_input, name).digest(), info, length)


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(private, public):
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise Refused("an X25519 secret of zeros") from error


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def ed25519_sign(seed, text, payload):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(label(text) + payload)


def ed25519_verify(public, text, payload, signature):
    require_strong_key(public)
    require_strong_key(signature[:32])
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, label(text) + payload)
    except InvalidSignature as error:
        raise Refused("the signature doesn't hold") from error


# Edwards curve arithmetic, only to tell keys that strict verification refuses (RFC 8032, section 5.1).
FIELD = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, FIELD) % FIELD


def require_strong_key(encoded):
    """A canonical encoding of a point of the curve that isn't of small order."""
    if len(encoded) != 32:
        raise Refused("a key of another length than 32 bytes")
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= FIELD:
        raise Refused("a key that isn't canonical")
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (x * x - square) % FIELD:
        raise Refused("a key that is no point of the curve")
    if x == 0 and sign:
        raise Refused("a key that isn't canonical")
    for _ in range(3):
        product = CURVE_D * x * x * y * y % FIELD
        x, y = (
            2 * x * y * pow(1 + product, -1, FIELD) % FIELD,
            (y * y + x * x) * pow(1 - product, -1, FIELD) % FIELD,
        )
    if (x, y) == (0, 1):
        raise Refused("a key of small order")


def kem_public(seed):
    """The ML-KEM-768 encapsulation key of the 64 bytes d || z."""
    return ML_KEM_768.key_derive(seed)[0]


def kem_encapsulate(public, randomness):
    """ML-KEM.Encaps_internal (FIPS 203, algorithm 17) with m given: ciphertext, shared secret."""
    secret, ciphertext = ML_KEM_768._encaps_internal(public, randomness)
    return ciphertext, secret


def kem_decapsulate(seed, ciphertext):
    return ML_KEM_768.decaps(ML_KEM_768.key_derive(seed)[1], ciphertext)


def kem_check(public):
    """The key check of FIPS 203, section 7.2: the length, and every coefficient below q."""
    if len(public) != 1184:
        raise Refused("a KEM key of another length than 1,184 bytes")
    bits = int.from_bytes(public[:1152], "little")
    if any((bits >> (12 * place)) & 0xFFF >= 3329 for place in range(768)):
        raise Refused("a KEM key with a coefficient that isn't reduced")


def seal(key, nonce, associated, plaintext):
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def open_sealed(key, nonce, associated, sealed):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, associated)
    except InvalidTag as error:
        raise Refused("the tag doesn't hold") from error


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03, section 2.2."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for left, right, out, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[left] = (state[left] + state[right]) & 0xFFFFFFFF
            mixed = state[out] ^ state[left]
            state[out] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for diagonal in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*diagonal)
    return struct.pack("<8I", *state[:4], *state[12:])


def xseal(key, nonce, associated, plaintext):
    return seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], associated, plaintext)


def xopen(key, nonce, associated, sealed):
    return open_sealed(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], associated, sealed)
