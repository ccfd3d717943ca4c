"""The page of the documentation that says what clients report: `faults-seen-by-clients.md`, made from what they saw."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.proxy.callers import CLIENTS, Seen
from tests.proxy.cases import FORWARD, Case

__all__ = ["Page", "cell"]

_HEAD = """\
# What clients report of each fault

Made by `tests/proxy/test_clients.py`, where each client makes each call on a new connection, with nothing but a timeout
set: `FLOWPROBE_GOLDEN=write pytest tests/proxy/test_clients.py` writes this page anew. What each kind does stands in
[the reference](faults.md).

- A number is a status; what follows it is the error that comes while the body is read. In brackets is what the error
  began with. *reads* is the error of reading that body as JSON, where all of it arrived.
- `on the wire` is a bare socket: the status, the bytes of the body, and how the connection ended (FIN, RST), where it did.
- `fetch` is that of Node. It has no proxy of its own before Node 24: on a forward edge it has a connector through the
  tunnel, as the `ProxyAgent` of undici.
- curl speaks HTTP/2 over HTTPS, the others HTTP/1.1: `h2` leaves those *untouched*. Its exit codes: 7 refused, 18 the
  body ended early, 28 too slow, 35 no handshake, 52 an end without an answer, 56 reset, 60 a certificate that it does not
  believe, 92 the end of a stream of HTTP/2.
- *or*: a reset under TLS is read as an early end by the `ssl` module of Python 3.11, and at times by Node.
  What cannot be decoded leaves the `fetch` of Node 20 waiting at times, and its signal does not help.
"""

# Under TLS, which of the two is seen depends on the Python, and for Node on the moment.
_RESET_OR_END = (
    ("ReadError (ConnectionResetError)", "RemoteProtocolError"),
    ("ProxyError (ConnectionResetError)", "ProxyError (RemoteDisconnected)"),
    ("ConnectionError (ConnectionResetError)", "ConnectionError (RemoteDisconnected)"),
    ("ChunkedEncodingError (ConnectionResetError)", "ChunkedEncodingError (IncompleteRead)"),
    ("ClientOSError (ConnectionResetError)", "ServerDisconnectedError"),
    ("TypeError: fetch failed (ECONNRESET)", "TypeError: fetch failed (UND_ERR_SOCKET)"),
    ("TypeError: terminated (ECONNRESET)", "TypeError: terminated (UND_ERR_SOCKET)"),
)

_UNREADABLE = ("TypeError: terminated (Z_DATA_ERROR)", "never ends")


def cell(seen: Seen, case: Case, edge: str) -> str:
    """What one client saw, without what differs from run to run."""
    status = "" if seen.status is None else str(seen.status)
    parts = [status] if status else []
    parts += [f"{seen.length} bytes"] if case.sees == "cut" and status else []
    parts += [_error(seen.error, reset=case.ends == "RST" and edge == FORWARD)] if seen.error else []
    parts += [f"*reads* `{seen.json}`"] if seen.json and status.startswith("2") else []
    parts += ["later"] if case.seconds and case.sees == "reply" and seen.seconds >= case.seconds else []
    return ", ".join(parts)


def _error(error: str, *, reset: bool) -> str:
    pairs = (*_RESET_OR_END, _UNREADABLE) if reset else (_UNREADABLE,)
    either = next((pair for pair in pairs if error in pair), None)
    return " or ".join(f"`{word}`" for word in either or (error,))


_ROW = re.compile(r"^\| `(?P<case>.*?)` \| (?P<cells>.*) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """heading -> case -> client -> cell"""

    tables: dict[str, dict[str, dict[str, str]]]

    def column(self, client: str) -> dict[tuple[str, str], str]:
        return {(heading, case): cells[client] for heading, rows in self.tables.items()
                for case, cells in rows.items() if client in cells}

    def __str__(self) -> str:
        return _HEAD + "".join(_table(heading, rows) for heading, rows in self.tables.items())

    @classmethod
    def read(cls, text: str) -> Page:
        """The page that was written."""
        tables = {}
        for part in text.split("\n## ")[1:]:
            heading, _, rest = part.partition("\n")
            names = rest.strip().splitlines()[0].strip("| ").split(" | ")[1:]
            tables[heading] = {
                row["case"]: dict(zip(names, row["cells"].split(" | "), strict=True)) for row in _ROW.finditer(rest)
            }
        return cls(tables)


def _table(heading: str, rows: dict[str, dict[str, str]]) -> str:
    names = [client for client in CLIENTS if any(client in cells for cells in rows.values())]
    lines = [f"| fault | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| `{case}` | {' | '.join(cells[name] for name in names)} |" for case, cells in rows.items()]
    return f"\n## {heading}\n\n" + "\n".join(lines) + "\n"


