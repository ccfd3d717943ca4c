"""Files of certificate authorities: the usual roots, and one of ours beside them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_bundle"]


def write_bundle(path: Path, authority: Path) -> Path:
    """Write a file of the usual roots and an authority: the variables that clients know replace their whole store."""
    import certifi

    path.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + authority.read_bytes())
    return path
