"""The format of an access log, as the server that writes it is told: nginx's `log_format`, Envoy's format string."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flowprobe.core.plain import Plain, plain

__all__ = ["ENVOY", "INGRESS_NGINX", "KNOWN", "LogFormat", "compiled"]

ENVOY = ('[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
         '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% '
         '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"')
_ISTIO = ('[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
          '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% '
          '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
          '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" '
          '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% '
          '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%')
_COMBINED = ('$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
             '"$http_referer" "$http_user_agent"')
INGRESS_NGINX = (f"{_COMBINED} $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] "
                 "$upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id")
_QUOTED = (f'{_COMBINED} rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" '
           'urt="$upstream_response_time"')
KNOWN: Mapping[str, str] = {
    "Envoy's default": ENVOY, "Istio's": _ISTIO, "ingress-nginx's": INGRESS_NGINX,
    "nginx's combined with times": _QUOTED,
    "the same without quotes": _QUOTED.replace('="$', "=$")[:-1].replace('" u', " u"),
}
"""Those that say of every value what it is, and are tried where none is named."""

_PART = re.compile(r"%(?P<operator>[A-Z_]+)(?:\((?P<of>[^)]*)\))?(?::\d+)?%|"
                   r"\$(?:\{(?P<braced>\w+)\}|(?P<variable>\w+))")
_SNIPPET = re.compile(r"\s*log_format\s+\S+\s+(?:escape=\w+\s+)?(?P<parts>.*?);?\s*", re.DOTALL)
_QUOTED_PART = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_LIST = r"(?:[^\s,]+(?:(?:, | : )[^\s,]+)*)?"
_CLF = r"\d+/\w+/\d+:\d+:\d+:\d+ [+-]\d+"
_HEADERS = {":METHOD": "method", ":PATH": "path", "X-ENVOY-ORIGINAL-PATH?:PATH": "path", ":AUTHORITY": "authority",
            "X-ENVOY-UPSTREAM-SERVICE-TIME": "upstream_service_time"}


@plain
class LogFormat(Plain):
    """`names` are those of the groups, in order: nginx's variables, or Envoy's operators in lower case."""

    name: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def values(self, line: str) -> Mapping[str, str] | None:
        found = self.pattern.fullmatch(line)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))


def compiled(text: str, *, name: str = "the one that was given") -> LogFormat:
    """Of the bare format, or of a line of nginx.conf with its quotes. Raises ValueError.

    What a variable may hold ends where what follows it begins, so that a line is read in one go, whoever wrote it.
    """
    plain = _bare(text).removesuffix("\\n")
    parts = list(_PART.finditer(plain))
    if not parts:
        raise ValueError("it has no $variable and no %OPERATOR%; write the log_format of nginx, or Envoy's format")
    names, pattern, place = [], "", 0
    for part, following in zip(parts, (*parts[1:], None), strict=True):
        end = len(plain) if following is None else following.start()
        if part.end() == end and following is not None:
            raise ValueError(f"nothing parts {part[0]} and {following[0]}; write the format as the server has it")
        names.append(_name(part))
        pattern += re.escape(plain[place:part.start()]) + f"({_value(names[-1], plain[part.end():part.end() + 1])})"
        place = part.end()
    return LogFormat(name, re.compile(pattern + re.escape(plain[place:])), tuple(names))


def _bare(text: str) -> str:
    snippet = _SNIPPET.fullmatch(text)
    return "".join(_unquoted(snippet["parts"])) if snippet else text


def _unquoted(parts: str) -> Iterator[str]:
    for found in _QUOTED_PART.finditer(parts):
        yield re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2])


def _name(part: re.Match[str]) -> str:
    if part["operator"] is None:
        return part["braced"] or part["variable"]
    if part["operator"] == "REQ" or part["operator"] == "RESP":
        return _HEADERS.get((part["of"] or "").upper(), "")
    if part["operator"] == "START_TIME" and part["of"]:
        return f"start_time({part['of']})"
    return part["operator"].lower()


def _value(name: str, after: str) -> str:
    if name.startswith("upstream_") and after in (" ", ""):
        return _LIST
    if name == "time_local" and after != "]":
        return _CLF
    return f"[^{re.escape(after)}]*" if after else ".*"
