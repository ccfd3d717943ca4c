"""Every kind as every client sees it, and the page of the documentation that says so.

One process for each client makes all of its calls: under the fault, after the lease was released, and at probability 0.
`FLOWPROBE_GOLDEN=write` writes the page anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.proxy.process import EdgeSpec
from tests.proxy.callers import CLIENTS, WIRE, Caller, Seen, absent, start
from tests.proxy.cases import CASES, EDGES, ELSEWHERE, FORWARD, HOOKS, REVERSE, Case, cases_of
from tests.proxy.rig import BODY, DOCUMENT, Origin, Rig, marks, new_trial, run_proxy, until
from tests.proxy.seen_page import Page, cell

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults-seen-by-clients.md"
Key = tuple[str, str, str]  # client, edge, case


@dataclass(frozen=True)
class Witnessed:
    """One case as one client saw it: under the fault, once it was off, and where it never falls."""

    rig: Rig
    under: Seen
    trial: str
    released: Seen
    never: Seen
    never_trial: str

    @property
    def kinds(self) -> list[str]:
        return [receipt.kind for receipt in self.rig.receipts(self.trial)]

    def asked(self) -> int:
        """How often the provider was, under the fault and once it was off."""
        return sum(1 for call in self.rig.origin.calls if self.trial in call.headers.get("traceparent", ""))


Witness = dict[Key, Witnessed]


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Witness]:
    """Side by side where each call says whose it is; one by one where a trial has to be the only one."""
    folder = tmp_path_factory.mktemp("clients")
    edges = (
        EdgeSpec(REVERSE, "reverse", origin.url), EdgeSpec(HOOKS, "reverse", origin.url),
        EdgeSpec(FORWARD, "forward", hosts={"https://api.mail.example": origin.url}),
    )
    (folder / "alone").mkdir()
    with ExitStack() as stack:
        callers = [stack.enter_context(start(client)) for client in CLIENTS if not absent(client)]
        together = stack.enter_context(run_proxy(folder, origin, edges=edges))
        alone = stack.enter_context(run_proxy(folder / "alone", origin, edges=edges, owned=True))
        with ThreadPoolExecutor(len(callers)) as pool:
            found = list(pool.map(lambda caller: _all_of(caller, together, alone=False), callers))
        found += [_all_of(caller, alone, alone=True) for caller in callers]
        yield {key: seen for each in found for key, seen in each.items()}


def _all_of(caller: Caller, rig: Rig, *, alone: bool) -> Witness:
    return {(caller.name, edge, case.written): _witness(caller, rig, edge, case)
            for edge in _edges(caller.name) for case in cases_of(caller.name, edge) if case.alone == alone}


def _edges(client: str) -> tuple[str, ...]:
    """A bare socket is for the wire; what TLS makes of it there is the business of who speaks it."""
    return (REVERSE, HOOKS) if client == WIRE else (REVERSE, FORWARD, HOOKS)


def _witness(caller: Caller, rig: Rig, edge: str, case: Case) -> Witnessed:
    trial, other = new_trial(), new_trial()
    with rig.armed(trial, case.fault(edge)):
        for _ in range(case.before):
            _call(caller, rig, edge, case, trial)
        under = _call(caller, rig, edge, case, trial)
    rig.proxy.drain(trial, timeout_s=5)
    released = _call(caller, rig, edge, case, trial, patience_s=20)
    with rig.armed(other, case.never(edge)):
        never = _call(caller, rig, edge, case, other, patience_s=20)
    rig.proxy.drain(other, timeout_s=5)
    return Witnessed(rig, under, trial, released, never, other)


def _call(caller: Caller, rig: Rig, edge: str, case: Case, trial: str, *, patience_s: float | None = None) -> Seen:
    forward = edge == FORWARD
    base = "https://api.mail.example" if forward else rig.ready.edges[edge]
    return caller.call(
        url=base + case.path, method=case.method, headers=marks(trial), body="{}",
        patience_s=patience_s or case.patience_s, proxy=rig.ready.edges[edge] if forward else None,
        ca=rig.ready.ca_cert if forward else None,
    )


def _found(witness: Witness, client: str, edge: str, case: Case) -> Witnessed:
    if reason := absent(client):
        pytest.skip(reason)
    return witness[client, edge, case.written]


ALL = [pytest.param(client, edge, case, id=f"{client}-{edge}-{case.written}")
       for client in CLIENTS for edge in _edges(client) for case in cases_of(client, edge)]


@pytest.mark.parametrize(("client", "edge", "case"), ALL)
def test_a_client_sees_what_the_kind_says(witness: Witness, client: str, edge: str, case: Case) -> None:
    found = _found(witness, client, edge, case)
    _saw(found.under, case, whole=client == WIRE or (client, edge) != ("curl", FORWARD))
    if client == WIRE:
        assert found.under.error == (case.ends or ("silence" if case.sees == "silence" else ""))
    assert found.under.seconds >= case.seconds
    until(lambda: found.kinds)
    assert set(found.kinds) == {case.kind}
    # The call after the release was made for the same trial.
    until(lambda: found.asked() == case.asked + 1)


def _saw(seen: Seen, case: Case, *, whole: bool) -> None:
    """`whole`: the head of an answer is seen whatever comes after it; a stream of HTTP/2 may lose it with its end."""
    match case.sees:
        case "reply":
            assert (seen.status, seen.error) == (case.status, "")
            assert case.length in (None, seen.length)
        case "head":
            assert seen.status == case.status or (seen.status is None and seen.error)
        case "cut":
            assert seen.error
            assert (seen.status, seen.length) == (case.status, case.length) or (not whole and seen.status is None)
        case "nothing" | "silence":
            assert (seen.status, seen.length) == (None, 0)
            assert seen.error
    if case.header and seen.status is not None:
        name, value = case.header
        assert seen.headers[name] == value


@pytest.mark.parametrize(("client", "edge", "case"), ALL)
def test_a_client_sees_nothing_once_it_is_off_nor_at_probability_zero(
    witness: Witness, client: str, edge: str, case: Case
) -> None:
    found = _found(witness, client, edge, case)
    for seen in (found.released, found.never):
        assert (seen.status, seen.error) == (200, "")
        if case.path in _PAGES:
            assert seen.sha == hashlib.sha256(_PAGES[case.path]).hexdigest()
    assert found.rig.receipts(found.never_trial) == []


_PAGES = {"/v1/charges": BODY, "/document": DOCUMENT}


def test_every_kind_has_a_case() -> None:
    assert {case.kind for case in CASES} | ELSEWHERE.keys() == set(KIND_NAMES)
    for kind, module in ELSEWHERE.items():
        assert kind in Path(__file__).with_name(module).read_text()


def test_a_client_is_left_out_only_where_its_program_is_not_there(tmp_path: Path) -> None:
    reasons = {client: absent(client, path=str(tmp_path)) for client in CLIENTS}
    assert {client: reason for client, reason in reasons.items() if reason} == {
        "curl": "curl needs curl, which is not on PATH", "fetch": "fetch needs node, which is not on PATH",
    }


# --- the page -------------------------------------------------------------------------------------


def _page(witness: Witness) -> Page:
    return Page({
        heading: {case.written: {client: _cell(witness, client, edge, case) for client in CLIENTS
                                 if edge in _edges(client) and not absent(client)}
                  for case in CASES if edge in case.edges}
        for edge, heading in EDGES.items()
    })


def _cell(witness: Witness, client: str, edge: str, case: Case) -> str:
    found = witness.get((client, edge, case.written))
    return cell(found.under, case, edge) if found else "untouched"


@pytest.fixture(scope="module")
def page(witness: Witness) -> Page:
    seen = _page(witness)
    if os.environ.get("FLOWPROBE_GOLDEN") == "write":
        missing = [reason for client in CLIENTS if (reason := absent(client))]
        assert not missing, f"the page would lose a column: {missing}"
        PAGE.write_text(str(seen))
    return seen


@pytest.mark.parametrize("client", CLIENTS)
def test_the_page_says_what_the_client_saw(page: Page, client: str) -> None:
    if reason := absent(client):
        pytest.skip(reason)
    assert Page.read(PAGE.read_text()).column(client) == page.column(client)
