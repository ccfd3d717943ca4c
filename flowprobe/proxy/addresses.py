"""Where a proxy takes orders: `HOST:PORT`, or `unix:PATH`. Pure."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
from dataclasses import dataclass

__all__ = ["Address", "instead_of", "is_loopback", "why_not"]

_UNIX = "unix:"
_TCP = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_PATH_BYTES = 107
"""What a socket's address has room for (sun_path, unix(7))."""


@dataclass(frozen=True, slots=True)
class Address:
    """`path` of a socket in the file system, else `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises ValueError with what was found, and what to write instead."""
        if text.startswith(_UNIX):
            return cls._of_path(text.removeprefix(_UNIX))
        found = _TCP.fullmatch(text)
        if found is None or int(found["port"]) > 65535:
            raise ValueError(f"{text!r} is nowhere that a proxy could take orders",
                             "write 127.0.0.1:9099, or unix: and a path")
        return cls(host=found["host"].strip("[]"), port=int(found["port"]))

    @classmethod
    def _of_path(cls, path: str) -> Address:
        if not path or "\0" in path or len(path.encode()) > _PATH_BYTES:
            raise ValueError(f"{path!r} cannot be the path of a socket",
                             f"write unix: and a path of at most {_PATH_BYTES} bytes")
        return cls(path=path)

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}" if self.path else f"{_bracketed(self.host)}:{self.port}"

    @property
    def near(self) -> bool:
        """Only this machine can get there."""
        return bool(self.path) or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def why_not(error: OSError) -> str:
    """Why an address cannot be had, in the words of the system: asyncio's name its tuples."""
    number = error.errno or 0  # below 0 it is one of name resolution
    return os.strerror(number) if number > 0 else error.strerror or str(error)


def instead_of(error: OSError, option: str) -> str:
    """What to do about an address that cannot be had; `option` is where another one is named."""
    another = f"choose another address with {option}"
    if error.errno == errno.EADDRINUSE:
        return f"a proxy may stand here already: `flowprobe proxy status`; else {another}"
    return another


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
