"""A receiver of Tillvault's webhooks. It needs Python 3.11 and nothing else.

WEBHOOK_SECRET=whsec_… PORT=8800 python receive-webhooks.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
BODY_BYTES_MAX = 1_000_000
TOLERANCE_SECONDS = 300

seen: set[str] = set()
"""Ids of events that were handled. A real receiver keeps them in its database, in the transaction of what it does."""


def is_genuine(headers, body: bytes) -> bool:
    """Whether whoever knows the secret sent exactly this body, and not long ago (Standard Webhooks 1.0)."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    # After a rotation there are two signatures for a day: one that fits is enough.
    given = [part.removeprefix("v1,") for part in headers.get("webhook-signature", "").split(" ")]
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        if size > BODY_BYTES_MAX:
            self.answer(413)
            return
        # The bytes as they came: JSON that was read and written again would have another signature.
        body = self.rfile.read(size)
        if not is_genuine(self.headers, body):
            self.answer(400)
            return
        event = json.loads(body)
        if event["id"] not in seen:
            seen.add(event["id"])
            print(event["type"], event["key"], event["id"], flush=True)
        # An event that came before is answered as it was then: whoever sent it again did not hear it.
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
            self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8800"))), Receiver).serve_forever()
