"""From a step to the call that it means, with every name resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from flowprobe.core.bodies import FormBody, JsonBody, RequestBody, encoded, pairs
from flowprobe.core.carriers import carriers
from flowprobe.core.provenance import sensitive
from flowprobe.core.redact import cut_short
from flowprobe.core.resolve import Absent, Names, WrongType, resolve_path, resolve_text
from flowprobe.core.scenario import Persona
from flowprobe.core.steps import CallTemplate, Step
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.trial import Trial
from flowprobe.core.urls import AMISS, amiss, inside, normal
from flowprobe.core.values import Lookup, Template
from flowprobe.core.wire import Body, Call

__all__ = ["build_call", "persona_names", "url_of"]


def build_call(trial: Trial, number: int, step: Step, names: Names, persona: Persona, *, name: str = "",
               made: int = 0) -> Call:
    """The first attempt of a round of a step; `name` is the step's whole name, `made` how many calls it made before.
    Raises Absent or WrongType."""
    trace = call_id(trial.id, number, made + 1)
    step = _first_round(step, names) if step.repeat is not None else step
    body = encoded(step.body, names, boundary=f"flowprobe-{trace}")
    url = url_of(trial, step.call, names)
    return Call(
        id=trace, trial=trial.id, step=name or step.name, persona=persona.identity, method=step.call.method,
        url=url + _query(step.query, names, url),
        headers=_headers(step, names, trace, body, probing=trial.probing), body=body,
        budget=step.timeout or trial.budget, signed=_is_own(url, _base(trial, step.call)),
        redirects=step.redirects, sensitive=sensitive(step, trial.scenario) if step.redirects else frozenset(),
    )


def url_of(trial: Trial, call: CallTemplate, names: Names) -> str:
    """The target's base URL with the call's path; or the URL that a look-up brought, where it is one of a target.
    Raises Absent or WrongType."""
    path = resolve_path(call.path, names)
    if isinstance(call.path, str) or isinstance(call.path.parts[0], str):
        return _base(trial, call).rstrip("/") + path  # it stands in the file: also `//` is a path
    return _brought(path, call, trial)


def _base(trial: Trial, call: CallTemplate) -> str:
    return trial.targets[call.target] if call.target else next(iter(trial.targets.values()))


def _brought(text: str, call: CallTemplate, trial: Trial) -> str:
    """A reply says where to go, within what the environment has. What passes here is inside of a target for everybody
    who reads it; whether it is allowed is another question."""
    is_path = text.startswith("/") and not text.startswith("//")
    url = normal(_base(trial, call).rstrip("/") + text if is_path else text)
    if any(inside(url, trial.targets)):
        return url
    wrong = AMISS if amiss(url) == AMISS else "is neither a path nor a URL of a target of this environment"
    raise WrongType(str(call.path).removeprefix("${").removesuffix("}"), f"{cut_short(text, 120)!r} {wrong}")


def _is_own(url: str, base: str) -> bool:
    """Whether a URL is of the target that the step names, whose credentials the persona has."""
    return url.startswith(base.rstrip("/") + "/") or _origin(urlsplit(url)) == _origin(urlsplit(base))


def _origin(url: SplitResult) -> tuple[str, str, int]:
    """RFC 6454: scheme, host and port. Raises ValueError."""
    scheme = url.scheme.lower()
    return scheme, (url.hostname or "").rstrip("."), url.port or {"http": 80, "https": 443}.get(scheme, 0)


def persona_names(persona: Persona) -> dict[str, Any]:
    """What `${role.…}` finds."""
    return {"name": persona.name, "labels": list(persona.labels), "budget": dict(persona.budget), **persona.fields}


def _query(query: Mapping[str, Any], names: Names, url: str) -> str:
    found = list(pairs(query, names))
    return ("&" if "?" in url else "?") + urlencode(found) if found else ""


def _headers(step: Step, names: Names, trace: str, body: Body, *, probing: bool) -> dict[str, str]:
    """Ours first, so that a step can replace them: a journey may want to send a trace context of its own."""
    ours = carriers(trace) if probing else {"traceparent": traceparent(trace), "baggage": baggage(trace)}
    if body.media_type:
        ours["content-type"] = body.media_type
    stated = {name.lower(): resolve_text(value, names) for name, value in step.headers.items()}
    return ours | stated


# --- the first round of a step that repeats -------------------------------------------------------


def _first_round(step: Step, names: Names) -> Step:
    """What looks up a capture of the step itself is left out as long as there is none: the first page has no cursor."""
    def kept(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in fields.items() if not _is_ahead(value, step.name, names)}

    return replace(step, query=kept(step.query), headers=kept(step.headers), body=_kept_body(step.body, kept))


def _kept_body(body: RequestBody | None, kept: Any) -> RequestBody | None:
    match body:
        case JsonBody(value=Mapping() as members):
            return JsonBody(kept(members))
        case FormBody(fields=fields):
            return FormBody(kept(fields))
        case _:
            return body


def _is_ahead(value: Any, own: str, names: Names) -> bool:
    """Whether a value is one look-up of the step's own captures that finds nothing yet."""
    if not isinstance(value, Template) or len(value.parts) != 1 or not isinstance(value.parts[0], Lookup):
        return False
    if value.parts[0].path[0] != own:
        return False
    try:
        resolve_text(value, names)
    except Absent:
        return True
    except WrongType:
        return False
    return False
