"""The files that a scenario names: whatever stands there, the reader answers, soon, and stays inside of the project."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.bodies import FileBody
from flowprobe.core.steps import names_of
from flowprobe.errors import InvalidInput
from flowprobe.files.scenarios import load_scenario

KEYS = ["call: POST /a, file: {}", "call: POST /a, multipart: {{p: {{file: {}}}}}", "use: {}"]
HEAD = "flowprobe: 1\nscenario: A\npersonas: {admin: b}\nworkflow:\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one of each kind of file, in a folder with secrets beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "project"
    (folder / "folder").mkdir(parents=True)
    (folder / "flowprobe.yaml").write_text("flowprobe: 1\n")
    (folder / "ordinary").write_text("ordinary")
    for name, target in (("zero", "/dev/zero"), ("loop", "loop"), ("out", "../secret.txt"), ("away", "/"), ("dangling", "nowhere"), ("link", "ordinary")):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    return folder


def ids(project: Path, steps: str) -> list[str]:
    """The problems of a scenario, which come within a second."""
    began = time.process_time()
    try:
        load_scenario(project / "any.yaml", text=HEAD + steps)
    except InvalidInput as invalid:
        return [problem.id for problem in invalid.problems if problem.render()]
    finally:
        assert time.process_time() - began < 1
    return []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("name", "id"), [
    ("pipe", "file-unusable"), ("zero", "file-outside"), ("/dev/zero", "file-outside"), ("loop", "file-missing"), ("out", "file-outside"),
    ("away/etc/passwd", "file-outside"), ("dangling", "file-missing"), ("folder", "file-missing"), (".", "file-missing"), ("..", "file-outside"),
    ("../project/../secret.txt", "file-outside"), ("folder/../../secret.txt", "file-outside"), ("ordinary/x", "file-missing"),
    ("n" * 300, "file-missing"), ("n/" * 3000, "file-missing"), ("~", "file-missing"), ("${env.HOME}", "file-missing"),
])
def test_what_is_no_file_of_the_project_is_not_read(project: Path, key: str, name: str, id: str) -> None:
    quoted = key.format(f'"{name}"') if name != "~" else key.format('"~"')
    assert ids(project, f"  - {{step: a, {quoted}}}\n") == [id]


@pytest.mark.parametrize("name", ["ordinary", "link", "./folder/../ordinary", "../project/ordinary"])
def test_a_file_of_the_project_is_read_by_any_of_its_names(project: Path, name: str) -> None:
    scenario = load_scenario(project / "any.yaml", text=HEAD + f"  - {{step: a, call: POST /a, file: {name}}}\n")
    (step,) = scenario.workflow
    assert isinstance(step.body, FileBody)  # type: ignore[union-attr]
    assert step.body.attachment.content == b"ordinary"  # type: ignore[union-attr]


def test_a_file_that_is_sent_often_is_read_once(project: Path) -> None:
    scenario = load_scenario(project / "any.yaml", text=HEAD + "".join(f"  - {{step: a{n}, call: POST /a, file: ordinary}}\n" for n in range(9)))
    assert len({id(step.body.attachment) for step in scenario.workflow}) == 1  # type: ignore[union-attr]


@given(name=st.text(min_size=1, max_size=30) | st.lists(st.sampled_from(["..", "/", ".", "ordinary", "a", "\\0", "%2e", "~", "folder"])).map("/".join))
def test_any_name_is_answered(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-name"  # one for all examples: a folder for each takes longer than the rest
    folder.mkdir(exist_ok=True)
    (folder / "flowprobe.yaml").touch()
    quoted = name.replace("'", "''")
    for key in KEYS:
        assert ids(folder, f"  - {{step: a, {key.format(chr(39) + quoted + chr(39))}}}\n") != []


# --- scenarios that use others --------------------------------------------------------------------


def write(project: Path, name: str, *uses: str) -> Path:
    file = project / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    steps = "".join(f"  - {{step: s{number}, use: {use}}}\n" for number, use in enumerate(uses)) or "  - {step: one, call: GET /a}\n"
    file.write_text(HEAD + steps)
    return file


def found(file: Path) -> list[str]:
    try:
        load_scenario(file)
    except InvalidInput as invalid:
        return sorted({problem.id for problem in invalid.problems})
    return []


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_circle_through_several_files_is_told(project: Path, length: int) -> None:
    for number in range(length):
        write(project, f"f{number}", f"f{(number + 1) % length}.yaml")
    assert found(project / "f0.yaml") == ["use-cycle"]


def test_a_circle_by_other_names_is_told(project: Path) -> None:
    write(project, "a", "folder/../by-link.yaml")
    (project / "by-link.yaml").symlink_to("a.yaml")
    assert found(project / "a.yaml") == ["use-cycle"]


def test_a_circle_that_is_met_again_by_another_way_is_told(project: Path) -> None:
    write(project, "a", "b.yaml", "c.yaml")
    write(project, "b", "c.yaml")
    write(project, "c", "b.yaml")
    assert found(project / "a.yaml") == ["use-cycle"]


def test_eight_deep_is_deep_enough_whatever_was_read_before(project: Path) -> None:
    for number in range(10):
        write(project, f"f{number}", *([f"f{number + 1}.yaml"] if number < 9 else []))
    write(project, "backwards", *(f"f{number}.yaml" for number in reversed(range(10))))
    assert found(project / "f2.yaml") == []
    assert found(project / "f0.yaml") == found(project / "backwards.yaml") == ["use-cycle"]


def test_files_that_use_each_other_often_are_read_once(project: Path) -> None:
    """Without that, these are three to the power of eight."""
    for number in range(8):
        write(project, f"f{number}", *[f"f{number + 1}.yaml"] * 3)
    write(project, "f8")
    began = time.process_time()
    assert len(list(names_of(load_scenario(project / "f1.yaml").workflow))) == 3 + 9 + 27 + 81 + 243 + 729 + 2187 * 2
    assert time.process_time() - began < 1


def test_a_mistake_in_a_file_that_is_used_twice_is_told_once(project: Path) -> None:
    (project / "wrong.yaml").write_text(HEAD + "  - {step: one, cal: GET /a}\n")
    write(project, "a", "wrong.yaml", "wrong.yaml", "b.yaml")
    write(project, "b", "wrong.yaml")
    with pytest.raises(InvalidInput) as caught:
        load_scenario(project / "a.yaml")
    places = [(problem.id, Path(problem.file).name, problem.line) for problem in caught.value.problems]
    assert len(set(places)) == len(places)
    assert {file for _, file, _ in places} == {"wrong.yaml"}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[", b"a" * 2_000_000, b"flowprobe: 1", b"- " * 100, b"\x00", b"profile: x\nfaults: {}"])
def test_a_used_file_of_any_kind_is_answered(project: Path, content: bytes) -> None:
    (project / "other.yaml").write_bytes(content)
    assert found(write(project, "a", "other.yaml")) != []
