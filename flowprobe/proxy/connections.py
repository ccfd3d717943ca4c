"""The faults of connections, of both sorts, kept in step with the leases."""

from __future__ import annotations

from collections.abc import Callable

from flowprobe.proxy import mitm
from flowprobe.proxy.doors import Doors
from flowprobe.proxy.exchange import Waits
from flowprobe.proxy.exclusive import Exclusive
from flowprobe.proxy.handshakes import Handshakes
from flowprobe.proxy.leases import Leases
from flowprobe.proxy.recorder import Recorder

__all__ = ["Connections"]


class Connections:
    """What comes before any call. Nothing of it happens until `open`."""

    def __init__(self, recorder: Recorder, waits: Waits, clock: Callable[[], float]) -> None:
        self._exclusive = Exclusive(recorder, clock)
        self.doors = Doors(self._exclusive)
        self.handshakes = Handshakes(self._exclusive, waits)

    def use(self, engine: mitm.Engine) -> None:
        self.doors.engine = self.handshakes.engine = engine

    def open(self, leases: Leases) -> None:
        """From here on these leases count: of a product that we started, and nobody else uses."""
        self._exclusive.leases = leases

    @property
    def due(self) -> bool:
        """Whether something has to be settled that no lease has told of: a limit is reached, another trial began."""
        return self.doors.due

    async def settle(self) -> None:
        """Bring everything into the state that the leases want; when this returns it is."""
        await self.handshakes.settle()
        await self.doors.settle()
