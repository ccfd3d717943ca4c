"""Who has to be told of a night, and of what: one alert for one cause, however many journeys it breaks, opened when it
is sure, and resolved when it is over.

The rules, of which docs/reference/alerts.md tells too:

- A product failure pages when it was confirmed: so many attempts of the night as are asked for, all of them failed,
  with one signature. What was not confirmed, and whatever somebody else has to mend (the environment, the account
  set-up, the scenario, ourselves), is a notice once it stands for two nights running.
- What breaks journeys in quarantine alone is a notice, never a page.
- What breaks under injected faults alone is a weakness, and a notice; it pages where that journey passed under that
  plan in an earlier night. What the faults of one provider break is one alert.
- Where nobody has answered on any night, that is a notice at once: nobody knows yet whether the product is to blame.
- Cleanup that is incomplete pages at once.
- A latency that changed is a notice: a time that matters is promised in a scenario, and breaking it is a failure.
- A step that breaks more often than it used to is a notice, and a page from a fifth of its tries on.
- A reply that looks different from before is a notice.
- An alert is over when every subject of it was made, and seen to be well, in a night that was neither refused nor cut
  off; or was not made any more in the last seven.

Nothing is told twice in one night: what `before` says was seen in this night already was told then.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from flowprobe.core.nights.classified import has_answered
from flowprobe.core.nights.model import (
    NONE,
    Alert,
    Attempt,
    Drift,
    Journey,
    Night,
    Overview,
    Rate,
    Severity,
    State,
    Trend,
    Trending,
)
from flowprobe.core.nights.outcomes import PASSING
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, ExitCode, Kind

__all__ = ["CONFIRMING", "MISSING", "REMINDED_AFTER", "Telling", "Why", "missing", "raised", "to_tell"]

CONFIRMING = 3
"""So many attempts have to fail alike before somebody is woken."""
REMINDED_AFTER = {Severity.PAGE: 3, Severity.NOTICE: 7}
"""Of an alert that is still seen, somebody is told again after so many days."""
MISSING = "night/missing"
_CLEANUP, _UNMADE, _SILENCE = "cleanup", "night/unmade", "environment/silence"
_PAGED_RATE = 0.2
_GONE_AFTER = 7
_LONGEST_KEY = 120
_QUIET = (Trending.STEADY, Trending.LEARNING)
_UNFINISHED = (State.REFUSED, State.CUT_OFF)
_NOBODYS = (Blame.NONE, Blame.STOPPED, Blame.BASELINE, Blame.CLEANUP)
"""Of these there is nothing to tell, or it is told otherwise: a person stopped it, another trial broke first."""


class Why(StrEnum):
    """Why somebody is told of an alert now."""

    OPENED = "opened"
    ESCALATED = "escalated"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    TEST = "test"


@plain
class Telling(Plain):
    """One thing to say to those who want to know of such alerts. `night` is the one in which it is said."""

    alert: Alert
    why: Why
    night: str


@plain
class _Cause(Plain):
    """What is wrong tonight. `subjects` are what it breaks, each as it is shown; `sure`: it need not be there for a
    second night to be told of. `under` is the provider whose faults break the `journeys`, '' for none."""

    key: str
    severity: Severity
    blame: Blame
    sentence: str
    subjects: tuple[str, ...] = ()
    sure: bool = True
    under: str = ""
    journeys: tuple[Journey, ...] = ()


def raised(overview: Overview, *, before: Sequence[Alert], night: str, link: str = "",
           confirming: int = CONFIRMING) -> tuple[Alert, ...]:
    """The alerts that this night opened, saw again or resolved, and those that stay open unseen because it could not
    tell; to be kept in the place of `before`. `link` is where the page of the night's run is."""
    tonight = _night(overview, night)
    causes = _causes(overview, tonight, confirming)
    seen = _seen(overview, night) | {cause.key for cause in causes}
    found = {cause.key: cause for cause in causes}
    standing = {alert.key: alert for alert in before if not alert.resolved}
    told_before = {cause.key for cause in _of_attempts(_earlier(overview, tonight), overview, night, confirming)}
    opened = (_opened(overview.environment, cause, night, link) for cause in causes
              if cause.key not in standing and (cause.sure or cause.key in told_before))
    kept = (_stands(alert, _well(overview, tonight, alert), found.get(alert.key), night, link) if alert.key in seen
            else _unseen(alert, _well(overview, tonight, alert), tonight) for alert in standing.values())
    return (*kept, *opened)


