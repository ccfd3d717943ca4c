"""`flowprobe explore` and `replay` as their users call them, on the bundled product with some of its weaknesses on."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.end_to_end.conftest import RESULT, Place, Result, wait_for

SCENARIOS = Path(__file__).parents[2] / "scenarios"
JSON_LINE = re.compile(r"^\{", re.MULTILINE)


def with_weaknesses(place: Place, *names: str) -> None:
    """The product of the environment `demo` has these weaknesses, and no others."""
    project = (SCENARIOS / "flowprobe.yaml").read_text().replace("ACME_WEAKNESSES: none",
                                                                 f"ACME_WEAKNESSES: {','.join(names) or 'none'}")
    (place.folder / "flowprobe.yaml").write_text(project)
    for name in ("renewal.yaml", "onboard.yaml", "openapi.yaml"):
        shutil.copy(SCENARIOS / name, place.folder)


def explore(place: Place, scenario: str, *words: str, budget: str = "160") -> Result:
    return place.flowprobe("explore", scenario, "--env", "demo", "--seed", "1", "--budget", budget, "--json", *words)


def cases(place: Place) -> list[str]:
    return sorted(path.name for path in (place.folder / "cases").glob("*.yaml"))


def test_a_defect_that_needs_an_odd_account_and_a_fault_is_found_kept_replayed_and_mended(place: Place) -> None:
    with_weaknesses(place, "renewal-hasty-yes")
    found = explore(place, "renewal.yaml", "--emit", "pytest")
    assert found.code == 1, found.err
    (case,) = found.json["cases"]
    assert case["breaks"][0] | {"sentence": ""} == {"step": "unpaid", "kind": "json", "where": "$.state", "sentence": ""}
    assert (case["confirmed"], case["of"]) == (3, 3)
    assert cases(place) == ["renewal-unpaid-payments-latency.yaml"]
    text = (place.folder / "cases" / cases(place)[0]).read_text()
    assert "\n  card: expired  # " in text
    assert case["without"] == ["settle", "paid", "told"]
    assert "\nwithout: [settle, paid, told]\n" in text
    assert "     left out    the steps settle, paid, told\n" in found.err
    page = (place.latest() / "exploration.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<dt>left out</dt><dd><div>the steps settle, paid, told</div></dd>" in page
    assert json.loads((place.latest() / "exploration.json").read_text()) == found.json
    assert (place.folder / "cases" / "test_renewal_unpaid_payments_latency.py").exists()

    again = place.flowprobe("replay", "cases", "--env", "demo", "--json")
    assert (again.code, [each["outcome"] for each in again.json["cases"]]) == (1, ["still broken"]), again.err
    trials = json.loads((place.latest() / "result.json").read_text())["trials"]
    walked = [{step["step"] for step in trial["steps"]} for trial in trials]
    assert len(walked) == 2
    assert all(steps >= {"quote", "renew", "unpaid"} and not steps & {"settle", "paid", "told"} for steps in walked)

    with_weaknesses(place)
    mended = place.flowprobe("replay", "cases", "--env", "demo", "--json")
    assert (mended.code, [each["outcome"] for each in mended.json["cases"]]) == (0, ["mended"]), mended.err


ALONE = """\
    account: acc_eu_pro
    team: team_eu
    email: admin@acme.example
    labels: [key-account]
    budget: {search: 400ms, invite: 800ms, summary: 300ms}
    auth: {bearer: mint:admin}
"""
POOL = """\
    team: team_eu
    auth: {bearer: mint:admin}
    accounts: [{account: acc_eu_pro}, {account: acc_us_basic, auth: {bearer: mint:admin_us}}]
