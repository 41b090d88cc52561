"""The client `heyoo`, as its package is, against a running node: sends, receives, marks as read, uploads and fetches."""

import hashlib
import hmac
import json
import os
import queue
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from heyoo import WhatsApp

PATIENCE = 120
VERIFY_TOKEN = "a word"
BASE = os.environ["CLOUD_URL"] + "/v23.0"
SECRET = os.environ["CLOUD_SECRET"].encode()
letters = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    """Agrees to be told what happens, and keeps it where its signature holds."""

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        agrees = query.get("hub.mode") == "subscribe" and query.get("hub.verify_token") == VERIFY_TOKEN
        self.answer(200 if agrees else 403, query.get("hub.challenge", "") if agrees else "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, self.headers["X-Hub-Signature-256"]):
            letters.put(AssertionError("a signature doesn't hold"))
        letters.put(json.loads(body))
        self.answer(200, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def ana(*words):
    command = [os.environ["SIGILLO"], "--home", os.environ["ANA_HOME"], *words, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, (words, ran.stdout, ran.stderr)
    return json.loads(ran.stdout)


def history():
    return ana("history", os.environ["SHOP_ADDRESS"])["entries"]


def until(what, look):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise SystemExit(f"{what}: waited in vain")


def letter(what, good):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        came = letters.get(timeout=PATIENCE)
        if isinstance(came, AssertionError):
            raise came
        if good(came):
            return came
    raise SystemExit(f"{what}: waited in vain")


def sent(answer):
    assert answer["messages"][0]["id"].startswith("wamid."), answer
    return answer["messages"][0]["id"]


def subscribe():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    callback = {"override_callback_uri": f"http://127.0.0.1:{server.server_port}/hook", "verify_token": VERIFY_TOKEN}
    request = urllib.request.Request(
        f"{BASE}/{os.environ['CLOUD_BUSINESS']}/subscribed_apps",
        data=json.dumps(callback).encode(),
        headers={"Authorization": f"Bearer {os.environ['CLOUD_TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer) == {"success": True}


def main():
    subscribe()
    client = WhatsApp(os.environ["CLOUD_TOKEN"], os.environ["CLOUD_PHONE"])
    # Its only way to another address.
    client.base_url = client.v15_base_url = BASE
    client.url = f"{BASE}/{os.environ['CLOUD_PHONE']}/messages"

    ana("send", os.environ["SHOP_ADDRESS"], "Are you open?")
    came = letter("Ana's text", lambda data: client.is_message(data) and client.get_message_type(data) == "text")
    assert client.changed_field(came) == "messages"
    assert client.get_message(came) == "Are you open?", came
    assert client.get_message_timestamp(came).isdigit()
    person, asked = client.get_mobile(came), client.get_message_id(came)
    assert person.isdigit() and len(person) == 15 and client.get_name(came)
    assert client.mark_as_read(asked) == {"success": True}

    answered = sent(client.reply_to_message(asked, person, "Until six."))
    until("the answer", lambda: history()[-1].get("text") == "Until six.")
    assert history()[-1]["reply"]["id"] == history()[-2]["id"], history()[-2:]
    statuses = lambda status: lambda data: client.get_delivery(data) == status and (
        client.preprocess(data)["statuses"][0]["id"] == answered
    )
    letter("that it was delivered", statuses("delivered"))
    ana("history", os.environ["SHOP_ADDRESS"], "--read")
    letter("that it was read", statuses("read"))

    sent(client.send_message("A text", person))
    sent(client.send_location("-23.564", "-46.654", "The shop", "Rua dois, 123", person))
    until("the place", lambda: history()[-1].get("kind") == "location" and history()[-1]["name"] == "The shop")
    buttons = {
        "type": "button",
        "body": {"text": "Shall we keep a loaf?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]},
    }
    sent(client.send_reply_button(buttons, person))
    sections = [{"title": "Loaves", "rows": [{"id": "rye", "title": "Rye", "description": "Dark"}]}]
    choices = {"header": "Bread", "body": "Which?", "footer": "Baked today", "action": {"button": "Choose", "sections": sections}}
    sent(client.send_button(choices, person))
    menu = until("the list", lambda: history()[-1] if history()[-1].get("kind") == "menu" else None)
    ana("choose", os.environ["SHOP_ADDRESS"], menu["id"], "rye")
    chosen = letter("her choice", client.get_interactive_response)
    chosen = client.get_interactive_response(chosen)
    assert chosen == {"type": "list_reply", "list_reply": {"id": "rye", "title": "Rye", "description": "Dark"}}, chosen
    sent(client.send_reaction("\U0001f600", asked, person))
    reacted = lambda: [entry for entry in history() if entry.get("reactions")]
    assert until("the reaction", reacted)[0]["reactions"][0]["emoji"] == "\U0001f600"

    picture = os.path.join(os.environ["PLACE"], "loaf.png")
    with open(picture, "wb") as file:
        file.write(PIXEL)
    uploaded = client.upload_media(picture)["id"]
    url = client.query_media_url(uploaded)
    fetched = client.download_media(url, "image/png", os.path.join(os.environ["PLACE"], "fetched"))
    with open(fetched, "rb") as file:
        assert file.read() == PIXEL
    sent(client.send_image(uploaded, person, caption="A loaf", link=False))
    until("the picture", lambda: history()[-1].get("kind") == "file" and history()[-1]["caption"] == "A loaf")

    ana("send", os.environ["SHOP_ADDRESS"], "--file", picture, "--caption", "Like this")
    came = letter("her picture", client.get_image)
    image = client.get_image(came)
    assert image["sha256"] == hashlib.sha256(PIXEL).hexdigest() and image["caption"] == "Like this", image
    url = client.query_media_url(image["id"])
    fetched = client.download_media(url, image["mime_type"], os.path.join(os.environ["PLACE"], "hers"))
    with open(fetched, "rb") as file:
        assert file.read() == PIXEL
    assert client.delete_media(uploaded) == {"success": True}

    refused = client.send_message("To nobody", "not a number")
    assert refused["error"]["code"] == 131009, refused
    print("heyoo: sent, received, read, uploaded, fetched; every signature held")


# A picture of one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

if __name__ == "__main__":
    main()
