"""Public packages that tests run as programs, each in an environment of its own that no other code can import.

An environment is made once, outside the repository, and used again by later runs: `$XDG_CACHE_HOME/flowprobe-tests`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import pytest

__all__ = ["index_answers", "programs_of"]

_INSTALL_S = 240
_ASK_S = 15


def programs_of(*requirements: str) -> Path:
    """The folder of the programs of these requirements. Skips only where the package index does not answer."""
    home = _cache() / _name(requirements)
    with _alone(home):
        if not _complete(home, requirements):
            _make(home, requirements)
    return home / "bin"


def index_answers(index: str) -> bool:
    """Whether anything at all is said at this URL: also an error, also a certificate that we do not know."""
    try:
        urllib.request.urlopen(index, timeout=_ASK_S).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except urllib.error.URLError as error:
        return "SSL" in type(error.reason).__name__
    except OSError:
        return False
    return True


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowprobe-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _name(requirements: tuple[str, ...]) -> str:
    about = "\n".join((*requirements, sys.version, sys.base_prefix))
    return f"{requirements[0].partition('=')[0]}-{blake2b(about.encode(), digest_size=6).hexdigest()}"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process at a time, whichever Python or test worker it is."""
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complete(home: Path, requirements: tuple[str, ...]) -> bool:
    done = home / "complete"
    return (home / "bin" / "python").exists() and done.is_file() and done.read_text().split() == list(requirements)


def _make(home: Path, requirements: tuple[str, ...]) -> None:
    shutil.rmtree(home, ignore_errors=True)
    made = _run(sys.executable, "-m", "venv", str(home))
    if made.returncode:
        pytest.fail(f"an environment for {' '.join(requirements)} could not be made:\n{made.stdout}", pytrace=False)
    installed = _run(str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements)
    if installed.returncode:
        _give_up(requirements, installed.stdout)
    (home / "complete").write_text("\n".join(requirements))


def _give_up(requirements: tuple[str, ...], output: str) -> None:
    index = _index()
    if os.environ.get("CI") == "true" or index_answers(index):
        pytest.fail(f"{' '.join(requirements)} could not be installed:\n{output}", pytrace=False)
    pytest.skip(f"needs {' '.join(requirements)}, which is not installed yet, and {index} does not answer")


def _index() -> str:
    configured = _run(sys.executable, "-m", "pip", "config", "get", "global.index-url")
    said = configured.stdout.strip() if configured.returncode == 0 else ""
    return os.environ.get("PIP_INDEX_URL") or said or "https://pypi.org/simple/"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_INSTALL_S,
                          check=False)
