"""Who may use a listener: our own client the user edge, the product what listens beyond loopback, each by its
credentials. An error in here lets nothing through.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from mitmproxy.http import HTTPFlow, Response

from flowprobe.proxy.edges import PRODUCT, Door

__all__ = ["Guard", "user_of"]

_HEADER = "proxy-authorization"


class Guard:
    """Asks for credentials where a listener's door wants some, once for each tunnel or each plain request.

    `user` and `token` are those of the run. `product` is the token of the product: its proxy password, or the first
    segment of its paths.
    """

    def __init__(self, user: str, token: str, product: str = "") -> None:
        self._wanted = {"run": _basic(user, token), "product": _basic(PRODUCT, product) if product else b""}
        self._segment = product.encode()
        self._admitted: set[str] = set()

    def forget(self, client: str) -> None:
        self._admitted.discard(client)

    def tunnel(self, flow: HTTPFlow, *, door: Door) -> None:
        """Admit a connection that asks for a tunnel, or refuse it."""
        if not door:
            return
        if self._has_credentials(flow, door):
            self._admitted.add(flow.client_conn.id)
        else:
            flow.response = _refusal(door)

    def request(self, flow: HTTPFlow, *, door: Door) -> bool:
        """Whether this request may go on; one that may not has its answer."""
        if not door or flow.client_conn.id in self._admitted or self._has_credentials(flow, door):
            return True
        flow.request.stream = False  # mitmproxy cannot answer a request that it streams
        flow.response = _refusal(door)
        return False

    def _has_credentials(self, flow: HTTPFlow, door: Door) -> bool:
        try:
            return self._has_segment(flow) if door == "path" else self._has_header(flow, self._wanted[door])
        except Exception:
            return False

    def _has_header(self, flow: HTTPFlow, wanted: bytes) -> bool:
        shown = flow.request.headers.pop(_HEADER, "").encode("utf-8", "surrogateescape")
        return bool(wanted) and hmac.compare_digest(shown, wanted)

    def _has_segment(self, flow: HTTPFlow) -> bool:
        """The token goes from the path: nobody behind us is to see it."""
        shown, _, rest = flow.request.data.path.removeprefix(b"/").partition(b"/")
        flow.request.data.path = b"/" + rest
        return bool(self._segment) and hmac.compare_digest(shown, self._segment)


def _basic(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def user_of(header: str) -> str:
    """The user name of a `Proxy-Authorization: Basic …`; '' where there is none, or none that can be read."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _refusal(door: Door) -> Response:
    if door == "path":
        return Response.make(403, b"", {"Content-Length": "0"})
    return Response.make(407, b"", {"Proxy-Authenticate": 'Basic realm="flowprobe"', "Content-Length": "0"})
