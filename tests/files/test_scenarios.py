from __future__ import annotations

import pickle
import sys
from pathlib import Path
from subprocess import run

import pytest

from flowprobe.core.bodies import JsonBody, encoded, pairs
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.oracles import ORACLES
from flowprobe.core.scenario import (
    CaptureSource,
    ContractTerms,
    FaultPlan,
    Limit,
    Lookup,
    Match,
    Scenario,
    Template,
    When,
)
from flowprobe.errors import InvalidInput
from flowprobe.files.checks import check_plan, check_scenario
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_profile, load_scenario, scenario_files
from tests.files.samples import GOOD, checked

ROOT = Path(__file__).parents[2]
SMALL = "flowprobe: 1\nscenario: A\npersonas: {admin: pro-eu}\nworkflow:\n  - step: a\n    call: GET /a\n"


@pytest.fixture(scope="module")
def journey() -> Scenario:
    return load_scenario(GOOD / "journey.yaml")


def test_the_head_of_a_scenario(journey: Scenario) -> None:
    assert journey.name.startswith("A European Pro account")
    assert journey.tags == ("nightly", "billing")
    assert journey.personas == {"admin": ("pro-eu",), "operator": ("pro-eu", "staff")}
    assert str(journey.positions["personas.operator"]).endswith("journey.yaml:5:27")


def test_a_step_with_everything(journey: Scenario) -> None:
    step = journey.workflow[1]
    assert (step.name, step.role, step.position.line) == ("invite", "admin", 11)
    assert (step.call.method, str(step.call.path)) == ("POST", "/v1/teams/${admin.team}/invites")
    assert step.headers["X-Retries"] == "3"
    assert step.body.value["zip"] == "00123"
    assert str(step.cleanup.path) == "/v1/invites/${invite.id}"  # type: ignore[union-attr]


def test_its_expectation_knows_what_it_names_and_where(journey: Scenario) -> None:
    expect = journey.workflow[1].expect
    assert expect.named == {"status", "json", "within", "sends"}
    assert expect.status == (200, 201)
    assert isinstance(expect.within, Template)
    assert expect.within.parts == (Lookup(("admin", "budget", "invite")),)
    assert expect.positions["within"].line == 31
    assert [(s.provider, s.method, s.path, s.calls) for s in expect.sends] == [
        ("mail", "POST", "/send", 1), ("mail", "POST", "/v1/*/log", {"$lt": 4})]


def test_its_captures(journey: Scenario) -> None:
    captures = {item.name: item for item in journey.workflow[1].captures}
    assert captures["id"].source == CaptureSource("json", "$.id")
    assert captures["answer"].source == CaptureSource("status", "")
    assert captures["session"].secret


def test_fault_plans(journey: Scenario) -> None:
    slow, down, _ = journey.faults
    assert (slow.name, slow.faults[0].id, slow.faults[0].kind) == ("slow-payments", "payments", Latency(0.5))
    assert [fault.id for fault in down.faults] == ["mail", "mail[1]", "user"]
    assert down.faults[0].kind == Status(503, {"Retry-After": "2"}, {"error": "down"})
    assert down.faults[0].when == When(first=2, after=1)
    assert down.faults[1].match == Match(("POST",), "/send")
    assert down.faults[2].limit == Limit(10, 2.5)


def test_under_names_only_its_own_parts(journey: Scenario) -> None:
    promise = journey.under[1].steps["invite"]
    assert (journey.under[1].key, promise.named) == ("mail/status", {"status", "json", "sends"})


def test_a_poll_and_what_it_waits_for(journey: Scenario) -> None:
    poll = journey.workflow[2].poll
    assert poll is not None
    assert (poll.every, poll.patience, poll.position.line) == (0.5, 30.0, 49)
    assert (poll.until.named, poll.until.status) == ({"json"}, None)
    assert poll.fail_if is not None
    assert (poll.fail_if.status, poll.fail_if.exactly) == ((404, 410), True)
    assert journey.under[2].steps["billed"].patience == 180.0


def test_retries_checks_and_conditions(journey: Scenario) -> None:
    _, invite, billed, read = journey.workflow
    assert invite.retry is not None
    assert (invite.retry.on, invite.retry.times, invite.retry.backoff) == (("connect", "no-reply", 429, 503), 3, 0.1)
    assert (invite.check.named, invite.check.status, invite.timeout) == (
        {"status", "json", "within", "contract"}, (201,), 5.0)
    assert billed.when == {"before.seats": {"$gt": 0, "$lt": 100}, "admin.region": "eu"}
    assert read.retry is not None
    assert (read.retry.on, read.retry.times, read.retry.backoff) == ((503,), 2, 0.2)


