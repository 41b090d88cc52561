"""Writes sigillo's golden vectors; with --check, compares them, and opens what the Rust code sealed."""

import argparse
import json
import pathlib
import sys

from cases import bundles, consents, conversations, files, flights, forms, identities, links, logs, passphrases, published, relations, rust, safety
from model.primitives import Refused

HERE = pathlib.Path(__file__).parent
FILES = {
    "identity.json": identities.make, "log.json": logs.make, "relations.json": relations.make,
    "safety.json": safety.make, "link.json": links.make, "prekeys.json": bundles.make,
    "handshake.json": flights.make, "ratchet.json": conversations.make, "padding.json": forms.make_padding,
    "envelope.json": forms.make_envelopes, "consent.json": consents.make, "files.json": files.make, "passphrase.json": passphrases.make,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    published.check()
    failed = False
    for name, make in FILES.items():
        text = json.dumps(readable(make()), indent=1, ensure_ascii=False) + "\n"
        path = HERE / name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{name} is not what the model makes", file=sys.stderr)
            failed = True
    try:
        opened = rust.check(json.loads((HERE / "from-rust.json").read_text(encoding="utf-8")))
        print(f"opened {opened} frames that the Rust code sealed")
    except (Refused, AssertionError) as error:
        print(f"from-rust.json: {error!r}", file=sys.stderr)
        failed = True
    sys.exit(failed)


def readable(value):
    """Bytes as lower-case hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value


if __name__ == "__main__":
    main()
