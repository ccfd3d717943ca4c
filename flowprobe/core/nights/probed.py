"""What was looked at after a failure, in words: a line for each, for the journal and for whoever doubts the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowprobe.core.expect import milliseconds
from flowprobe.core.nights.blaming import Credential, Probes, Runner
from flowprobe.core.phases import Phases

__all__ = ["seen"]


def seen(probes: Probes) -> Mapping[str, str]:
    """By the name of what was looked at."""
    found = {f"target {each.host}": _phases(each) for each in probes.targets}
    found |= {f"control {name}": _phases(each) for name, each in probes.controls.items()}
    if probes.credential is not None:
        found["credentials"] = _credential(probes.credential)
    found["proxy"] = probes.proxy or "nothing is wrong with it"
    found["runner"] = ", ".join(_runner(probes.runner))
    if probes.unprobed:
        found["not in time"] = ", ".join(probes.unprobed)
    return found


def _phases(each: Phases) -> str:
    times = (("name", each.dns_s), ("connection", each.tcp_s), ("TLS", each.tls_s), ("first byte", each.first_byte_s))
    took = ", ".join(f"{what} {milliseconds(time)}" for what, time in times if time is not None)
    came = f"answered {each.status}" if each.status is not None else "connected"
    ended = f"failed ({each.failed}): {each.detail}" if each.failed else came
    return f"{ended} ({took})" if took else ended


def _credential(asked: Credential) -> str:
    came = f"is answered {asked.status}" if asked.status is not None else "is not answered"
    return f"{asked.asked} as {asked.who} {came}"


def _runner(runner: Runner) -> Iterator[str]:
    yield f"did not get to run for {milliseconds(runner.stalled_s)}"
    yield f"slept for {milliseconds(runner.suspended_s)}"
    yield f"its clock moved {milliseconds(runner.jumped_s)} by itself"
    left = (("of disk", runner.disk), ("of memory", runner.memory))
    yield from (f"{number >> 20} MiB {what} left" for what, number in left if number is not None)
    if runner.descriptors is not None:
        yield f"may open {runner.descriptors} files more"
