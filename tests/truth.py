"""Journeys of which it is known whose doing it is when they break, for they were made so: a product with switches, faults that
fall on it, and the state of an account. What FlowProbe says of them is held against that, and never the other way round.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ROOT / "tests" / "end_to_end" / "switched_product.py"
EDGES = ("search", "payments", "mail")
PROMISED_MS = 400
"""So long may a step take: well over what an untroubled one takes on a busy machine, well under every long delay."""
DEADLINE_S = 900

PROJECT = """\
flowprobe: 1
environments:
  local:
    targets: {{api: "http://127.0.0.1:0", gone: "http://127.0.0.1:9"}}
    providers:
      search: {{url: https://search.example, upstream: "http://127.0.0.1:0", edge: reverse}}
      payments: {{url: https://payments.example, upstream: "http://127.0.0.1:0", edge: reverse}}
      mail: {{url: https://mail.example, upstream: "http://127.0.0.1:0", edge: reverse}}
    start:
{providers}
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", SEARCH: "${{edges.search.url}}", PAYMENTS: "${{edges.payments.url}}", MAIL: "${{edges.mail.url}}"}}
        ready: GET /health
personas:
  pro-eu: {{team: t1, region: eu}}
"""
_PROVIDER = """\
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.{edge}.port}}"}}
        ready: GET ${{upstreams.{edge}.url}}/health
"""


@dataclass(frozen=True)
class Truth:
    """`origin` is whose doing it is ('' where nothing breaks, or nothing is judged): fault, provider, product or environment.
    `faults` are the edges whose fault it is, `provider` the one that failed by itself. `step` is what breaks. `alike` are edges
    whose fault looks the same from outside: where there are any, it is right to name them too, and a guess not to."""

    origin: str
    faults: frozenset[str] = frozenset()
    provider: str = ""
    step: str = "do"
    alike: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """A journey and what is true of it: of its trial under the plan, or, where `alone`, of the one without any fault. Where it
    is not `tellable`, nobody can know who looks at these two trials and no further: what counts is that it is not sure."""

    name: str
    steps: Sequence[Mapping[str, Any]]
    plan: Mapping[str, Any]
    truth: Truth
    account: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    tellable: bool = True


@dataclass(frozen=True)
class Miss:
    case: str
    said: str
    truth: Truth
    sentence: str
    sure: bool
    tellable: bool

    def __str__(self) -> str:
        blamed = ", ".join(sorted(self.truth.faults)) or self.truth.provider
        return (f"{self.case}: it is {self.truth.origin or 'nobody'}{f' ({blamed})' if blamed else ''}, and it said {self.said}"
                f"{' AND WAS SURE' if self.sure else ''}: {self.sentence}")


@dataclass(frozen=True)
class Judged:
    """What came of the cases that were drawn from a seed. `sure` is how often it said that it was sure. `naive` is how many
    would be right if every fault that fell on the step, else on the journey, were taken for the cause."""

    seed: int
    cases: Sequence[Case]
    sure: int
    naive: int
    all_misses: Sequence[Miss]

    @property
    def misses(self) -> Sequence[Miss]:
        return [miss for miss in self.all_misses if miss.tellable]

    @property
    def tellable(self) -> int:
        return sum(case.tellable for case in self.cases)

    @property
    def share(self) -> float:
        return 1 - len(self.misses) / self.tellable

    @property
    def wrongly_sure(self) -> Sequence[Miss]:
        return [miss for miss in self.all_misses if miss.sure]

    def __str__(self) -> str:
        right, others = self.tellable - len(self.misses), len(self.cases) - self.tellable
        lines = [f"seed {self.seed}: {right} of {self.tellable} causes are right ({self.share:.1%}), {self.sure} were stated as sure",
                 f"to blame every fault that fell would be right for {self.naive} of them ({self.naive / self.tellable:.1%})",
                 f"stated as sure and wrong: {len(self.wrongly_sure)}, also of {others} more that one look cannot tell"]
        return "\n".join((*lines, *(f"  {miss}" for miss in (*self.misses, *self.wrongly_sure))))


# --- how a case is made ---------------------------------------------------------------------------

def _failure(draw: random.Random) -> Mapping[str, Any]:
    return draw.choice((
        {"status": draw.choice((500, 502, 503))}, {"close": "request"}, {"reset": "request"},
        {"body": draw.choice(("empty", "html", "malform"))}, {"lost_reply": "close"}))


def _long(draw: random.Random) -> Mapping[str, Any]:
    return {"latency": f"{draw.randrange(600, 900)}ms"}


def _short(draw: random.Random) -> Mapping[str, Any]:
    return {"latency": f"{draw.randrange(5, 60)}ms"}


def _three(draw: random.Random) -> tuple[str, str, str]:
    one, two, three = draw.sample(EDGES, 3)
    return one, two, three


def _call(to: str, **more: Any) -> dict[str, Any]:
    return {"to": to, **more}


def _step(*calls: Mapping[str, Any], step: str = "do", expect: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A step that promises an answer in time; `more` are switches of the product."""
    promised = {"status": 200, "within": f"{PROMISED_MS}ms"} if expect is None else expect
    return {"step": step, "calls": list(calls), "expect": promised, **more}


def _fault(*edges: str, step: str = "do") -> Truth:
    return Truth("fault", frozenset(edges), step=step)


def _either(guilty: str, alike: str) -> Truth:
    return replace(_fault(guilty), alike=frozenset({alike}))


_ITSELF = Truth("product")
_NOBODY = Truth("")


def _waits(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    return Case("waits for a slow provider", [_step(_call(two), _call(one))], {one: _long(draw)}, _fault(one))


def _no_fallback(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    return Case("has no fallback", [_step(_call(one, tries=draw.choice((1, 2))), _call(two))], {one: _failure(draw)}, _fault(one))


def _short_patience(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    slow = draw.choice(({"latency": "900ms"}, {"hang": "1s"}))
    return Case("gives a slow provider up", [_step(_call(two), _call(one, timeout=0.25))], {one: slow}, _fault(one))


def _late_fallback(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    call = _call(one, timeout=0.6, **{"else": True})
    return Case("has a fallback, too late", [_step(call, _call(two))], {one: {"hang": "2s"}}, _fault(one))


def _tries_long(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    call = _call(one, tries=3, pause=0.35, **{"else": True})
    return Case("tries again for too long", [_step(_call(two), call)], {one: {"status": 503}}, _fault(one))


def _borne_and_not(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), _call(two))]
    return Case("bears the first fault, not the second", steps, {one: _failure(draw), two: _failure(draw)}, _either(two, one))


def _not_and_unreached(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one), _call(two))]
    return Case("ends with the first fault of two", steps, {one: _failure(draw), two: _failure(draw)}, _fault(one))


def _long_and_short(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(*draw.sample([_call(one), _call(two)], 2))]
    return Case("waits long for one and not for the other", steps, {one: _long(draw), two: _short(draw)}, _fault(one))


def _side_by_side(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one), _call(two), side_by_side=True)]
    return Case("waits for two side by side", steps, {one: _long(draw), two: _short(draw)}, _fault(one))


def _works_beside(draw: random.Random) -> Case:
    """It is as late as the delay is longer than its own work, which goes on meanwhile: so the delay is why, and nobody is sure
    who adds up what it took in both trials."""
    one, two, _ = _three(draw)
    own = {"seconds": draw.uniform(0.15, 0.25), "meanwhile": True}
    return Case("works beside a delayed call", [_step(*draw.sample([_call(one), _call(two)], 2), own=own)],
                {one: _long(draw), two: _short(draw)}, _fault(one))


def _delay_and_failure(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    delay = draw.choice((_short, _long))(draw)
    steps = [_step(*draw.sample([_call(one), _call(two)], 2), expect={"status": 200})]
    return Case("bears a delay, not a failure", steps, {one: delay, two: _failure(draw)}, _fault(two))


def _other_step(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), step="first"), _step(_call(two), step="do")]
    return Case("bears a fault in an earlier step", steps, {one: _failure(draw), two: _failure(draw)}, _fault(two))


def _later_delay(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one), step="first", expect={"status": 200}), _step(_call(two), step="do")]
    return Case("waits for a second provider as well", steps, {one: _long(draw), two: _long(draw)}, _fault(two))


