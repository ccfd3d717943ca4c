"""What holds of every walk, whatever the workflow, whatever comes back, and wherever it is stopped."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus

from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.bodies import FormBody, JsonBody, MultipartBody, Part, RequestBody, TextBody
from flowprobe.core.cleaning import clean, open_rows
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import (
    CallReplied,
    CallSent,
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    Event,
    StepEnded,
    TrialEnded,
)
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import (
    Capture,
    CaptureSource,
    Each,
    Expect,
    Parallel,
    Persona,
    Poll,
    Repeat,
    Retry,
    Samples,
    SignIn,
    Step,
    Under,
    Use,
)
from flowprobe.core.steps import Find, Item, names_of
from flowprobe.core.trial import Trial
from flowprobe.core.walk import walk
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.running.branches import at_once
from tests.scenes import ADMIN, HERE, a_call, a_plan, a_trial, text

MOST_CALLS = 5_000
NAMES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8")
VALUES: list[Any] = [
    "inv_1", "", ".", "..", "a/b", "a\r\nX-Evil: 1", "\ud800", "${env.HOME}", "$${trial.id}", None, True, 0, -1, 1e308, 10**400,
    [], ["x", "y"], [None, "", {"id": 1}], {}, {"id": "n"}, "/files/1", "http://evil.test/", "http://acme.test/1", "é" * 50,
]
BODIES = [b"", b"{", b"\xff\xfe\x00", b"[" * 150 + b"]" * 150, b"[" * 900 + b"]" * 900, b"[" * 20_000, b"1e999", b'{"id": 1e999}', b"NaN",
          b'"\\ud800"', b"null", b"[]"]
REASONS: list[Any] = ["connect", "timeout", "closed", "protocol", "too-large", "stopped", "proxy", "invalid-url", "refused"]
PATHS = ["$.id", "$.items[*].id", "$..id", "$.items[?(@.n > 1)].id", "$.none", "$"]


# --- any workflow ---------------------------------------------------------------------------------


@dataclass
class Writer:
    """Writes a workflow, by chance: every choice comes from `chance`."""

    chance: random.Random
    made: int = 0
    depth: int = 0

    def items(self, most: int) -> tuple[Item, ...]:
        return tuple(self.item() for _ in range(self.chance.randint(1, most)))

    def item(self) -> Item:
        kind = self.chance.random()
        if self.depth < 3 and kind < 0.15:
            return self.nested(lambda name: Parallel(name, HERE, tuple(
                self.items(2) for _ in range(self.chance.randint(2, 3))), self.some({"s1.id": {"$absent": True}}) or {}))
        if self.depth < 3 and kind < 0.3:
            return self.nested(self.use)
        return self.step()

    def nested(self, make: Any) -> Item:
        self.made += 1
        name, self.depth = f"n{self.made}", self.depth + 1
        found: Item = make(name)
        self.depth -= 1
        return found

    def use(self, name: str) -> Use:
        return Use(name, HERE, "used.yaml", self.items(2), {"out": self.value()}, {"in": self.value()},
                   {"user": self.chance.choice(["admin", "operator", "guest", None])}, self.some({"admin.team": "team_1"}) or {})

    def step(self) -> Step:
        self.made += 1
        name = f"s{self.made}"
        each, repeat = self.some(self.each()), self.some(Repeat({f"{name}.id": {"$absent": False}}, self.chance.randint(1, 4), HERE))
        return Step(
            name, a_call(f"{self.chance.choice(['GET', 'POST'])} {self.path(name)}"), HERE,
            role=self.chance.choice([None, "admin", "operator", "guest"]), query={"q": self.value()} if self.chance.random() < 0.3 else {},
            headers={"X-A": self.words()} if self.chance.random() < 0.2 else {}, body=self.body(), expect=self.expect(),
            captures=tuple(self.capture(key) for key in ("id", "more")), cleanup=self.some(a_call(f"DELETE /x/${{{name}.id}}"), 0.5),
            check=self.some(Expect(status=(200,), json={"id": {"$type": "string"}}, has_json=True)) or Expect(), poll=self.some(self.poll()),
            retry=self.some(Retry(("no-reply", "connect", 503), 2, 0.1)), when=self.some({"s1.id": {"$absent": False}}, 0.1) or {},
            each=each, repeat=None if each else repeat, find=None, signs_in=self.signs_in(name), redirects=self.chance.choice([0, 0, 3]))

    def path(self, name: str) -> str:
        return self.chance.choice([f"/{name}", f"/{name}/${{{self.look_up()}}}", f"${{{self.look_up()}}}", f"/{name}?q=${{{self.look_up()}}}"])

    def look_up(self) -> str:
        return self.chance.choice([*(f"{name}.{key}" for name in NAMES[:4] for key in ("id", "more")), "admin.team", "trial.id", "item"])

    def value(self) -> Any:
        return self.chance.choice([1, None, "plain", text(f"${{{self.look_up()}}}"), text(f"a ${{{self.look_up()}}} b"), text("${now + 1h}"),
                                   text(f"${{{self.look_up()} + 1}}")])

    def words(self) -> Any:
        return self.chance.choice(["words", text(f"${{{self.look_up()}}}"), text(f"a ${{{self.look_up()}}} b")])

    def body(self) -> Any:
        value, words = self.value(), self.words()
        return self.chance.choice([None, None, JsonBody({"a": [value]}), FormBody({"a": value}), TextBody(words),
                                   MultipartBody({"a": Part(value), "b": Part(value, as_json=True)})])

    def expect(self) -> Expect:
        value = self.value()
        return self.chance.choice([
            Expect(), Expect(status=(200, 201)), Expect(json={"id": value}, has_json=True), Expect(headers={"X-A": value}),
            Expect(text={"$contains": "a"}), Expect(within=0.2), Expect(within=Samples(50, 0.2, 3)), Expect(json={"$..id": {"$each": "n"}}, has_json=True)])

    def capture(self, name: str) -> Capture:
        default = {"has_default": True, "default": self.value()} if self.chance.random() < 0.8 else {}
        source = self.chance.choice([CaptureSource("json", self.chance.choice(PATHS)), CaptureSource("header", "location"), CaptureSource("status", ""),
                                     CaptureSource("regex", "(i)(d)?"), CaptureSource("cookie", "c")])
        return Capture(name, source, HERE, secret=self.chance.random() < 0.1, append=self.chance.random() < 0.2, **default)

    def poll(self) -> Poll:
        return Poll(Expect(json={"id": self.value()}, has_json=True), 0.5, 3.0, HERE, fail_if=self.some(Expect(status=(500,))))

    def each(self) -> Each:
        return Each("item", self.chance.choice([["a", "b"], [], text("${s1.more}"), text("${s2.id}")]), HERE)

    def signs_in(self, name: str) -> tuple[SignIn, ...]:
        return (SignIn("guest", {"Authorization": text(f"Bearer ${{{name}.id}}")}, HERE),) if self.chance.random() < 0.1 else ()

    def some(self, value: Any, likely: float = 0.25) -> Any:
        return value if self.chance.random() < likely else None


def with_find(items: tuple[Item, ...], chance: random.Random) -> tuple[Item, ...]:
    """Some cleanups look for what they undo."""
    find = Find(a_call("GET /x"), {"tag": text("${trial.id}")}, "$.items[*]", "id")
    return tuple(replace(item, cleanup=a_call("DELETE /x/${found.id}"), find=find)
                 if isinstance(item, Step) and item.cleanup and chance.random() < 0.5 else item for item in items)


def any_trial(seed: int) -> Trial:
    chance = random.Random(seed)
    writer = Writer(chance)
    setup = tuple(replace(writer.step(), name=f"g{number}") for number in range(chance.randint(0, 2)))
    workflow = with_find(writer.items(5), chance)
    faulted = chance.random() < 0.5
    trial = a_trial(plan=a_plan("slow", mail=Latency(1.0)) if faulted else a_trial().plan)
    promised = {name: Expect(status=(202, 503)) for name in NAMES}
    scenario = replace(trial.scenario, workflow=workflow, given=setup, timeout=chance.choice([None, 2.0, 20.0]),
                       under=(Under("slow", promised, HERE),))
    return replace(trial, scenario=scenario, personas={"admin": ADMIN, "operator": Persona("staff", HERE)},
                   given=chance.choice(["run", "check", "skip"]))


# --- any world ------------------------------------------------------------------------------------


@dataclass
class World:
    """Answers whatever is sent, by chance and by the call's id; it is stopped before its `stop`-th call."""

    seed: int
    stop: int | None = None
    now: float = 100.0
    sent: list[Call] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hands(self, **more: Any) -> Hands:
        return Hands(send=self.send, record=self.record, stopped=self.stopped, wait=self.wait, **more)

    def stopped(self) -> bool:
        return self.stop is not None and len(self.sent) >= self.stop

    def record(self, event: Event) -> None:
        with self.lock:
            self.events.append(event)

    def wait(self, seconds: float) -> None:
        assert 0 < seconds <= 86_400
        with self.lock:
            self.now += seconds

    def send(self, call: Call) -> Outcome:
        with self.lock:
            self.sent.append(call)
            assert len(self.sent) <= MOST_CALLS
            chance = random.Random(f"{self.seed} {call.id}")
            began, self.now = self.now, self.now + chance.choice([0.01, 0.3, 4.0])
        if chance.random() < 0.15:
            return NoReply(call.id, chance.choice(REASONS), "by chance", began, began + 0.01)
        headers = (("location", "/next"), ("retry-after", chance.choice(["1", "x", "9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT"])),
                   ("date", "Sun, 22 Nov 2026 12:00:00 GMT"), ("set-cookie", chance.choice(["c=1", "=", "\x00"])))
        return Reply(call.id, chance.choice([200, 200, 200, 201, 202, 404, 429, 500, 503]), headers, self.body(chance), began, began, self.now)

    def body(self, chance: random.Random) -> bytes:
        if chance.random() < 0.2:
            return chance.choice(BODIES)
        items = [{"id": chance.choice(VALUES), "n": chance.choice(VALUES)} for _ in range(chance.randint(0, 3))]
        return json.dumps({"id": chance.choice(VALUES), "items": items}).encode()


