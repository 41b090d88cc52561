"""passphrase.json: keys of passphrases (Argon2id, section 14)."""

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from .common import Random

COSTS = [("", 8, 1, 1), ("correct horse battery staple", 64, 3, 1), ("Café 密码", 128, 2, 4)]


def make():
    return {"passphrases": [passphrase(text, *cost) for text, *cost in COSTS]}


def passphrase(text, memory, passes, lanes):
    random = Random(f"passphrase {text}")
    key = Argon2id(salt=random("salt", 16), length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return {
        "passphrase": text, **random.used, "memory": memory, "passes": passes, "lanes": lanes,
        "key": key.derive(text.encode()),
    }
