"""An exploration of a realistic size, as its reports are given it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowprobe.core.exploring.exploration import (
    Baseline,
    Cell,
    Exploration,
    Flaky,
    Found,
    Outcome,
    PairsTried,
    Patience,
    Pruned,
    StatesTried,
    Unseen,
)
from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.shrink import Threshold
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.status import Status
from flowprobe.report.exploring_told import About, CaseTold, tell_case

DEFAULTS: dict[str, Any] = {"seats": 3, "company": "Acme", "card": "valid", "tags": []}
CHARGE = Site("payments", "POST /v1/charges", "pay")
AGAIN = Site("payments", "POST /v1/charges", "pay", 2)
CARD = Site("payments", "GET /v1/customers/*/cards", "pay")
MAIL = Site("mail", "POST /v3/mail/send", "invite")
FALLBACK = Site("mail", "POST /v3/mail/fallback/send", "invite")
SEARCH = Site("search", "PUT /indexes/*/documents/*/fields/*/everything-there-is", "note", 0)
FILES = Site("files", "PUT /buckets/*/objects/*", "upload")
SCAN = Site("scanner", "POST /scan", "upload")
SITES = (CHARGE, AGAIN, CARD, MAIL, FALLBACK, SEARCH, FILES, SCAN)
FAILED = Placed(MAIL, Status(500))
NO_INVITE = Break("invite", "status", "status", "charged, and no invite: 500 instead of 201")
TWICE = Break("", "never", "charges == 2", "the card was charged twice")
LATE = Break("pay", "within", "within", "took 3.2 s, promised within 2 s")

ABOUT = About("Invite a colleague", "scenarios/invite.yaml", "demo-weak", 7, "0.1.0", "20261122-031500-1a2b",
              ".flowprobe/runs/20261122-031500-1a2b", DEFAULTS, "500 tries",
              "flowprobe explore scenarios/invite.yaml --resume", 1)


def placed(site: Site, kind: Any) -> Placed:
    return Placed(site, kind)


def found(*breaks: Break, state: dict[str, Any] | None = None, faults: tuple[Placed, ...] = (), confirmed: int = 3,
          of: int = 3, also: int = 0) -> Found:
    tried = Try({**DEFAULTS, **(state or {})}, faults)
    learned = Learned("fail", breaks, trial="00f1a2b3c4d5e6f7")
    return Found(breaks, tried, learned, tried, 12, confirmed, of, (tried,) * min(also, 2), also + 1)


FOUND = (
    found(NO_INVITE, state={"seats": 0}, faults=(placed(CHARGE, LostReply("close")),), also=4),
    found(TWICE, LATE, faults=(placed(CHARGE, Latency(0.31)), placed(CARD, Close("headers")))),
    found(LATE, faults=(placed(SEARCH, Latency(1.2)),), confirmed=2),
    found(Break("upload", "status", "status", "the scanner said nothing, and the file was taken as clean"),
          faults=(placed(SCAN, Body("empty")),), of=0, confirmed=0),
    found(Break("note", "json", "$.title", "“Ünï<b>cödé</b>” came back as “?n?”"), state={"company": "Ü" * 80}),
    found(Break("invite", "no-reply", "no-reply", "no reply within 10 s"), faults=(placed(MAIL, Hang(10.0)),)),
)


def case(number: int, **more: Any) -> CaseTold:
    name = f"invite-a-colleague-{number}"
    return tell_case(FOUND[number], name=name, replay=f"flowprobe replay cases/{name}.yaml",
                     file=Path(f"cases/{name}.yaml"), defaults=DEFAULTS, **more)


CASES = (
    case(0, state_words="zero seats"), case(1, thresholds=(Threshold(0, 0.31, 0.3),)),
    case(2, thresholds=(Threshold(0, 1.2, 1.15),), best_so_far="the budget of 500 tries is used up"), case(3), case(4),
    case(5))


def cell(site: Site, kind: str) -> Cell:
    """A bit of everything, and the same each time."""
    number = SITES.index(site) * 7 + KIND_NAMES.index(kind) * 3
    within = (FAILED,) if site == FALLBACK else ()
    if kind in ("h2", "websocket", "webhook"):
        return Cell(site, kind, "not applicable", f"the product speaks HTTP/1.1 there: no {kind}", within=within)
    if kind == "lost_reply" and not site.is_write:
        return Cell(site, kind, "not applicable", "it only reads: a reply that is lost is a close", within=within)
    if site == CHARGE and kind == "lost_reply":
        return Cell(site, kind, "broken", NO_INVITE.sentence, 2, only="in the state seats=0")
    outcomes: tuple[Outcome, ...] = (
        "tolerated", "tolerated", "tolerated", "degraded", "tolerated", "broken", "tolerated", "unreachable",
        "tolerated", "not exercised", "tolerated", "out of budget", "tolerated")
    outcome = outcomes[number % len(outcomes)]
    because = {"broken": "took 3.2 s, promised within 2 s", "unreachable": "the fault never fell: the call was not made",
               "not exercised": "the proxy was saturated"}.get(outcome, "")
    return Cell(site, kind, outcome, because, 0 if outcome == "out of budget" else 3, within)


WHOLE = Exploration(
    "stopped", "the budget of 500 tries is used up",
    Baseline(tuple(Reached(site, 201, 0.05, acted=True, reply_bytes=300) for site in SITES if site != FALLBACK),
             frozenset({SEARCH}), frozenset({"a", "b"}), 3),
    500, 4123, 1834.2, {"calibrate": 3, "singles": 301, "timeouts": 44, "pairs": 52, "states": 60, "random": 20, "shrink": 20},
    FOUND, (Flaky(Try({**DEFAULTS, "card": "expired"}, (FAILED,)), (NO_INVITE,), 1, 4),),
    tuple(cell(site, kind) for site in SITES for kind in KIND_NAMES), {FALLBACK: (FAILED,)},
    (Patience(CHARGE, 2.0, 2.0, 0.3, 0.31), Patience(MAIL, 10.0), Patience(SEARCH, 5.0, 5.0, 1.15, 1.2)),
    (Pruned("no impact: with one of the two, neither the user nor a provider saw a difference", 812, ("a and b",)),
     Pruned("one of the two breaks the journey alone: it is reported as that", 130, ("c and d",))),
    StatesTried(41, 6, 1, 88, 92), PairsTried(52, 60), Unseen(37, 4, 477, 4 / 477, 2.0, "fair"))

QUIET = Exploration("whole", "", Baseline((Reached(CHARGE, 201, 0.05),), tries=3), 9, 40, 3.5, {"calibrate": 3, "singles": 6},
                    cells=(Cell(CHARGE, "status", "tolerated", tries=5), Cell(CHARGE, "reset", "degraded", tries=1)))
