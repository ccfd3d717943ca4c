"""What stands in a compressed body, as far as it is looked at."""

from __future__ import annotations

import zlib

from flowprobe.core.marks import SCANNED_BYTES

__all__ = ["inflated"]


def inflated(content: bytes, coding: str) -> bytes:
    """A body without its gzip or deflate, as far as `SCANNED_BYTES`; as it is where it has neither, or is broken."""
    if coding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return content
    for window in (47, -15):  # gzip or zlib by its head; what some call deflate has none
        try:
            return zlib.decompressobj(window).decompress(content, SCANNED_BYTES)
        except zlib.error:
            continue
    return content
