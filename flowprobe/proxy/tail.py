"""A journal, line by line, from a number on: what is written later comes as well. The file is the only buffer."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

__all__ = ["Tail"]

_CHUNK = 64 << 10


class Tail:
    """`moved` has to be called after each line that is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._more = asyncio.Event()

    def moved(self) -> None:
        self._more.set()

    async def lines(self, after: int) -> AsyncGenerator[list[bytes], None]:
        """The whole lines with numbers above `after`, as many at a time as there are."""
        with self._path.open("rb") as file:
            file.seek(_place(file, after))
            rest = b""
            while True:
                self._more.clear()
                chunk = file.read(_CHUNK)
                if not chunk:
                    await self._more.wait()
                    continue
                *whole, rest = (rest + chunk).split(b"\n")
                if whole:
                    yield whole


def _place(file: BinaryIO, after: int) -> int:
    """Where the first line with a number above `after` begins: halving, since numbers only grow."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        begin = _next_line(file, middle)
        line = file.readline()
        if line and json.loads(line)["n"] <= after:
            low = begin + len(line)
        else:
            high = middle
    return low


def _next_line(file: BinaryIO, place: int) -> int:
    """Go to where the first line begins that does not begin before `place`."""
    file.seek(max(0, place - 1))
    if place:
        file.readline()
    return file.tell()
