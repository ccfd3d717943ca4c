"""The HTTP edge: the only folder that knows httpx."""

from flowprobe.http import lean as lean  # first: see its docstring
from flowprobe.http.driver import Driver
from flowprobe.http.limits import Limits

__all__ = ["Driver", "Limits"]
