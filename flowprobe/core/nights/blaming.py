"""Whose doing a failure is, by what was looked at right after it: the product, the environment, the set-up of the
account, or ourselves.

The rules stand in one order, from what would make every other observation worthless (our own proxy, our own clock) to
what is only about the product. Nothing here ever turns into a pass: what is not the product's is inconclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from flowprobe.core.events import CallReplied, CallUnanswered
from flowprobe.core.evidence import CallEvidence, StepEvidence, TrialEvidence
from flowprobe.core.explaining import explained
from flowprobe.core.findings import Finding
from flowprobe.core.phases import Phase, Phases
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, Kind, Verdict, put_down

__all__ = ["Credential", "Failure", "Probes", "Runner", "failure_of", "settle", "told"]

STALLED_S, SUSPENDED_S, JUMPED_S, AHEAD_S = 0.25, 1.0, 2.0, 60.0
DISK, MEMORY, DESCRIPTORS = 16 << 20, 32 << 20, 8
"""Less than this is as good as nothing: bytes, bytes, and files that may still be opened."""

_ABOUT_TIME = ("within", "timeout", "poll", "gives_up", "no-reply")
_DENIED = (401, 403)
_OF_CLOCKS = (400, 401, 403)
"""What a product answers to a signature or a token of another time."""
_CERTIFICATE = "client certificate of the persona"
"""What a sentence about a refused TLS connection says where it was refused for our part of it."""

PhaseOf: TypeAlias = Callable[[CallUnanswered], tuple[Phase | Literal[""], bool]]
"""In which phase of its connection a call ended, and whether the host refused it."""


@plain
class Failure(Plain):
    """What failed, as far as blame needs it. `host` is where the call went, `phase` that in which its connection ended,
    `refused` as in `Phases`, `detail` what was told of it, `status` what was answered instead. `late_s` is by how much
    time was missed, None where something else than time was; `denied`: whoever acted was refused, and by none of its
    calls let in; `provider` failed by itself, and `how`. What broke was under way from `began` to `ended`, instants of
    our monotonic clock."""

    host: str = ""
    phase: Phase | Literal[""] = ""
    refused: bool = False
    detail: str = ""
    status: int | None = None
    late_s: float | None = None
    denied: bool = False
    provider: str = ""
    how: str = ""
    began: float = 0.0
    ended: float = 0.0


@plain
class Runner(Plain):
    """How this process fared meanwhile. `stalled_s`: for so long in all it did not get to run; `suspended_s`: so long
    the machine slept; `jumped_s`: so far its time of the day moved by itself. What is left of the disk and the memory
    in bytes, of files that may be opened as a number; None: not known here."""

    stalled_s: float = 0.0
    suspended_s: float = 0.0
    jumped_s: float = 0.0
    disk: int | None = None
    memory: int | None = None
    descriptors: int | None = None


@plain
class Credential(Plain):
    """What came of a call with nothing but the credentials of `who`: `asked` is its line, `status` None for no answer.
    `own`: the environment names this call for it, so that a no is about the credentials and nothing else."""

    who: str
    asked: str
    status: int | None
    own: bool = False


@plain
class Probes(Plain):
    """What was looked at right after a failure. `proxy` is what is wrong with ours, '' for nothing; `targets` are those
    of the environment and `controls` hosts that have nothing to do with it, by name: asked directly, past our proxy.
    `answered`: the product has answered before. `control_run` is what came of the same journey without faults, made
    after the failure; `unprobed` what could not be looked at in time."""

    failure: Failure = Failure()
    proxy: str = ""
    runner: Runner = Runner()
    targets: tuple[Phases, ...] = ()
    controls: Mapping[str, Phases] = field(default_factory=dict)
    credential: Credential | None = None
    answered: bool = False
    control_run: Kind | None = None
    unprobed: tuple[str, ...] = ()


def settle(verdict: Verdict, probes: Probes) -> Verdict:
    """The verdict with what the probes say of it. One that passed stays as it is, and none ever becomes a pass."""
    return put_down(verdict, *told(probes))


def told(probes: Probes) -> tuple[Blame, tuple[str, ...]]:
    """Whose doing it is, in sentences; NONE where nothing speaks against what the judge found."""
    rules: tuple[tuple[Blame, Iterator[str]], ...] = (
        (Blame.TOOL, _ours(probes)),
        (Blame.ENVIRONMENT, _connection(probes)),
        (Blame.ENVIRONMENT, _surroundings(probes)),
        (Blame.PRODUCT, _down(probes)),
        (Blame.ACCOUNT, _account(probes)),
        (Blame.BASELINE, _control_run(probes)),
        (Blame.PRODUCT, _provider(probes)),
    )
    for blame, sentences in rules:
        if because := tuple(sentences):
            return blame, because
    return Blame.NONE, ()


# --- ourselves ------------------------------------------------------------------------------------


def _ours(probes: Probes) -> Iterator[str]:
    """All that is wrong with us: one may be the cause of another."""
    runner, failure = probes.runner, probes.failure
    if probes.proxy:
        yield f"our own proxy does not work: {probes.proxy}"
    if runner.suspended_s >= SUSPENDED_S:
        yield f"the machine of the runner slept for {_seconds(runner.suspended_s)} meanwhile"
    elif abs(runner.jumped_s) >= JUMPED_S:
        way = "forwards" if runner.jumped_s > 0 else "back"
        yield f"the clock of the runner jumped {_seconds(abs(runner.jumped_s))} {way} during the run"
    if failure.late_s is not None and runner.stalled_s >= max(STALLED_S, failure.late_s):
        yield (f"the runner did not get to run for {_seconds(runner.stalled_s)} in all, and what was missed is "
               f"{_seconds(failure.late_s)}")
    yield from _clock(probes)
    yield from _short_of(runner)


def _clock(probes: Probes) -> Iterator[str]:
    """A clock that is wrong all the time breaks signatures, tokens and certificates, and nothing else. One unrelated
    host has to say so too: the target's own clock may be the wrong one."""
    if probes.failure.status not in _OF_CLOCKS and probes.failure.phase != "tls":
        return
    said = {name: each.ahead_s for name, each in probes.controls.items() if each.ahead_s is not None}
    if said and all(abs(ahead) >= AHEAD_S for ahead in said.values()):
        name, ahead = min(said.items(), key=lambda item: abs(item[1]))
        yield (f"the clock of the runner is {_seconds(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} that of "
               f"{name}")


