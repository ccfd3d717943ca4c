"""A product that is a function: it calls providers, waits, retries, falls back and degrades, and has weaknesses that were
planted. A try takes microseconds, and nothing but the try decides what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowprobe.core.exploring.catalogue import family
from flowprobe.core.exploring.exploration import Reduced
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Reached, Site, Try
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.field import Field
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.redirect_loop import RedirectLoop
from flowprobe.core.faults.status import Status


def always(_state: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Attempt:
    """What one call came to: `saw` is what the product knows (`200`, `503`, `none`, `timeout`, `garbled`), `acted` how
    often the provider did."""

    site: Site
    saw: str
    acted: int
    seconds: float
    number: int | None = None
    gave_up_s: float | None = None

    @property
    def failed(self) -> bool:
        return self.saw != "200"

    @property
    def way(self) -> str:
        """`lost`, `refused`, `slow`, `garbled`, `twice`, or `sound`."""
        if self.acted and self.saw in ("none", "timeout"):
            return "lost"
        if self.saw in ("timeout", "garbled"):
            return {"timeout": "slow"}.get(self.saw, self.saw)
        return "refused" if self.failed else "twice" if self.acted > 1 else "sound"


@dataclass(frozen=True)
class Call:
    edge: str
    call: str
    step: str
    timeout_s: float | None = 2.0
    retries: int = 0
    fallback: Call | None = None
    stops: bool = False
    """When it fails, the rest of the journey is not done."""
    strict: bool = True
    """It looks at what it is told: something strange is a failure."""
    within: Callable[[Mapping[str, Any]], bool] = always
    seconds: float = 0.05

    def site(self, ordinal: int = 1) -> Site:
        return Site(self.edge, self.call, self.step, ordinal)


@dataclass(frozen=True)
class Weakness:
    """A promise that breaks in such states, when each of these calls went this way (see `Attempt.way`)."""

    name: str
    needs: tuple[tuple[Site, str], ...] = ()
    within: Callable[[Mapping[str, Any]], bool] = always
    slower_than: float | None = None
    """Or: when the first of the calls took longer."""

    def breaks(self, state: Mapping[str, Any], attempts: Mapping[Site, Attempt]) -> bool:
        if not self.within(state):
            return False
        if self.slower_than is not None:
            first = attempts.get(self.needs[0][0])
            return first is not None and first.seconds > self.slower_than
        return all(site in attempts and attempts[site].way == way for site, way in self.needs)


@dataclass
class FakeProduct:
    calls: tuple[Call, ...]
    weaknesses: tuple[Weakness, ...] = ()
    refuses: Callable[[Mapping[str, Any]], bool] = lambda _state: False
    budget: int | None = None
    made: list[Try] = field(default_factory=list)
    searched: int = 0
    calls_made: int = 0
    first_seen: dict[str, int] = field(default_factory=dict)
    """The number of the try in which each weakness was met, without those that only make a case smaller."""
    first_calls: dict[str, int] = field(default_factory=dict)

    def __call__(self, tried: Try) -> Learned:
        if self.budget is not None and len(self.made) >= self.budget:
            raise Enough(f"the budget of {self.budget} tries is used up")
        self.made.append(tried)
        if self.refuses(tried.state):
            return Learned("refused", signature="refused", calls=1)
        attempts, degraded = _Run(tried).journey(self.calls)
        broken = [each for each in self.weaknesses if each.breaks(tried.state, attempts)]
        learned = _learned(tried, attempts, degraded, broken)
        self.searched += tried.phase not in ("shrink", "confirm")
        self.calls_made += learned.calls if tried.phase not in ("shrink", "confirm") else 0
        for each in broken:
            self.first_seen.setdefault(each.name, self.searched)
            self.first_calls.setdefault(each.name, self.calls_made)
        return learned


def _learned(tried: Try, attempts: Mapping[Site, Attempt], degraded: bool, broken: list[Weakness]) -> Learned:
    reached = tuple(Reached(site, int(each.saw) if each.saw.isdigit() else None, each.seconds, each.acted > 0, True,
                            300, gave_up_s=each.gave_up_s) for site, each in attempts.items())
    odd = sorted(str(item) for item in tried.state.items())
    seen = "; ".join(f"{site}: {each.saw} {each.acted}" for site, each in attempts.items())
    breaks = tuple(Break(each.needs[0][0].step if each.needs else "", "planted", each.name, each.name)
                   for each in broken)
    return Learned(
        "fail" if broken else "degraded" if degraded else "pass", breaks, reached,
        frozenset(each.number for each in attempts.values() if each.number is not None),
        f"{odd if broken else ''} {seen} {[each.name for each in broken]}", float(len(attempts)),
        sum(each.seconds for each in attempts.values()), 4 + len(attempts))


class _Run:
    def __init__(self, tried: Try) -> None:
        self._tried = tried
        self._counts: dict[tuple[str, str, str], int] = {}
        self.attempts: dict[Site, Attempt] = {}

    def journey(self, calls: tuple[Call, ...]) -> tuple[Mapping[Site, Attempt], bool]:
        degraded = False
        for call in calls:
            if call.within(self._tried.state) and not self._made(call):
                degraded = True
                if call.stops:
                    break
        return self.attempts, degraded

    def _made(self, call: Call) -> bool:
        for _ in range(1 + call.retries):
            attempt = self._attempt(call)
            if not attempt.failed:
                return True
            if attempt.saw in ("404", "401"):
                break
        return call.fallback is not None and self._made(call.fallback)

    def _attempt(self, call: Call) -> Attempt:
        at = (call.edge, call.call, call.step)
        self._counts[at] = self._counts.get(at, 0) + 1
        site = Site(*at, self._counts[at])
        found = next(((number, fault) for number, fault in enumerate(self._tried.faults)
                      if falls_on(fault, site)), (None, None))
        attempt = _suffered(call, site, *found)
        self.attempts[site] = attempt
        return attempt


def falls_on(fault: Placed, site: Site) -> bool:
    meant = fault.site
    same = (meant.edge, meant.call, meant.step) == (site.edge, site.call, site.step)
    return same and meant.ordinal in (0, site.ordinal)


def _suffered(call: Call, site: Site, number: int | None, fault: Placed | None) -> Attempt:
    if fault is None:
        return Attempt(site, "200", 1, call.seconds)
    saw, acted, held = _effect(fault.kind, call)
    seconds = call.seconds + held
    if call.timeout_s is not None and seconds > call.timeout_s:
        return Attempt(site, "timeout", 0, call.timeout_s, number, call.timeout_s)
    return Attempt(site, saw, acted, seconds, number)


def _effect(kind: Kind, call: Call) -> tuple[str, int, float]:
    """What the product sees, how often the provider acts, how long it is held."""
    match kind:
        case Status():
            return str(kind.code), 0, 0.0
        case ExpiredToken():
            return "401", 0, 0.0
        case RedirectLoop():
            return "404", 0, 0.0
        case Hang():
            return "none", 0, kind.seconds
        case Latency(takes=float(takes)):
            return "200", 1, takes
        case Bandwidth():
            return "200", 1, 1.0
        case Duplicate():
            return "200", 2, 0.0
        case Body() | Field() | ErrorEnvelope():
            return ("garbled" if call.strict else "200"), 1, 0.0
        case LostReply():
            return "none", 1, 0.0
        case _:
            return "none", int(family(kind) == "lost"), 0.0


# --- a shop ---------------------------------------------------------------------------------------

LOGIN = Call("idp", "POST /token", "log-in", retries=1)
CUSTOMER = Call("crm", "GET /customers/*", "log-in", strict=False)
CHARGE = Call("payments", "POST /v1/charges", "pay", retries=1, timeout_s=4.0)
TAX = Call("tax", "POST /quote", "pay", fallback=Call("tax2", "POST /rates", "pay"))
INVOICE = Call("payments", "POST /v1/invoices", "bill", timeout_s=None)
COUPON = Call("promo", "GET /coupons/*", "pay", within=lambda state: bool(state.get("coupon")))
MAIL = Call("mail", "POST /send", "invite", retries=2)
SEARCH = Call("search", "PUT /index/*", "invite", strict=False)

SHOP = (LOGIN, CUSTOMER, TAX, COUPON, CHARGE, INVOICE, MAIL, SEARCH)
DEFAULT: Mapping[str, Any] = {"seats": 5, "plan": "team", "coupon": None, "locale": "en", "card": "good", "age": 30}
VALUES: Mapping[str, tuple[Any, ...]] = {
    "seats": (5, 0, 1, 10_000), "plan": ("team", "free", "enterprise"), "coupon": (None, "SAVE", ""),
    "locale": ("en", "tr", "ar"), "card": ("good", "expired", "none"), "age": (30, 0, 3650),
}


def _is(name: str, value: Any) -> Callable[[Mapping[str, Any]], bool]:
    return lambda state: bool(state[name] == value)


PLANTED = (
    Weakness("login is refused and nobody is told", ((LOGIN.site(), "refused"), (LOGIN.site(2), "refused"))),
    Weakness("charged twice after a lost reply", ((CHARGE.site(), "lost"),)),
    Weakness("garbled mail reply", ((MAIL.site(), "garbled"),)),
    Weakness("a slow invoice is over the promised time", ((INVOICE.site(), ""),), slower_than=1.3),
    Weakness("both tax services fail", ((TAX.site(), "refused"), (Site("tax2", "POST /rates", "pay"), "refused"))),
    Weakness("mail and search fail together", ((MAIL.site(), "slow"), (SEARCH.site(), "refused"))),
    Weakness("no seats and a refused invoice", ((INVOICE.site(), "refused"),), _is("seats", 0)),
    Weakness("an expired card and a lost tax quote", ((TAX.site(), "lost"),), _is("card", "expired")),
    Weakness("a coupon service that refuses", ((COUPON.site(), "refused"),)),
    Weakness("Turkish and a garbled charge", ((CHARGE.site(), "garbled"),), _is("locale", "tr")),
    Weakness("an enterprise and a slow log-in", ((LOGIN.site(), "slow"),), _is("plan", "enterprise")),
    Weakness("a new account, and mail delivered twice", ((MAIL.site(), "twice"),), _is("age", 0)),
    Weakness("ten thousand seats and a refused index", ((SEARCH.site(), "refused"),), _is("seats", 10_000)),
    Weakness("an empty coupon breaks without any fault", (), lambda state: state["coupon"] == ""),
)


def shop(*, mended: bool = False, budget: int | None = None) -> FakeProduct:
    """With every weakness, or with none. Of an account without a card it says no."""
    return FakeProduct(SHOP, () if mended else PLANTED, _is("card", "none"), budget)


def rows(seed: int = 0) -> list[dict[str, Any]]:
    """States in which every pair of values occurs: each value alone first, then greedily."""
    names = list(VALUES)
    odd = [{**DEFAULT, name: value} for name in names for value in VALUES[name][1:]]
    wanted = {((one, a), (other, b)) for i, one in enumerate(names) for other in names[i + 1:]
              for a in VALUES[one] for b in VALUES[other]}
    found: list[dict[str, Any]] = []
    turn = seed
    while wanted:
        state: dict[str, Any] = dict(next(iter(sorted(wanted, key=repr)[turn % len(wanted):])))
        for name in names:
            if name not in state:
                state[name] = max(VALUES[name], key=lambda value: (_new({**state, name: value}, wanted), repr(value)))
        wanted -= {pair for pair in wanted if dict(pair).items() <= state.items()}
        found.append({name: state[name] for name in names})
        turn += 7
    return odd + found


def _new(state: Mapping[str, Any], wanted: set[Any]) -> int:
    return sum(dict(pair).items() <= state.items() for pair in wanted)


def reset_fields(tried: Try, learned: Learned, ask: Callable[[Try], Learned]) -> Reduced:
    """Put back each field that is not needed, and see it once more."""
    best = tried
    for name in tried.state:
        plainer = replace(best, state={**best.state, name: DEFAULT.get(name)}, phase="shrink")
        found = ask(plainer)
        if set(learned.breaks) <= set(found.breaks):
            best = plainer
    again = ask(replace(best, phase="confirm"))
    return Reduced(best, again, int(again.broke), 1)