def played(trial: Trial, world: World, **hands: Any) -> World:
    drive(walk(trial), world.hands(**hands))
    return world


seeds = st.integers(0, 2**32)


@settings(max_examples=400)
@given(seed=seeds, stop=st.none() | st.integers(0, 12))
def test_every_walk_ends_and_accounts_for_all_that_it_did(seed: int, stop: int | None) -> None:
    trial = any_trial(seed)
    world = played(trial, World(seed, stop))
    ends = Counter(event.step for event in world.events if isinstance(event, StepEnded) and event.phase == "workflow")
    assert ends == Counter(names_of(trial.scenario.workflow))
    assert [type(event) for event in world.events if isinstance(event, TrialEnded)] == [TrialEnded]
    assert isinstance(world.events[-1], TrialEnded)
    assert len({call.id for call in world.sent}) == len(world.sent), "a trace id was used twice"
    assert stop is None or len(world.sent) <= stop


@settings(max_examples=400)
@given(seed=seeds, stop=st.none() | st.integers(0, 12))
def test_every_intent_is_followed_by_one_word_about_its_outcome(seed: int, stop: int | None) -> None:
    world = played(any_trial(seed), World(seed, stop))
    intended = [(event.step, event.round) for event in world.events if isinstance(event, CleanupPlanned)]
    assert len(set(intended)) == len(intended)
    open_: set[tuple[str, int]] = set()
    for event in world.events:
        match event:
            case CleanupPlanned():
                open_.add((event.step, event.round))
            case CleanupSettled():
                open_.remove((event.step, event.round))
    assert not open_


