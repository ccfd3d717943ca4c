"""Forty HTTP/2 streams of one connection to an HTTP/1.1 origin that takes 400 ms for each: until the last has its answer.

Beside it, the same number on a connection that is asked one after another would take sixteen seconds, and five at a time,
as mitmproxy does by itself, more than three. Exit 1 where the median of the rounds is beyond 0.7 s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from flowprobe.proxy.process import EdgeSpec
from tests.proxy.rig import BODY, run_proxy, serve_origin
from tests.proxy.speakers import MAIL, http2

STREAMS = 40
TARGET_S = 0.7


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--quick", action="store_true", help="3 rounds")
    chosen = options.parse_args()
    took = []
    with serve_origin() as origin, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("mail", "forward", hosts={f"https://{MAIL}": origin.url})]
        with run_proxy(Path(folder), origin, edges=edges, owned=True) as rig:
            for _ in range(3 if chosen.quick else chosen.rounds):
                with http2(rig.ready.edges["mail"], str(rig.ready.ca_cert)) as caller:
                    began = time.monotonic()
                    answers = caller.wait(*(caller.ask("/late") for _ in range(STREAMS)))
                    took.append(time.monotonic() - began)
                assert all(answer.body == BODY for answer in answers)
    print(f"{STREAMS} streams to an origin of 400 ms: {median(took):.3f} s (target {TARGET_S:g} s; worst {max(took):.3f} s)")
    return int(median(took) > TARGET_S)


if __name__ == "__main__":
    sys.exit(main())
