"""A product that repeats the token it was shown, wherever a reply has room for it. Run with PORT."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Telling(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        match self.path.partition("?")[0].strip("/").split("/"):
            case ["hint"]:
                self._reply(401, json.dumps({"error": f"invalid bearer token: {token}"}))
            case ["described"]:
                self._reply(400, json.dumps({"error": "invalid", "error_description": f"of {token}"}))
            case ["json"]:
                self._reply(200, json.dumps({"value": f"you are {token}", "ids": [token], token: 1}))
            case ["text"]:
                self._reply(200, f"you are {token}", kind="text/plain")
            case ["header"]:
                self._reply(200, "{}", said=f"you are {token}")
            case ["long"]:
                self._reply(200, "é" + "x" * (20_000 - 2 - len(token) // 2) + token + "y" * 30_000, kind="text/plain")
            case ["broken"]:
                self.wfile.write(f"HTTP/1.1 {token} {token}\r\n{token}\r\n\r\n".encode())
                self.close_connection = True
            case ["things"]:
                self._reply(201, json.dumps({"id": "thing-1"}))
            case ["things", _]:
                self._reply(500, json.dumps({"error": f"no such token: {token}"}))
            case _:
                self._reply(200, "{}")

    do_GET = do_POST = do_DELETE = _any

    def _reply(self, status: int, body: str, *, kind: str = "application/json", said: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        if said:
            self.send_header("x-said", said)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what it prints is kept as it is."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Telling).serve_forever()
