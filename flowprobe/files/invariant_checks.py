"""What `probes`, `always` and `never` say together, where one of them alone says nothing wrong.

Like `names`, this works on the nodes: what cannot be read has its message already.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.files.calls import METHODS
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.outline import outline
from flowprobe.files.problems import did_you_mean, listed

__all__ = ["check_invariants"]

_READS = ("GET", "HEAD")


def check_invariants(root: Node, context: Context) -> None:
    """Note every probe that could change something, and every promise about a probe that is not there."""
    if not isinstance(root, Mapping):
        return
    names = context.outline or outline(root, context.used)
    for _, probe in names.probes:
        _check_reads(probe, context)
    if names.known_probes is not None:
        _check_shown(root, sorted(names.known_probes), context)


def _check_reads(probe: Mapping, context: Context) -> None:
    call = probe.get("call")
    method = call.value.partition(" ")[0] if isinstance(call, Scalar) else ""
    if call is not None and method in METHODS and method not in _READS:
        context.report("probe-writes", call, method=method)


def _check_shown(root: Mapping, known: list[str], context: Context) -> None:
    """Where no probe is declared at all, that is one mistake, however often one is named."""
    strange = [shown for shown in _shown(root) if shown.value not in known]
    for shown in strange if known else strange[:1]:
        otherwise = f"write {listed(known)}" if known else f"add probes: {{{shown.value}: {{call: GET /…}}}}"
        context.report("unknown-probe", shown, name=shown.value,
                       instead=did_you_mean(shown.value, known, otherwise=otherwise))


def _shown(root: Mapping) -> Iterator[Scalar]:
    """The probes that some promise names."""
    for part in (root.get("always"), root.get("never")):
        for promise in part.value if isinstance(part, Sequence) else ():
            if isinstance(promise, Mapping):
                for facts in (promise, promise.get("if"), promise.get("then")):
                    shows = facts.get("shows") if isinstance(facts, Mapping) else None
                    yield from (key for key, _ in shows.value) if isinstance(shows, Mapping) else ()
