"""Whatever goes wrong, the run ends in time, says what it was, and never calls it a pass."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

from tests.end_to_end.conftest import Place, alive, wait_for

GET = "  - step: look\n    call: GET {path}\n"


@pytest.mark.parametrize(("text", "said"), [
    ("", "empty"),
    ("flowprobe: 1\nscenario: x\npersonas: {a: pro-eu}\nworkflow:\n  - step: one\n    cal: GET /\n", "journey.yaml:6:5"),
    ("flowprobe: 1\nscenario: x\npersonas: {a: pro-eu}\nworkflow: hello\n", "journey.yaml:4:11"),
    ("flowprobe: 1\nscenario: x\npersonas: {a: pro-eu}\nworkflow:\n  - {step: one, call: 'GET /${b.id}'}\n", "journey.yaml:5:"),
    ("flowprobe: 1\nscenario: x\npersonas: {a: pro-us}\nworkflow:\n  - {step: one, call: GET /}\n", "pro-eu"),
])
def test_a_wrong_file_is_exit_2_with_the_place_and_nothing_is_sent(place: Place, text: str, said: str) -> None:
    place.scenario(text)
    for verb in ("check", "run"):
        result = place.flowprobe(verb, "journey.yaml")
        assert (result.code, said in result.err, "Traceback" in result.err) == (2, True, False), result.err
    assert not (place.folder / ".flowprobe").exists()


@pytest.mark.parametrize(("words", "said"), [
    (["nothing.yaml"], "nothing.yaml"), (["empty"], "no scenario"), (["journey.yaml", "--env", "locl"], "'local'"),
    (["journey.yaml", "--faults", "slwo"], "'slow'"), (["journey.yaml", "--tag", "x"], "no scenario has the tag"),
    (["journey.yaml", "--persona", "admin=nobody"], "admin"), (["journey.yaml", "--timeout", "5"], "no duration"),
    (["journey.yaml", "--last-failed"], "no earlier run"), (["journey.yaml", "--sed", "1"], "--seed"),
])
def test_a_wrong_option_is_exit_2_with_a_way_out(place: Place, words: list[str], said: str) -> None:
    place.workflow(GET.format(path="/"), more="faults: {slow: {shop: {latency: 1s}}}\n")
    (place.folder / "empty").mkdir()
    result = place.flowprobe("run", *words)
    assert (result.code, said in result.err, "Traceback" in result.err) == (2, True, False), result.err


def test_a_product_that_is_not_there_is_the_environments_fault(place: Place) -> None:
    place.workflow(GET.format(path="/"))
    began = time.monotonic()
    result = place.run("journey.yaml", "--env", "nowhere")
    assert (result.code, result.trial()["verdict"], result.trial()["blame"]) == (3, "inconclusive", "environment")
    assert "127.0.0.1:9" in result.trial()["reasons"][0]
    assert time.monotonic() - began < 10


def test_a_product_that_cannot_be_started_is_the_environments_fault_with_its_log(place: Place) -> None:
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("odd_product.py", "no_such_product.py"))
    place.workflow(GET.format(path="/"))
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.trial()["blame"]) == (3, "environment")
    assert "no_such_product.py" in result.trial()["reasons"][0]


def test_faults_on_a_product_that_we_did_not_start_are_refused_before_anything_is_sent(place: Place) -> None:
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace(
        "  nowhere:\n", "  nowhere:\n    providers: {shop: {url: https://shop.example}}\n"))
    place.workflow(GET.format(path="/"), more="faults: {slow: {shop: {latency: 1s}}}\n")
    result = place.flowprobe("run", "journey.yaml", "--env", "nowhere")
    assert (result.code, "start" in result.err) == (5, True), result.err
    assert place.run("journey.yaml", "--env", "nowhere", "--faults", "none").code == 3


def test_a_persona_that_the_environment_does_not_allow_is_refused(place: Place) -> None:
    project = place.folder / "flowprobe.yaml"
    text = project.read_text().replace("  nowhere:\n", "  nowhere:\n    personas: [staff]\n") + "  staff: {team: t1}\n"
    project.write_text(text)
    place.workflow(GET.format(path="/"))
    result = place.flowprobe("run", "journey.yaml", "--env", "nowhere")
    assert (result.code, "not pro-eu" in result.err) == (5, True), result.err
    assert not (place.folder / ".flowprobe").exists()


def test_a_bug_of_ours_is_exit_4_and_cleanup_still_runs(place: Place) -> None:
    place.workflow("  - {step: make, call: POST /things, capture: {id: $.id}, cleanup: 'DELETE /things/${make.id}'}\n"
                   + GET.format(path="/health"))
    (place.folder / "bug.py").write_text(
        "import sys\nfrom flowprobe.core import journey\nreal = journey.build_call\n"
        "def build_call(trial, number, *rest, **more):\n    return real(trial, number, *rest, **more) if number == 1 else 1 / 0\n"
        "journey.build_call = build_call\nsys.argv = ['flowprobe', 'run', 'journey.yaml', '--env', 'bare']\n"
        "from flowprobe.cli.main import main\nmain()\n")
    result = place.finish(place.start_python("bug.py"))
    assert (result.code, "ZeroDivisionError" in result.out) == (4, True), result.out + result.err
    assert place.notes.read_text() == "DELETE thing-1\n"


def test_a_planned_fault_that_never_fires_is_inconclusive_and_says_where_it_was_expected(place: Place) -> None:
    place.workflow(GET.format(path="/health"), more="faults: {slow: {shop: {latency: 100ms}}}\n")
    result = place.run("journey.yaml", "--env", "local")
    assert (result.code, result.trial("slow")["blame"]) == (3, "fault never fired")
    assert "'shop'" in result.trial("slow")["reasons"][0]
    assert result.trial("none")["verdict"] == "pass"


@pytest.mark.parametrize("path", ["/hang", "/drip-headers", "/drip-body"])
def test_a_reply_that_never_ends_is_a_finding_within_the_budget(place: Place, path: str) -> None:
    place.workflow(GET.format(path="/health") + GET.format(path=path).replace("look", "again"))
    began = time.monotonic()
    result = place.run("journey.yaml", "--env", "bare", "--timeout", "1s")
    assert (result.code, result.trial()["verdict"]) == (1, "fail")
    call = result.trial()["steps"][1]["calls"][0]
    assert call["no_reply"]["reason"] == "timeout"
    assert 0.9 <= call["seconds"] <= 2.0
    assert time.monotonic() - began < 20


def test_a_reply_of_a_gigabyte_is_a_finding_with_flat_memory(place: Place) -> None:
    place.workflow(GET.format(path="/health") + GET.format(path="/gigabyte").replace("look", "again"))
    (place.folder / "measured.py").write_text(
        "import atexit, pathlib, runpy, sys\n"
        "atexit.register(lambda: pathlib.Path('peak').write_text(pathlib.Path('/proc/self/status').read_text()))\n"
        "sys.argv = ['flowprobe', 'run', 'journey.yaml', '--env', 'bare', '--json']\n"
        "runpy.run_module('flowprobe', run_name='__main__')\n")
    result = place.finish(place.start_python("measured.py"))
    assert (result.code, result.trial()["verdict"]) == (1, "fail")
    assert result.trial()["steps"][1]["calls"][0]["no_reply"]["reason"] == "too-large"
    peak = re.search(r"VmHWM:\s+(\d+) kB", (place.folder / "peak").read_text())
    assert peak is not None
    assert int(peak[1]) < 100_000


def test_a_product_that_dies_is_a_fail_and_the_rest_is_not_judged(place: Place) -> None:
    place.workflow(GET.format(path="/health") + GET.format(path="/crash").replace("look", "again"),
                   more="faults: {slow: {shop: {latency: 100ms}}}\n")
    result = place.run("journey.yaml", "--env", "local")
    assert (result.code, result.trial("none")["verdict"], result.trial("slow")["verdict"]) == (1, "fail", "inconclusive")


def test_a_proxy_that_is_killed_ends_the_run_and_is_never_a_pass(place: Place) -> None:
    place.workflow(GET.format(path="/sleep?1") + GET.format(path="/provider").replace("look", "again"),
                   more="faults: {slow: {shop: {latency: 100ms}}}\n")
    process = place.start("run", "journey.yaml", "--env", "local", "--json")
    place.wait_for_event("CallSent", step="look")
    os.kill(proxy_of(place, process), signal.SIGKILL)
    result = place.finish(process)
    assert result.code == 3
    assert {trial["verdict"] for trial in result.json["trials"]} == {"inconclusive"}
    assert {trial["blame"] for trial in result.json["trials"]} <= {"tool", "baseline"}
    assert "proxy" in result.trial()["reasons"][0]


def test_a_runner_that_is_killed_leaves_no_proxy_and_no_product(place: Place) -> None:
    place.workflow(GET.format(path="/hang"))
    process = place.start("run", "journey.yaml", "--env", "local")
    place.wait_for_event("CallSent", step="look")
    left = place.descendants(process)
    assert len(left) >= 3
    process.kill()
    wait_for(lambda: not any(alive(pid) for pid in left), "the proxy and the product to be gone", deadline_s=8)


HOSTILE = """\
  - {{step: get-{n}, call: GET /hostile?{n}, capture: {{id: $.id}}}}
  - step: use-{n}
    call: GET /things/${{get-{n}.id}}
    headers: {{X-Id: "${{get-{n}.id}}"}}
    json: {{again: "${{get-{n}.id}}"}}
    expect: {{json: {{never: "${{get-{n}.id}}"}}}}
