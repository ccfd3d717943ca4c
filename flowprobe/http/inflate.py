"""Undo a content coding that we did not ask for, a bounded step at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from flowprobe.http.flight import Ended
from flowprobe.http.limits import Limits

__all__ = ["Inflater", "inflater_for"]

_STEP = 64 * 1024
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15


def inflater_for(coding: str, limits: Limits) -> Inflater | None:
    """What undoes `coding` (a Content-Encoding); None where the body stays as it came: identity, unknown ones
    and lists."""
    window = _WINDOW.get(coding.strip().lower())
    return None if window is None else Inflater(window=window, limits=limits)


class Inflater:
    """Feed it what comes off the wire; it raises `Ended` over a cap and on data that is not in the coding."""

    def __init__(self, *, window: int, limits: Limits) -> None:
        self._window = window
        self._limits = limits
        self._unzip = zlib.decompressobj(window)
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The plain pieces of `data`, none longer than 64 KiB."""
        self._taken += len(data)
        while data:
            piece = self._step(data)
            self._count(len(piece))
            if piece:
                yield piece
            data = self._rest()

    def finish(self) -> None:
        """The body is over: it must have been whole."""
        if self._taken and not self._unzip.eof:
            raise _broken()

    def _step(self, data: bytes) -> bytes:
        if self._unzip.eof:  # a gzip file may have several members
            self._unzip = zlib.decompressobj(self._window)
        try:
            return self._unzip.decompress(data, _STEP)
        except zlib.error:
            return self._as_raw(data)

    def _as_raw(self, data: bytes) -> bytes:
        """Many servers send `deflate` without its zlib header."""
        if self._window != _WINDOW["deflate"] or self._given:
            raise _broken()
        self._window = _RAW_DEFLATE
        self._unzip = zlib.decompressobj(_RAW_DEFLATE)
        return self._step(data)

    def _rest(self) -> bytes:
        return self._unzip.unused_data if self._unzip.eof else self._unzip.unconsumed_tail

    def _count(self, size: int) -> None:
        self._given += size
        limits = self._limits
        if self._given > limits.inflated:
            raise Ended("too-large", f"The body inflates to more than {limits.inflated} bytes.")
        if self._given > limits.ratio_after and self._given > limits.ratio * self._taken:
            raise Ended("too-large", f"The body inflates to more than {limits.ratio} times its size.")


def _broken() -> Ended:
    return Ended("protocol", "The body is not in the content coding that its head names.")
