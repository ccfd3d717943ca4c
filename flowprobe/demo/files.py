"""Files of customers, and how each gets from its upload to a verdict: two weaknesses live here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from flowprobe.demo.scanner import Scanner, ScannerFailed, Verdict
from flowprobe.demo.weaknesses import SCANNER_COUNTS_TWICE, SCANNER_NO_FALLBACK

__all__ = ["File", "FileState", "Scanning"]

FileState: TypeAlias = Literal["expected", "uploaded", "scanning"] | Verdict

_PATIENCE_S: Final = 1.0


@dataclass(slots=True)
class File:
    """One file; `since` is when its state was last worked on, in seconds of the product's clock."""

    id: str
    account: str
    name: str
    content_type: str = "application/octet-stream"
    content: bytes = b""
    state: FileState = "expected"
    scans: int = 0
    callback: str = ""
    since: float = 0.0

    @property
    def is_decided(self) -> bool:
        return self.state in ("clean", "infected")

    def to_json(self) -> dict[str, object]:
        known: dict[str, object] = {"id": self.id, "name": self.name, "state": self.state}
        if self.state == "expected":
            return known
        return {
            **known,
            "content_type": self.content_type,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "scans": self.scans,
        }


class Scanning:
    """Has files scanned, and makes of a verdict what it means."""

    def __init__(
        self, scanner: Scanner | None, weaknesses: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._scanner = scanner
        self._clock = clock
        self._falls_back = SCANNER_NO_FALLBACK not in weaknesses
        self._counts_twice = SCANNER_COUNTS_TWICE in weaknesses

    async def begin(self, file: File, trace: Mapping[str, str]) -> None:
        """Order the scan; without a scanner every file is clean, and one that fails leaves the file `uploaded`."""
        file.since = self._clock()
        if self._scanner is None:
            file.state = "clean"
            return
        try:
            await self._scanner.order(file.id, file.content, file.callback, trace)
        except ScannerFailed:
            return
        # The webhook may have been faster than the reply that announces it.
        if file.state == "uploaded":
            file.state = "scanning"

    async def catch_up(self, file: File, trace: Mapping[str, str]) -> None:
        """Go on with a file that has waited for too long: what was to come may be lost."""
        waits = file.state in ("uploaded", "scanning") and self._clock() - file.since >= _PATIENCE_S
        if self._scanner is None or not self._falls_back or not waits:
            return
        if file.state == "uploaded":
            await self.begin(file, trace)
            return
        file.since = self._clock()
        try:
            verdict = await self._scanner.verdict(file.id, trace)
        except ScannerFailed:
            return
        if verdict is not None:
            self.decide(file, verdict)

    def decide(self, file: File, verdict: Verdict) -> None:
        """Book a verdict; one that comes again changes nothing, or so it should."""
        if file.is_decided and not self._counts_twice:
            return
        file.state = verdict
        file.scans += 1
