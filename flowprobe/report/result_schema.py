"""`result.json` as a JSON Schema 2020-12: its keys, each with its meaning.

What the result takes from the journal's events as it stands there is made from these: a field of an event is a key.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from flowprobe.core.cause import Part
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, ExchangeEnded, Injected, PlannedFault
from flowprobe.core.explanation import Origin, Sure, Suspect
from flowprobe.core.findings import Finding
from flowprobe.core.leaks import Leak
from flowprobe.core.oracles import Observation
from flowprobe.core.telemetry import LogLine, Span
from flowprobe.core.verdict import Blame, Kind
from flowprobe.report.schema_parts import Schema, count, list_of, maybe, object_of, ref, seconds, text

__all__ = ["result_schema"]

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def result_schema() -> Schema:
    """The schema; keys may be added without a new version, so others are allowed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A FlowProbe result",
            **object_of(**_run(), trials=list_of(ref("trial"), "In the order in which they ran.")),
            "$defs": {"trial": _trial(), "step": _step(), "call": _call(), "exchange": _exchange(),
                      "receipt": _of("The receipt of an injection.", Injected, without=("trial",)),
                      "finding": _of("A promise that does not hold.", Finding, without=("late_s",))}}


def _run() -> Schema:
    return {
        "version": {"const": 1, "description": "Of this format."},
        "run": text("The run's id."),
        "flowprobe": text("The version of FlowProbe."),
        "environment": text("Where it ran."),
        "seed": count("Of its draws."),
        "verdict": _verdict("Of the run."),
        "exit_code": count("Of the command."),
        "folder": text("Of the run."),
        "interrupted": text("The signal that stopped it; empty for none."),
        "collateral": count("Injections into calls that belong to no trial: it has to be 0."),
        "unattributed": count("Provider calls that belong to no trial, and were left alone."),
        "spared": list_of(object_of(
            edge=text("The provider."), evidence=text("What was known of them."), because=text("A sentence."),
            calls=count("How many.")), "Calls that no fault fell on because they were not ours for sure."),
        "undeclared": _counts("Host that nobody declared -> how many calls."),
        "trouble": _sentences("What failed on our side outside any trial."),
        "notes": _sentences("What was left out of the run, and why; that TLS was not verified."),
    }


def _trial() -> Schema:
    return object_of("A journey, walked once.", **_what(), **_outcome(), **_seen())


def _what() -> Schema:
    return {
        "trial": text("Its id, 16 hex digits."), "scenario": text("Its name."), "file": text("Of the scenario."),
        "personas": {"type": "object", "description": "Role -> persona.", "additionalProperties": {"type": "string"}},
        "account": {"type": "object", "description": "Field -> value: the state that it starts from."},
        "plan": text("`none` without faults."), "tags": _sentences("Of the scenario."),
        "imitates": text("What a fault profile says of itself; empty for a plan of the scenario."),
        "survives": text("The same: what a sound product does."),
    }


def _outcome() -> Schema:
    return {
        "verdict": _verdict("Of the trial."),
        "blame": {"enum": [str(blame) for blame in Blame], "description": "Who has to look; empty for nobody."},
        "reasons": _sentences("Why."), "why": text("The reason in one sentence; empty for none."),
        "explanation": {"anyOf": [_explanation(), {"type": "null"}],
                        "description": "What `why` is made from; null where nothing broke."},
        "rerun": text("The command that runs just this again."), "seconds": seconds("How long it took."),
        "proxy_lag_s": seconds("How late the proxy's clock was at the worst."),
    }


def _explanation() -> Schema:
    return object_of(
        "What it is put down to.",
        scenario=text("Its name."), personas=_sentences("Who plays in it."),
        step=text("Which broke first; empty for the whole journey."), broke=text("What broke, in a clause."),
        origin={"enum": [str(origin) for origin in Origin], "description": "Whose doing it is."},
        sure={"enum": [str(sure) for sure in Sure], "description": "How sure that is."},
        because=list_of(_of("A fault that fell.", Suspect), "The faults that it is put down to."),
        beside=list_of(_of("A fault that fell.", Suspect), "Those that fell as well, and it is not put down to them."),
        provider=text("Which failed by itself; empty for none."), failed=text("How it failed."),
        without=text("How the step went in the unfaulted trial; empty where nobody knows."),
        eased={"type": "boolean", "description": "Nothing broke: it came out as is promised under the faults."})


