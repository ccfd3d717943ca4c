"""A port that stays ours while nobody listens on it."""

from __future__ import annotations

import contextlib
import socket
import sys
from dataclasses import replace

from flowprobe.proxy.edges import EdgeSpec

__all__ = ["held", "hold"]


def hold(host: str, port: int) -> socket.socket | None:
    """A socket that is bound and never listens: connections are refused there, the kernel gives the port to nobody
    else, and whoever sets SO_REUSEADDR, as servers do, can listen on it and stop again. None on systems where a second
    socket cannot have it, and where there is no such address, or somebody has it: whoever listens will say so."""
    if sys.platform != "linux":
        return None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except OSError:
        holder.close()
        return None
    return holder


def held(edge: EdgeSpec, holders: contextlib.ExitStack) -> EdgeSpec:
    """A reverse edge whose port is held from now on, until `holders` is closed."""
    holder = hold(*edge.listen) if edge.mode == "reverse" else None
    if holder is None:
        return edge
    holders.callback(holder.close)
    return replace(edge, listen=(edge.listen[0], holder.getsockname()[1]))
