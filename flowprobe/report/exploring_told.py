"""An exploration as its reports are given it: what it was about, and its cases put into words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowprobe.core.exploring.exploration import Found
from flowprobe.core.exploring.model import Break, Placed, Try
from flowprobe.core.exploring.shrink import Threshold
from flowprobe.core.faults.kinds import describe
from flowprobe.core.redact import cut_short

__all__ = [
    "About", "CaseTold", "Odd", "also_words", "break_words", "broke_words", "case_sentence", "odd_fields",
    "place_words", "steps_words", "tell_case", "try_words", "value_words",
]

_LONGEST = 60
_MOST = 3


@dataclass(frozen=True, slots=True)
class About:
    """Where it took place. `defaults` is the account's ordinary state, `budget` what it was given in words (`500
    tries`), `resume` the command that goes on with it; empty where there is nothing to go on with. `left_behind` is
    what could not be cleaned up. `redact` takes the secrets of the run out of a text: a text is redacted before it is
    wrapped, and every sink does it again."""

    scenario: str
    file: str = ""
    environment: str = ""
    seed: int = 0
    version: str = ""
    run: str = ""
    folder: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    budget: str = ""
    resume: str = ""
    exit_code: int = 0
    left_behind: tuple[str, ...] = ()
    redact: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A case for people: `name` is that of its file, `file` where it was written (None: nowhere), `replay` the command
    that tries it again. `best_so_far` says why it could be smaller; empty where it is minimal."""

    found: Found
    name: str
    sentence: str
    replay: str
    file: Path | None = None
    thresholds: tuple[Threshold, ...] = ()
    best_so_far: str = ""

    @property
    def others(self) -> int:
        """How many other tries broke, for what seems to be the same cause."""
        return max(self.found.seen - 1, len(self.found.also))

    @property
    def flake_rate(self) -> float | None:
        """How often it did not break when it was tried again, from 0 to 1; None where nobody has tried."""
        return 1 - self.found.confirmed / self.found.of if self.found.of else None


@dataclass(frozen=True, slots=True)
class Odd:
    """A field of an account that is not as it usually is, as JSON; `usual` is '' for a field that is usually not there,
    `value` is '' for one that is missing."""

    name: str
    value: str
    usual: str

    def __str__(self) -> str:
        value = f"{self.name} = {self.value}" if self.value else f"{self.name} left out"
        return f"{value} ({self.usual} by default)" if self.usual else f"{value} (not there by default)"


def tell_case(found: Found, *, name: str, replay: str, defaults: Mapping[str, Any], file: Path | None = None,
              thresholds: Sequence[Threshold] = (), state_words: str = "", best_so_far: str = "") -> CaseTold:
    """`state_words` are those of a named oddity (`zero seats`); without any, the fields tell the state."""
    sentence = case_sentence(found, defaults, state_words)
    return CaseTold(found, name, sentence, replay, file, tuple(thresholds), best_so_far)


def case_sentence(found: Found, defaults: Mapping[str, Any], state_words: str = "") -> str:
    """What it takes, and what breaks: `zero seats + lost reply, close on payments: pay: charged, and no invite`."""
    broken = break_words(found.breaks, found.learned.because)
    return f"{try_words(found.case, defaults, state_words)}: {broken}"


def try_words(tried: Try, defaults: Mapping[str, Any], state_words: str = "") -> str:
    """A try in a few words: what is odd of its state, and its faults by their edges. Of the steps that are left out
    nothing is said: it breaks with them too."""
    odd = [f"{each.name}={each.value}" if each.value else f"no {each.name}"
           for each in odd_fields(tried.state, defaults)]
    state = [state_words] if state_words else odd
    faults = [f"{describe(placed.kind)} on {placed.site.edge}" for placed in tried.faults]
    return " + ".join((*_few(state, "odd field"), *_few(faults, "fault"))) or "nothing odd at all"


def _few(words: Sequence[str], noun: str) -> Sequence[str]:
    """The first of them, and how many more."""
    more = len(words) - _MOST
    return (*words[:_MOST], f"{more} more {noun}{'s' if more > 1 else ''}") if more > 0 else words


def break_words(breaks: Sequence[Break], because: str = "") -> str:
    """The first of the promises that broke, and how many more."""
    if not breaks:
        return because or "the journey fails"
    more = f", and {len(breaks) - 1} more" if len(breaks) > 1 else ""
    return f"{broke_words(breaks[0])}{more}"


def broke_words(broke: Break) -> str:
    """One of them: where, and what was seen; a sentence that begins with where it was is enough."""
    where, text = broke.step or broke.kind, broke.sentence or broke.where
    return text if text.partition(" ")[0].rstrip(":") == where else f"{where}: {text}"


def also_words(breaks: Sequence[Break]) -> str:
    """Promises by their names alone, those of a step together: `renew: $.total, stack-trace; settle: status`."""
    places: dict[str, list[str]] = {}
    for each in breaks:
        places.setdefault(each.step or each.kind, []).append(each.where)
    return "; ".join(f"{where}: {', '.join(dict.fromkeys(names))}" for where, names in places.items())


def steps_words(without: Sequence[str]) -> str:
    """The steps that a case does not take; '' for none."""
    return f"the step{'s' if len(without) > 1 else ''} {', '.join(without)}" if without else ""


def place_words(placed: Placed) -> str:
    """Exactly which call a fault falls on."""
    every = " (every such call)" if placed.site.ordinal == 0 else ""
    return f"{describe(placed.kind)} on {placed.site}{every}"


def odd_fields(state: Mapping[str, Any], defaults: Mapping[str, Any]) -> tuple[Odd, ...]:
    """Only what differs, in the order of the defaults."""
    names = dict.fromkeys((*defaults, *state))
    return tuple(Odd(name, _word(state, name), _word(defaults, name)) for name in names
                 if _word(state, name, whole=True) != _word(defaults, name, whole=True))


def _word(values: Mapping[str, Any], name: str, *, whole: bool = False) -> str:
    if name not in values:
        return ""
    text = json.dumps(values[name], ensure_ascii=False, default=str, sort_keys=True)
    return text if whole else cut_short(text, _LONGEST)


def value_words(value: Any) -> str:
    """A value of an account's field, as short as it can be read."""
    return _word({"": value}, "")
