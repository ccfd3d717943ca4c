"""Faults that an edge cannot do honestly, or not to the right call only: refused before anything is sent, with what
can be done there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowprobe.core.faults.close import Close
from flowprobe.core.faults.fault import Fault, FaultPlan, Limit, Match, When
from flowprobe.core.faults.h2 import H2, GoAway
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, before_calls, kind_name
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.tls import Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket
from flowprobe.core.rules import FaultRule
from flowprobe.core.scenario import Environment, Provider, Scenario, webhook_edge
from flowprobe.errors import Problem
from flowprobe.files.problems import Source, listed

__all__ = ["check_faults", "own_calls"]

_USER = "user"


def own_calls(plan: FaultPlan, scenarios: Iterable[Scenario], source: Source) -> Iterator[Problem]:
    """A no-reply that we made ourselves would be nobody's finding: every step that may meet it has to try again."""
    steps = [(name, step.retry.on if step.retry else frozenset()) for scenario in scenarios
             for name, step in scenario.steps()]
    for fault in plan.faults:
        words = _tried_again_after(fault.kind) if fault.edge == _USER else ()
        lost = [name for name, on in steps
                if fault.match.means_step(name) and not any(word in on for word in words)]
        if words and lost:
            yield _problem("own-no-reply", fault, source, steps=listed(dict.fromkeys(lost), last="and"))


def _tried_again_after(kind: Kind) -> tuple[str, ...]:
    """What of `retry.on` helps against our call being left without a reply by this kind; () where it is not."""
    match kind:
        case Reset() | Close() | Hang() | LostReply():
            return ("no-reply",)
        case Refuse():
            return ("connect", "no-reply")
        case H2(how) if not isinstance(how, GoAway):
            return ("no-reply",)
        case _:
            return ()


def check_faults(plan: FaultPlan, environment: Environment, source: Source) -> Iterator[Problem]:
    """What this environment's edges cannot do; one message for one fault. Plans that it forbids are left alone: they
    are not run there."""
    allowed = environment.faults or FaultRule(user=True, provider=not environment.production)
    for fault in plan.faults:
        if allowed.allows(fault.edge):
            yield from _checked(fault, environment, source)


def _checked(fault: Fault, environment: Environment, source: Source) -> Iterator[Problem]:
    why, instead = _cannot(fault, environment)
    if why:
        yield _problem("fault-not-here", fault, source, edge=fault.edge, why=why, instead=instead)
    elif before_calls(fault.kind) and fault.edge != _USER:
        yield from _on_connections(fault, environment, source)


def _on_connections(fault: Fault, environment: Environment, source: Source) -> Iterator[Problem]:
    if not environment.start or environment.production:
        yield _problem("fault-needs-start", fault, source, environment=environment.name)
    elif fault.match != Match():
        yield _problem("fault-before-calls", fault, source, key="match")
    elif isinstance(fault.kind, Refuse) and (_counts(fault) or fault.limit != Limit(seconds=fault.limit.seconds)):
        yield _problem("fault-uncounted", fault, source)


def _counts(fault: Fault) -> bool:
    """Whether `when` says anything: nobody counts connections that are refused, and the door is open or not."""
    return fault.when != When(probability=fault.when.probability)


def _cannot(fault: Fault, environment: Environment) -> tuple[str, str]:
    """Why this edge cannot do this kind, and what it can; two empty texts where it can, or is not there."""
    provider = environment.providers.get(fault.edge)
    hooked = next((each for each in environment.providers.values() if webhook_edge(each.name) == fault.edge), None)
    match fault.kind:
        case Webhook() if fault.edge == _USER or provider:
            return "it falls on what a provider sends to the product", _hooks(environment)
        case Refuse() if provider and provider.edge == "forward":
            return ("the product has connected already, to our proxy",
                    f"write tls: handshake or reset: request, or give {provider.name} `edge: reverse`")
        case Tls() if fault.edge == _USER:
            return "our own client would fail, not the product", "put it on a provider with `edge: forward`"
        case (Tls() | H2()) as kind if hooked or (provider and not _speaks_tls(provider)):
            return _plain(kind, provider)
        case Websocket() if fault.edge == _USER or hooked:
            return "nobody opens a WebSocket there", "put it on a provider that the product opens one to"
        case _:
            return "", ""


def _speaks_tls(provider: Provider) -> bool:
    return provider.edge == "forward" and provider.url.startswith("https:")


def _plain(kind: Tls | H2, provider: Provider | None) -> tuple[str, str]:
    """`provider` is None where the provider is the one who calls."""
    forward = f", or give {provider.name} `edge: forward` and an https URL" if provider else ""
    if isinstance(kind, Tls):
        return "its caller speaks HTTP without TLS with us", f"write reset: request or latency{forward}"
    return "its caller speaks HTTP/1.1 with us", f"write reset: request or close: request{forward}"


def _hooks(environment: Environment) -> str:
    edges = [webhook_edge(name) for name, provider in environment.providers.items() if provider.webhooks]
    return f"put it on {listed(edges)}" if edges else "give a provider `webhooks`, and put it on NAME.webhooks"


def _problem(id: str, fault: Fault, source: Source, **words: str) -> Problem:
    kind = kind_name(fault.kind)
    line, column = source.find(fault.position, kind)
    return source.problem(id, line, column, width=len(kind), kind=kind, **words)