def _found_later(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), step="first", keeps=True),
             _step(_call(two), step="do", kept=True, expect={"json": {"ok": True}})]
    return Case("shows a failure in a later step", steps, {one: _failure(draw)}, _fault(one))


def _fails_in_the_end(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), _call(two), needs_all=True, expect={"status": 200})]
    return Case("goes on, and fails in the end", steps, {one: _failure(draw), two: _short(draw)}, _fault(one))


def _tried_again(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, tries=2), _call(two))]
    plan = {one: {**_failure(draw), "when": {"first": 1}}, two: _long(draw)}
    return Case("tries again with success, and waits elsewhere", steps, plan, _fault(two))


def _rounds(draw: random.Random) -> Case:
    """One of several rounds is late, and not the last."""
    one, two, _ = _three(draw)
    steps = [_step(_call(one), _call(two), each={"round": [1, 2, 3]})]
    return Case("is late in one of its rounds", steps, {one: {**_long(draw), "when": {"first": 1}}, two: _short(draw)}, _fault(one))


def _which_of_two(draw: random.Random) -> Case:
    """The product knows with its second call that it fails for the first."""
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), _call(two, **{"else": True}), needs_first=True, expect={"status": 200})]
    return Case("fails in the end for the first of two", steps, {one: _failure(draw), two: _failure(draw)}, _fault(one))