def test_what_is_not_said_of_a_poll_has_its_default() -> None:
    text = SMALL + "    poll: {until: {status: 200}, for: 3s}\n"
    poll = load_scenario(Path("a.yaml"), text=text).workflow[0].poll
    assert poll is not None
    assert (poll.every, poll.fail_if) == (1.0, None)


def test_a_scenario_pickles(journey: Scenario) -> None:
    assert pickle.loads(pickle.dumps(journey)) == journey


def test_a_null_body_is_a_body() -> None:
    step = load_scenario(Path("a.yaml"), text=SMALL.replace("GET /a", "POST /a\n    json: null")).workflow[0]
    assert step.body == JsonBody(None)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert load_scenario(Path("a.yaml"), text="\ufeff" + SMALL).position.column == 1


def test_a_profile_is_a_plan() -> None:
    plan = load_profile(GOOD / "profile.yaml")
    assert isinstance(plan, FaultPlan)
    assert (plan.name, plan.imitates) == ("slow-payments", "A payment provider in a busy hour")
    assert [fault.id for fault in plan.faults] == ["payments", "mail", "mail[1]"]


# --- finding --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yml", "deep/c.yaml", ".hidden/d.yaml", ".e.yaml", "flowprobe.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SMALL)
    (tmp_path / "profile.yaml").write_text("flowprobe: 1\nprofile: slow\n")
    return tmp_path


def test_a_folder_is_searched_for_scenarios_only(folder: Path) -> None:
    names = [str(path.relative_to(folder)) for path in scenario_files([folder])]
    assert names == ["a.yml", "b.yaml", "deep/c.yaml"]


def test_a_named_file_is_taken_as_it_is_and_once(folder: Path) -> None:
    file = folder / "profile.yaml"
    assert scenario_files([file, file]) == (file,)


def test_every_path_that_is_wrong_is_named(folder: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        scenario_files([folder / "absent.yaml", folder / "nowhere" / "a.yaml"])
    assert [problem.id for problem in caught.value.problems] == ["file-not-found"] * 2
    assert "nowhere either" in caught.value.problems[1].instead


# --- against a project ----------------------------------------------------------------------------


def test_the_good_journey_fits_the_good_project() -> None:
    assert checked(GOOD / "journey.yaml") == ()


def test_what_is_not_given_is_not_checked(journey: Scenario) -> None:
    assert check_scenario(journey) == ()


def test_each_persona_of_a_role_is_checked() -> None:
    project = load_project(GOOD / "flowprobe.yaml")
    text = SMALL.replace("pro-eu", "[pro-eu, staff]").replace("/a", "/${admin.address.city}")
    (problem,) = check_scenario(load_scenario(Path("a.yaml"), text=text), project)
    assert problem.found == "the persona `staff` has nothing called `address.city`"


def test_a_plan_from_elsewhere_may_be_promised_under() -> None:
    environment = load_project(GOOD / "flowprobe.yaml").environments["local"]
    scenario = load_scenario(Path("a.yaml"), text=SMALL + "under: {busy-hour: {a: {status: 202}}}\n")
    assert [problem.id for problem in check_scenario(scenario, None, environment)] == ["unknown-under"]
    assert check_scenario(scenario, None, environment, plans=["busy-hour"]) == ()


@pytest.mark.parametrize(("key", "ids"), [
    ("mail.webhooks", []), ("mail.webhooks/status", []), ("payments.webhooks/status", ["unknown-under"])])
def test_a_promise_may_be_about_the_webhooks_of_a_provider(key: str, ids: list[str]) -> None:
    environment = load_project(GOOD / "flowprobe.yaml").environments["local"]
    scenario = load_scenario(Path("a.yaml"), text=SMALL + f"under: {{{key}: {{a: {{status: 202}}}}}}\n")
    assert [problem.id for problem in check_scenario(scenario, None, environment)] == ids


def test_a_profile_for_other_providers_is_refused() -> None:
    environment = load_project(GOOD / "flowprobe.yaml").environments["staging"]
    problems = check_plan(load_profile(GOOD / "profile.yaml"), environment, ())
    assert [problem.id for problem in problems] == ["unknown-provider"] * 2
    assert [problem.line for problem in problems] == [7, 8]


@pytest.mark.parametrize(("retry", "ids"), [
    ("", ["own-no-reply"]), ("    retry: {on: 503}\n", ["own-no-reply"]), ("    retry: {on: connect}\n", ["own-no-reply"]),
    ("    retry: {on: [503, no-reply]}\n", [])])
def test_our_own_calls_may_go_without_a_reply_where_they_are_tried_again(tmp_path: Path, retry: str, ids: list[str]) -> None:
    environment = load_project(GOOD / "flowprobe.yaml").environments["local"]
    profile = tmp_path / "cut-off.yaml"
    profile.write_text("flowprobe: 1\nprofile: cut-off\nfaults: {user: {reset: request}}\n")
    scenario = load_scenario(Path("a.yaml"), text=SMALL + retry)
    assert [problem.id for problem in check_plan(load_profile(profile), environment, (scenario,))] == ids


# --- the load path --------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pydantic", "httpx", "rich", "jsonpath_ng", "hypothesis", "mitmproxy"])
def test_reading_a_file_imports_nothing_slow(library: str) -> None:
    code = ("import sys; from pathlib import Path; from flowprobe.files.scenarios import load_scenario; "
            "from flowprobe.files.checks import check_scenario; from flowprobe.files.project import load_project; "
            f"load_scenario(Path({str(GOOD / 'journey.yaml')!r})); print({library!r} in sys.modules)")
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_the_parser_written_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch, journey: Scenario) -> None:
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    assert load_scenario(GOOD / "journey.yaml") == journey


