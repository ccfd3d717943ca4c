"""What is done to the streams of one HTTP/2 connection. The codes are those of RFC 9113, section 7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["CODES", "Farewell", "ResetStream"]

CODES: Mapping[str, int] = {name: code for code, name in enumerate((
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
))}


@plain
class ResetStream(Plain):
    """End the stream of this call with an error code, instead of forwarding it; its siblings go on."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    code: int


@plain
class Farewell(Plain):
    """Say GOAWAY when the n-th call of its connection that this falls on was answered; what is open then is answered
    still, and nothing new begins there."""

    stage: ClassVar = Stage.CUT
    ends: ClassVar = False

    after: int
