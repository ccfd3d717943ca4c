"""Imported before httpx: what httpx and httpcore would import and nobody here uses.

httpx imports its own command line wherever click and rich are installed, and httpcore its HTTP/2 wherever h2 is: an
eighth of a cold start (`http2` lets the latter in, where an environment asks for it). A None in `sys.modules` stops an
import as if the module were not there, which both expect.
"""

from __future__ import annotations

import sys

__all__: list[str] = []

for _name in ("httpx._main", "httpcore._sync.http2", "httpcore._async.http2"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # what the import system documents
