"""Each hook is made to raise, one at a time: nothing is injected, nothing unguarded passes, and the verdict says tool."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from wsproto import events as ws

from flowprobe.core.events import HookFailed, Stamped, TrialEnded, TrialStarted
from flowprobe.core.evidence import fold
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.websocket import Websocket
from flowprobe.core.verdict import Blame, judge_trial
from flowprobe.core.verdict import Kind as Verdicts
from flowprobe.journal.reader import read_stream
from flowprobe.proxy.edges import EdgeSpec
from tests.proxy.rig import BODY, Origin, Rig, fault, marks, new_trial, run_proxy, until
from tests.proxy.speakers import serve_echo, websocket


def plain(rig: Rig, trial: str) -> None:
    with rig.client() as client:
        assert client.get("/v1/x", headers=marks(trial)).content == BODY


def tunnelled(rig: Rig, trial: str) -> None:
    with rig.client("mail") as client:
        assert client.get("https://api.mail.example/v1/x", headers=marks(trial)).content == BODY


def refused(rig: Rig, trial: str) -> None:
    with httpx.Client(base_url=rig.ready.edges["dead"], trust_env=False) as client:
        assert client.get("/v1/x", headers=marks(trial)).status_code == 502


def left(rig: Rig, _: str) -> None:
    """Somebody else, who comes and goes."""
    with httpx.Client(base_url=rig.ready.edges["payments"], trust_env=False) as client:
        assert client.get("/v1/x").content == BODY


def no_tunnel(rig: Rig, trial: str) -> None:
    with rig.client("mail") as client, pytest.raises(httpx.HTTPError):
        client.get("https://api.mail.example/v1/x", headers=marks(trial))
    assert rig.origin.calls == []


def shut_out(rig: Rig, trial: str) -> None:
    with rig.client("user") as client, pytest.raises(httpx.HTTPError):
        client.get(rig.origin.url + "/v1/x", headers=marks(trial))
    no_tunnel(rig, trial)


def distrusting(rig: Rig, trial: str) -> None:
    with httpx.Client(proxy=rig.ready.edges["mail"], trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get("https://api.mail.example/v1/x", headers=marks(trial))


def talking(rig: Rig, trial: str) -> None:
    with websocket(rig.ready.edges["live"], "/feed", marks(trial)) as side:
        assert isinstance(side.next(), ws.AcceptConnection)
        side.say("one")
        assert isinstance(said := side.next(), ws.TextMessage)
        assert said.data == "one"
        side.send(ws.CloseConnection(1000))
        assert isinstance(side.next(), ws.CloseConnection)


Traffic = Callable[[Rig, str], None]
WAYS: dict[str, tuple[Kind, Traffic]] = {
    "client_connected": (Status(503), plain),
    "client_disconnected": (Status(503), left),
    "http_connected": (Status(503), tunnelled),
    "server_connected": (Body("html"), plain),
    "tls_clienthello": (Status(503), tunnelled),
    "tls_start_client": (Status(503), tunnelled),
    "tls_established_client": (Status(503), tunnelled),
    "tls_failed_client": (Status(503), distrusting),
    "websocket_message": (Websocket(close=1), talking),
    "websocket_end": (Websocket(close=2), talking),
    "arrived": (Status(503), plain),
    "request": (Hang(30), plain),
    "responseheaders": (Body("html"), plain),
    "response": (Body("html"), plain),
    "error": (Body("html"), refused),
    "http_connect": (Status(503), no_tunnel),
    "next_layer": (Status(503), shut_out),
    "requestheaders": (Status(503), shut_out),
}
"""For each hook a fault that would be seen if it were injected all the same, and calls that come to the hook."""

ADDON = Path(__file__).parents[2] / "flowprobe" / "proxy" / "addon.py"
HOOKS = sorted(re.findall(r"@_fails_(?:off|closed)\n    (?:async )?def (\w+)\(", ADDON.read_text()))


def test_every_hook_has_a_way_to_it() -> None:
    """A new hook needs a line in WAYS."""
    assert sorted(WAYS) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_nothing_is_injected_nothing_unguarded_passes_and_the_verdict_says_tool(
    hook: str, tmp_path: Path, origin: Origin
) -> None:
    trial = new_trial()
    kind, traffic = WAYS[hook]
    origin.calls.clear()
    edges = ("payments", "mail", "dead", "live")
    faults = [fault(kind, edge=edge) for edge in edges]
    with (serve_echo() as echo, run_proxy(tmp_path, origin, fail_in=hook, more=(EdgeSpec("live", "reverse", echo),)) as rig,
          rig.armed(trial, *faults)):
        traffic(rig, trial)
        until(lambda: [e for e in rig.events() if isinstance(e, HookFailed)])
        assert rig.receipts(trial) == []
    assert {event.hook for event in rig.events() if isinstance(event, HookFailed)} == {hook}
    assert judged(rig.journal, trial) == (Verdicts.INCONCLUSIVE, Blame.TOOL)


def judged(journal: Path, trial: str) -> tuple[Verdicts, Blame]:
    """The verdict of a trial that saw nothing wrong itself, with this journal of the proxy."""
    lines = read_stream(journal).stamped
    began = lines[0].mono
    started = TrialStarted(trial, "a scenario", "a.yaml", {}, "plan", 1, "", (), {})
    events = (Stamped("runner", 1, began - 1, 0, started),
              Stamped("runner", 2, lines[-1].mono + 1, 0, TrialEnded(trial, "finished")))
    run = fold((*events, *lines), whole=False)
    verdict = judge_trial(run.trials[0], reachable=True, trouble=run.trouble)
    return verdict.kind, verdict.blame


def test_without_a_failure_the_same_traffic_is_faulted(tmp_path: Path, origin: Origin) -> None:
    """The positive control."""
    trial = new_trial()
    with run_proxy(tmp_path, origin) as rig, rig.armed(trial, fault(Status(503))), rig.client() as client:
        assert client.get("/v1/x", headers=marks(trial)).status_code == 503
    assert len(rig.receipts(trial)) == 1
    assert judged(rig.journal, trial) != (Verdicts.INCONCLUSIVE, Blame.TOOL)