def _slow_meanwhile(draw: random.Random) -> Case:
    """Slow by itself, and not in the twin, while it waits for a provider."""
    one, two, _ = _three(draw)
    own = {"from": 2, "seconds": draw.uniform(0.6, 0.9), "meanwhile": True}
    return Case("is slow by itself while it waits", [_step(_call(two), _call(one), own=own)],
                {one: {"latency": f"{draw.randrange(200, 380)}ms"}}, _ITSELF)


def _writes_twice(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    expect = {"status": 200, "sends": {one: {f"POST /v1/{one}": 1}}}
    steps = [_step(_call(two), _call(one, writes=True, tries=2), expect=expect)]
    plan = {one: {"lost_reply": "close", "when": {"first": 1}}, two: _short(draw)}
    return Case("writes twice", steps, plan, _fault(one))


def _too_late(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one), _call(two), patience=0.3, expect={"status": 200})]
    return Case("looks at the clock itself", steps, {one: _long(draw)}, _fault(one))


def _unfired_beside(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    plan = {one: _failure(draw), two: {**_failure(draw), "match": {"path": "/nowhere"}}}
    return Case("fails beside a fault that never fires", [_step(_call(two), _call(one))], plan, _fault(one))


def _unfired(draw: random.Random) -> Case:
    one, two, three = _three(draw)
    plan = {three: _failure(draw)} if draw.random() < 0.5 else {one: {**_failure(draw), "match": {"path": "/nowhere"}}}
    return Case("is never hit", [_step(_call(one), _call(two))], plan, _NOBODY)


def _unfired_broken(draw: random.Random) -> Case:
    one, two, three = _three(draw)
    own = draw.choice(({"from": 2, "status": 500}, {"from": 2, "seconds": 0.8}))
    return Case("breaks by itself, never hit", [_step(_call(one), _call(two), own=own)], {three: _failure(draw)}, _ITSELF)


def _borne(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, **{"else": True}), _call(two))]
    return Case("bears all of it", steps, {one: _failure(draw), two: _short(draw)}, _NOBODY)


def _broken_alone(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    own = draw.choice(({"status": 500}, {"seconds": 0.8}))
    return Case("is broken without any fault", [_step(_call(one), _call(two), own=own)], {one: _failure(draw)}, _ITSELF, alone=True)


def _baseline(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    own = {"status": 500}
    return Case("cannot be judged: its baseline is broken", [_step(_call(one), _call(two), own=own)], {one: _failure(draw)}, _NOBODY)


def _slow_alone(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    own = {"from": 2, "seconds": draw.uniform(0.6, 0.9)}
    return Case("is slow by itself, under a short delay", [_step(_call(two), _call(one), own=own)], {one: _short(draw)}, _ITSELF)


def _provider_ill(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(two), _call(one, query={"ill_from": 2}))]
    return Case("has a provider that fails by itself", steps, {two: _short(draw)}, Truth("provider", provider=one))


def _provider_slow(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(one, query={"ill_from": 1, "slow": 0.8}), _call(two))]
    return Case("has a provider that is slow by itself", steps, {two: _failure(draw)}, Truth("provider", provider=one), alone=True)


def _provider_down(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(two), _call(one, query={"ill_from": 1}))]
    return Case("has a provider that is down", steps, {two: _failure(draw)}, Truth("provider", provider=one), alone=True)


