"""Two nodes on loopback, a shop and its customer Ana, and whatever a client has to be given to talk to the shop.

Runs a program with all that in its environment, and ends with what it ends with.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ["SIGILLO"]
PATIENCE = 120


class Place:
    """A home and its node."""

    def __init__(self, directory, name, *init):
        self.home = os.path.join(directory, name)
        self.node = None
        self.done("init", "--name", name, "--kdf-memory", "12", *init)

    def ask(self, *words):
        return subprocess.run([PROGRAM, "--home", self.home, *words, "--json"], capture_output=True, text=True, check=False)

    def done(self, *words):
        ran = self.ask(*words)
        if ran.returncode != 0:
            raise SystemExit(f"sigillo {' '.join(words)}: {ran.stdout}{ran.stderr}")
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def until(self, good, *words):
        begun = time.monotonic()
        while True:
            ran = self.ask(*words)
            said = json.loads(ran.stdout or "null")
            if ran.returncode == 0 and good(said):
                return said
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit(f"sigillo {' '.join(words)} still says {said}")
            time.sleep(0.2)

    def start(self, *words):
        command = [PROGRAM, "--home", self.home, "run", "--json", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0"]
        self.node = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True)
        return json.loads(self.node.stdout.readline())

    def stop(self):
        if self.node:
            self.node.terminate()
            self.node.wait()


def main():
    with tempfile.TemporaryDirectory(prefix="sigillo-outside-") as directory:
        secret = os.path.join(directory, "passphrase")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("a passphrase\n")
        os.environ["SIGILLO_PASSPHRASE_FILE"] = secret
        os.environ.pop("SIGILLO_HOME", None)
        places = []
        try:
            return play(directory, places)
        finally:
            for place in places:
                place.stop()


def play(directory, places):
    server = Place(directory, "Directory")
    shop = Place(directory, "Shop", "--business")
    ana = Place(directory, "Ana")
    places += [ana, shop, server]
    bootstrap = server.start("--directory", "server")["listen"][0]
    running = shop.start("--bootstrap", bootstrap, "--api", "127.0.0.1:0")
    ana.start("--bootstrap", bootstrap)
    address = shop.done("id")["address"]
    ana.until(lambda found: found.get("businesses"), "find", address)
    assert ana.done("send", address, "Hello, shop", "--wait")["state"] == "delivered"
    token = shop.done("token", "create", "--scope", "read,send,manage,subscribe")["token"]
    surface = shop.done("cloud")
    shop.done("catalog", "add", "rye", "--name", "Rye loaf", "--price", "19.90", "--currency", "BRL")
    shop.done("catalog", "add", "oat", "--name", "Oat bun", "--price", "4.50", "--currency", "BRL")
    environment = dict(
        os.environ,
        CLOUD_URL=running["api"],
        CLOUD_TOKEN=token,
        CLOUD_PHONE=surface["phone_number_id"],
        CLOUD_BUSINESS=surface["business_account_id"],
        CLOUD_CATALOG=surface["catalog_id"],
        CLOUD_SECRET=surface["app_secret"],
        CLOUD_NUMBER=surface["display_phone_number"],
        ANA_HOME=ana.home,
        SHOP_ADDRESS=address,
        PLACE=directory,
    )
    return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