def to_tell(alerts: Iterable[Alert], *, before: Sequence[Alert], night: str) -> tuple[Telling, ...]:
    """What to say of `alerts`, as `raised` made them out of `before`; pages first, what is over last."""
    known = {(alert.key, alert.opened): alert for alert in before}
    said = [Telling(alert, why, night) for alert in alerts
            if (why := _why(alert, known.get((alert.key, alert.opened)), night)) is not None]
    return tuple(sorted(said, key=lambda each: (each.why is Why.RESOLVED, each.alert.severity is not Severity.PAGE)))


def missing(environment: str, *, before: Sequence[Alert], night: str, because: str) -> Alert:
    """The alert of a night that did not happen; the next one that does resolves it."""
    cause = _Cause(MISSING, Severity.NOTICE, Blame.TOOL, because)
    standing = next((alert for alert in before if alert.key == MISSING and not alert.resolved), None)
    return _stands(standing, frozenset(), cause, night, "") if standing else _opened(environment, cause, night, "")


def _why(alert: Alert, before: Alert | None, night: str) -> Why | None:
    if before is None:
        return Why.OPENED
    if alert.resolved:
        return None if before.resolved else Why.RESOLVED
    if alert.severity is Severity.PAGE and before.severity is not Severity.PAGE:
        return Why.ESCALATED
    due = alert.last == night != before.last and _reminded(alert, night) > _reminded(alert, before.last)
    return Why.REMINDER if due or (alert.key == MISSING and alert.last != before.last) else None


def _reminded(alert: Alert, night: str) -> int:
    """How many reminders of an alert are due by a night."""
    try:
        days = (date.fromisoformat(night[:10]) - date.fromisoformat(alert.opened[:10])).days
    except ValueError:
        return 0
    return days // REMINDED_AFTER[alert.severity]


# --- from night to night --------------------------------------------------------------------------


def _opened(environment: str, cause: _Cause, night: str, link: str) -> Alert:
    return Alert(environment, cause.key, cause.severity, cause.blame, cause.sentence, cause.subjects, night, night,
                 link=link)


def _stands(alert: Alert, well: frozenset[str], cause: _Cause | None, night: str, link: str) -> Alert:
    """What woke somebody once goes on as a page. What it broke stays with it until it is seen to be well."""
    left = tuple(subject for subject in alert.journeys if subject not in well)
    link = link or alert.link
    if cause is None:
        return replace(alert, last=night, link=link, journeys=left or alert.journeys)
    severity = Severity.PAGE if Severity.PAGE in (alert.severity, cause.severity) else Severity.NOTICE
    return replace(alert, severity=severity, blame=cause.blame, sentence=cause.sentence, last=night, link=link,
                   journeys=tuple(dict.fromkeys((*cause.subjects, *left))))


def _unseen(alert: Alert, well: frozenset[str], tonight: Night) -> Alert:
    """Never resolved in the night that opened it: what was seen in it does not go away by looking again. But a night
    that came late has come."""
    if (alert.opened == tonight.name and alert.key != MISSING) or not _tells(alert, tonight):
        return alert
    left = tuple(subject for subject in alert.journeys if subject not in well)
    return replace(alert, journeys=left) if left else replace(alert, resolved=tonight.name)


def _tells(alert: Alert, tonight: Night) -> bool:
    """Whether a night can show that something is over. Before its end nobody knows what it left behind."""
    made = tonight.state not in _UNFINISHED
    return made and (alert.key != _CLEANUP or tonight.exit_code is not None)


def _well(overview: Overview, tonight: Night, alert: Alert) -> frozenset[str]:
    """The subjects of an alert that tonight shows to be well, or that are not made any more."""
    if tonight.state in _UNFINISHED:
        return frozenset()
    match alert.key.partition("/")[0]:
        case "cleanup" | "night":
            return frozenset(alert.journeys)
        case "latency":
            return frozenset(str(trend.series) for trend in overview.trends if trend.state in _QUIET)
        case "rate":
            return _well_rates(overview, alert) | _gone(overview, tonight, alert)
        case "drift":
            return _well_replies(overview, tonight.name, alert)
        case _:
            return _well_journeys(overview, tonight.name) | _gone(overview, tonight, alert)


