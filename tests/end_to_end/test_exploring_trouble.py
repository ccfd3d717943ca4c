"""`flowprobe explore` when things go wrong: a product that is moody, dead or refuses, a quota, a kill, a full disk."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Place, Result, wait_for

PRODUCT = Path(__file__).parent / "moody_product.py"
PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    providers:
      shop: {{url: https://shop.example, upstream: "http://127.0.0.1:0", edge: reverse}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.shop.port}}", MOOD: "{mood}"}}
        ready: GET ${{upstreams.shop.url}}/health
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", PROVIDER_URL: "${{edges.shop.url}}", MOOD: "{mood}"}}
        ready: GET /health
personas:
  pro-eu: {{team: t1}}
  free-us: {{team: t2}}
"""
BARE = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", MOOD: "{mood}"}}
        ready: GET /health
personas: {{pro-eu: {{team: t1}}}}
"""
ACCOUNT = "account:\n  seats: {default: 3, integers: {min: 0, max: 20}}\n"
GIVEN = """\
given:
  call: PUT /state
  json: {seats: "${account.seats}"}
  refuses: 422
"""
PAY = """\
workflow:
  - step: opened
    call: POST /accounts
    json: {tag: "${trial.id}"}
    cleanup:
      call: DELETE /accounts/${found.id}
      find: {call: GET /accounts, where: {tag: "${trial.id}"}, id: "$.items[*].id"}
  - step: pay
    call: POST /pay
    json: {seats: "${account.seats}"}
    expect: {status: 200}
