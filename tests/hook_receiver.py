"""A receiver of web hooks: a real HTTP server on this machine that keeps what it is told, and answers as it is bid."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver finds it out, by the specification's words alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{wanted}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """`answers` are the states of the next answers, then 200; 0 = none comes, until it is closed."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    words: bytes = b"thanks"
    chokes_on: bytes = b""  # answers 500 to what holds it
    closing: threading.Event = field(default_factory=threading.Event)

    def events(self) -> list[str]:
        return [one.said["type"] for one in self.told]


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """One that listens."""
    here = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            here.told.append(Told(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            state = here.answers.pop(0) if here.answers else 200
            if here.chokes_on and here.chokes_on in body:
                state = 500
            if state == 0:
                here.closing.wait(60)
                self.close_connection = True
                return
            self.send_response(state)
            if 300 <= state < 400:
                self.send_header("location", f"{here.url}/elsewhere")
            self.send_header("content-length", str(len(here.words)))
            self.end_headers()
            self.wfile.write(here.words)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        here.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
