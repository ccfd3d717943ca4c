"""Who may use the user edge: our own client, by its credentials. An error in here lets nothing through."""

from __future__ import annotations

import base64
import binascii
import hmac

from mitmproxy.http import HTTPFlow, Response

__all__ = ["Guard", "user_of"]

_HEADER = "proxy-authorization"


class Guard:
    """Asks for the run's credentials on a guarded listener, once for each tunnel or each plain request."""

    def __init__(self, user: str, token: str) -> None:
        self._wanted = b"Basic " + base64.b64encode(f"{user}:{token}".encode())
        self._admitted: set[str] = set()

    def forget(self, client: str) -> None:
        self._admitted.discard(client)

    def tunnel(self, flow: HTTPFlow, *, guarded: bool) -> None:
        """Admit a connection that asks for a tunnel, or refuse it."""
        if not guarded:
            return
        if self._has_credentials(flow):
            self._admitted.add(flow.client_conn.id)
        else:
            flow.response = _refusal()

    def request(self, flow: HTTPFlow, *, guarded: bool) -> bool:
        """Whether this request may go on; one that may not has its answer."""
        if not guarded or flow.client_conn.id in self._admitted or self._has_credentials(flow):
            return True
        flow.request.stream = False  # mitmproxy cannot answer a request that it streams
        flow.response = _refusal()
        return False

    def _has_credentials(self, flow: HTTPFlow) -> bool:
        try:
            shown = flow.request.headers.pop(_HEADER, "").encode("utf-8", "surrogateescape")
            return hmac.compare_digest(shown, self._wanted)
        except Exception:
            return False


def user_of(header: str) -> str:
    """The user name of a `Proxy-Authorization: Basic …`; '' where there is none, or none that can be read."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _refusal() -> Response:
    return Response.make(407, b"", {"Proxy-Authenticate": 'Basic realm="flowprobe"', "Content-Length": "0"})
