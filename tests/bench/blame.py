"""How often the cause that FlowProbe tells of a failure is the right one, on journeys of which it is known: a product whose
switches say what is wrong with it, under faults, in states of an account, drawn afresh each time.

`python tests/bench/blame.py [--quick] [--cases N] [--seed S]`: prints the seed, the share that is right, and each miss; exit 1
below the target, or where a wrong cause was stated as sure.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.truth import check

RIGHT = 0.95
_CASES, _FEWER = 200, 60


def main() -> int:
    options = argparse.ArgumentParser(description="Is the cause that is told the right one?")
    options.add_argument("--quick", action="store_true", help=f"{_FEWER} cases, and not {_CASES}")
    options.add_argument("--cases", type=int, help="so many cases")
    options.add_argument("--seed", type=int, help="of the draws; default: another one each time")
    chosen = options.parse_args()
    seed = secrets.randbelow(2**31) if chosen.seed is None else chosen.seed
    with tempfile.TemporaryDirectory() as folder:
        judged = check(Path(folder), seed, chosen.cases or (_FEWER if chosen.quick else _CASES))
    print(f"  {judged}", flush=True)
    return 0 if judged.share >= RIGHT and not judged.wrongly_sure else 1


if __name__ == "__main__":
    sys.exit(main())
