"""A process's worth of stores on loopback: one server that plays Jaeger and Loki, and is told what they know."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Asked", "Stores", "playing"]

Asked = tuple[str, dict[str, str]]


class Stores:
    """`spans` and `lines` are asked for what they know of a trace: (status, what Jaeger or Loki would have)."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.spans: Callable[[str], tuple[int, list[dict[str, Any]]]] = lambda _trace: (404, [])
        self.lines: Callable[[str], tuple[int, list[list[str]]]] = lambda _query: (200, [])
        self.url = ""

    def answer(self, target: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append((target, headers))
        parts = urlsplit(target)
        if parts.path.startswith("/api/traces/"):
            status, spans = self.spans(parts.path.rpartition("/")[2])
            return status, {"data": [{"spans": spans, "processes": {"p1": {"serviceName": "shop"}}}]}
        if parts.path == "/loki/api/v1/query_range":
            status, values = self.lines(parse_qs(parts.query)["query"][0])
            return status, {"data": {"resultType": "streams", "result": [
                {"stream": {"level": "error", "service_name": "shop"}, "values": values}]}}
        return 404, {}


@contextmanager
def playing() -> Iterator[Stores]:
    stores = Stores()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = stores.answer(self.path, {key.lower(): value for key, value in self.headers.items()})
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever asked went away: a test that stops a question means that."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stores.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stores
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
