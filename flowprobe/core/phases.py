"""A connection to a host, part by part: a name that is looked up, a line that is opened and secured, a first byte that
comes. Which of them failed says who has to look."""

from __future__ import annotations

from typing import Literal, TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["Phase", "Phases"]

Phase: TypeAlias = Literal["dns", "tcp", "tls", "first byte"]


@plain
class Phases(Plain):
    """What became of one connection to `host` (`acme.example:443`). Each time is that of its phase alone, in seconds,
    None where it was not come to or not needed. `failed` is the phase that ended it, '' where none did, and `detail` a
    sentence about that; `refused`: the host is there, and nothing listens. `ahead_s` is by how much our clock is ahead
    of the `Date` of the reply, as exact as that is: to the second."""

    host: str
    dns_s: float | None = None
    tcp_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None
    failed: Phase | Literal[""] = ""
    refused: bool = False
    detail: str = ""
    status: int | None = None
    ahead_s: float | None = None

    @property
    def name(self) -> str:
        """The host without its port."""
        return self.host.rpartition(":")[0] or self.host
