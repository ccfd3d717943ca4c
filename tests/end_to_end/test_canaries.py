"""Twelve secrets of every kind are planted; the product repeats all it is told, in every usual form; and no byte that is
written holds one of them, whatever goes wrong."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.end_to_end.conftest import Place
from tests.end_to_end.guarded import TAIL, guard, journey

VARIABLES = {
    "C_BEARER": "c4nary-be/rer+1&=", "C_PASSWORD": 'c4nary pass"w<rd\\2', "C_KEY": "c4nary?key#3~é", "C_QUERY": "c4nary-qu/ery+4==",
    "C_COOKIE": "c4nary-cookie-5", "C_CLIENT": "c4nary:cl1ent/6%", "C_OWNER": "c4nary-owner+7 8", "C_REFRESH": "c4nary.refresh.8/",
    "C_SIGNING": "c4nary-signing-9", "C_AWS": "c4nary/aws/secret+10",
}
FILED, COMMANDED = "c4nary-from-a-file-11/+", "c4nary-from-a-command-12"
CANARIES = (*VARIABLES.values(), FILED, COMMANDED)
ISSUED = re.compile(rf"issued-(t0k3n|r3fr3sh)-[0-9]+-{TAIL}")
"""Tokens that the product gives out: not planted, and just as secret."""

PERSONAS = """\
  bearer: {auth: {bearer: env:C_BEARER}}
  basic: {auth: {basic: {user: acme, password: env:C_PASSWORD}}}
  key: {auth: {api_key: {header: X-Key, value: env:C_KEY}}}
  query: {auth: {api_key: {query: key, value: env:C_QUERY}}}
  cookie: {auth: {api_key: {cookie: key, value: env:C_COOKIE}}}
  client: {auth: {oauth2: {token: POST /oauth/token, client_id: ci, client_secret: env:C_CLIENT}}}
  owner: {auth: {oauth2: {token: POST /oauth/token, client_id: ci, client_in: body, grant: {password: {user: a, password: env:C_OWNER}}}}}
  refresh: {auth: {oauth2: {token: POST /oauth/token, client_id: ci, grant: {refresh_token: env:C_REFRESH}}}}
  hashed: {auth: {hmac: {key: env:C_SIGNING, sign: [path], headers: {X-S: "{signature}"}}}}
  aws: {auth: {sigv4: {access_key: env:AWS_ID, secret_key: env:C_AWS, region: eu, service: s}}}
  filed: {auth: {bearer: file:canary}}
  commanded: {accounts: [{account: acc_1, auth: {bearer: 'cmd:cat commanded'}}]}
  unsigned: {auth: {oauth2: {token: POST /oauth/broken, client_id: ci, client_in: body, client_secret: env:C_CLIENT}}}
"""
NAMES = tuple(line.split(":")[0].strip() for line in PERSONAS.splitlines())
STEPS = """\
  - step: make
    call: POST /things
    capture: {id: $.id, told: $.echo.head}
    cleanup: DELETE /things/${make.id}
  - step: look
    call: GET /echo?again=${make.told}
    expect: {json: {echo: %s}}
"""
PASSING, FAILING = STEPS % "{inner: {$type: string}}", STEPS % "{head: nothing-like-this, quoted: 1, base64: 2, decoded: 3, inner: 4, urlsafe: 5}"


SINKS = ("--ctrf", "ctrf.json", "--har", "run.har", "--markdown", "summary.md", "--ndjson", "events.ndjson", "--otlp", "traces.jsonl")
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "job.md", "GITHUB_REF_NAME": "c4nary-cookie-5"}
TOLD = ("junit.xml", "page.html", *SINKS[1::2], "job.md")
"""What a run writes for others, beside its folder."""


def forms(secret: str) -> tuple[str, ...]:
    raw = secret.encode()
    core = base64.b64encode(raw[: len(raw) // 3 * 3]).decode()
    nested = [form for text in (secret, raw.decode("latin-1")) for form in in_json(text, levels=3)]
    return (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), raw.hex(), core, core.replace("+", "-").replace("/", "_"), *nested)


def in_json(text: str, *, levels: int) -> Iterator[str]:
    """As it stands in a text, in a text of a text, and so on."""
    for _ in range(levels):
        yield text
        text = json.dumps(text)[1:-1]
    yield text


def leaked(text: str) -> set[str]:
    found = {secret for secret in CANARIES if any(form in text for form in forms(secret))}
    return found | {match[0] for match in ISSUED.finditer(text)}


def written(place: Place, *, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Every file that a run left, by its name."""
    for path in sorted((place.folder / ".flowprobe").rglob("*")):
        if path.is_file() and path.name not in without:
            yield str(path.relative_to(place.folder)), path.read_bytes().decode("utf-8", "replace")


@pytest.fixture
def planted(place: Place) -> Place:
    for name, secret in (("canary", FILED), ("commanded", COMMANDED)):
        (place.folder / name).write_text(secret + "\n")
        (place.folder / name).chmod(0o600)
    guard(place, PERSONAS)
    return place


def every_role(steps: str) -> str:
    """The steps once for each persona, under names of their own."""
    return "".join(steps.replace("step: make", f"step: make-{name}\n    as: {name}").replace("step: look", f"step: look-{name}\n    as: {name}")
                   .replace("make.", f"make-{name}.") for name in NAMES if name != "unsigned")


def roles(*names: str) -> str:
    return "{" + ", ".join(f"{name}: {name}" for name in names) + "}"