def _nothing_there(draw: random.Random) -> Case:
    one, _, _ = _three(draw)
    steps = [{**_step(step="do"), "call": "POST gone:/do"}]
    return Case("finds nothing there", steps, {one: _failure(draw)}, Truth("environment"), alone=True)


def _odd_state(draw: random.Random) -> Case:
    """Only an account without seats has no fallback; which of the two is drawn."""
    one, two, _ = _three(draw)
    seats = draw.choice((0, 3))
    steps = [_step(_call(two), _call(one, **{"else": "${account.seats}"}))]
    return Case("has no fallback in one state", steps, {one: _failure(draw)}, _NOBODY if seats else _fault(one), {"seats": seats})


def _odd_and_broken(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    steps = [_step(_call(two), _call(one, **{"else": "${account.seats}"}))]
    return Case("bears one fault, and not the other in this state", steps, {two: _short(draw), one: _failure(draw)}, _fault(one),
                {"seats": 0})


def _chance(draw: random.Random) -> Case:
    """Nobody who looks once from outside can tell it from a failure that is passed on."""
    one, two, _ = _three(draw)
    steps = [_step(_call(two), _call(one, **{"else": True}), own={"from": 2, "status": 500}, expect={"status": 200})]
    return Case("fails by chance, where it bears the fault", steps, {one: _failure(draw)}, _ITSELF)


def _slow_line(draw: random.Random) -> Case:
    one, two, _ = _three(draw)
    return Case("has a slow line to its user", [_step(_call(one), _call(two))], {"user": _long(draw), one: _short(draw)},
                _fault("user"))


TELLABLE: Sequence[Callable[[random.Random], Case]] = (
    _waits, _no_fallback, _short_patience, _late_fallback, _tries_long, _borne_and_not, _not_and_unreached, _long_and_short,
    _side_by_side, _delay_and_failure, _other_step, _later_delay, _found_later, _writes_twice, _unfired_beside, _unfired,
    _unfired_broken, _borne, _broken_alone, _baseline, _slow_alone, _provider_ill, _provider_slow, _provider_down,
    _nothing_there, _odd_state, _odd_and_broken, _slow_line, _fails_in_the_end, _tried_again, _rounds, _works_beside)
UNTELLABLE = (_too_late, _chance, _which_of_two, _slow_meanwhile)
_OTHERS = 0.1
"""So many more that one look cannot tell: it shows whether FlowProbe says so."""


def drawn(seed: int, count: int) -> list[Case]:
    """So many cases, of every kind in turn, in an order that the seed gives, and some more that nobody can tell."""
    draw = random.Random(seed)
    kinds: list[Callable[[random.Random], Case]] = []
    while len(kinds) < count:
        kinds += draw.sample(TELLABLE, len(TELLABLE))
    others = [replace(draw.choice(UNTELLABLE)(draw), tellable=False) for _ in range(round(count * _OTHERS))]
    return [*(_crowded(draw, kind(draw)) for kind in kinds[:count]), *others]


def _crowded(draw: random.Random, case: Case) -> Case:
    """Now and then the product passes no mark on, or makes one more provider call, under a delay that matters to nobody."""
    if draw.random() < 0.3:
        case = replace(case, steps=[{**step, "untraced": True} for step in case.steps])
    free = [edge for edge in EDGES if edge not in case.plan and f'"{edge}"' not in json.dumps(case.steps)]
    if not free or not case.truth.origin or draw.random() < 0.5:
        return case
    step = dict(case.steps[-1])
    step["calls"] = [*step["calls"]]
    step["calls"].insert(draw.randrange(len(step["calls"]) + 1), _call(free[0]))
    return replace(case, steps=[*case.steps[:-1], step], plan={**case.plan, free[0]: _short(draw)})


# --- what FlowProbe says of it --------------------------------------------------------------------


def check(folder: Path, seed: int, count: int) -> Judged:
    """Run the cases, all of them in one run, and hold what is said against what is true."""
    cases = _numbered(drawn(seed, count))
    trials = _run(folder, cases, seed)
    judged = [(number, case, trials[number, case.alone]) for number, case in cases.items()]
    misses = [miss for number, case, trial in judged if (miss := _missed(number, case, trial))]
    sure = sum((trial["explanation"] or {}).get("sure") == "sure" for _, _, trial in judged)
    naive = sum(_same(_naive(trial["explanation"]), case.truth) for _, case, trial in judged if case.tellable)
    return Judged(seed, list(cases.values()), sure, naive, misses)


def taken_apart(folder: Path, seed: int) -> list[tuple[Case, Mapping[str, Any]]]:
    """A case of each kind that one look cannot tell, with its trial under faults after `run --why`."""
    draw = random.Random(seed)
    cases = _numbered([kind(draw) for kind in UNTELLABLE])
    trials = _run(folder, cases, seed, "--why", "--why-budget", "80")
    return [(case, trials[number, False]) for number, case in cases.items()]


def _numbered(cases: Sequence[Case]) -> Mapping[str, Case]:
    return {f"{number:03}": case for number, case in enumerate(cases)}


def _run(folder: Path, cases: Mapping[str, Case], seed: int, *words: str) -> Mapping[tuple[str, bool], Mapping[str, Any]]:
    """The trials, by the number of their case and whether they are those without faults."""
    _write(folder, cases)
    command = [sys.executable, "-m", "flowprobe", "run", ".", "--seed", str(seed), "--json", *words]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
                          check=False, timeout=DEADLINE_S)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"nothing was run: {done.stderr[-3000:]}")
    return {(t["scenario"].partition(" ")[0], t["plan"] == "none"): t for t in json.loads(done.stdout)["trials"]}


