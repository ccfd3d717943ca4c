"""The journeys that are made for odd accounts: each weakness is found in just the account and under just the fault that
it needs, and on the mended product they hold whatever is wrong with a provider."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowprobe.demo.weaknesses import WEAKNESSES
from tests.end_to_end.conftest import Place

SCENARIOS = Path(__file__).parents[2] / "scenarios"
ODD = tuple(w.name for w in WEAKNESSES if not w.name.startswith(("payments-", "search-", "scanner-")))
ONCE = "when: {first: 1}"

FOUND: tuple[tuple[str, str, dict[str, str], str, str], ...] = (
    ("invite-zero-seats", "onboard", {"seats": "0"}, f"{{payments: {{lost_reply: close, {ONCE}}}}}", "invite"),
    ("invite-coupon-twice", "onboard", {"coupon": "TEN"}, f"{{payments: {{lost_reply: close, {ONCE}}}}}", "invite"),
    ("renewal-hasty-yes", "renewal", {"card": "expired"}, "{payments: {latency: 400ms}}", "unpaid"),
    ("renewal-in-cents", "renewal", {"currency": "KWD"}, f"{{payments: {{reset: headers, {ONCE}}}}}", "renew"),
    ("renewal-retries-late", "renewal", {"billing_day": "30"}, f"{{payments: {{status: 429, {ONCE}}}}}", "renew"),
    ("settling-forgets-credit", "renewal", {"credit": "100"}, f"{{payments: {{body: html, {ONCE}}}}}", "settle"),
    ("outbox-in-latin-1", "renewal", {"company": "アクメ"}, f"{{mail: {{status: 500, {ONCE}}}}}", "renew"),
    ("outbox-cuts-subjects", "renewal", {"company": "a" * 70}, f"{{mail: {{status: 503, {ONCE}}}}}", "told"),
    ("outbox-needs-a-phone", "renewal", {"phone": "null"}, f"{{mail: {{body: truncate, {ONCE}}}}}", "renew"),
    ("fallback-crashes-suspended", "onboard", {"status": "suspended"}, "{search: {body: malform}}", "search"),
    ("fallback-reads-singly", "onboard", {"documents": "1500"}, "{search: {latency: 300ms}}", "search"),
    ("renewal-bills-nothing", "renewal", {"seats": "0"}, "none", "renew"),
    ("renewal-price-gap", "renewal", {"plan": "basic", "currency": "KWD"}, "none", "quote"),
    ("term-leap-day", "onboard", {"opened_on": "2024-02-29"}, "none", "term"),
)
"""Each weakness: the journey, the account, the plan that show it, and the step that breaks."""

KINDS = (
    "status: 500", "status: {code: 429, retry_after: 1s}", "status: 401", "hang: 3s", "latency: 100ms", "latency: 500ms",
    "reset: headers", "close: request", "lost_reply: close", "body: empty", "body: html", "body: truncate", "body: malform",
    "field: {path: '$.*', null: true}", "field: {path: '$.*', drop: true}", "duplicate: 2", "error_envelope: plain",
    "redirect_loop: 307", "expired_token: true",
)
PROVIDERS = {"renewal": ("payments", "mail"), "onboard": ("search", "payments", "mail")}


def write(place: Place, name: str, journey: str, account: dict[str, str], plans: dict[str, str]) -> str:
    """The journey with another ordinary account, and with these plans in place of its own."""
    text = (SCENARIOS / f"{journey}.yaml").read_text("utf-8")
    for field, value in account.items():
        text, count = re.subn(rf"(\n  {field}: {{default: )[^,]+,", rf"\g<1>{value},", text)
        assert count == 1, field
    faults = "\nfaults:\n" + "".join(f"  {plan}: {fault}\n" for plan, fault in plans.items())
    text = re.sub(r"\nfaults:\n.*?(?=\nunder:)", lambda _: faults if plans else "", text, flags=re.DOTALL)
    (place.folder / f"{name}.yaml").write_text(text, "utf-8")
    return f"{name}.yaml"


def run(place: Place, weaknesses: str, files: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """The trials by their file and plan."""
    shutil.copy(SCENARIOS / "openapi.yaml", place.folder)
    project = (SCENARIOS / "flowprobe.yaml").read_text().replace("ACME_WEAKNESSES: none", f"ACME_WEAKNESSES: {weaknesses}")
    (place.folder / "flowprobe.yaml").write_text(project)
    result = place.run(*files)
    assert result.json, result.err
    assert (result.json["collateral"], result.json["unattributed"]) == (0, 0)
    return {(trial["file"], trial["plan"]): trial for trial in result.json["trials"]}


def broken(trial: dict[str, Any]) -> list[str]:
    return [step["step"] for step in trial["steps"] if step["outcome"] == "broken"]


def test_each_weakness_is_found_in_its_account_under_its_fault_and_nowhere_else(place: Place) -> None:
    """All of them are on at once: each is found by its own case, and the others do not show there."""
    wanted: dict[tuple[str, str], list[str]] = {}
    files = []
    for weakness, journey, account, fault, step in FOUND:
        plans = {} if fault == "none" else {"troubled": fault}
        odd, ordinary = f"{weakness}-odd", f"{weakness}-ordinary"
        files += [write(place, odd, journey, account, plans), write(place, ordinary, journey, {}, plans)]
        wanted |= {(f"{odd}.yaml", "none"): [] if plans else [step], (f"{ordinary}.yaml", "none"): []}
        if plans:
            wanted |= {(f"{odd}.yaml", "troubled"): [step], (f"{ordinary}.yaml", "troubled"): []}
    trials = run(place, ",".join(ODD), files)
    assert {key: broken(trial) for key, trial in trials.items()} == wanted, [trial["reasons"] for trial in trials.values()]
    assert {key for key, trial in trials.items() if trial["verdict"] == "fail"} == {k for k, steps in wanted.items() if steps}


def test_every_weakness_that_needs_an_odd_account_is_looked_for() -> None:
    assert {weakness for weakness, *_ in FOUND} == set(ODD)


@pytest.mark.parametrize("journey", PROVIDERS)
def test_on_the_mended_product_nothing_breaks_whatever_is_wrong_with_a_provider(place: Place, journey: str) -> None:
    plans = {f"{edge}-{number}": f"{{{edge}: {{{kind}}}}}" for edge in PROVIDERS[journey]
             for number, kind in enumerate(KINDS)}
    accounts = [account for _, named, account, _, _ in FOUND if named == journey]
    files = [write(place, "ordinary", journey, {}, plans)]
    files += [write(place, f"odd-{number}", journey, account, dict(list(plans.items())[number % 9::9]))
              for number, account in enumerate(accounts)]
    trials = run(place, "none", files)
    assert {key: trial["reasons"] for key, trial in trials.items() if trial["verdict"] == "fail"} == {}
    assert all(trial["verdict"] == "pass" for (_, plan), trial in trials.items() if plan == "none")
    unfired = [key for key, trial in trials.items() if trial["verdict"] == "inconclusive"]
    assert len(unfired) * 4 < len(trials), unfired


def test_the_other_journeys_hold_too_whatever_is_wrong_with_a_provider(place: Place) -> None:
    """All but the upload: a file that no scanner ever looks at is not given out, and that journey waits for it."""
    shutil.copytree(SCENARIOS, place.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".flowprobe"))
    edges = {"search": ("search",), "regions": ("search",), "payment": ("payments",),
             "invite-and-billing": ("payments", "mail"), "sign-in-and-invite": ("payments", "mail")}
    for start, (journey, named) in enumerate(edges.items()):
        plans = "".join(f"  {edge}-{number}: {{{edge}: {{{kind}}}}}\n" for edge in named
                        for number, kind in enumerate(KINDS[start % 4::4]))
        text = (SCENARIOS / f"{journey}.yaml").read_text("utf-8").replace("\nfaults:\n", f"\nfaults:\n{plans}", 1)
        assert plans in text
        (place.folder / f"{journey}.yaml").write_text(text, "utf-8")
    trials = run(place, "none", [f"{journey}.yaml" for journey in edges])
    assert {key: trial["reasons"] for key, trial in trials.items() if trial["verdict"] == "fail"} == {}
