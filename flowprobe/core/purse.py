"""The budget of a run as it is spent: charged before a call is made, and never more than there is.

A call that makes something is charged together with its cleanup, so that what was made can always be undone: the
cleanup then spends what was laid aside for it.
"""

from __future__ import annotations

from dataclasses import replace

from flowprobe.core.plain import Plain, plain
from flowprobe.core.rules import Budget

__all__ = ["Purse"]


@plain
class Purse(Plain):
    """`calls` and `writes` are what has been charged; `aside` and `aside_writes` the part of it that cleanup has not
    used yet."""

    budget: Budget
    calls: int = 0
    writes: int = 0
    aside: int = 0
    aside_writes: int = 0

    def charge(self, *, write: bool, cleanup: int = 0, cleanup_writes: int = 0) -> Purse | str:
        """The purse after one call and `cleanup` calls laid aside, or a sentence about what is used up."""
        calls, writes = self.calls + 1 + cleanup, self.writes + write + cleanup_writes
        for what, wanted, most in (("calls", calls, self.budget.calls), ("writes", writes, self.budget.writes)):
            if most is not None and wanted > most:
                return f"the budget of {most} {what} is used up"
        return Purse(self.budget, calls, writes, self.aside + cleanup, self.aside_writes + cleanup_writes)

    def spend_aside(self, *, write: bool) -> Purse | str:
        """The purse after one call of a cleanup: from what was laid aside, else charged like any other."""
        if self.aside_writes > 0 if write else self.aside > self.aside_writes:
            return replace(self, aside=self.aside - 1, aside_writes=self.aside_writes - write)
        return self.charge(write=write)