"""
PAY_ALONE = f"workflow:\n{PAY[PAY.index('  - step: pay'):]}"
"""Nothing is left to clean up where the product is gone."""
PAY_PLAINLY = PAY.replace("${account.seats}", "3")


@dataclass
class Moody:
    place: Place
    mood: Path

    def feels(self, *words: str) -> None:
        fresh = self.mood.with_suffix(".new")
        fresh.write_text(" ".join(words))
        fresh.replace(self.mood)

    def scenario(self, *parts: str, personas: str = "{admin: pro-eu}", name: str = "paying.yaml") -> None:
        head = f"flowprobe: 1\nscenario: Paying\npersonas: {personas}\n"
        self.place.scenario(head + "".join(parts or (ACCOUNT, GIVEN, PAY)), name)

    def words(self, *words: str, scenario: str = "paying.yaml", budget: str = "60") -> list[str]:
        return ["explore", scenario, "--seed", "1", "--longest", "500ms", "--budget", budget, "--json", *words]

    def explore(self, *words: str, scenario: str = "paying.yaml", budget: str = "60") -> Result:
        return self.place.flowprobe(*self.words(*words, scenario=scenario, budget=budget))

    def tries(self) -> list[dict[str, Any]]:
        """The rows of the newest exploration so far, without its head."""
        try:
            lines = (self.place.latest() / "tries.jsonl").read_text().split("\n")[:-1]
        except OSError:
            return []
        return [row for row in map(json.loads, lines) if "learned" in row]

    def left(self) -> set[str]:
        """The accounts that were made and are still there."""
        try:
            notes = [line.split() for line in Path(f"{self.mood}.notes").read_text().splitlines()]
        except OSError:
            return set()
        return {name for what, name in notes if what == "make"} - {name for what, name in notes if what == "unmake"}

    def environment(self, text: str) -> None:
        """A further line of the environment."""
        project = self.place.folder / "flowprobe.yaml"
        project.write_text(project.read_text().replace("  local:\n", f"  local:\n    {text}\n"))


@pytest.fixture
def moody(place: Place) -> Moody:
    here = Moody(place, place.folder / "mood")
    here.feels()
    (place.folder / "flowprobe.yaml").write_text(
        PROJECT.format(python=sys.executable, product=PRODUCT, mood=here.mood))
    here.scenario()
    return here


def test_a_strategy_in_python_finds_what_it_is_about(moody: Moody) -> None:
    moody.feels("picky")
    moody.scenario("account:\n  seats: {default: 3, python: accounts.py:seats}\n", GIVEN, PAY)
    (moody.place.folder / "accounts.py").write_text(
        "from hypothesis import strategies as st\nseats = st.sampled_from([30, 60, 90])\n")
    refused = moody.explore()
    assert (refused.code, "paying.yaml:5:10" in refused.err, "--allow-exec" in refused.err) == (2, True, True), refused.err
    assert not (moody.place.folder / ".flowprobe").exists()
    found = moody.explore("--allow-exec", "--only", "states")
    assert (found.code, [case["state"] for case in found.json["cases"]]) == (1, [{"seats": 90}]), found.err


def test_a_strategy_in_python_that_fails_while_it_draws_ends_the_search_and_keeps_what_was_learned(moody: Moody) -> None:
    moody.scenario("account:\n  seats: {default: 3, python: accounts.py:seats}\n", GIVEN, PAY)
    (moody.place.folder / "accounts.py").write_text(
        "from hypothesis import strategies as st\nseats = st.just(0).map(lambda seats: 1 / seats)\n")
    found = moody.explore("--allow-exec", "--only", "states")
    assert (found.code, found.json["ended"], found.json["tries"] >= 3) == (3, "stopped", True), found.err
    assert "accounts.py:2: ZeroDivisionError" in found.json["because"]


# --- a product that is not itself -----------------------------------------------------------------


def test_a_product_that_breaks_now_and_then_without_faults_is_flaky_with_its_rate(moody: Moody) -> None:
    moody.feels("coin")
    found = moody.explore()
    assert (found.code, found.json["ended"], found.json["cases"]) == (3, "no baseline", []), found.err
    (flaky,) = found.json["flaky"]
    assert (flaky["of"], 0 < flaky["broke"] < 3) == (3, True)
    assert "1 of 3" in found.err


def test_a_product_that_breaks_under_a_fault_now_and_then_is_no_clean_find_and_no_clean_pass(moody: Moody) -> None:
    moody.feels("coin-timid")
    moody.scenario(PAY_PLAINLY)
    found = moody.explore()
    assert (found.code, found.json["cases"]) == (3, []), found.err
    assert found.json["flaky"]
    assert all(each["broke"] < each["of"] for each in found.json["flaky"])
    assert "✓ no case found" not in found.err


def test_a_journey_that_fails_without_any_fault_is_said_to_and_fails(moody: Moody) -> None:
    moody.feels("broken")
    found = moody.explore()
    assert (found.code, found.json["ended"], found.json["tries"]) == (1, "no baseline", 3), found.err
    assert "without any fault" in found.json["because"]
    assert moody.left() == set()


def test_an_ordinary_account_that_is_refused_leaves_nothing_to_compare_with(moody: Moody) -> None:
    moody.scenario(ACCOUNT.replace("default: 3", "default: 13"), GIVEN, PAY)
    found = moody.explore()
    assert (found.code, found.json["ended"]) == (3, "no baseline"), found.err
    assert "422" in found.json["because"] or "refuse" in found.json["because"]


def test_a_state_that_is_refused_is_counted_and_no_find(moody: Moody) -> None:
    moody.scenario(ACCOUNT.replace("integers: {min: 0, max: 20}", "sampled_from: [3, 13]"), GIVEN, PAY)
    found = moody.explore("--only", "states")
    assert (found.code, found.json["cases"], found.json["states"]["refused"]) == (0, [], 1), found.err


def test_a_product_that_ends_in_the_middle_stops_the_search_and_what_was_learned_is_kept(moody: Moody) -> None:
    moody.scenario(ACCOUNT, GIVEN, PAY_ALONE)
    process = moody.place.start(*moody.words(budget="300"))
    wait_for(lambda: len(moody.tries()) >= 6, "some tries")
    moody.feels("mortal")
    cut = moody.place.finish(process)
    assert (cut.code, cut.json["ended"], cut.json["cases"]) == (3, "stopped", []), cut.err
    assert cut.json["tries"] >= 6
    assert "ended with exit status 9" in cut.json["because"]
    assert len(moody.tries()) >= 6


def test_a_quota_that_is_met_in_the_middle_is_no_find_and_what_was_learned_goes_on(moody: Moody) -> None:
    moody.scenario(PAY_PLAINLY)
    process = moody.place.start(*moody.words("--no-prune", budget="300"))
    wait_for(lambda: len(moody.tries()) >= 6, "some tries")
    moody.feels("quota", "timid")
    cut = moody.place.finish(process)
    assert (cut.code, cut.json["ended"], cut.json["cases"]) == (3, "stopped", []), cut.err
    assert "does not pass any more without any fault" in cut.json["because"]

    moody.feels()
    more = moody.explore("--resume", str(moody.place.latest().resolve()), budget="15")
    assert (more.code, more.json["cases"]) == (0, []), more.err


# --- our own side ---------------------------------------------------------------------------------


def test_a_proxy_that_is_gone_stops_the_search_with_what_was_learned(moody: Moody) -> None:
    process = moody.place.start(*moody.words(budget="300"))
    wait_for(lambda: len(moody.tries()) >= 6, "some tries")
    for pid in moody.place.descendants(process):
        if b"flowprobe.proxy" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    cut = moody.place.finish(process)
    assert (cut.code, cut.json["ended"], cut.json["cases"]) == (3, "stopped", []), cut.err
    assert "proxy" in cut.json["because"]
    assert cut.json["tries"] >= 6


def test_a_disk_that_takes_no_more_ends_the_search_and_what_was_learned_is_told(moody: Moody) -> None:
    (moody.place.folder / "out" / "tries.jsonl").mkdir(parents=True)
    found = moody.explore("-o", "out")
    assert (found.code, found.json["ended"], found.json["tries"]) == (3, "stopped", 1), found.err
    assert "cannot write" in found.json["because"]
    assert moody.left() == set()


def test_a_case_that_cannot_be_written_is_told_all_the_same(moody: Moody) -> None:
    moody.feels("timid")
    moody.scenario(PAY_PLAINLY)
    process = moody.place.start(*moody.words("--only", "faults", budget="40"))
    wait_for(lambda: any(row["phase"] == "shrink" for row in moody.tries()), "shrinking")
    (moody.place.folder / "cases").write_text("in the way")
    found = moody.place.finish(process)
    assert (found.code, "is not kept: cannot write into cases" in found.err) == (1, True), found.err
    assert {case["file"] for case in found.json["cases"]} == {None}


def test_ctrl_c_while_a_find_is_made_small_keeps_the_best_so_far(moody: Moody) -> None:
    moody.feels("timid")
    process = moody.place.start(*moody.words(budget="300"))
    wait_for(lambda: any(row["phase"] == "shrink" for row in moody.tries()), "shrinking")
    process.send_signal(signal.SIGINT)
    cut = moody.place.finish(process)
    assert (cut.code, cut.json["ended"]) == (130, "stopped"), cut.err
    assert cut.json["cases"]
    assert moody.left() == set()


# --- several tries at once ------------------------------------------------------------------------


def under_way(moody: Moody) -> list[str]:
    """The trials that have begun, have made an account, and have not ended."""
    events = moody.place.events()
    ended = {event["trial"] for event in events if event["event"] == "TrialEnded"}
    return [event["trial"] for event in events if event["event"] == "StepEnded" and event["step"] == "opened"
            and event["trial"] not in ended]


def test_ctrl_c_with_two_workers_cleans_up_after_both(moody: Moody) -> None:
    process = moody.place.start(*moody.words("--workers", "2", budget="300"))
    wait_for(lambda: any(row["phase"] == "singles" for row in moody.tries()), "single faults")
    moody.feels("slow")
    wait_for(lambda: len(under_way(moody)) == 2, "two trials under way, each with an account")
    process.send_signal(signal.SIGINT)
    cut = moody.place.finish(process)
    assert (cut.code, cut.json["ended"]) == (130, "stopped"), cut.err
    assert moody.left() == set()
    events = moody.place.events()
    begun = {event["trial"] for event in events if event["event"] == "TrialStarted"}
    result = json.loads((moody.place.latest() / "result.json").read_text())
    assert {trial["trial"] for trial in result["trials"]} == begun
    assert [event["n"] for event in events] == list(range(1, len(events) + 1))


def test_a_journey_that_minds_company_is_explored_one_try_at_a_time(moody: Moody) -> None:
    moody.feels("jealous")
    found = moody.explore("--workers", "2", "--only", "faults", budget="20")
    assert (found.code, found.json["cases"], found.json["flaky"]) == (0, [], []), found.err
    assert "one try at a time from here on: when it is made 2 times at once, the journey does not pass" in found.err
    assert moody.left() == set()


def test_the_state_of_an_account_that_all_share_is_one_at_a_time(moody: Moody) -> None:
    moody.feels("picky")
    moody.scenario("account:\n  seats: {default: 3, sampled_from: [3, 10, 20, 40, 60, 90]}\n", GIVEN, PAY)
    found = moody.explore("--workers", "2", "--only", "states")
    assert (found.code, [case["state"] for case in found.json["cases"]]) == (1, [{"seats": 90}]), found.err
    assert "different account states are tried one after another: the persona 'pro-eu' has no `accounts`" in found.err
    assert moody.left() == set()


def test_the_budgets_hold_with_two_workers(moody: Moody) -> None:
    moody.environment("budget: {calls: 60}")
    found = moody.explore("--workers", "2", budget="300")
    assert (found.code, found.json["ended"]) == (0, "stopped"), found.err
    assert "the environment's budget of 60 calls" in found.json["because"]
    assert len([event for event in moody.place.events() if event["event"] == "CallSent"]) <= 60
    assert moody.left() == set()


def test_a_search_with_two_workers_goes_on_where_it_ended(moody: Moody) -> None:
    moody.explore("--workers", "2", "--only", "faults", budget="12")
    done = {json.dumps(row["key"]) for row in moody.tries() if row["phase"] != "calibrate"}
    earlier = moody.place.latest().resolve()
    more = moody.explore("--workers", "2", "--only", "faults", "--resume", str(earlier), budget="10")
    anew = len([event for event in moody.place.events() if event["event"] == "TrialStarted"])
    assert anew <= 10, more.err
    assert done < {json.dumps(row["key"]) for row in moody.tries() if row["phase"] != "calibrate"}


def test_the_environments_budget_ends_the_search_before_it_is_exceeded(moody: Moody) -> None:
    moody.environment("budget: {calls: 40}")
    found = moody.explore(budget="300")
    assert (found.code, found.json["ended"]) == (0, "stopped"), found.err
    assert "the environment's budget of 40 calls" in found.json["because"]
    assert found.json["calls"] <= 40
    assert moody.left() == set()


def test_an_exploration_that_was_killed_is_cleaned_up_after_and_goes_on(moody: Moody) -> None:
    process = moody.place.start(*moody.words(budget="300"))
    wait_for(lambda: len(moody.tries()) >= 6, "some tries")
    process.kill()
    process.communicate()
    moody.place.running.remove(process)
    earlier, done = moody.place.latest().resolve(), len(moody.tries())
    moody.place.flowprobe("cleanup")
    more = moody.explore("--resume", str(earlier), budget="5")
    assert (more.code, more.json["ended"]) == (0, "stopped"), more.err
    assert more.json["tries"] >= done


def test_a_search_of_something_else_is_not_gone_on_with(moody: Moody) -> None:
    first = moody.explore(budget="4")
    assert first.code == 0, first.err
    earlier = str(moody.place.latest().resolve())
    moody.scenario(name="other.yaml")
    for words, scenario, said in ((["--seed", "2"], "paying.yaml", "its seed was 1, not 2"),
                                  ([], "other.yaml", "it is the exploration of")):
        refused = moody.explore("--resume", earlier, *words, scenario=scenario)
        assert (refused.code, said in refused.err) == (2, True), refused.err
    moody.scenario(GIVEN, PAY.replace("200", "201"), ACCOUNT)
    changed = moody.explore("--resume", earlier)
    assert (changed.code, "has changed since" in changed.err) == (2, True), changed.err


# --- less than everything -------------------------------------------------------------------------


def test_a_scenario_without_an_account_is_searched_for_faults_alone(moody: Moody) -> None:
    moody.feels("timid")
    moody.scenario(PAY_PLAINLY)
    found = moody.explore()
    assert (found.code, found.json["states"]["tried"]) == (1, 0), found.err
    assert all(case["faults"] for case in found.json["cases"])


def test_without_providers_states_alone_are_searched_and_without_either_there_is_nothing(moody: Moody) -> None:
    bare = BARE.format(python=sys.executable, product=PRODUCT, mood=moody.mood)
    (moody.place.folder / "flowprobe.yaml").write_text(bare)
    found = moody.explore(budget="15")
    assert (found.code, found.json["states"]["tried"] > 0, found.json["coverage"]["sites"]) == (0, True, []), found.err
    moody.scenario(PAY_PLAINLY)
    refused = moody.explore()
    assert (refused.code, "no providers to fail" in refused.err) == (2, True), refused.err


def test_the_first_of_several_personas_acts_and_that_is_said(moody: Moody) -> None:
    moody.scenario(PAY_PLAINLY, personas="{admin: [pro-eu, free-us]}")
    found = moody.explore(budget="4")
    assert (found.code, "explored with admin pro-eu" in found.err + found.out) == (0, True), found.err
    other = moody.explore("--persona", "admin=free-us", budget="4")
    assert (other.code, "explored with" in other.err) == (0, False), other.err