@pytest.mark.parametrize("text", ["a: [" * 30_000, "- " * 50_000, "{" * 50_000])
def test_the_parser_written_in_python_has_limits_too(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    with pytest.raises(InvalidInput):
        load_scenario(Path("a.yaml"), text=text)


def test_a_contract_is_the_whole_document_or_one_operation_of_it(journey: Scenario) -> None:
    _, invite, billed, _ = journey.workflow
    assert invite.check.contract == ContractTerms()
    assert billed.expect.contract == ContractTerms("showBill", declared=True)


def test_numbers_in_places_of_text_are_sent_as_they_stand_in_the_file() -> None:
    numbers = "{version: 1.10, exp: 1e3, big: 12345678901234567890.5, all: [19.90]}"
    parts = "{a: 1.10}"
    scenario = load_scenario(Path("a.yaml"), text=(
        "flowprobe: 1\nscenario: A\npersonas: {admin: b}\nworkflow:\n"
        f"  - {{step: a, call: POST /a, query: {numbers}, form: {numbers}}}\n"
        f"  - {{step: b, call: POST /b, multipart: {parts}}}\n"))
    first, second = scenario.workflow
    written = [("version", "1.10"), ("exp", "1e3"), ("big", "12345678901234567890.5"), ("all", "19.90")]
    assert list(pairs(first.query, {})) == list(pairs(first.body.fields, {})) == written
    assert b"\r\n\r\n1.10\r\n" in encoded(second.body, {}, boundary="x").content


PROMISES = """probes: {things: {call: "GET /things/${a.id}", as: guest, for: 2s}}
always: [{name: it is there, when: {a.id: 7}, then: {shows: {things: {json: {ok: true}}}}}]
never:
  - {name: two, sends: {payments: {POST /v1/charges: {effects: {$gt: 1}}}}}
  - retry-storm
"""


def test_what_is_promised_of_the_whole_journey() -> None:
    scenario = load_scenario(Path("a.yaml"), text=SMALL + "    capture: {id: $.id}\n" + PROMISES)
    (probe,) = scenario.probes
    assert (probe.name, probe.step.name, probe.step.role, probe.patience, probe.every) == ("things", "probe things", "guest", 2.0, 0.5)
    there, two, storm = scenario.invariants
    assert (there.promise, there.name, there.probes, dict(there.when)) == ("always", "it is there", {"things"}, {"a.id": 7})
    assert (two.promise, two.facts.calls[0].effects, two.facts.calls[0].provider) == ("never", {"$gt": 1}, "payments")
    assert (storm.oracle, storm.name, str(storm.position)) == ("retry-storm", "retry-storm", "a.yaml:10:1")


def test_never_any_names_every_oracle() -> None:
    scenario = load_scenario(Path("a.yaml"), text=SMALL + "never: any\n")
    assert tuple(each.oracle for each in scenario.invariants) == tuple(ORACLES)