def _seen() -> Schema:
    passed = object_of(fault=text("Its id."), reason=text("Why."), calls=count("How many."))
    cleanup = {"type": "object", "description": "Step -> the last word about its cleanup: an event of the journal.",
               "additionalProperties": {"anyOf": [
                   _of("", event, without=("trial",)) for event in (CleanupPlanned, CleanupSettled, CleanupEnded)]}}
    invariant = object_of(
        promise={"enum": ["always", "never"]}, name=text("Its name."),
        outcome={"enum": ["held", "broken", "unsure", "unseen"]}, because=text("What made it apply, or why."),
        findings=list_of(ref("finding"), "What was seen."))
    return {
        "faults": list_of(_of("", PlannedFault), "What was planned."),
        "receipts": list_of(ref("receipt"), "What was injected."),
        "passed": list_of(passed, "Why faults passed calls by."),
        "steps": list_of(ref("step"), "Of the workflow."), "cleanup": cleanup,
        "exchanges": list_of(ref("exchange"), "Provider calls that stand under no step."),
        "not_judged": _sentences("What was promised of provider calls that do not pass our proxy there."),
        "invariants": list_of(invariant, "What came of what is promised of the whole journey."),
        "observed": list_of(_of("", Observation), "What the oracles saw, promised or not."),
        "leaks": list_of(_of("", Leak), "Calls that seem to have gone past the proxy."),
        "cause": {"anyOf": [_cause(), {"type": "null"}],
                  "description": "What a failure takes; null where nobody looked."},
        "telemetry": {"anyOf": [list_of(_telemetry(), ""), {"type": "null"}],
                      "description": "What the product says of itself, by the call; null where nobody listened."},
    }


def _telemetry() -> Schema:
    span = _of("A span.", Span, without=("trace", "attributes"))
    attributes = {"type": "object", "description": "Name -> text.", "additionalProperties": {"type": "string"}}
    more = object_of("What was left out of it.", spans=count("Spans."), lines=count("Log lines."))
    return object_of(
        "What was said under one call, times in seconds since 1970 on the clock of the product.",
        call=text("Its trace id."),
        spans=list_of({**span, "required": [*span["required"], "attributes"],
                       "properties": {**span["properties"], "attributes": attributes}}, "Each behind its parent."),
        lines=list_of(_of("A log line.", LogLine, without=("trace",)), "In the order of time."), more=more)


def _cause() -> Schema:
    part = _of("A fault of the plan, as it was in the end.", Part)
    return object_of(
        "The smallest set of faults that is known to break the same.",
        needed=list_of(part, "The faults that it takes."), spare=list_of(part, "Those of the plan that it does not."),
        step=text("Of the promise; empty for the whole journey."), broke=text("What was seen of the promise."),
        confirmed=count("How often it broke again."), of=count("Of how many trials that could tell."),
        trials=count("How many it took in all."), minimal=_typed(bool), ended=text("Why nobody knows whether it is."),
        holds_without=maybe("boolean", "It held without any fault in the end; null where nobody knows."),
        sure={"enum": [str(sure) for sure in Sure], "description": "How sure that is."})


def _step() -> Schema:
    outcomes = ["held", "degraded", "broken", "skipped", "not-reached", "refused", "probed"]
    return object_of("A step, or a probe.", step=text("Its name."), outcome={"enum": outcomes},
                     because=text("What allowed it, or why it was not walked."),
                     findings=list_of(ref("finding"), "What does not hold."),
                     calls=list_of(ref("call"), "What we sent."))


def _call() -> Schema:
    no_reply = {"anyOf": [object_of(reason=text("Why, in a word."), detail=text("Why.")), {"type": "null"}],
                "description": "Why there was none; null where there was one, or nobody knows."}
    return object_of("A call of ours.", call=text("Its trace id."), method=text("Its method."), url=text("Where to."),
                     persona=text("Whose, with its leased account behind a slash."),
                     status=maybe("integer", "Of the reply; null for none."),
                     seconds=maybe("number", "How long it took."), no_reply=no_reply,
                     exchanges=list_of(ref("exchange"), "The provider calls that it caused."))


def _exchange() -> Schema:
    found = _of("A provider call.", ExchangeEnded, without=("trial",))
    more = object_of(joined_by={"enum": ["call", "window", "after", "none"]},
                     injections=list_of(ref("receipt"), "What was injected into it."))
    return {**found, "required": found["required"] + more["required"],
            "properties": {**found["properties"], **more["properties"]}}


def _of(description: str, event: type[Any], *, without: tuple[str, ...] = ()) -> Schema:
    """An event, or a part of one, without what the result leaves out of it."""
    hints = typing.get_type_hints(event)
    names = (field.name for field in fields(event))
    return object_of(description, **{name: _typed(hints[name]) for name in names if name not in without})


def _typed(hint: Any) -> Schema:
    """What a field of this type is in JSON."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint in _TYPES:
        return {"type": _TYPES[hint]}
    if isinstance(hint, types.UnionType):
        return {"anyOf": [{"type": "null"} if part is types.NoneType else _typed(part) for part in parts]}
    if origin is tuple:
        return {"type": "array", "items": _typed(parts[0])}
    if origin is Mapping:
        return {"type": "object", **({} if parts[1] is Any else {"additionalProperties": _typed(parts[1])})}
    return _of("", hint)


def _verdict(description: str) -> Schema:
    return {"enum": [str(kind) for kind in Kind], "description": description}


def _counts(description: str) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": {"type": "integer"}}


def _sentences(description: str) -> Schema:
    return list_of({"type": "string"}, description)
