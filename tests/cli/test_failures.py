import click
import pytest

from flowprobe.cli.failures import guarded
from flowprobe.errors import EnvironmentBroken, FlowProbeError, InvalidInput, Problem, Refused, ToolFailed

PROBLEM = Problem("unknown-key", "a.yaml", 3, 5, "unknown key `cal`", "did you mean `call`?", "    cal: GET /", 3)


@pytest.mark.parametrize(("error", "code", "said"), [
    (InvalidInput((PROBLEM,)), 2, "a.yaml:3:5: unknown key `cal`"),
    (Refused("no"), 5, "refused, nothing was sent: no"),
    (EnvironmentBroken("down"), 3, "the environment: down"),
    (ToolFailed("gone"), 3, "flowprobe itself failed: gone"),
    (FlowProbeError("odd"), 4, "odd"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (ZeroDivisionError("x"), 4, "this is a bug of ours"),
])
def test_every_way_out_has_its_code_and_its_sentence(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert guarded(command) == code
    assert said in capsys.readouterr().err


def test_an_end_of_file_somewhere_inside_is_not_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise click.Abort from EOFError("marshal data too short")

    assert guarded(command) == 4
    assert "marshal data too short" in capsys.readouterr().err


def test_what_a_command_returns_is_the_exit_code() -> None:
    assert guarded(lambda: 7) == 7


def test_a_problem_shows_the_line_with_a_caret_and_the_way_out() -> None:
    assert PROBLEM.render() == (
        "a.yaml:3:5: unknown key `cal`\n"
        "    3 |     cal: GET /\n"
        "      |     ^^^ did you mean `call`?")
