"""Start stand-ins in one process: `python -m flowprobe.demo.providers payments search`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.applications import Starlette

from flowprobe.demo.providers.mail import build_mail
from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.scanner import build_scanner
from flowprobe.demo.providers.search import build_search
from flowprobe.demo.serving import INVALID_SETTINGS, Served, fail, serve
from flowprobe.demo.settings import (
    MAIL_PORT,
    PAYMENTS_PORT,
    SCANNER_PORT,
    SEARCH_PORT,
    SettingsError,
    read_port,
    read_scanner_secret,
)

__all__ = ["main"]

_PORTS: Final = {
    "payments": PAYMENTS_PORT,
    "search": SEARCH_PORT,
    "scanner": SCANNER_PORT,
    "mail": MAIL_PORT,
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serve the providers that the arguments name, each on a port of its own; the exit code."""
    if not arguments or len(set(arguments)) < len(arguments) or not set(arguments) <= set(_PORTS):
        return fail("providers", f"name providers, each once: {', '.join(_PORTS)}", INVALID_SETTINGS)
    alone = len(arguments) == 1
    served: list[Served] = []
    for name in arguments:
        variable = "PORT" if alone else f"{name.upper()}_PORT"
        try:
            served.append(Served(name, _build(name, environ), read_port(environ, variable, _PORTS[name]), variable))
        except SettingsError as error:
            return fail(name, str(error), INVALID_SETTINGS)
    return serve(*served)


def _build(name: str, environ: Mapping[str, str]) -> Starlette:
    match name:
        case "payments":
            return build_payments()
        case "search":
            return build_search()
        case "mail":
            return build_mail()
    return build_scanner(read_scanner_secret(environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
