"""Where a standing proxy takes orders, and the token that it wants: from a variable, or from a file of its owner."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowprobe.core.scenario import Environment
from flowprobe.errors import InvalidInput, NotAdmitted, Problem, ToolFailed
from flowprobe.proxy.addresses import Address
from flowprobe.proxy.attached import AttachedProxy, Key
from flowprobe.running.folder import private_folder
from flowprobe.running.places import STATE

__all__ = ["DEFAULT_CONTROL", "FINGERPRINT_VARIABLE", "TOKEN_VARIABLE", "Attachment", "attach", "attachment_of",
           "control_at", "key_of", "look", "token_file", "token_for", "write_key"]

DEFAULT_CONTROL = f"unix:{STATE / 'proxy.sock'}"
TOKEN_VARIABLE = "FLOWPROBE_PROXY_TOKEN"
FINGERPRINT_VARIABLE = "FLOWPROBE_PROXY_FINGERPRINT"
_SHORTEST = 16


def control_at(text: str, *, of: str, folder: Path | None = None) -> Address:
    """The address that a flag or a file (`of`) names; the path of a socket starts in `folder`. Raises InvalidInput."""
    path = text.removeprefix("unix:")
    try:
        return Address.parse(text if path == text else f"unix:{_shortest(folder or Path(), path)}")
    except ValueError as error:
        found, instead = error.args
        raise InvalidInput((Problem("bad-control", of, 0, 0, found, instead),)) from None


def _shortest(folder: Path, path: str) -> str:
    """There is little room for the path of a socket: from here on, or whole."""
    whole = os.path.abspath(folder / path)
    return min(os.path.relpath(whole), whole, key=len) if path else path


def token_file(address: Address) -> Path:
    """Where a proxy leaves its token for those who control it from the same folder, or through the same socket."""
    if address.path:
        return Path(f"{address.path}.token")
    return STATE / f"proxy-{address.host}-{address.port}.token"


def token_for(environ: Mapping[str, str]) -> tuple[str, bool]:
    """The token of a proxy that is about to start, and whether it is made now. Raises InvalidInput."""
    given, _ = _parts(environ.get(TOKEN_VARIABLE, ""))
    if not given:
        return secrets.token_urlsafe(32), True
    if len(given) < _SHORTEST:
        raise InvalidInput((Problem("bad-setting", TOKEN_VARIABLE, 0, 0, "the token is too short to be one",
                                    f"give it {_SHORTEST} characters or more, or leave it unset: one is made"),))
    return given, False


def write_key(file: Path, key: Key) -> None:
    """Leave a token, and the fingerprint beside it, for their owner alone."""
    private_folder(file.parent)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as out:
            out.write(f"{key.token}\n{key.fingerprint}\n" if key.fingerprint else f"{key.token}\n")
        fresh.replace(file)
    except OSError as error:
        raise ToolFailed(f"cannot write the token of the proxy to {file}: {error.strerror}") from error


def key_of(address: Address, *, file: Path | None, environ: Mapping[str, str]) -> Key:
    """The token of the proxy at an address: `file`, else the variable, else the file that it left. Raises
    InvalidInput."""
    fingerprint = environ.get(FINGERPRINT_VARIABLE, "").lower().replace(":", "")
    given, beside = _parts(environ.get(TOKEN_VARIABLE, ""))
    if file is None and given:
        return Key(given, fingerprint or beside or _left(token_file(address))[1])
    where = file or token_file(address)
    token, shown = _left(where)
    if not token:
        raise InvalidInput((Problem(
            "no-token", str(where), 0, 0, f"there is no token for the proxy at {address}",
            f"start it here with `flowprobe proxy run`, set {TOKEN_VARIABLE}, or name its file with --token-file"),))
    return Key(token, fingerprint or shown)


def _left(file: Path) -> tuple[str, str]:
    """The token and the fingerprint of a file; two empty texts where it is not there."""
    try:
        if file.stat().st_mode & 0o077:
            raise InvalidInput((Problem("token-shown", str(file), 0, 0, "others can read this token",
                                        f"chmod 600 {file}, or better: start the proxy again with a new one"),))
        return _parts(file.read_text())
    except (OSError, UnicodeDecodeError):
        return "", ""


def _parts(text: str) -> tuple[str, str]:
    """The token on the first line, and the fingerprint on the second."""
    token, _, rest = text.strip().partition("\n")
    return token.strip(), rest.strip().lower().replace(":", "")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A proxy that somebody else started, as an environment names it."""

    address: Address
    key: Key


def attachment_of(environment: Environment) -> Attachment | None:
    """None where the environment names no proxy. Raises InvalidInput."""
    if environment.proxy is None:
        return None
    folder = Path(environment.position.file).resolve().parent
    address = control_at(environment.proxy, of="proxy", folder=folder)
    return Attachment(address, key_of(address, file=None, environ=os.environ))


def attach(attachment: Attachment, *, run: str, journal: Path) -> AttachedProxy:
    """Such a proxy, for a run that keeps a copy of its journal."""
    name = f"the run {run} (pid {os.getpid()})"
    return AttachedProxy(attachment.address, attachment.key, name=name, journal=journal)


@contextmanager
def look(control: str, file: Path | None) -> Iterator[AttachedProxy]:
    """The proxy that a command of a person is about. Raises InvalidInput, also where their key does not fit."""
    address = control_at(control, of="--control")
    key = key_of(address, file=file, environ=os.environ)
    with AttachedProxy(address, key, name=f"a person (pid {os.getpid()})") as proxy:
        try:
            proxy.ready()
        except NotAdmitted as error:
            instead = f"give it in {TOKEN_VARIABLE}, or name its file with --token-file"
            raise InvalidInput((Problem("not-admitted", "--control", 0, 0, str(error), instead),)) from error
        yield proxy
