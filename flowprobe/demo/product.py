"""Start Acme Teams: `python -m flowprobe.demo.product`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from flowprobe.demo.app import build_product
from flowprobe.demo.serving import INVALID_SETTINGS, Served, fail, serve
from flowprobe.demo.settings import Settings, SettingsError

__all__ = ["main"]

_NAME = "acme-teams"


def main(environ: Mapping[str, str]) -> int:
    """Serve the product that the environment describes; the exit code."""
    try:
        settings = Settings.read(environ)
    except SettingsError as error:
        return fail(_NAME, str(error), INVALID_SETTINGS)
    return serve(Served(_NAME, build_product(settings), settings.port))


if __name__ == "__main__":
    sys.exit(main(os.environ))
