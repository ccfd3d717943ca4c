"""`exploration.json` as a JSON Schema 2020-12: its keys, each with its meaning."""

from __future__ import annotations

from typing import get_args

from flowprobe.core.exploring.exploration import Ended, Outcome
from flowprobe.core.exploring.model import Phase
from flowprobe.report.schema_parts import Schema
from flowprobe.report.schema_parts import count as _count
from flowprobe.report.schema_parts import list_of as _list
from flowprobe.report.schema_parts import maybe as _maybe
from flowprobe.report.schema_parts import object_of as _object
from flowprobe.report.schema_parts import ref as _ref
from flowprobe.report.schema_parts import seconds as _seconds
from flowprobe.report.schema_parts import text as _text

__all__ = ["exploration_schema"]


def exploration_schema() -> Schema:
    """The schema; keys may be added without a new version, so others are allowed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A FlowProbe exploration",
            **_object(**_head(), **_whole()),
            "$defs": {"site": _site(), "fault": _fault(), "break": _break(), "state": _state()}}


def _head() -> Schema:
    return {
        "version": {"const": 1, "description": "Of this format."},
        "run": _text("The run's id."),
        "flowprobe": _text("The version of FlowProbe."),
        "scenario": _text("Its name."),
        "file": _text("Of the scenario."),
        "environment": _text("Where it ran."),
        "seed": _count("Of its draws."),
        "folder": _text("Of the run."),
        "exit_code": _count("Of the command."),
        "budget": _text("What it was given, in words; empty for no bound of its own."),
        "resume": _text("The command that goes on where it ended; empty where there is nothing left."),
        "ended": {"enum": list(get_args(Ended)), "description": "How: all was tried, or nothing new was seen any more, "
                  "or it was stopped, or the journey does not hold without any fault."},
        "because": _text("Why it ended, where not all was tried."),
        "left_behind": _list({"type": "string"}, "What could not be cleaned up; `flowprobe cleanup` tries once more."),
    }


def _whole() -> Schema:
    return {
        "tries": _count("How many trials were made."),
        "calls": _count("How many calls of ours they took."),
        "seconds": _seconds("How long they took."),
        "phases": {"type": "object", "description": "Part of the search -> its tries.",
                   "propertyNames": {"enum": list(get_args(Phase))}, "additionalProperties": {"type": "integer"}},
        "baseline": _object("The journey without faults.", tries=_count("How many."),
                            broken=_text("Why it does not hold; empty where it does."),
                            reached=_list(_reached(), "Its provider calls, in their order.")),
        "cases": _list(_case(), "What breaks, the smallest that does."),
        "flaky": _list(_flaky(), "The same try with more than one outcome."),
        "coverage": _object(
            "Call × kind.",
            kinds=_list({"type": "string"}, "All fault kinds that were thought of."),
            totals={"type": "object", "description": "Outcome -> how many cells have it.",
                    "propertyNames": {"enum": list(get_args(Outcome))}, "additionalProperties": {"type": "integer"}},
            sites=_list(_covered(), "A row for each call.")),
        "patience": _list(_patience(), "How long the product waits for a call."),
        "states": _object("Odd account states.", tried=_count("How many."),
                          refused=_count("How many the product would not have."),
                          broken=_count("How many break the journey without any fault."),
                          pairs=_count("Pairs of field values that were covered."),
                          of_pairs=_count("Of so many; 0 where nobody counted."),
                          unjudged=_count("Of how many more nothing could be said."),
                          because=_list({"type": "string"}, "Why not, the most frequent reason first.")),
        "pairs": _object("Pairs of faults at two calls.", covered=_count("How many fell together."),
                         of=_count("Of so many.")),
        "pruned": _list(_object(reason=_text("Why."), count=_count("How many combinations."),
                                examples=_list({"type": "string"}, "Some of them.")), "What was not tried, and why."),
        "unseen": {"anyOf": [_unseen(), {"type": "null"}], "description": "What is left unseen, by an estimate."},
    }


def _case() -> Schema:
    return _object(
        name=_text("Its name."), sentence=_text("What it takes, and what breaks."),
        file=_maybe("string", "Where it was written; null for nowhere."),
        replay=_text("The command that tries it again."),
        state=_ref("state", "The account's whole state."),
        differs={"type": "object", "description": "Field -> its value and the usual one, as JSON texts of 60 "
                 "characters at most; empty for none.",
                 "additionalProperties": _object(value=_text("As it is here."), usual=_text("As it usually is."))},
        without=_list({"type": "string"}, "The steps that it does not take: they are left out."),
        faults=_list(_ref("fault"), "What has to fall."), breaks=_list(_ref("break"), "What breaks."),
        thresholds=_list(_object(
            fault=_count("The place of the fault in `faults`, from 0."),
            breaks_s=_seconds("With this delay it breaks."), holds_s=_seconds("With this one it holds.")),
            "The smallest delays that break."),
        confirmed=_count("How often it broke when it was tried again."), of=_count("Of so many times."),
        flake_rate=_maybe("number", "How often it did not, from 0 to 1; null where nobody has tried."),
        best_so_far=_text("Why it could be smaller; empty where it is minimal."),
        at=_count("In which try it was first seen."),
        also=_count("Other tries that broke, for what seems to be the same cause."),
        trial=_text("The id of a trial in which it broke; empty where that is not known."))


def _flaky() -> Schema:
    return _object(state=_ref("state", "The account's whole state."), faults=_list(_ref("fault"), "What was to fall."),
                   breaks=_list(_ref("break"), "What broke."), broke=_count("How often."),
                   of=_count("Of so many times."))


def _covered() -> Schema:
    cell = _object(outcome={"enum": list(get_args(Outcome)), "description": "What became of it."},
                   because=_text("Why it is not applicable or was not exercised, or what broke."),
                   only=_text("What else it takes to break: an odd state, or another fault; empty for nothing."),
                   tries=_count("How many were made of it."))
    return _object(site=_ref("site", "The call."),
                   usual={"type": "boolean", "description": "Whether the journey makes it without faults, in the "
                          "ordinary state of the account."},
                   within=_list(_ref("fault"), "The faults under which alone it was seen; empty for one that an odd "
                                "state brings out."),
                   cells={"type": "object", "description": "Fault kind -> what became of it.",
                          "additionalProperties": cell})


def _patience() -> Schema:
    return _object(site=_ref("site", "The call."), waited_s=_seconds("How long it was seen to wait."),
                   gives_up_s=_maybe("number", "After how long it goes away; null where it still waited."),
                   holds_s=_maybe("number", "A delay that broke nothing."),
                   breaks_s=_maybe("number", "A delay that did."))


def _unseen() -> Schema:
    return _object(seen=_count("Kinds of outcome that were seen."), once=_count("Of these, only once."),
                   tries=_count("In so many tries."), words=_text("How far to trust it."),
                   chance=_seconds("That the next try shows something new, from 0 to 1."),
                   outcomes=_seconds("How many more there are at least."))


def _reached() -> Schema:
    return _object(site=_ref("site", "The call."), seconds=_seconds("How long it usually takes."),
                   status=_maybe("integer", "What its caller was given; null for nothing."),
                   unstable={"type": "boolean", "description": "Whether its number differs from run to run."})


# --- shared by several ----------------------------------------------------------------------------


def _site() -> Schema:
    return _object("A provider call as the journey makes it.", edge=_text("The provider."),
                   call=_text("Method and path template."), step=_text("Of the journey; empty where nobody knows."),
                   ordinal=_count("Which of these calls in the step, from 1; 0 for each of them."))


def _fault() -> Schema:
    return _object("A fault, and the call that it falls on.", site=_ref("site", "The call."),
                   kind=_text("The fault kind."), described=_text("The same for people, with what it says."))


def _break() -> Schema:
    return _object("A promise that was broken.", step=_text("Of the journey; empty for an invariant."),
                   kind=_text("Of the finding, or `always`, `never`, `probe`."),
                   where=_text("The place in the reply, or the invariant."), sentence=_text("The same for people."))


def _state() -> Schema:
    return {"type": "object", "description": "Field -> value."}
