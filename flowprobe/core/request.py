"""From a step to the call that it means, with every name resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flowprobe.core.provenance import sensitive
from flowprobe.core.resolve import Names, WrongType, as_text, resolve, resolve_path, resolve_text
from flowprobe.core.scenario import CallTemplate, Persona, Step
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.trial import Trial
from flowprobe.core.wire import Body, Call

__all__ = ["build_call", "persona_names", "url_of"]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=as_text).encode


def build_call(trial: Trial, number: int, step: Step, names: Names, persona: Persona) -> Call:
    """The first attempt of a step's call. Raises Absent or WrongType."""
    trace = call_id(trial.id, number, 1)
    body = _json_body(step, names)
    return Call(
        id=trace, trial=trial.id, step=step.name, persona=persona.name, method=step.call.method,
        url=url_of(trial, step.call, names) + _query(step.query, names),
        headers=_headers(step, names, trace, body), body=body, budget=step.timeout or trial.budget,
        redirects=step.redirects, sensitive=sensitive(step, trial.scenario) if step.redirects else frozenset(),
    )


def url_of(trial: Trial, call: CallTemplate, names: Names) -> str:
    """The target's base URL with the call's path. Raises Absent or WrongType."""
    base = trial.targets[call.target] if call.target else next(iter(trial.targets.values()))
    return base.rstrip("/") + resolve_path(call.path, names)


def persona_names(persona: Persona) -> dict[str, Any]:
    """What `${role.…}` finds."""
    return {"name": persona.name, "labels": list(persona.labels), "budget": dict(persona.budget), **persona.fields}


def _query(query: Mapping[str, Any], names: Names) -> str:
    pairs: list[tuple[str, str]] = []
    for key, value in query.items():
        found = resolve(value, names)
        items = found if isinstance(found, list) else [found]
        pairs += [(key, as_text(item, key)) for item in items]
    return "?" + urlencode(pairs) if pairs else ""


def _json_body(step: Step, names: Names) -> Body:
    if not step.has_json:
        return Body()
    content = _encode(resolve(step.json, names))
    try:
        return Body(content.encode(), "application/json")
    except UnicodeEncodeError as error:
        raise WrongType("json", "the body has half of a surrogate pair, which is not Unicode") from error


def _headers(step: Step, names: Names, trace: str, body: Body) -> dict[str, str]:
    """Ours first, so that a step can replace them: a journey may want to send a trace context of its own."""
    ours = {"traceparent": traceparent(trace), "baggage": baggage(trace)}
    if body.media_type:
        ours["content-type"] = body.media_type
    stated = {name.lower(): resolve_text(value, names) for name, value in step.headers.items()}
    return ours | stated