"""


def test_nothing_that_a_product_says_breaks_the_runner_or_what_it_writes(place: Place) -> None:
    for number in range(7):
        place.workflow(HOSTILE.format(n=number), name=f"{number}.yaml")
    sinks = ("--junit", "junit.xml", "--ctrf", "c.json", "--har", "h.har", "--markdown", "m.md", "--ndjson", "e.ndjson", "--otlp", "t.jsonl")
    result = place.run(".", "--env", "bare", *sinks)
    assert (result.code, len(result.json["trials"]), "Traceback" in result.err) == (1, 7, False), result.err
    assert {trial["verdict"] for trial in result.json["trials"]} == {"fail"}
    assert ElementTree.parse(place.folder / "junit.xml").getroot().get("name") == "flowprobe"
    assert len(json.loads((place.folder / "c.json").read_text())["results"]["tests"]) == 7
    assert len(json.loads((place.folder / "h.har").read_text())["log"]["pages"]) == 7
    assert {json.loads(line)["v"] for line in (place.folder / "e.ndjson").read_text().split("\n")[:-1]} == {1}
    assert "\x1b" not in result.err + (place.folder / "m.md").read_text()


def test_a_full_disk_is_said_and_what_was_made_is_cleaned_up(place: Place) -> None:
    """No file may grow beyond 12,000 bytes: the journal meets that in the middle of the journey."""
    looks = "".join(GET.format(path="/health").replace("look", f"look-{n}") for n in range(40))
    place.workflow("  - {step: make, call: POST /things, capture: {id: $.id}, cleanup: 'DELETE /things/${make.id}'}\n" + looks)
    (place.folder / "small.py").write_text(
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))\n"
        "sys.argv = ['flowprobe', 'run', 'journey.yaml', '--env', 'bare']\n"
        "runpy.run_module('flowprobe', run_name='__main__')\n")
    result = place.finish(place.start_python("small.py", PYTHONDONTWRITEBYTECODE="1"))  # else bytecode is cut short too
    assert (result.code, "Traceback" in result.err) == (3, False), result.out + result.err
    assert "File too large" in result.out + result.err
    assert place.notes.read_text() == "DELETE thing-1\n"


def test_a_damaged_journal_of_the_proxy_is_never_a_pass(place: Place) -> None:
    place.workflow(GET.format(path="/sleep?1") + GET.format(path="/provider").replace("look", "again"))
    process = place.start("run", "journey.yaml", "--env", "local", "--json")
    place.wait_for_event("CallSent", step="look")
    with (place.latest() / "journal" / "proxy.jsonl").open("a") as journal:
        journal.write("garbage that is not JSON\n")
    result = place.finish(process)
    assert (result.code, result.trial()["verdict"], result.trial()["blame"]) == (3, "inconclusive", "tool"), result.err
    assert "journal" in result.trial()["reasons"][0]


def test_a_reader_that_goes_away_does_not_end_the_run(place: Place) -> None:
    place.workflow(GET.format(path="/sleep?1"))
    process = place.start("run", "journey.yaml", "--env", "bare")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    process.wait(30)
    assert process.returncode == 0
    assert (place.latest() / "result.json").is_file()


def test_a_terminal_that_has_no_unicode_is_no_reason_to_stop(place: Place) -> None:
    place.workflow(GET.format(path="/health"))
    result = place.flowprobe("run", "journey.yaml", "--env", "bare", PYTHONIOENCODING="ascii")
    assert (result.code, "1 pass" in result.out, "Traceback" in result.err) == (0, True, False), result.err


def test_a_product_that_waits_longer_than_we_do_fails_also_when_the_delay_is_longer_still(place: Place) -> None:
    place.workflow(GET.format(path="/provider"), more="faults: {slow: {shop: {latency: 10s}}}\n")
    result = place.run("journey.yaml", "--env", "local", "--timeout", "2s")
    assert (result.code, result.trial("slow")["verdict"]) == (1, "fail"), result.trial("slow")["reasons"]


@pytest.mark.parametrize(("words", "said"), [
    (["--junit", "."], "is a folder"), (["--junit", "journey.yaml/x.xml"], "cannot be written"), (["--junit", "pipe"], "neither a file"),
    (["--junit", "journey.yaml"], "read by this run"), (["--junit", "link.xml"], "read by this run"), (["--junit", "other.yaml"], "a YAML file"),
    (["--html", "."], "is a folder"), (["--html", "journey.yaml"], "read by this run"), (["--html", "other.yaml"], "such as report.html"),
    (["--ctrf", "journey.yaml"], "--ctrf"), (["--har", "."], "--har"), (["--ndjson", "-", "--json"], "standard output"),
    (["--ctrf", "x", "--markdown", "x"], "--ctrf is written to"),
    (["-o", "journey.yaml"], "folder of a run"), (["-o", ""], "folder of a run"),
])
def test_a_path_that_cannot_be_written_is_exit_2_before_anything_is_sent(place: Place, words: list[str], said: str) -> None:
    place.workflow(GET.format(path="/health"))
    place.workflow(GET.format(path="/health"), name="other.yaml")
    (place.folder / "link.xml").symlink_to("flowprobe.yaml")
    os.mkfifo(place.folder / "pipe")
    before = (place.folder / "journey.yaml").read_text()
    result = place.flowprobe("run", "journey.yaml", "--env", "bare", *words)
    assert (result.code, said in result.err) == (2, True), result.err
    assert (place.folder / "journey.yaml").read_text() == before
    assert not (place.folder / ".flowprobe").exists()


def proxy_of(place: Place, process: subprocess.Popen[str]) -> int:
    def found() -> int | None:
        for pid in place.descendants(process):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"flowprobe.proxy" in file.read():
                        return pid
            except OSError:
                continue
        return None

    pid: int = wait_for(found, "the proxy's process")
    return pid


@pytest.mark.parametrize("redirect", [">&-", "> /dev/full"])
@pytest.mark.parametrize("option", ["", "--json"])
def test_a_run_whose_lines_are_lost_goes_on_and_its_exit_code_is_as_judged(place: Place, redirect: str, option: str) -> None:
    place.workflow("  - {step: make, call: POST /things, capture: {id: $.id}, cleanup: 'DELETE /things/${make.id}'}\n"
                   + GET.format(path="/health") + "    expect: {status: 418}\n")
    words = f"exec {sys.executable} -m flowprobe run journey.yaml --env bare {option} {redirect}"
    shell = f"import os; os.execvp('sh', ['sh', '-c', {words!r}])"
    result = place.finish(place.start_python("-c", shell))
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    assert result.err.count("standard output cannot be written") == 1
    assert place.notes.read_text() == "DELETE thing-1\n"
    assert (place.latest() / "result.json").is_file()
