"""Takes one request to the product by ourselves: a webhook whose provider has its answer already."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

from mitmproxy.http import HTTPFlow

__all__ = ["Courier", "Parcel"]

_PATIENCE_S = 30.0
_READ_AT_MOST = 1 << 20
_OURS = (b"host", b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"expect", b"upgrade")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A whole request, and where it goes."""

    scheme: str
    host: str
    port: int
    authority: str
    method: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, flow: HTTPFlow) -> Parcel:
        """A request that was routed: it goes where it would have gone."""
        request = flow.request
        headers = tuple((name, value) for name, value in request.headers.fields if name.lower() not in _OURS)
        authority = request.host_header or request.host
        return cls(request.scheme, request.host, request.port, authority, request.method, request.path, headers,
                   request.raw_content or b"")

    def written(self) -> bytes:
        """The request as HTTP/1.1 sends it."""
        own = ((b"Host", self.authority.encode()), (b"Content-Length", str(len(self.body)).encode()),
               (b"Connection", b"close"))
        lines = b"".join(b"%s: %s\r\n" % header for header in (*own, *self.headers))
        return f"{self.method} {self.path} HTTP/1.1\r\n".encode() + lines + b"\r\n" + self.body


class Courier:
    """`authority` is the file of roots for products behind TLS; None for those of the system."""

    def __init__(self, authority: Path | None = None) -> None:
        self._authority = authority

    async def deliver(self, parcel: Parcel) -> int | None:
        """The status that the product answered; None where it did not."""
        try:
            return await asyncio.wait_for(self._exchange(parcel), _PATIENCE_S)
        except (OSError, ValueError, EOFError):  # TimeoutError is an OSError
            return None

    async def _exchange(self, parcel: Parcel) -> int:
        context = ssl.create_default_context(cafile=self._authority) if parcel.scheme == "https" else None
        reader, writer = await asyncio.open_connection(parcel.host, parcel.port, ssl=context)
        try:
            writer.write(parcel.written())
            while _status(head := await reader.readuntil(b"\r\n\r\n")) < 200:
                pass
            # What the reply says is no matter, but a product should not find its reader gone.
            await reader.readexactly(min(_length(head), _READ_AT_MOST))
            return _status(head)
        finally:
            writer.close()


def _length(head: bytes) -> int:
    """What Content-Length says, 0 where it says nothing."""
    fields = (line.partition(b":") for line in head.split(b"\r\n"))
    said = next((value.strip() for name, _, value in fields if name.lower() == b"content-length"), b"0")
    return int(said)


def _status(head: bytes) -> int:
    """Raises ValueError for what is no status line."""
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError("not HTTP")
    return int(rest[:3])
