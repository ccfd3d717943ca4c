"""What an exception of the HTTP libraries means to the core: a reason and a sentence.

The sentences are ours: the text of a library's exception may hold the URL, and the URL a secret.
A test asks httpx and httpcore for all their exceptions and fails when one is missing here.
"""

from __future__ import annotations

import h11
import httpcore
import httpx

from flowprobe.core.wire import NoReplyReason
from flowprobe.http.flight import Ended, Flight

__all__ = ["FAILURES", "explain"]

_NOT_HTTP = "What came back is not HTTP."
_CANNOT = "The call could not be made as it is."
_CLOSED = "The connection ended before the reply was whole."
_RESET = "The connection broke before the reply was whole."
_SPENT = "The budget of the call was spent."
_NO_CONNECTION = "There was no connection."
_TOO_LONG = "The trailers of the reply, or the line before a chunk, are longer than 100 KiB."
_UNREADABLE = "The body is not in the content coding that its head names."

_Failure = tuple[NoReplyReason, str]

# From the special to the general: the nearest class of an exception decides.
FAILURES: dict[type[Exception], _Failure] = {
    httpx.ConnectTimeout: ("connect", _NO_CONNECTION),
    httpx.ConnectError: ("connect", _NO_CONNECTION),
    httpx.PoolTimeout: ("timeout", _SPENT),
    httpx.ReadTimeout: ("timeout", _SPENT),
    httpx.WriteTimeout: ("timeout", _SPENT),
    httpx.TimeoutException: ("timeout", _SPENT),
    httpx.ReadError: ("closed", _RESET),
    httpx.WriteError: ("closed", _RESET),
    httpx.CloseError: ("closed", _RESET),
    httpx.NetworkError: ("closed", _RESET),
    httpx.ProxyError: ("proxy", "Our own proxy refused the call."),
    httpx.UnsupportedProtocol: ("invalid-url", _CANNOT),
    httpx.LocalProtocolError: ("invalid-url", _CANNOT),
    httpx.RemoteProtocolError: ("protocol", _NOT_HTTP),
    httpx.ProtocolError: ("protocol", _NOT_HTTP),
    httpx.DecodingError: ("protocol", _UNREADABLE),
    httpx.TooManyRedirects: ("protocol", _NOT_HTTP),
    httpx.HTTPStatusError: ("protocol", _NOT_HTTP),
    httpx.TransportError: ("closed", _RESET),
    httpx.RequestError: ("closed", _RESET),
    httpx.HTTPError: ("closed", _RESET),
    httpx.InvalidURL: ("invalid-url", _CANNOT),
    httpx.CookieConflict: ("invalid-url", _CANNOT),
    httpx.StreamClosed: ("closed", _CLOSED),
    httpx.StreamConsumed: ("closed", _CLOSED),
    httpx.RequestNotRead: ("closed", _CLOSED),
    httpx.ResponseNotRead: ("closed", _CLOSED),
    httpx.StreamError: ("closed", _CLOSED),
    httpcore.ConnectTimeout: ("connect", _NO_CONNECTION),
    httpcore.ConnectError: ("connect", _NO_CONNECTION),
    httpcore.PoolTimeout: ("timeout", _SPENT),
    httpcore.ReadTimeout: ("timeout", _SPENT),
    httpcore.WriteTimeout: ("timeout", _SPENT),
    httpcore.TimeoutException: ("timeout", _SPENT),
    httpcore.ReadError: ("closed", _RESET),
    httpcore.WriteError: ("closed", _RESET),
    httpcore.NetworkError: ("closed", _RESET),
    httpcore.ProxyError: ("proxy", "Our own proxy refused the call."),
    httpcore.UnsupportedProtocol: ("invalid-url", _CANNOT),
    httpcore.LocalProtocolError: ("invalid-url", _CANNOT),
    httpcore.RemoteProtocolError: ("protocol", _NOT_HTTP),
    httpcore.ProtocolError: ("protocol", _NOT_HTTP),
    httpcore.ConnectionNotAvailable: ("closed", _CLOSED),
    h11.LocalProtocolError: ("invalid-url", _CANNOT),
    h11.RemoteProtocolError: ("protocol", _NOT_HTTP),
    h11.ProtocolError: ("protocol", _NOT_HTTP),
    UnicodeError: ("protocol", _NOT_HTTP),
    OSError: ("closed", _RESET),
}


def explain(exc: Exception, flight: Flight) -> _Failure:
    """The reason and the sentence for what ended `flight`; raises `exc` again where it is none of these."""
    if flight.stopped:
        return "stopped", "We were asked to stop."
    if isinstance(exc, Ended):
        return exc.reason, exc.detail
    failure = next((FAILURES[kind] for kind in type(exc).__mro__ if kind in FAILURES), None)
    if failure is None:
        raise exc
    if failure[0] == "protocol" and flight.peer_closed:
        return "closed", _CLOSED + _where(flight)
    if _too_long(exc):
        return "too-large", _TOO_LONG
    if isinstance(exc, httpcore.ProxyError | httpx.ProxyError):
        return _tunnel_refused(str(exc))
    return failure[0], failure[1] + (_where(flight) if failure[0] == "closed" else "")


def _too_long(exc: Exception) -> bool:
    """h11 gives up on what it has to hold whole, and httpcore wraps that: 431 is how h11 says so."""
    said = exc.args[0] if isinstance(exc, httpcore.RemoteProtocolError) and exc.args else exc
    return isinstance(said, h11.RemoteProtocolError) and said.error_status_hint == 431


def _where(flight: Flight) -> str:
    reused = "" if flight.connections else " It was a connection that an earlier call had used."
    return f" It had read {flight.wire} bytes." + reused


def _tunnel_refused(text: str) -> _Failure:
    """The text of a proxy error starts with the status with which it answered CONNECT."""
    status = text[:3]
    if status in ("502", "503", "504"):
        return "connect", f"Our own proxy could not reach the target ({status})."
    return "proxy", f"Our own proxy refused the call ({status if status.isdigit() else 'no status'})."