def tried(place: Place) -> dict[str, str]:
    """Everything that was printed by commands that pass and that fail, by what they are."""
    surroundings = {**VARIABLES, "AWS_ID": "AKIDEXAMPLE"}
    everybody = roles(*(name for name in NAMES if name != "unsigned"))
    journey(place, every_role(PASSING), personas=everybody, name="passing.yaml")
    journey(place, every_role(FAILING.replace("expect:", "check:")), personas=everybody, name="failing.yaml")
    journey(place, PASSING, personas=roles("unsigned"), name="unsigned.yaml")
    journey(place, PASSING, personas=roles("basic"), name="basic.yaml")
    journey(place, PASSING.replace("expect:", "expcet:"), personas=roles("basic"), name="wrong.yaml")
    said: dict[str, str] = {}

    def call(*words: str, code: int, **more: str) -> None:
        result = place.flowprobe(*words, **{**surroundings, **more})
        name = f"{len(said)}: {' '.join(words)}"
        assert result.code == code, f"{name}: {result.code}\n{result.out}{result.err}"
        said[name] = result.out + result.err

    call("run", "passing.yaml", "--allow-exec", "--junit", "junit.xml", "--json", code=0)
    call("run", "passing.yaml", "--allow-exec", *SINKS, code=0)
    call("run", "failing.yaml", "--allow-exec", "--junit", "junit.xml", "--html", "page.html", "--json", code=1)
    call("run", "failing.yaml", "--allow-exec", *SINKS, code=1, **GITHUB)
    call("run", "failing.yaml", "--allow-exec", "--ndjson", "-", code=1)
    call("run", "unsigned.yaml", code=3)
    call("run", "basic.yaml", "--env", "standing", code=3)
    call("run", "passing.yaml", code=2)
    call("run", "basic.yaml", code=2, C_PASSWORD="c4n")
    call("run", "wrong.yaml", code=2)
    call("check", "passing.yaml", code=0)
    call("check", "wrong.yaml", "--json", code=2)
    call("cleanup", code=0)
    (place.folder / "canary").chmod(0o644)
    call("run", "passing.yaml", "--allow-exec", code=2)
    return said


def test_no_byte_that_is_written_holds_a_secret(planted: Place) -> None:
    said = tried(planted)
    assert "passing.yaml" in "".join(said)
    found = {name: secrets for name, text in [*said.items(), *written(planted)] if (secrets := leaked(text))}
    assert not found
    for name in TOLD:
        text = html.unescape((planted.folder / name).read_text())
        assert "failing.yaml" in text, name
        assert not leaked(text), name
    pages = [text for name, text in written(planted) if name.endswith("report.html")]
    assert len(pages) >= 4
    assert not leaked(html.unescape("".join(pages)))


def test_doctor_says_nothing_of_its_surroundings(planted: Place) -> None:
    result = planted.flowprobe("doctor", **VARIABLES)
    assert not leaked(result.out + result.err)


OFF = """
import sys
from flowprobe.core.redact import Redactor
Redactor.redact = Redactor.__call__ = lambda self, text: text
from flowprobe.cli.main import main
main()
"""


def test_without_the_redactor_each_of_them_would_appear(planted: Place) -> None:
    """The positive control: all that are sent, in the files and on the screen alike."""
    everybody = roles(*(name for name in NAMES if name != "unsigned"))
    journey(planted, every_role(FAILING.replace("expect:", "check:")), personas=everybody, name="failing.yaml")
    process = planted.start_python("-c", OFF, "run", "failing.yaml", "--allow-exec", "--json", *SINKS, **VARIABLES, AWS_ID="AKIDEXAMPLE")
    result = planted.finish(process)
    assert result.code == 1, result.err
    kept = {VARIABLES["C_SIGNING"], VARIABLES["C_AWS"], VARIABLES["C_OWNER"], VARIABLES["C_REFRESH"], VARIABLES["C_CLIENT"]}
    shown = set(CANARIES) - kept  # those leave in a signature, or for a token endpoint, whose reply is in no report
    assert shown <= leaked(result.out)
    files = dict(written(planted))
    for name in ("runner.jsonl", "result.json", "junit.xml", "report.html"):
        text = "".join(text for path, text in files.items() if path.endswith(name) and "ledger" not in path and "latest" not in path)
        text = html.unescape(text) if name == "report.html" else text
        assert shown <= leaked(text), name
        assert ISSUED.search(text), name
    for name in ("ctrf.json", "run.har", "events.ndjson"):
        assert shown <= leaked((planted.folder / name).read_text()), name


def test_no_secret_is_in_the_list_of_processes(planted: Place) -> None:
    journey(planted, "  - step: hold\n    call: GET /slow?30\n", personas=roles("basic"), name="slow.yaml")
    process = planted.start("run", "slow.yaml", **VARIABLES)
    planted.wait_for_event("CallSent", step="hold")
    pids = {process.pid, *planted.descendants(process)}
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in pids]
    others = [Path(f"/proc/{pid}/environ").read_bytes().decode() for pid in pids - {process.pid} if "guarded_product" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert others
    assert not leaked("".join((*lines, *others)))


def test_the_looking_itself_finds_what_is_there() -> None:
    for secret in CANARIES:
        assert all(secret in leaked(f"x{form}y") for form in forms(secret))
    assert leaked(f"issued-t0k3n-3-{TAIL}")
    assert subprocess.run([sys.executable, "-c", OFF, "--version"], capture_output=True, check=False).returncode == 0
