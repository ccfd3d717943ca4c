"""The bundled product: every weakness is found by running against it, and none where it is mended."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Place

SCENARIOS = Path(__file__).parents[2] / "scenarios"
INVITE = ("slow-payments", "payments-down", "payments-reset", "payments-portal")
SEARCH = ("slow-search", "search-down", "search-reset", "search-hangs", "search-empty")
HEALTHY = {**dict.fromkeys(INVITE, "degraded"), "slow-payments": "pass", **dict.fromkeys(SEARCH, "pass")}

BROKEN_BY: dict[str, set[str]] = {
    "none": set(),
    "payments-short-timeout": {"slow-payments"},
    "payments-double-charge": {"payments-down", "payments-reset", "payments-portal"},
    "payments-trusts-200": {"payments-portal"},
    "search-no-fallback": set(SEARCH),
    "search-no-timeout": {"slow-search", "search-hangs"},
    "all": {*INVITE, *SEARCH},
}
"""Which fault plans each weakness, alone, does not survive: both ways, since every other cell has to hold."""


@pytest.mark.parametrize("weakness", BROKEN_BY)
def test_a_weakness_is_found_under_just_the_faults_that_it_does_not_survive(place: Place, weakness: str) -> None:
    for file in ("search.yaml", "invite-and-billing.yaml", "openapi.yaml"):
        shutil.copy(SCENARIOS / file, place.folder)
    project = (SCENARIOS / "flowprobe.yaml").read_text().replace("ACME_WEAKNESSES: none", f"ACME_WEAKNESSES: {weakness}")
    (place.folder / "flowprobe.yaml").write_text(project)
    wanted = {**HEALTHY, **dict.fromkeys(BROKEN_BY[weakness], "fail")}
    for _ in range(3):  # a machine that is starved of processor time misses promises of time
        result = place.run(".")
        found = {trial["plan"]: trial["verdict"] for trial in result.json["trials"] if trial["plan"] != "none"}
        if found == wanted:
            break
    assert found == wanted, [trial["reasons"] for trial in result.json["trials"]]
    assert {t["verdict"] for t in result.json["trials"] if t["plan"] == "none"} == {"pass"}
    assert (result.json["collateral"], result.json["unattributed"]) == (0, 0)
    assert all(every_fault_has_its_receipt(trial) for trial in result.json["trials"])


def every_fault_has_its_receipt(trial: dict[str, Any]) -> bool:
    return {fault["id"] for fault in trial["faults"]} == {receipt["fault"] for receipt in trial["receipts"]}


def test_the_demo_comes_out_as_staged_in_under_a_minute(place: Place) -> None:
    result = place.finish(place.start("demo"), deadline_s=60)
    assert result.code == 0, result.out + result.err
    assert "fails: step 'search' took 5" in result.out
    assert "latency 500ms was injected into 'search'" in result.out
    assert "came out as staged" in result.out


def test_without_the_injector_the_demo_fails(place: Place) -> None:
    """The positive control of every receipt: what says "injected" has to be able to say that nothing was."""
    (place.folder / "off.py").write_text(
        "from flowprobe.cli.demo import demo_command\nraise SystemExit(demo_command(injector=False))\n")
    result = place.finish(place.start_python("off.py"), deadline_s=60)
    assert result.code == 3, result.out + result.err
    assert "never fired" in result.out
    assert "did not come out as staged" in result.out


def test_the_providers_are_attributed_as_the_product_passes_its_context_on(place: Place) -> None:
    """All but search are given the trace context: its calls are known by the product that we started."""
    shutil.copytree(SCENARIOS, place.folder, dirs_exist_ok=True)
    result = place.run(".", "--faults", "none")
    exchanges = [e for trial in result.json["trials"] for step in trial["steps"] for call in step["calls"]
                 for e in call["exchanges"]]
    assert {(e["edge"], e["evidence"], e["joined_by"]) for e in exchanges} == {
        *((edge, "traceparent", "call") for edge in ("payments", "mail", "scanner", "scanner.webhooks")),
        ("search", "owned", "window")}
