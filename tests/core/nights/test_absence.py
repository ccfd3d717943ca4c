from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flowprobe.core.nights.absence import absent, last_due
from flowprobe.core.nights.model import Night, State

DUE = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def night(hours_before: float, state: State = State.ENDED, because: str = "") -> Night:
    began = DUE - timedelta(hours=hours_before)
    return Night("prod", f"{began:%Y-%m-%d}", state, began.timestamp(), because=because)


@pytest.mark.parametrize(("now", "due"), [
    (DUE + timedelta(hours=2), DUE), (DUE, DUE), (DUE - timedelta(minutes=1), DUE - timedelta(days=1))],
    ids=["after it", "at it", "before it"])
def test_what_was_due_last_is_what_is_asked_for(now: datetime, due: datetime) -> None:
    assert last_due(now, 7 * 60) == due
    assert last_due(now, None) == now


@pytest.mark.parametrize("nights", [
    (night(5),), (night(29), night(5)), (night(5, State.REFUSED),), (night(6), night(1, State.RUNNING)), (night(-1),)],
    ids=["ended", "one more", "refused", "another goes on", "made late"])
def test_a_night_that_is_there_is_nothing_to_tell(nights: tuple[Night, ...]) -> None:
    assert absent(nights, environment="prod", due=DUE) == ""


@pytest.mark.parametrize(("nights", "said"), [
    ((), "no night of prod has begun in the 24 hours before 2026-11-23 07:00"),
    ((night(29),), "no night of prod has begun in the 24 hours before 2026-11-23 07:00"),
    ((night(5, State.RUNNING),), "the night 2026-11-23 of prod has begun, and was not over by 2026-11-23 07:00"),
    ((night(5, State.CUT_OFF, "the machine went down"),),
     "the night 2026-11-23 of prod was cut off: the machine went down, and there was no other before 2026-11-23 07:00"),
], ids=["none at all", "only an old one", "not over", "cut off"])
def test_a_night_that_is_not_there_is_told_with_what_is_known(nights: tuple[Night, ...], said: str) -> None:
    assert absent(nights, environment="prod", due=DUE) == said
