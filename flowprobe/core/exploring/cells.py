"""Call site × kind: what became of each, and why there is nothing to say where there is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from flowprobe.core.exploring.catalogue import Offer
from flowprobe.core.exploring.causes import parts
from flowprobe.core.exploring.exploration import Cell, Flaky, Found, Outcome
from flowprobe.core.exploring.model import Break, Placed, Site, Try
from flowprobe.core.exploring.notebook import Alone, Entry, Notebook, fault_key

__all__ = ["cells"]

_WORST: tuple[Outcome, ...] = ("broken", "degraded", "tolerated", "not exercised", "unreachable")


def cells(notebook: Notebook, known: Sequence[Found], flaky: Sequence[Flaky],
          offered: Mapping[Site, Sequence[Offer]], parents: Mapping[Site, tuple[Placed, ...]],
          otherwise: tuple[Outcome, str]) -> tuple[Cell, ...]:
    """`known` are the certain finds, `parents` are the faults that have brought calls out;
    `otherwise` is said of what was not come to."""
    alone: dict[tuple[Site, str], list[Alone]] = {}
    for each in notebook.alone:
        alone.setdefault((each.fault.site, each.fault.name), []).append(each)
    before = {repr((*each.within, each.fault)): {*each.learned.breaks} for each in notebook.alone}
    among = _among(notebook.entries)
    found = []
    for site, offers in offered.items():
        for offer in offers:
            if not offer.kinds:
                cell = Cell(site, offer.name, "not applicable", offer.why_not)
            elif tried := alone.get((site, offer.name)):
                cell = _worst(site, offer.name, [_outcome(each, before) for each in tried])
            elif (site, offer.name) in among:
                cell = _worst(site, offer.name, [(each, "") for each in among[site, offer.name]])
            else:
                cell = Cell(site, offer.name, *otherwise)
            found.append(replace(cell, within=parents.get(site, ())))
    return tuple(_with_flaky(_with_cases(found, known, notebook), known, flaky, notebook))


def _worst(site: Site, kind: str, outcomes: Sequence[tuple[Outcome, str]]) -> Cell:
    outcome, because = min(outcomes, key=lambda each: _WORST.index(each[0]))
    return Cell(site, kind, outcome, because, len(outcomes))


def _outcome(each: Alone, before: Mapping[str, set[Break]]) -> tuple[Outcome, str]:
    learned = each.learned
    match learned.judged:
        case "inconclusive" | "refused":
            return "not exercised", learned.because or f"it was {learned.judged}"
        case _ if not each.fell:
            return "unreachable", learned.because or "the fault never fell: the call was not made"
        case "fail":
            already = before.get(repr(each.within), set())
            new = [broke for broke in learned.breaks if broke not in already]
            if each.within and not new:
                return "not exercised", "the fault that brings this call out breaks the journey already"
            return "broken", "; ".join(broke.sentence or f"{broke.step} {broke.kind}".strip() for broke in new)
        case "degraded":
            return "degraded", ""
        case _:
            return "tolerated", ""


def _among(entries: Sequence[Entry]) -> Mapping[tuple[Site, str], list[Outcome]]:
    """What fell among others, or in odd states, in tries that the whole journey stood."""
    found: dict[tuple[Site, str], list[Outcome]] = {}
    for entry in entries:
        if entry.learned.judged not in ("pass", "degraded") or entry.tried.without:
            continue
        for number in entry.learned.fired:
            fault = entry.tried.faults[number]
            outcome: Outcome = "degraded" if entry.learned.judged == "degraded" else "tolerated"
            found.setdefault((fault.site, fault.name), []).append(outcome)
    return found


def _with_cases(found: Sequence[Cell], cases: Sequence[Found], notebook: Notebook) -> Iterator[Cell]:
    """What breaks in an odd state only, or together with another fault, is broken as well, and says so."""
    known: dict[tuple[Site, str], tuple[Found, str]] = {}
    for case in cases:
        for fault in case.case.faults:
            if only := _only(case.case, fault, notebook):
                known.setdefault((fault.site, fault.name), (case, only))
    for cell in found:
        if cell.outcome != "broken" and (cell.site, cell.kind) in known:
            case, only = known[cell.site, cell.kind]
            because = "; ".join(broke.sentence or f"{broke.step} {broke.kind}".strip() for broke in case.breaks)
            yield replace(cell, outcome="broken", because=because, only=only)
        else:
            yield cell


def _with_flaky(found: Iterable[Cell], certain: Sequence[Found], flaky: Sequence[Flaky],
                notebook: Notebook) -> Iterator[Cell]:
    """What breaks now and then is neither broken nor tolerated, whatever was seen of it first. So is another kind that
    broke the same there and was taken for that; what breaks for certain as well stays broken."""
    sure = {(fault.site, fault.name) for case in certain for tried in (case.case, case.first) for fault in tried.faults}
    shaky: dict[tuple[Site, str], tuple[Flaky, str]] = {}
    for each in flaky:
        for tried in filter(None, (each.tried, each.first)):
            for fault in tried.faults:
                shaky.setdefault((fault.site, fault.name), (each, _only(tried, fault, notebook)))
    for alone in notebook.alone:
        if (taken := _taken_for(alone, certain, flaky, notebook)) is not None:
            shaky.setdefault((alone.fault.site, alone.fault.name), (taken, ""))
    for cell in found:
        place = (cell.site, cell.kind)
        if place in shaky and place not in sure and cell.outcome != "not applicable":
            each, only = shaky[place]
            what = "; ".join(broke.sentence or f"{broke.step} {broke.kind}".strip() for broke in each.breaks)
            yield replace(cell, outcome="flaky", because=f"broke {each.broke} of {each.of} times: {what}", only=only)
        else:
            yield cell


def _taken_for(alone: Alone, certain: Sequence[Found], flaky: Sequence[Flaky], notebook: Notebook) -> Flaky | None:
    """The flaky find that a fault which broke was taken for, where it was for no certain one."""
    made = parts(Try(notebook.default, (*alone.within, alone.fault)))

    def explains(tried: Try, breaks: Sequence[Break]) -> bool:
        return (alone.learned.broke and tried.state == notebook.default and parts(tried) <= made
                and not set(breaks).isdisjoint(alone.learned.breaks))

    if any(explains(case.case, case.breaks) for case in certain):
        return None
    return next((each for each in flaky if each.tried.faults and explains(each.tried, each.breaks)), None)


def _only(case: Try, fault: Placed, notebook: Notebook) -> str:
    others = [str(each) for each in case.faults if fault_key(each) != fault_key(fault)]
    odd = {name: value for name, value in case.state.items()
           if name not in notebook.default or notebook.default[name] != value}
    words = [f"with {' and '.join(others)}"] if others else []
    if odd:
        words.append("in the state " + ", ".join(f"{name}={value!r}" for name, value in odd.items()))
    return " ".join(words)
