"""Every command of every document is run, and prints what the document says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, Command, File, commands, documents, masked, printed_as_said, session

CI = (ROOT / ".ci" / "run").read_text()
RUN_BY_A_PERSON = {".ci/run", "scripts/check"}
"""What calls this test. That neither leaves anything out is the last test of this module."""

FOLLOWED_ELSEWHERE = {
    "docs/how-to/inject-with-mitmdump.md": "tests/end_to_end/test_inject_script.py",
    "docs/how-to/schedule-the-nights.md": "tests/docs/test_recipes.py",
    "docs/how-to/stand-beside-an-app.md": "tests/end_to_end/test_standing.py",
    "docs/how-to/test-against-a-provider-sdk.md": "tests/end_to_end/real_provider/test_how_to.py",
}
"""Documents that need more than an empty folder, and the tests that follow them."""

TRIED_IN_CI_AS = {"pip install ./vendor/flowprobe": ".venv/bin/pip install -e ."}
"""Commands for a folder that a reader has and we do not."""

SERVES = re.compile(r"python -m flowprobe\.demo\.(product|providers \w+)$")
REMEMBERED = re.compile(r"(export|cd|unset) ")


def run_in_ci(command: Command) -> bool:
    return f"run '{command.text}'" in CI or TRIED_IN_CI_AS.get(command.text, CI + "\n") in CI


def _here(document: Path) -> tuple[Command | File, ...]:
    if str(document) in FOLLOWED_ELSEWHERE:
        return ()
    return tuple(thing for thing in session(document) if isinstance(thing, File)
                 or not (run_in_ci(thing) or thing.text in RUN_BY_A_PERSON))


SESSIONS = {str(document): _here(document) for document in documents()
            if any(isinstance(thing, Command) for thing in _here(document))}


@dataclass
class Shell:
    """One session: a folder, and what `cd` and `export` have changed."""

    folder: Path
    env: dict[str, str]
    before: list[str] = field(default_factory=list)

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        """Run it; once more where the proxy says that this machine was too busy for anything to be judged."""
        script = "\n".join([*self.before, command.text])
        if REMEMBERED.match(command.text):
            self.before.append(command.text)
        for _ in range(4):
            done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.env, text=True, timeout=300,
                                  check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            if "proxy: saturated" not in done.stdout:
                break
        return done

    def serve(self, command: Command) -> str:
        """Start it, read its first line, end it."""
        script = "\n".join([*self.before, "exec env " + command.text])
        with subprocess.Popen(["bash", "-c", script], cwd=self.folder, env={**self.env, "PORT": "0"}, text=True,
                              stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
        return first


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A newcomer's shell: an environment with little in it, `flowprobe` and `python` on its PATH."""
    bin_folder, folder = tmp_path / "bin", tmp_path / "work"
    bin_folder.mkdir()
    for name, words in (("flowprobe", "-m flowprobe"), ("python", ""), ("pytest", "-m pytest")):
        (bin_folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (bin_folder / name).chmod(0o755)
    for name in ("scenarios", "proxies"):
        shutil.copytree(ROOT / name, folder / name)
    return Shell(folder, {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8",
                         "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("document", SESSIONS)
def test_a_document_can_be_followed_to_the_letter(document: str, shell: Shell) -> None:
    for thing in SESSIONS[document]:
        if isinstance(thing, File):
            path = shell.folder / thing.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(thing.text)
        else:
            _follow(shell, thing)


def _follow(shell: Shell, command: Command) -> None:
    place = f"{command.document}:{command.line}: {command.text}"
    if SERVES.search(command.text):
        printed = shell.serve(command).splitlines()
        assert printed, place
    elif command.text.startswith("pytest "):
        collected = subprocess.run([sys.executable, "-m", *command.text.split(), "--collect-only", "-q"], cwd=ROOT,
                                   capture_output=True, text=True, check=False)
        assert collected.returncode == 0, f"{place}\n{collected.stdout}"
        return
    else:
        done = shell.run(command)
        printed = done.stdout.splitlines()
        assert done.returncode == command.code, f"{place}\nended with {done.returncode}:\n{done.stdout}"
    if command.output is not None:
        assert printed_as_said(command.output, printed), f"{place}\nprinted:\n" + "\n".join(map(masked, printed))


def test_documents_that_are_followed_elsewhere_are() -> None:
    for document, test in FOLLOWED_ELSEWHERE.items():
        assert Path(document).name in (ROOT / test).read_text()


def test_the_readme_opens_with_a_red_verdict() -> None:
    first = commands(Path("README.md"))[0]
    assert first.code == 1
    assert "✗" in "".join(first.output or ())


def test_the_readmes_tests_are_what_ci_calls_first() -> None:
    first = re.search(r"^run '(.*)'$", CI, re.MULTILINE)
    assert first is not None
    assert first[1].endswith(".venv/bin/pytest -n 2")
    assert first[1] in {command.text for command in commands(Path("README.md"))}


def test_what_people_check_ci_checks_too() -> None:
    script = (ROOT / "scripts" / "check").read_text().partition("\n\n")[2].split("\n")
    for line in filter(None, script):
        assert line.removesuffix(' "$@"') in CI


@pytest.mark.parametrize(("said", "fits"), [
    (("a 1 ms", "c"), False), (("a 512 ms", "b"), True), (("...", "b"), True), (("a 2.0 s", "..."), True), (("b",), False),
])
def test_output_is_compared_without_its_numbers(said: tuple[str, ...], fits: bool) -> None:
    assert printed_as_said(said, ["a   17 ms", "b", ""]) is fits
