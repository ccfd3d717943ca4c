"""Start a stand-in: `python -m flowprobe.demo.providers payments`, or `search`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.applications import Starlette

from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.search import build_search
from flowprobe.demo.serving import INVALID_SETTINGS, fail, serve
from flowprobe.demo.settings import PAYMENTS_PORT, SEARCH_PORT, SettingsError, read_port

__all__ = ["main"]

_PROVIDERS: Final[dict[str, tuple[Callable[[], Starlette], int]]] = {
    "payments": (build_payments, PAYMENTS_PORT),
    "search": (build_search, SEARCH_PORT),
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serve the provider that the only argument names; the exit code."""
    if len(arguments) != 1 or arguments[0] not in _PROVIDERS:
        return fail("providers", f"name one provider: {' or '.join(_PROVIDERS)}", INVALID_SETTINGS)
    build, default_port = _PROVIDERS[arguments[0]]
    try:
        port = read_port(environ, default_port)
    except SettingsError as error:
        return fail(arguments[0], str(error), INVALID_SETTINGS)
    return serve(arguments[0], build(), port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