def _well_journeys(overview: Overview, night: str) -> frozenset[str]:
    """Those that came to a good end. Of one that broke otherwise nobody knows whether it would have broken so too."""
    return frozenset(str(journey) for journey, attempts in _by_journey(overview, night).items()
                     if attempts[-1].verdict in PASSING)


def _well_rates(overview: Overview, alert: Alert) -> frozenset[str]:
    judged = {str(rate.journey): True for rate in overview.rates}
    judged |= {str(rate.journey): False for rate in overview.rates
               if rate.state not in _QUIET and _key_of_rate(rate) == alert.key}
    return frozenset(journey for journey, well in judged.items() if well)


def _well_replies(overview: Overview, night: str, alert: Alert) -> frozenset[str]:
    """A step whose scenario came to a good end tonight, and of which nothing is said to be different any more."""
    made = {attempt.journey.scenario for attempt in overview.attempts.get(night, ()) if attempt.verdict in PASSING}
    drifted = {_replied(drift) for drift in overview.drifts}
    return frozenset(subject for subject in alert.journeys
                     if subject not in drifted and subject.rpartition(": ")[0] in made)


def _gone(overview: Overview, tonight: Night, alert: Alert) -> frozenset[str]:
    """What none of the last nights has made."""
    names = [night.name for night in overview.nights if night.began <= tonight.began
             and night.state not in _UNFINISHED and overview.attempts.get(night.name)][-_GONE_AFTER:]
    made = {str(attempt.journey) for name in names for attempt in overview.attempts[name]}
    return frozenset(alert.journeys) - made if len(names) == _GONE_AFTER else frozenset()


# --- what is wrong tonight ------------------------------------------------------------------------


def _causes(overview: Overview, tonight: Night, confirming: int) -> tuple[_Cause, ...]:
    broken = _silence(overview, _of_attempts(tonight.name, overview, tonight.name, confirming))
    known = {subject for cause in broken if cause.blame is Blame.PRODUCT for subject in cause.subjects}
    return (*_of_the_night(overview, tonight), *broken, *_slower(overview.trends),
            *_more_often(overview, tonight.name, known), *_drifted(overview.drifts))


def _of_the_night(overview: Overview, tonight: Night) -> Iterator[_Cause]:
    if tonight.exit_code == ExitCode.CLEANUP:
        left = tuple(dict.fromkeys(str(each.journey) for each in overview.attempts.get(tonight.name, ())
                                   if each.blame is Blame.CLEANUP))
        yield _Cause(_CLEANUP, Severity.PAGE, Blame.CLEANUP,
                     "what the night made is still there, or may be: its cleanup is incomplete", left)
    before = _before(overview, tonight)
    if tonight.state in _UNFINISHED:
        yield _Cause(_UNMADE, Severity.NOTICE, Blame.TOOL, _unmade(tonight),
                     sure=before is not None and before.state in _UNFINISHED)


def _unmade(night: Night) -> str:
    return f"the night was {night.state}" + (f": {night.because}" if night.because else "")


def _of_attempts(name: str, overview: Overview, tonight: str, confirming: int) -> tuple[_Cause, ...]:
    """Of the journeys of a night that never came to a good end; one for one cause."""
    mild = _quarantined(overview, tonight) | _weak(overview, tonight)
    folded: dict[str, list[_Cause]] = defaultdict(list)
    for journey, attempts in _by_journey(overview, name).items():
        if any(attempt.verdict in PASSING for attempt in attempts):
            continue  # it passed at a later try: that is a flake, and counted as one
        cause = _of_journey(journey, attempts, journey in mild, confirming)
        if cause is not None:
            folded[cause.key].append(cause)
    return tuple(_folded(causes) for causes in folded.values())


def _silence(overview: Overview, causes: tuple[_Cause, ...]) -> tuple[_Cause, ...]:
    """What is wrong where the product has not answered once, tonight or before: one thing, and told at once. Once it
    has answered, silence is the product's failure, and pages."""
    mute = [cause for cause in causes if cause.blame is Blame.ENVIRONMENT]
    if not mute or any(has_answered(made) for made in overview.attempts.values()):
        return causes
    first = replace(_folded(mute), key=_SILENCE, sure=True, sentence=f"nobody answered at all: {mute[0].sentence}")
    return (first, *(cause for cause in causes if cause.blame is not Blame.ENVIRONMENT))


