"""files.json: files as they are padded, cut, sealed and named."""

from model.files import CHUNK, LARGEST, file_id, open_chunk, padded_length, seal
from model.primitives import sha256

from .common import Random, refusal

SIZES = [0, 1, 2, 9, 100, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 70000, 3 * CHUNK, 1_000_000]


def make():
    random = Random("files")
    key = random("key", 32)
    sealed = seal(key, text(CHUNK + 1))
    wrong = [
        (0, False, sealed[1], "not the chunk of this place"),
        (1, False, sealed[1], "not the chunk of this place"),
        (0, True, sealed[0], "not the chunk of this place"),
        (0, False, sealed[0][:-1], "not the chunk of this place"),
        (1, True, sealed[1][:-1] + bytes([sealed[1][-1] ^ 1]), "not the chunk of this place"),
    ]
    return {
        "lengths": [{"size": size, "padded": padded_length(size)} for size in lengths()],
        "files": [made(random("key " + str(size), 32), size) for size in SIZES],
        "refused": {
            "key": key,
            "chunks": [
                {"number": number, "last": last, "end": data[-48:], "length": len(data),
                 "reason": refusal(lambda: open_chunk(key, number, last, data), reason)}
                for number, last, data, reason in wrong
            ],
        },
    }


def lengths():
    return sorted({0, 1, 2, 3, 4, 7, 9, 17, 1023, 1025, 999_999_999, LARGEST - 1, LARGEST})


def text(size):
    """The file: its bytes count."""
    return bytes(at * 31 % 251 for at in range(size))


def made(key, size):
    sealed = seal(key, text(size))
    digest = sha256(b"".join(sealed))
    return {
        "key": key, "size": size, "chunks": len(sealed), "sealed": sum(map(len, sealed)), "last chunk": sealed[-1][-48:],
        "hash": digest, "id": file_id(digest, key, size),
    }