@settings(max_examples=100)
@given(seed=seeds)
def test_what_was_answered_and_not_refused_is_never_forgotten(seed: int) -> None:
    """Each call of a step with a cleanup that may have made something leaves a row that says so."""
    trial = any_trial(seed)
    world = played(trial, World(seed))
    answered = {event.call for event in world.events if isinstance(event, CallReplied) and event.status < 400}
    needed = {(event.step, event.round): event.state != "not-needed" for event in world.events if isinstance(event, CleanupSettled)}
    for (step, round_), calls in rounds(world.events).items():
        assert answered.isdisjoint(calls) or needed[step, round_], (step, round_)


def rounds(events: list[Event]) -> dict[tuple[str, int], list[str]]:
    """The calls that were sent between each intent and the word about it."""
    found: dict[tuple[str, int], list[str]] = {}
    now: dict[str, int] = {}
    for event in events:
        match event:
            case CleanupPlanned():
                now[event.step] = event.round
                found[event.step, event.round] = []
            case CleanupSettled():
                now.pop(event.step)
            case CallSent() if event.step in now:
                found[event.step, now[event.step]].append(event.call)
    return found


@settings(max_examples=100)
@given(seed=seeds)
def test_cleanup_ends_for_every_row_that_can_be_called(seed: int) -> None:
    world = played(any_trial(seed), World(seed))
    rows = open_rows(world.events)
    after = World(seed)
    drive(clean(rows, budget=5), after.hands())
    ended = [(event.step, event.round) for event in after.events if isinstance(event, CleanupEnded)]
    assert ended == [(row.step, row.round) for row in reversed(rows) if row.state in ("due", "to-find")]
    assert len({call.id for call in after.sent}) == len(after.sent)