def _missed(number: str, case: Case, trial: Mapping[str, Any]) -> Miss | None:
    seen = _seen(trial["explanation"])
    if _same(seen, case.truth):
        return None
    blamed = ", ".join(sorted(seen.faults)) or seen.provider
    said = f"{seen.origin or trial['verdict']}{f' ({blamed})' if blamed else ''}"
    return Miss(f"{number} {case.name} {json.dumps(case.plan)}", said, case.truth, trial["why"] or "; ".join(trial["reasons"]),
                (trial["explanation"] or {}).get("sure") == "sure", case.tellable)


def _same(seen: Truth, truth: Truth) -> bool:
    told = replace(truth, faults=truth.faults | truth.alike, alike=frozenset())
    return seen == told or not (seen.origin or truth.origin)


def _seen(found: Mapping[str, Any] | None) -> Truth:
    if found is None:
        return _NOBODY
    return Truth(found["origin"], frozenset(each["edge"] for each in found["because"]), found["provider"], found["step"])


def _naive(found: Mapping[str, Any] | None) -> Truth:
    if found is None:
        return _NOBODY
    fell = [*found["because"], *found["beside"]]
    faults = frozenset(each["edge"] for each in [each for each in fell if each["here"]] or fell)
    return Truth("fault" if faults else "product", faults, "", found["step"])


def _write(folder: Path, cases: Mapping[str, Case]) -> None:
    words = {"python": sys.executable, "product": str(PRODUCT)}
    providers = "".join(_PROVIDER.format(edge=edge, **words) for edge in EDGES)
    (folder / "flowprobe.yaml").write_text(PROJECT.format(providers=providers.rstrip(), **words))
    for number, case in cases.items():
        (folder / f"case-{number}.yaml").write_text(yaml.safe_dump(_scenario(number, case), sort_keys=False, width=1000))


def _scenario(number: str, case: Case) -> dict[str, Any]:
    document: dict[str, Any] = {"flowprobe": 1, "scenario": f"{number} {case.name}", "personas": {"admin": "pro-eu"}}
    if case.account:
        document["account"] = {name: {"default": value, "integers": {"min": 0, "max": 9}} for name, value in case.account.items()}
    return {**document, "workflow": list(_workflow(number, case.steps)), "faults": {"plan": dict(case.plan)}}


def _workflow(number: str, steps: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for step in steps:
        switches = {key: value for key, value in step.items() if key not in ("expect", "call", "each")}
        rounds = {"each": step["each"]} if "each" in step else {}
        yield {"step": step["step"], **rounds, "call": step.get("call", "POST /do"), "json": {"case": number, **switches},
               "expect": dict(step["expect"])}
