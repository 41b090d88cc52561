"""The model's own primitives, held against published vectors before anything is generated."""

import json
import pathlib

from model.identity import address_text, checksum, phrase_of, seed_of
from model.primitives import Refused, hchacha20, hkdf, kem_encapsulate, kem_public, require_strong_key, xseal

PUBLISHED = pathlib.Path(__file__).parent.parent / "published"


def check():
    # draft-irtf-cfrg-xchacha-03, section 2.2.1 and appendix A.3.1.
    assert hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")) == bytes.fromhex(
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    )
    sunscreen = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    )
    sealed = xseal(
        bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), sunscreen
    )
    assert sealed[:16].hex() == "bd6d179d3e83d43b9576579493c0e939" and sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"
    # RFC 5869, test cases 1 and 3.
    okm = hkdf("sha256", bytes(range(13)), b"\x0b" * 22, bytes(range(0xF0, 0xFA)), 42)
    assert okm.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    okm = hkdf("sha256", b"", b"\x0b" * 22, b"", 42)
    assert okm.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    # NIST's ACVP vectors for FIPS 203.
    acvp = json.loads((PUBLISHED / "ml-kem-768-acvp.json").read_text(encoding="utf-8"))
    for case in acvp["key generation"]:
        assert kem_public(bytes.fromhex(case["d"] + case["z"])).hex() == case["ek"]
    for case in acvp["encapsulation"]:
        ciphertext, secret = kem_encapsulate(bytes.fromhex(case["ek"]), bytes.fromhex(case["m"]))
        assert ciphertext.hex() == case["c"] and secret.hex() == case["k"]
    # BIP 350: the empty text with the prefix "a"; BIP 39: all zeros.
    assert address_text(b"", "a") == "a1lqfn3a" and len(checksum("a", [], 1)) == 6
    assert phrase_of(bytes(32)) == "abandon " * 23 + "art" and seed_of(phrase_of(bytes(range(32)))) == bytes(range(32))
    # RFC 8032, section 7.1, test 1: a key that is strong.
    require_strong_key(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    # The points of small order.
    eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    other = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    for weak in (bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", bytes.fromhex(eighth), bytes.fromhex(other)):
        try:
            require_strong_key(weak)
        except Refused:
            continue
        raise AssertionError(f"a key of small order passed: {weak.hex()}")
