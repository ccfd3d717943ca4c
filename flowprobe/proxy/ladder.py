"""How the calls of one run are attributed: what is settled before its proxy starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowprobe.core.activity import LINGER_S
from flowprobe.core.attribution import Rung
from flowprobe.core.clues import Clue, ExclusiveWindow

__all__ = ["Ladder"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """`owned`: we started the product; `minimum`: the rung that an injection needs;
    `clues` by edge; `linger_s`: how long after its reply a product may still work because of us. With `off` faults
    fall on anybody's calls: only our tests set it, to see that collateral is counted."""

    owned: bool = False
    minimum: Rung = "window"
    clues: Mapping[str, Sequence[Clue]] = field(default_factory=dict)
    off: bool = False
    linger_s: float = LINGER_S

    @property
    def grace_s(self) -> float:
        return max((clue.grace for clues in self.clues.values() for clue in clues if isinstance(clue, ExclusiveWindow)),
                   default=0.0)

    @property
    def exclusive(self) -> tuple[str, ...]:
        """The edges that a window is declared for."""
        return tuple(edge for edge, clues in self.clues.items()
                     if any(isinstance(clue, ExclusiveWindow) for clue in clues))