"""


def at_once(place: Place) -> int:
    """How many trials were under way at the same time."""
    most, now = 0, 0
    for event in place.events():
        now += (event["event"] == "TrialStarted") - (event["event"] == "TrialEnded")
        most = max(most, now)
    return most


def test_two_workers_find_what_one_finds(place: Place) -> None:
    with_weaknesses(place, "renewal-hasty-yes")
    project = place.folder / "flowprobe.yaml"
    text = project.read_text()
    assert ALONE in text
    project.write_text(text.replace(ALONE, POOL))
    found = explore(place, "renewal.yaml", "--workers", "2", budget="160")
    assert found.code == 1, found.err
    (case,) = found.json["cases"]
    assert case["breaks"][0] | {"sentence": ""} == {"step": "unpaid", "kind": "json", "where": "$.state", "sentence": ""}
    assert (case["differs"]["card"]["value"], case["confirmed"], case["of"]) == ('"expired"', 3, 3)
    assert cases(place) == ["renewal-unpaid-payments-latency.yaml"]
    assert at_once(place) == 2
    assert "one try at a time" not in found.err
    result = json.loads((place.latest() / "result.json").read_text())
    assert len(result["trials"]) == len({event["trial"] for event in place.events() if event["event"] == "TrialStarted"})
    RESULT.validate(result)


def test_nothing_is_reported_of_a_mended_product(place: Place) -> None:
    with_weaknesses(place)
    found = explore(place, "renewal.yaml")
    assert (found.code, found.json["cases"], cases(place)) == (0, [], [])


def test_a_search_that_was_interrupted_keeps_what_it_found_cleans_up_and_goes_on(place: Place) -> None:
    with_weaknesses(place, "renewal-bills-nothing")
    process = place.start("explore", "renewal.yaml", "--env", "demo", "--seed", "1", "--only", "states", "--json")
    tries = place.latest() / "tries.jsonl"
    wait_for(lambda: tries.exists() and '"judged":"fail"' in tries.read_text(), "a state that breaks")
    process.send_signal(signal.SIGINT)
    cut = place.finish(process)
    assert cut.code == 130, cut.err
    assert cut.json["ended"] == "stopped"
    assert cut.json["cases"]
    done = len(tries.read_text().splitlines())
    earlier = place.latest().resolve()

    more = explore(place, "renewal.yaml", "--only", "states", "--resume", str(earlier), budget="40")
    assert more.code == 1, more.err
    made = len((place.latest() / "tries.jsonl").read_text().splitlines())
    assert done < made <= done + 40


@pytest.mark.parametrize(("words", "said"), [
    (("--budget", "0"), "0 is no budget"), (("--budget", "soon"), "'soon' is no duration"),
    (("--resume", "nowhere"), "there is no exploration to go on with"), (("--only", "hope"), "not one of: states, faults"),
    (("--cases", "renewal.yaml"), "no case can be written into renewal.yaml"), (("--env", "nowhere"), "there is no environment 'nowhere'"),
])
def test_what_cannot_be_done_is_said_before_anything_is_sent(place: Place, words: tuple[str, ...], said: str) -> None:
    with_weaknesses(place)
    result = place.flowprobe("explore", "renewal.yaml", *words)
    assert (result.code, said in result.err) == (2, True), result.err
    assert not (place.folder / ".flowprobe").exists()


def test_an_environment_that_forbids_it_is_not_explored(place: Place) -> None:
    with_weaknesses(place)
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("  demo:  ", "  demo:\n    explore: false\n    #"))
    result = place.flowprobe("explore", "renewal.yaml", "--env", "demo")
    assert (result.code, "may not be explored" in result.err) == (5, True), result.err


NEVER_READY = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    start: [{command: [python, -c, "import pathlib, time; pathlib.Path('began').touch(); time.sleep(60)"], ready: GET /health}]
personas: {ann: {team: t1}}
"""
ASKING = """\
flowprobe: 1
scenario: Asking
personas: {admin: ann}
account: {seats: {default: 3, integers: {min: 0, max: 9}}}
workflow:
  - step: ask
    call: GET /ask
    expect: {status: 200}
"""


def test_ctrl_c_while_the_product_starts_is_told_as_the_end_of_a_search(place: Place) -> None:
    (place.folder / "flowprobe.yaml").write_text(NEVER_READY)
    (place.folder / "asking.yaml").write_text(ASKING)
    process = place.start("explore", "asking.yaml", "--json")
    wait_for(lambda: any(place.folder.rglob("began")), "the product")
    process.send_signal(signal.SIGINT)
    cut = place.finish(process)
    assert (cut.code, cut.json["ended"], cut.json["because"]) == (
        130, "no baseline", "it was stopped before the first try"), cut.err
    assert "? nothing could be judged" in cut.err
