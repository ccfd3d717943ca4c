"""`flowprobe check FILE` goes past typer: what it says must be what typer would have led to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowprobe.cli import app
from flowprobe.cli.main import main

GOOD = """\
flowprobe: 1
scenario: A
personas: {admin: pro-eu}
workflow:
  - step: one
    call: GET /one
"""
PROJECT = "flowprobe: 1\nenvironments: {local: {target: http://127.0.0.1:1}}\npersonas: {pro-eu: {}}\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("GET", "GOT"))
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)


def _ended(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
           ) -> tuple[object, str, str]:
    monkeypatch.setattr(sys, "argv", ["flowprobe", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return (end.value.code, *capsys.readouterr())


@pytest.mark.parametrize("environment", ["", "local", "nowhere"])
@pytest.mark.parametrize("paths", [("good.yaml",), ("bad.yaml",), ("bad.yaml", "good.yaml"), (".",), ("/dev/null",)],
                         ids=" ".join)
def test_names_alone_are_checked_as_after_two_dashes(
    paths: tuple[str, ...], environment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWPROBE_ENV", environment)
    past = _ended(("check", *paths), monkeypatch, capsys)
    assert past == _ended(("check", "--", *paths), monkeypatch, capsys)


@pytest.mark.parametrize("words", [
    ("check",), ("check", "good.yaml", "--json"), ("check", "--help"), ("check", "absent.yaml"), ("check", ""),
    ("good.yaml",), (),
], ids=" ".join)
def test_everything_else_is_for_typer(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(app, "app", lambda **_: asked.append("typer"))
    monkeypatch.setattr(sys, "argv", ["flowprobe", *words])
    with pytest.raises(SystemExit):
        main()
    assert asked == ["typer"]


def test_an_interruption_has_the_code_of_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
                                             ) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowprobe.cli.checking.check_command", interrupted)
    assert _ended(("check", "good.yaml"), monkeypatch, capsys) == (130, "", "interrupted\n")
    assert _ended(("check", "--", "good.yaml"), monkeypatch, capsys)[0] == 130
