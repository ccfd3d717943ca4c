"""Products as Hypothesis makes them up: a few calls, and weaknesses of up to two calls and two odd fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from hypothesis import strategies as st

from flowprobe.core.exploring.model import Site
from tests.core.exploring.fake_products import Call, FakeProduct, Weakness, always

FIELDS: Mapping[str, tuple[Any, ...]] = {"seats": (5, 0), "plan": ("team", "free")}
DEFAULT = {name: values[0] for name, values in FIELDS.items()}
STATES = [dict(zip(FIELDS, values, strict=True)) for values in product(*FIELDS.values())]

_WAYS = st.sampled_from(("lost", "refused", "slow", "garbled", "twice"))


def _calls(number: int) -> st.SearchStrategy[Call]:
    fallback = Call(f"spare{number}", f"POST /spare{number}", "s")
    return st.builds(
        Call, st.just(f"p{number}"), st.sampled_from((f"POST /{number}", f"GET /{number}")), st.just("s"),
        timeout_s=st.sampled_from((1.0, None)), retries=st.integers(0, 1), fallback=st.sampled_from((None, fallback)),
        stops=st.booleans(), within=st.sampled_from((always, _is("seats", 0))))


def _is(name: str, value: Any) -> Callable[[Mapping[str, Any]], bool]:
    return lambda state: bool(state[name] == value)


@st.composite
def products(draw: st.DrawFn) -> Callable[[], FakeProduct]:
    """A way to make the same product again."""
    calls = tuple(draw(_calls(number)) for number in range(draw(st.integers(1, 2))))
    sites: list[Site] = [call.site() for call in calls]
    conditions = st.sampled_from((always, _is("seats", 0), _is("plan", "free")))
    weaknesses = tuple(
        Weakness(f"w{number}", tuple(zip(some, (draw(_WAYS) for _ in some), strict=False)), draw(conditions))
        for number in range(draw(st.integers(0, 4)))
        for some in [draw(st.lists(st.sampled_from(sites), unique=True, min_size=1, max_size=2))])
    return lambda: FakeProduct(calls, weaknesses)
