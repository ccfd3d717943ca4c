"""The text of a file, line by line or in pieces: never more of it in memory than one line, or one piece."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from flowprobe.errors import InvalidInput, Problem
from flowprobe.incident.options import Progress

__all__ = ["LONGEST", "PIECE", "Text", "mistake", "opened", "refused", "size_of"]

LONGEST = 1 << 20
"""So many bytes a line may have."""
PIECE = 1 << 20
_EVERY = _BUFFER = 1 << 20
_NOT_TEXT = "this is no text; name a log, a CSV, a HAR or an OTLP file"


def refused(file: Path | str, found: str, instead: str = "", *, line: int = 0, column: int = 1) -> InvalidInput:
    return InvalidInput((mistake(file, found, instead, line=line, column=column),))


def mistake(file: Path | str, found: str, instead: str = "", *, line: int = 0, column: int = 1) -> Problem:
    """What a file says is told without what a terminal would obey."""
    return Problem("bad-recording", str(file), line, column if line else 0, _printable(found), _printable(instead))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class Text:
    """A file that is open, packed with gzip or not. `progress` is told of the bytes of the file, of all files."""

    def __init__(self, path: Path, raw: BinaryIO, plain: BinaryIO, done: int, total: int, progress: Progress) -> None:
        self.path = path
        self._raw, self._plain = raw, plain
        self._before, self._total, self._progress = done, total, progress
        self._told = 0

    def lines(self, *, longest: int = LONGEST) -> Iterator[tuple[int, str, bool]]:
        """(number, line, whether it is whole): only the last may lack its end. Raises InvalidInput for what is no
        text."""
        number = 0
        with self._readable():
            while raw := self._plain.readline(longest + 1):
                number += 1
                if len(raw) > longest:
                    raise refused(self.path, f"this line is longer than {longest} bytes", "cut the file at its lines",
                                  line=number)
                self._tell(len(raw))
                yield number, self._decoded(raw, number), raw.endswith(b"\n")

    def pieces(self) -> Iterator[str]:
        """All of it, in pieces. Raises InvalidInput."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        with self._readable():
            while raw := self._plain.read(PIECE):
                self._tell(len(raw))
                try:
                    piece = decoder.decode(raw)
                except UnicodeDecodeError:
                    raise refused(self.path, "this is not UTF-8 text", "save it as UTF-8") from None
                if piece:  # else it ended within a character
                    yield piece

    def take(self, size: int) -> bytes:
        """So many bytes, or what is left of them. Raises InvalidInput."""
        with self._readable():
            found = self._plain.read(size)
        self._tell(len(found))
        return found

    def messages(self, most: int) -> Iterator[tuple[bytes, bool]]:
        """Messages of protobuf, and whether each is whole: one that fills the file, or many with their size (four
        bytes, the highest first) before each. Raises InvalidInput."""
        with self._readable():
            head = self._plain.read(4)
            if head[:1] == b"\n":  # the first field of a request; a size that begins so is of 160 MB
                yield self._bounded(head, most), True
                return
            while head:
                size = int.from_bytes(head, "big")
                if size > most:
                    raise refused(self.path, f"a message of it is larger than {most} bytes", "write smaller batches")
                body = self._plain.read(size)
                self._tell(size)
                yield body, len(head) == 4 and len(body) == size
                head = self._plain.read(4)

    def _bounded(self, head: bytes, most: int) -> bytes:
        body = head + self._plain.read(most + 1)
        if len(body) > most:
            raise refused(self.path, f"this is larger than {most} bytes", "write smaller batches")
        return body

    def _decoded(self, raw: bytes, number: int) -> str:
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise refused(self.path, "this is not UTF-8 text", "save it as UTF-8", line=number,
                          column=error.start + 1) from None
        if "\0" in text:
            raise refused(self.path, *_NOT_TEXT.split("; "), line=number, column=text.index("\0") + 1)
        return text.rstrip("\r\n")

    def _tell(self, read: int) -> None:
        self._told += read
        if self._told >= _EVERY:
            self._told = 0
            self._progress(self._before + min(self._raw.tell(), self._total - self._before), self._total)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise refused(self.path, "what is packed in it does not end where it should",
                          "unpack it with gunzip") from None
        except OSError as error:
            raise refused(self.path, f"this file cannot be read: {error.strerror}", "check its permissions") from None


@contextmanager
def opened(path: Path, *, done: int, total: int, progress: Progress) -> Iterator[Text]:
    """A file, unpacked on the way where it is packed. Raises InvalidInput."""
    try:
        raw = path.open("rb", buffering=_BUFFER)
    except OSError as error:
        raise refused(path, f"this file cannot be read: {error.strerror}", "see its name and its permissions") from None
    with raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        plain = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        yield Text(path, raw, plain, done, total, progress)


def size_of(path: Path) -> int:
    """Raises InvalidInput for what is no file: a pipe would never end."""
    if not path.is_file():
        found = "this is no file, but a folder or a pipe" if path.exists() else "there is no such file"
        raise refused(path, found, "name a file that is there")
    size = os.stat(path).st_size
    if not size:
        raise refused(path, "this file is empty", "name a file with the calls of the incident")
    return size
