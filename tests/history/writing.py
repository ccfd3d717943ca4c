"""A process that writes nights until it is killed: `python writing.py FILE`. After each it says how many are kept."""

from __future__ import annotations

import sys

from flowprobe.core.nights.model import Attempt, Journey, Night, Sample, Series, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.history import open_history

SEARCH = Journey("Search", "user=pro-eu")
EACH = 20
"""How many attempts and samples a night has."""


def main(place: str) -> None:
    history = open_history(place)
    number = len(history.nights("staging"))
    while True:
        number += 1
        name = f"{number:06}"
        history.keep_night(Night("staging", name, State.ENDED, float(number)))
        history.keep_attempts("staging", name, [
            Attempt(SEARCH, each, float(each), 0.5, Kind.PASS, Blame.NONE, sentence="x" * 200)
            for each in range(1, EACH + 1)])
        history.keep_measured("staging", name, samples=[
            Sample(Series("step", f"step {each}"), (0.25,) * 12) for each in range(EACH)], counted=[], shapes=[])
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
