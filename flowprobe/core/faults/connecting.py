"""What is done to a connection before any request is on it. Such a fault falls on no call, but on whoever connects:
so it needs a product that nobody else uses."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["Connecting", "Forge", "Handshake", "Shut", "SlowHandshake"]


@plain
class Shut(Plain):
    """Do not listen."""

    stage: ClassVar = Stage.CONNECT
    ends: ClassVar = True


@plain
class Forge(Plain):
    """Show a certificate that is wrong in this way; with '', answer the handshake with a fatal alert."""

    stage: ClassVar = Stage.CONNECT
    ends: ClassVar = True

    wrong: str


@plain
class SlowHandshake(Plain):
    """Answer the handshake this much later."""

    stage: ClassVar = Stage.CONNECT
    ends: ClassVar = False

    seconds: float


Handshake: TypeAlias = Forge | SlowHandshake
Connecting: TypeAlias = Shut | Handshake
