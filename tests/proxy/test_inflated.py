from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from flowprobe.core.marks import SCANNED_BYTES
from flowprobe.proxy.inflated import inflated

TRIAL = "0a1b2c3d4e5f6789"


@pytest.mark.parametrize(("coding", "pack"), [
    ("gzip", gzip.compress), ("X-GZIP ", gzip.compress), ("deflate", zlib.compress),
    ("deflate", lambda text: zlib.compress(text)[2:-4]), ("", bytes), ("br", bytes), ("gzip", lambda text: b"no" + text),
])
def test_a_compressed_body_is_read_as_far_as_it_may_be(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert TRIAL.encode() in inflated(pack(TRIAL.encode() + b"x" * 1000), coding)


def test_a_bomb_goes_off_at_the_bound() -> None:
    assert len(inflated(gzip.compress(b"0" * (64 << 20)), "gzip")) == SCANNED_BYTES
