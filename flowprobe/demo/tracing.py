"""The trace context of a request, as it goes on to providers."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["trace_of"]

_HEADERS = ("traceparent", "tracestate", "baggage")


def trace_of(request: Request) -> dict[str, str]:
    """The headers to pass on; baggage may come in several headers, which one list may hold."""
    found = {name: request.headers.getlist(name) for name in _HEADERS}
    return {name: ",".join(values) for name, values in found.items() if values}