def _of_journey(journey: Journey, attempts: Sequence[Attempt], mild: bool, confirming: int) -> _Cause | None:
    failed = [attempt for attempt in attempts if attempt.blame not in _NOBODYS]
    if not failed:
        return None
    alike = len({_signature(attempt) for attempt in attempts}) == 1
    product = all(_is_failure(attempt) for attempt in attempts)
    confirmed = product and alike and len(attempts) >= confirming
    page = confirmed and not mild
    last = failed[-1]
    sentence = last.sentence or f"{last.step or journey} broke"
    key = _key(last) if alike or last.provider or not product else _bounded(f"product/journey:{journey}")
    return _Cause(key, Severity.PAGE if page else Severity.NOTICE, last.blame, sentence, (str(journey),), confirmed,
                  _under(last), (journey,))


def _folded(causes: Sequence[_Cause]) -> _Cause:
    """The gravest of them leads."""
    first = min(causes, key=lambda cause: (cause.severity is not Severity.PAGE, not cause.sure))
    journeys = tuple(journey for cause in causes for journey in cause.journeys)
    return replace(first, sentence=_with_others(first, journeys), journeys=journeys,
                   subjects=tuple(subject for cause in causes for subject in cause.subjects))


def _with_others(cause: _Cause, journeys: Sequence[Journey]) -> str:
    """The sentence of a cause, and of what the faults of its provider break how many there are."""
    if not cause.under or len(journeys) < 2:
        return cause.sentence
    plans = len({journey.plan for journey in journeys})
    broken = len({(journey.scenario, journey.personas) for journey in journeys})
    return (f"{cause.sentence.rstrip('.')}. Under faults of {cause.under} {_many(broken, 'journey')} "
            f"{'breaks' if broken == 1 else 'break'}, in {_many(plans, 'plan')}.")


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _seen(overview: Overview, night: str) -> set[str]:
    """The cause of every attempt that broke, whatever came of its journey later in the night."""
    attempts = overview.attempts.get(night, ())
    return {_key(attempt) for attempt in attempts if attempt.verdict not in PASSING and attempt.blame not in _NOBODYS}


def _key(attempt: Attempt) -> str:
    """The suspected cause: the provider, else what broke, else the account or the journey."""
    kind = str(attempt.blame)
    if under := _under(attempt):
        return _bounded(f"{kind}/under:{under}")
    if attempt.provider:
        return _bounded(f"{kind}/provider:{attempt.provider}")
    if attempt.signature or attempt.step:
        return _bounded(f"{kind}/{attempt.signature or attempt.step}")
    if attempt.blame is Blame.ACCOUNT:
        return _bounded(f"{kind}/personas:{attempt.journey.personas}")
    return _bounded(f"{kind}/journey:{attempt.journey}") if _is_failure(attempt) else kind


def _under(attempt: Attempt) -> str:
    """The provider whose injected faults the product does not bear; '' for any other failure."""
    return attempt.provider if attempt.journey.plan != NONE and _is_failure(attempt) else ""


def _bounded(key: str) -> str:
    if len(key) <= _LONGEST_KEY and key.isprintable():
        return key
    shown = "".join(sign if sign.isprintable() else "?" for sign in key[:_LONGEST_KEY - 13])
    return f"{shown}#{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _signature(attempt: Attempt) -> str:
    return attempt.signature or attempt.step or attempt.sentence


def _is_failure(attempt: Attempt) -> bool:
    return attempt.verdict is Kind.FAIL and attempt.blame is Blame.PRODUCT


def _slower(trends: Sequence[Trend]) -> tuple[_Cause, ...]:
    """A provider's change takes the steps of its journeys with it."""
    changed = [trend for trend in trends if trend.state is Trending.CHANGED]
    providers = {(trend.series.scenario, trend.series.personas): trend.series.name for trend in reversed(changed)
                 if trend.series.kind == "provider"}
    folded: dict[str, list[Trend]] = defaultdict(list)
    for trend in sorted(changed, key=lambda trend: trend.series.kind != "provider"):
        series = trend.series
        where = (series.scenario, series.personas)
        kind, name = ("provider", providers[where]) if series.kind == "step" and where in providers else (
            series.kind, series.name)
        folded[_bounded(f"latency/{kind}:{name}")].append(trend)
    return tuple(_slow(key, each) for key, each in folded.items())