def _short_of(runner: Runner) -> Iterator[str]:
    if runner.disk is not None and runner.disk < DISK:
        yield f"the disk of the runner has {runner.disk >> 20} MiB left"
    if runner.memory is not None and runner.memory < MEMORY:
        yield f"the machine of the runner has {runner.memory >> 20} MiB of memory left"
    if runner.descriptors is not None and runner.descriptors < DESCRIPTORS:
        yield f"the runner may open {runner.descriptors} files more, and no further"


# --- the environment, or a product that is down ---------------------------------------------------


def _connection(probes: Probes) -> Iterator[str]:
    """A name, a line or a certificate that does not hold: at the failure, or still."""
    for seen in _troubled(probes):
        match seen.failed:
            case "dns":
                yield f"{seen.name} {'does' if seen in probes.targets else 'did'} not resolve, {_beside(probes)}"
            case "tls":
                yield f"TLS with {seen.host} does not hold: {_said(seen.detail)}"
            case "tcp" if not seen.refused:
                yield f"{seen.host} cannot be reached ({_said(seen.detail)}), {_beside(probes)}"
            case _:
                pass


def _troubled(probes: Probes) -> Iterator[Phases]:
    """Where the failing call could not connect; nothing where it had an answer, which is the product's own word."""
    failure = probes.failure
    if failure.status is not None:
        return
    now = [each for each in probes.targets if not failure.host or each.host == failure.host]
    troubled = [each for each in now if each.failed]
    if troubled or not failure.phase:
        yield from troubled
    else:
        yield Phases(failure.host, failed=failure.phase, refused=failure.refused, detail=failure.detail)


def _beside(probes: Probes) -> str:
    """What the controls do meanwhile, as the end of a sentence."""
    if not probes.controls:
        return "and no control host is named that could tell whether others do"
    bad = [name for name, each in probes.controls.items() if each.failed]
    good = [name for name in probes.controls if name not in bad]
    if not good:
        return f"and {_and(bad)} {_do(bad)} not answer either: the runner's network"
    return f"while {_and(good)} {'answers' if len(good) == 1 else 'answer'}"


def _surroundings(probes: Probes) -> Iterator[str]:
    """No control answers: whatever failed, it failed on this side."""
    if probes.controls and all(each.failed for each in probes.controls.values()):
        names = list(probes.controls)
        yield (f"{_and(names)}, which {_have(names)} nothing to do with the product, {_do(names)} not answer: "
               "the runner's network")


