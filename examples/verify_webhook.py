"""A receiver of webhooks that takes only what its sender has signed: for `kind = "webhook"` with a secret.

    python examples/verify_webhook.py whsec_… [port]

then declare a receiver with that secret and http://127.0.0.1:8400/ as its url (loopback is to be allowed by
the server's settings). It prints the title of each notice, once: a notice that is sent again has the same id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

TOLERANCE_S = 300
BODY_MAX = 1 << 20


def genuine(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Was the body, byte by byte, signed with the secret, and lately?"""
    id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (sent.isascii() and sent.isdigit()) or abs(now_s - int(sent)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{sent}.".encode() + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(mac)
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, wanted) for one in given)


class Handler(BaseHTTPRequestHandler):
    secret = ""
    seen: set[str] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), BODY_MAX))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not genuine(self.secret, headers, body, time.time()):
            self.send_error(401)
            return
        if headers["webhook-id"] not in self.seen:
            self.seen.add(headers["webhook-id"])
            print(json.loads(body)["title"], flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


def serve(secret: str, port: int) -> HTTPServer:
    Handler.secret = secret
    return HTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8_400).serve_forever()