def _slow(key: str, trends: Sequence[Trend]) -> _Cause:
    first = trends[0]
    way = "slower" if first.factor >= 1 else "faster"
    blame = Blame.ENVIRONMENT if first.series.kind == "control" else Blame.PRODUCT
    since = f" since {first.since}" if first.since else ""
    sentence = (f"{first.series} is {way}{since}: {_shown(first.tonight_s)} where {_shown(first.usual_s)} was usual "
                f"(×{first.factor:.2f} with what the controls did taken off)")
    return _Cause(key, Severity.NOTICE, blame, sentence, tuple(dict.fromkeys(str(trend.series) for trend in trends)))


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _more_often(overview: Overview, night: str, known: set[str]) -> tuple[_Cause, ...]:
    """Not of journeys that a failure of tonight breaks: that is told already."""
    apart = _quarantined(overview, night)
    folded: dict[str, list[_Cause]] = defaultdict(list)
    for rate in overview.rates:
        if rate.state is Trending.CHANGED and str(rate.journey) not in known:
            cause = _often(rate, rate.journey in apart)
            folded[cause.key].append(cause)
    return tuple(_folded(causes) for causes in folded.values())


def _often(rate: Rate, apart: bool) -> _Cause:
    page = rate.recent >= _PAGED_RATE and not apart
    what = rate.step or str(rate.journey)
    sentence = f"{what} breaks in {rate.recent:.1%} of its tries, where {rate.usual:.1%} was usual"
    return _Cause(_key_of_rate(rate), Severity.PAGE if page else Severity.NOTICE, Blame.PRODUCT, sentence,
                  (str(rate.journey),))


def _key_of_rate(rate: Rate) -> str:
    return _bounded(f"rate/{rate.step or rate.journey}")


def _drifted(drifts: Sequence[Drift]) -> tuple[_Cause, ...]:
    folded: dict[str, list[Drift]] = defaultdict(list)
    for drift in drifts:
        folded[_bounded(f"drift/{drift.scenario}/{drift.step}")].append(drift)
    return tuple(_drift(key, each) for key, each in folded.items())


def _drift(key: str, drifts: Sequence[Drift]) -> _Cause:
    first, more = drifts[0], len(drifts) - 1
    was = f"{', '.join(first.before) or 'nothing'} → {', '.join(first.now) or 'nothing'}"
    sentence = f"the reply of {first.step} looks different since {first.since}: {first.path} {first.change} ({was})"
    return _Cause(key, Severity.NOTICE, Blame.PRODUCT, sentence + (f" and {more} more" if more else ""),
                  tuple(dict.fromkeys(_replied(drift) for drift in drifts)))


def _replied(drift: Drift) -> str:
    return f"{drift.scenario}: {drift.step}"


# --- looking things up ----------------------------------------------------------------------------


def _night(overview: Overview, name: str) -> Night:
    """As it is known; one that is not known yet is being judged right now."""
    known = next((night for night in overview.nights if night.name == name), None)
    return known or Night(overview.environment, name, State.RUNNING, began=float("inf"))


def _before(overview: Overview, tonight: Night) -> Night | None:
    return next((night for night in reversed(overview.nights)
                 if night.name != tonight.name and night.began <= tonight.began), None)


def _earlier(overview: Overview, tonight: Night) -> str:
    """The last night before this one in which anything was made; '' where there is none."""
    return next((night.name for night in reversed(overview.nights) if night.name != tonight.name
                 and night.began <= tonight.began and overview.attempts.get(night.name)), "")


def _by_journey(overview: Overview, night: str) -> Mapping[Journey, list[Attempt]]:
    made: dict[Journey, list[Attempt]] = defaultdict(list)
    for attempt in sorted(overview.attempts.get(night, ()), key=lambda each: each.number):
        made[attempt.journey].append(attempt)
    return made


def _quarantined(overview: Overview, night: str) -> set[Journey]:
    return {flake.journey for flake in overview.flakes if night < flake.until}


def _weak(overview: Overview, tonight: str) -> set[Journey]:
    """Those of the journeys under a plan that none of the earlier nights saw coming to a good end."""
    passed = {each.journey for night in overview.nights if night.name != tonight
              for each in overview.attempts.get(night.name, ()) if each.verdict in PASSING}
    made = {each.journey for attempts in overview.attempts.values() for each in attempts}
    return {journey for journey in made if journey.plan != NONE and journey not in passed}