def _down(probes: Probes) -> Iterator[str]:
    """It has answered before; now its host refuses the connection, or takes it and says nothing. That it was silent at
    the failure is what the judge saw already."""
    if not probes.answered:
        return
    for seen in _troubled(probes):
        if seen.failed == "tcp":
            yield f"{seen.host} refuses connections and had answered before, {_beside(probes)}"
        elif seen.failed == "first byte" and seen in probes.targets:
            yield f"{seen.host} takes connections and does not answer, and had answered before, {_beside(probes)}"


# --- the account, the faults, a third party -------------------------------------------------------


def _account(probes: Probes) -> Iterator[str]:
    asked, failure = probes.credential, probes.failure
    if _CERTIFICATE in failure.detail:
        yield failure.detail.rstrip(".")
    if asked is None or asked.status not in _DENIED or not (asked.own or failure.denied):
        return
    yield f"{asked.who} is refused with its own credentials: {asked.asked} is answered {asked.status}"


def _control_run(probes: Probes) -> Iterator[str]:
    if probes.control_run in (Kind.FAIL, Kind.INCONCLUSIVE):
        yield f"the same journey without faults came out as {probes.control_run}: it is not the fault that broke it"


def _provider(probes: Probes) -> Iterator[str]:
    """The product's own journey breaks, so it stays the product's; but whoever looks has to look there first."""
    failure = probes.failure
    if failure.provider:
        yield f"the provider {failure.provider!r} failed by itself ({failure.how}): no fault of ours fell on it"


# --- what failed ----------------------------------------------------------------------------------


def failure_of(trial: TrialEvidence, phase_of: PhaseOf) -> Failure:
    """What blame needs of a trial that failed."""
    broken = [step for step in trial.steps if step.outcome == "broken"]
    calls = [call for step in broken for call in step.calls] or list(trial.calls)
    found = explained(trial, None)
    known = Failure(provider=found.provider, how=found.failed) if found is not None else Failure()
    if not calls:
        return known
    began, ended = _span(calls)
    known = replace(known, began=began, ended=ended, late_s=_late(broken))
    call = calls[-1]
    match call.outcome:
        case CallReplied(status=status):
            return replace(known, host=_host(call.sent.url), status=status, denied=_denied(trial, call))
        case CallUnanswered(reason="auth", detail=detail):  # where its token call went, only the detail knows
            return replace(known, detail=detail)
        case CallUnanswered() as outcome:
            phase, refused = phase_of(outcome)
            return replace(known, host=_host(call.sent.url), status=outcome.status, phase=phase, refused=refused,
                           detail=outcome.detail)
        case _:
            return replace(known, host=_host(call.sent.url))


def _span(calls: Iterable[CallEvidence]) -> tuple[float, float]:
    """From when to when some call was under way."""
    outcomes = [call.outcome for call in calls if call.outcome is not None]
    return (min((each.at for each in outcomes), default=0.0),
            max((each.at + each.total_s for each in outcomes), default=0.0))


def _late(broken: Sequence[StepEvidence]) -> float | None:
    """By how much time was missed, where that is all that was broken; where nobody knows, half of what it took: who
    lost more than that has not seen it."""
    if any(not _is_about_time(step, finding) for step in broken for finding in step.findings):
        return None
    return max((finding.late_s or (ended - began) / 2 for step in broken for began, ended in (_span(step.calls),)
                for finding in step.findings), default=None)


def _is_about_time(step: StepEvidence, finding: Finding) -> bool:
    outcome = step.calls[-1].outcome if step.calls else None
    silent = isinstance(outcome, CallUnanswered) and outcome.reason != "timeout"
    return finding.kind in _ABOUT_TIME and not silent


def _denied(trial: TrialEvidence, call: CallEvidence) -> bool:
    """It was refused, and so was every call of the same persona."""
    mine = [each.outcome.status for each in trial.calls
            if each.sent.persona == call.sent.persona and isinstance(each.outcome, CallReplied)]
    return bool(mine) and all(status in _DENIED for status in mine)


# --- words ----------------------------------------------------------------------------------------


def _host(url: str) -> str:
    """`http://acme.example/v1` -> `acme.example:80`."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _said(detail: str) -> str:
    return detail.rstrip(".") or "no answer"


def _and(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _do(names: list[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 60 else f"{seconds:.0f} s"
