import json
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.files.project import load_project

PLANTED = "Pl4nted-t0ken-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEAD = 'flowprobe: 1\nenvironments: {local: {target: "http://127.0.0.1:1"}}\npersonas:\n  one:\n'
LINES = [
    "auth: PLANTED", 'auth: {basic: "a:PLANTED"}', "auth: {basic: PLANTED}", "auth: {oauth2: PLANTED}", "auth: {hmac: PLANTED}",
    "auth: {api_key: PLANTED}", "auth: {sigv4: PLANTED}", "auth: [PLANTED]", "auth: {PLANTED}", "auth: {bearer: [PLANTED]}", "auth: {bearer: {a: PLANTED}}",
    "auth: {oauth2: {token: POST /t, client_id: ci, grant: PLANTED}}", "auth: {oauth2: {token: POST /t, client_id: ci, grant: {password: PLANTED}}}",
    "auth: {oauth2: {token: POST /t, client_id: ci, client_secret: PLANTED}}", "accounts: [{account: a, auth: PLANTED}]",
    "certificate: PLANTED", "certificate: {cert: PLANTED, key: file:x}", "certificate: {cert: file:x, key: file:y, password: PLANTED}",
    "auth: {bearer: env:A, basic: PLANTED}", "auth: {bearer: &x PLANTED}", "auth: {bearer: !!str PLANTED}", "auth: {bearer: !PLANTED x}", 'auth: {bearer: "PLANTED}',
    "auth: {baerer: PLANTED}", "auth: {bearer: PLANTED, bearer: PLANTED}",
    "auth:\n      bearer: |\n        PLANTED", "auth:\n      bearer: PLANTED: x", "auth:\n      bearer:\n        PLANTED: x: y", "auth:\n      bearer: 'PLANTED",
    "auth:\n      bearer: PLANTED\n       basic: x", "auth:\n      PLANTED\n    x", "auth:\n      bearer: ${PLANTED}", "auth: {bearer: ${PLANTED}}", "auth:\n      bearer: @PLANTED",
    "auth: {oauth2: {token: 'POST https://u:PLANTED@auth.example/token', client_id: ci, client_secret: env:A}}",
]


def said(tmp_path: Path, text: str) -> str:
    """Everything that the problems of a project file say, for people and for programs."""
    file = tmp_path / "flowprobe.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_project(file)
    return "\n".join(json.dumps([p.id, p.found, p.instead, p.source]) for p in raised.value.problems) + str(raised.value)


@pytest.mark.parametrize("line", LINES)
def test_what_stands_where_a_secret_belongs_is_in_no_message(tmp_path: Path, line: str) -> None:
    text = said(tmp_path, HEAD + "    " + line.replace("PLANTED", PLANTED) + "\n")
    assert not [PLANTED[at : at + 8] for at in range(len(PLANTED) - 7) if PLANTED[at : at + 8] in text], text


@pytest.mark.parametrize("line", ["http://u:PLANTED@host", "http://PLANTED@host", "https://u:PLANTED@host/x"])
def test_the_user_of_a_url_is_in_no_message(tmp_path: Path, line: str) -> None:
    text = said(tmp_path, HEAD.replace("http://127.0.0.1:1", line.replace("PLANTED", PLANTED)) + "    auth: {bearer: env:A}\n")
    assert PLANTED not in text
    assert "host" in text


def test_what_is_no_secret_is_shown(tmp_path: Path) -> None:
    text = said(tmp_path, HEAD + '    auth: {basic: {user: "acme:eu", password: env:ACME_PASSWORD}}\n')
    assert "acme:eu" in text
    assert "env:ACME_PASSWORD" in text
