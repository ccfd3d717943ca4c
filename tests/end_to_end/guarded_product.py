"""A product that asks who calls, and that repeats all it was told: what a runner must keep out of its reports. Run with
PORT; NOTES names a file that is told who called."""

from __future__ import annotations

import base64
import itertools
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

NUMBERS = itertools.count(1)
ISSUED: set[str] = set()
LOCK = threading.Lock()


class Guarded(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts = urlsplit(self.path)
        match parts.path.strip("/").split("/"):
            case ["oauth", "token"]:
                self._token(body.decode())
            case ["oauth", "broken"]:
                self._reply(401, {"error": "invalid_client", "error_description": self._told(body)})
            case ["oauth", "hang"]:
                threading.Event().wait(3600)
            case ["refused"]:
                self._reply(401, {"error": self._told(body)})
            case ["things"] if self.command == "POST":
                self._reply(201, {"id": f"thing-{next(NUMBERS)}", "echo": self._told(body)})
            case ["things", made] if self.command == "DELETE":
                self._note(f"DELETE {made} as {self.headers.get('authorization', '')} {self.headers.get('x-key', '')}")
                self._reply(204, None)
            case ["slow"]:
                threading.Event().wait(float(parts.query))
                self._reply(200, {"slow": True})
            case _:
                self._reply(200, {"echo": self._told(body), "cookie": self.headers.get("cookie", "")})

    do_GET = do_POST = do_DELETE = _any

    def _token(self, form: str) -> None:
        with LOCK:
            number = next(NUMBERS)
            token = f"issued-t0k3n-{number}-{os.environ.get('TOKEN_TAIL', 'x')}"
            ISSUED.add(token)
        refresh = f"issued-r3fr3sh-{number}-{os.environ.get('TOKEN_TAIL', 'x')}"
        self._note(f"token {parse_qs(form)['grant_type'][0]}")
        self._reply(200, {"access_token": token, "expires_in": 3600, "refresh_token": refresh, "said": form})

    def _told(self, body: bytes) -> dict[str, str]:
        """All of it, in every usual form."""
        first = {"key": self.headers.get("x-key", ""), "path": self.path[-80:], "cookie": self.headers.get("cookie", "")}
        head = json.dumps({**first, **dict(self.headers.items()), "body": body.decode("utf-8", "replace")})
        user = (self.headers.get("authorization") or "").rpartition(" ")[2]
        try:
            decoded = base64.b64decode(user, validate=True).decode()
        except ValueError:
            decoded = user
        inner = decoded.rpartition(":")[2]
        return {"head": head, "quoted": quote(head), "base64": base64.b64encode(head.encode()).decode(), "decoded": decoded, "inner": inner,
                "urlsafe": base64.urlsafe_b64encode(inner.encode()).decode().rstrip("="), "hex": inner.encode().hex()}

    def _reply(self, status: int, document: object) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("set-cookie", "seen=yes")
        self.end_headers()
        self.wfile.write(content)

    def _note(self, text: str) -> None:
        if "NOTES" in os.environ:
            with LOCK, open(os.environ["NOTES"], "a") as file:
                file.write(text + "\n")

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what it prints is kept as it is."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Guarded).serve_forever()
