"""Every profile that ships: it fires, and a sound product survives it as it says. All trials of a scenario share one run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowprobe.core.profiles import aimed
from flowprobe.core.scenario import FaultPlan
from flowprobe.files.checks import check_plan
from flowprobe.proxy.process import EdgeSpec
from flowprobe.running.profiles import profile, profile_for
from flowprobe.running.run import run
from flowprobe.running.selection import Chosen, Request, Selection, select
from tests.end_to_end.conftest import Place
from tests.proxy.rig import Rig, new_trial, run_proxy, serve_origin, until

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "proxies" / "profiles"
SHIPPED = sorted(path.stem for path in PROFILES.glob("*.yaml"))
SEED = 24
"""One with which every draw of the profiles falls on some call."""

CASES: dict[str, dict[str, str]] = {
    "many-searches.yaml": {
        "black-hole@search": "pass",
        "brown-out@search": "pass",
        "cold-start@search": "pass",
        "flapping@search": "pass",
        "partial-outage@search": "pass",
        "rate-limited-crm@search": "pass",
        "rotated-credentials@search": "pass",
        "schema-drift@search": "pass",
        "stale-reads@search": "pass",
        "thundering-429@search": "pass",
        "slow-search": "pass",
        "truncated-search": "pass",
    },
    "invite-and-billing.yaml": {
        "slow-payments": "pass",
        "captive-portal@payments": "degraded",
        "malformed-json@payments": "degraded",
    },
    "payment.yaml": {"lost-replies": "pass", "low-bandwidth-region@payments": "pass", "user-3g": "pass", "user-satellite": "pass"},
    "sign-in-and-invite.yaml": {"mail-outage": "degraded"},
    "upload.yaml": {"late-webhooks@scanner": "pass", "webhook-storm@scanner": "pass"},
    "notes.yaml": {"user-lossy-wifi": "degraded", "user-idle-disconnects": "degraded", "user-train-tunnel": "pass"},
}
"""Scenario -> what `--faults` takes -> the verdict on the demo without its weaknesses."""

TLS = ("expired-certificate", "slow-handshake")
"""Profiles that need an edge with TLS, which the demo's providers have not."""

ASKED = {asked: file for file, cases in CASES.items() for asked in cases}


class _Nobody:
    """Watches a run and says nothing."""

    def opened(self, *_: Any) -> None: ...
    def event(self, *_: Any) -> None: ...
    def trial(self, *_: Any) -> None: ...
    def notice(self, *_: Any) -> None: ...


Found = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def trial_of(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The trial of a profile, as result.json has it: those of one scenario are run together, when the first one is
    asked for."""
    folder = tmp_path_factory.mktemp("profiles")
    shutil.copytree(ROOT / "scenarios", folder, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parent / "profiles" / "many-searches.yaml", folder)
    runs: dict[str, dict[str, Any]] = {}

    def find(asked: str) -> dict[str, Any]:
        file = ASKED[asked]
        if file not in runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                runs[file] = _run(Path(file), tuple(CASES[file]))
        return runs[file][asked]

    return find


def _run(file: Path, asked: tuple[str, ...]) -> dict[str, Any]:
    request = Request((file,), environment="demo", seed=SEED)
    selection = select(request)
    (chosen,) = selection.chosen
    plans = tuple(_plan(name, selection) for name in asked)
    for _ in range(3):  # a machine that is starved of processor time keeps no time: the tool says so
        report = run(request, replace(selection, chosen=(Chosen(chosen.scenario, plans, {}),)), _Nobody())
        trials = json.loads((report.folder / "result.json").read_text())["trials"]
        if all(trial["blame"] != "tool" for trial in trials):
            break
    return {trial["plan"]: trial for trial in trials}


def _plan(asked: str, selection: Selection) -> FaultPlan:
    """The profile as `--faults` finds and checks it."""
    (chosen,) = selection.chosen
    plan = profile_for(asked, selection.environment, ())
    assert check_plan(plan, selection.environment, (chosen.scenario,)) == ()
    return plan


@pytest.mark.parametrize("asked", ASKED)
def test_a_profile_fires_and_a_sound_product_survives_it(asked: str, trial_of: Found) -> None:
    trial = trial_of(asked)
    assert trial["verdict"] == CASES[ASKED[asked]][asked], trial["reasons"]
    assert {receipt["fault"] for receipt in trial["receipts"]} == {fault["id"] for fault in trial["faults"]} != set()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A proxy before a product that reaches its provider over TLS."""
    with serve_origin() as origin:
        edges = (EdgeSpec("mail", "forward", hosts={"https://api.mail.example": origin.url}),)
        with run_proxy(tmp_path_factory.mktemp("tls"), origin, edges=edges, owned=True) as rig:
            yield rig


@pytest.mark.parametrize(("name", "seen"), [*zip(TLS, ("certificate has expired", "timed out"), strict=True)])
def test_a_profile_of_handshakes_fires_where_there_are_some(name: str, seen: str, tls: Rig) -> None:
    """A product with less patience than the handshake takes, and one that looks at certificates."""
    trial = new_trial()
    faults = aimed(profile(name), {"provider": "mail"}).faults
    with tls.armed(trial, *faults), tls.client("mail", timeout=1) as client, pytest.raises(httpx.TransportError, match=seen):
        client.get("https://api.mail.example/a")
    tls.proxy.drain(trial, timeout_s=5)  # a handshake is of the only trial that there is
    until(lambda: tls.receipts(trial))
    assert [receipt.fault for receipt in tls.receipts(trial)] == ["mail"]
    assert tls.origin.calls == []


def test_every_profile_that_ships_is_run() -> None:
    assert sorted({asked.partition("@")[0] for asked in ASKED} | set(TLS)) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_says_what_it_imitates_and_what_survives_it(name: str) -> None:
    found = profile(name)
    assert found.name == name
    assert 20 <= len(found.imitates) <= 115
    assert 20 <= len(found.survives) <= 115


def test_the_page_lists_every_profile_with_what_it_imitates() -> None:
    rows = [line for line in (ROOT / "proxies" / "README.md").read_text().splitlines() if line.startswith("| [")]
    assert sorted(rows) == [f"| [{name}](profiles/{name}.yaml) | {_edges(name)} | {profile(name).imitates} |" for name in SHIPPED]


def _edges(name: str) -> str:
    return ", ".join(dict.fromkeys(f"`{fault.edge}`" for fault in profile(name).faults))


def test_a_product_that_does_not_survive_is_told_what_a_sound_one_does(place: Place) -> None:
    shutil.copytree(ROOT / "scenarios", place.folder, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parent / "profiles" / "many-searches.yaml", place.folder)
    result = place.flowprobe("run", "many-searches.yaml", "--env", "demo-weak", "--faults", "malformed-json@search")
    survives = profile("malformed-json").survives
    assert result.code == 1, result.out
    assert f"a sound product: {survives}" in result.out
    assert "--faults malformed-json@search --seed" in result.out
    told: dict[str, Any] = json.loads((place.latest() / "result.json").read_text())
    (failed,) = [trial for trial in told["trials"] if trial["plan"] == "malformed-json@search"]
    assert (failed["survives"], failed["faults"][0]["edge"]) == (survives, "search")
    assert "survives: The product takes it for an outage" in place.flowprobe(
        "plan", "many-searches.yaml", "--faults", "malformed-json@search").out
