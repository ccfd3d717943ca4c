"""The HTTP edge: the only folder that knows httpx."""

from flowprobe.http import lean as lean  # first: see its docstring
from flowprobe.http.driver import Driver
from flowprobe.http.limits import Limits
from flowprobe.http.trust import ClientCertificate, Trust

__all__ = ["ClientCertificate", "Driver", "Limits", "Trust"]