@settings(max_examples=60)
@given(seed=seeds)
def test_branches_at_the_same_time_do_what_they_do_one_by_one(seed: int) -> None:
    """A reply depends on the call alone; with the time that passes kept out of it, so does all that is done."""
    trial = any_trial(seed)
    trial = replace(trial, scenario=replace(trial.scenario, timeout=None))
    alone, together = played(trial, Still(seed)), played(trial, Still(seed), fork=at_once)
    assert Counter(map(repr, alone.events)) == Counter(map(repr, together.events))


class Still(World):
    """A world in which no time passes."""

    def send(self, call: Call) -> Outcome:
        found = super().send(call)
        return replace(found, sent=100.0, ended=100.01) if isinstance(found, NoReply) else replace(
            found, sent=100.0, first_byte=100.0, ended=100.0 + len(found.body) % 3)


# --- what a reply says is data --------------------------------------------------------------------

MARKS = ["${env.HOME}", "$${", "${admin.team}", "${trial.id}", "$${admin.team}", "${", "}", "${found.id}"]


def everywhere(name: str, words: str, body: RequestBody) -> Step:
    """A step that sends what `words` finds in every place that takes it, and compares with it."""
    one = text(words)
    return Step(name, a_call(f"POST /x/{words}?in={words}"), HERE, query={"q": one}, headers={"X-A": one}, body=body,
                expect=Expect(status=(200,)), check=Expect(json={"id": one}, has_json=True, text=one, headers={"x": one}))


def every_body(words: str) -> list[RequestBody]:
    one = text(words)
    return [JsonBody({"a": one, "b": text("-" + words)}), FormBody({"a": [one]}), TextBody(one),
            MultipartBody({"a": Part(one), "b": Part({"c": one}, as_json=True, filename=one)})]


@given(marks=st.lists(st.sampled_from(MARKS), min_size=1, max_size=4).map("".join))
def test_nothing_that_a_reply_says_is_looked_up(marks: str) -> None:
    steps = [everywhere(f"b{number}", "${first.id}", body) for number, body in enumerate(every_body("${first.id}"))]
    inner = everywhere("in", "${inputs.x}", every_body("${inputs.x}")[0])
    used = Use("used", HERE, "used.yaml", (inner,), {"y": text("${inputs.x}")}, {"x": text("${first.id}")}, {"admin": None})
    last = everywhere("last", "${used.y}", every_body("${used.y}")[1])
    first = Step("first", a_call("GET /first"), HERE, captures=(Capture("id", CaptureSource("json", "$.id"), HERE),))
    trial = replace(a_trial(first, *steps), env={"HOME": "looked-up"}, id="feedfeedfeedfeed",
                    personas={"admin": Persona("pro", HERE, {"team": "looked-up"})})
    trial = replace(trial, scenario=replace(trial.scenario, workflow=(*trial.scenario.workflow, used, last)))
    sent: list[Call] = []

    def send(call: Call) -> Outcome:
        sent.append(call)
        return Reply(call.id, 200, (), json.dumps({"id": marks}).encode(), 1, 1, 1)

    drive(walk(trial), Hands(send=send, record=lambda _: None))
    assert len(sent) == 7
    for call in sent:
        said = f"{call.url} {call.headers.get('x-a')} {call.body.content.decode().replace(call.id, '')}"
        assert "looked-up" not in said
        assert "feedfeed" not in said
    assert sent[1].body.content.decode() == json.dumps({"a": marks, "b": f"-{marks}"}, separators=(",", ":"))
    assert sent[2].body.content.decode() == sent[6].body.content.decode() == "a=" + quote_plus(marks)
    assert {call.headers.get("x-a") for call in sent[1:]} == {marks}
