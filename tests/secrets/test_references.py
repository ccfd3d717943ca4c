import os
from pathlib import Path

import pytest

from flowprobe.core.auth import Certificate
from flowprobe.core.redact import REDACTED, Redactor
from flowprobe.core.scenario import SecretRef
from flowprobe.errors import InvalidInput
from flowprobe.secrets.references import Vault
from tests.scenes import HERE


def vault(folder: Path, *, allow_exec: bool = False, **environ: str) -> tuple[Vault, Redactor]:
    redactor = Redactor()
    surroundings = {"PATH": os.environ["PATH"], **environ}
    return Vault(redactor, folder=folder, environ=surroundings, allow_exec=allow_exec), redactor


def reference(words: str) -> SecretRef:
    scheme, _, name = words.partition(":")
    return SecretRef(scheme, name, HERE)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_variable_is_read_and_redacted_from_then_on(tmp_path: Path) -> None:
    secrets, redact = vault(tmp_path, ACME_TOKEN="tok-12345")
    assert secrets.value(reference("env:ACME_TOKEN")) == "tok-12345"
    assert redact("x tok-12345 y") == f"x {REDACTED} y"


def test_a_minted_secret_is_the_same_for_everybody_and_new_for_each_run(tmp_path: Path) -> None:
    secrets, redact = vault(tmp_path)
    assert secrets.minted("admin") == secrets.value(reference("mint:admin")) != secrets.minted("operator")
    assert secrets.minted("admin") != vault(tmp_path)[0].minted("admin")
    assert redact(secrets.minted("admin")) == REDACTED


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = private(tmp_path / "token", "tok-12345\n", 0o644)
    with pytest.raises(InvalidInput, match="chmod 600"):
        vault(tmp_path)[0].value(reference("file:token"))
    file.chmod(0o600)
    assert vault(tmp_path)[0].value(reference("file:token")) == "tok-12345"


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private(tmp_path / "token", "tok-12345")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(InvalidInput, match="belongs to somebody else"):
        vault(tmp_path)[0].value(reference("file:token"))


def test_what_a_command_prints_first_is_the_secret(tmp_path: Path) -> None:
    secrets, redact = vault(tmp_path, allow_exec=True)
    assert secrets.value(reference("cmd:printf 'tok 12345\\nand a note\\n'")) == "tok 12345"
    assert redact("tok 12345") == REDACTED


def test_a_command_is_run_once_and_without_a_shell(tmp_path: Path) -> None:
    secrets, _ = vault(tmp_path, allow_exec=True)
    command = reference("cmd:sh -c 'echo called >> calls; echo $0-secret' $HOME;id")
    assert secrets.value(command) == secrets.value(command) == "$HOME;id-secret"
    assert (tmp_path / "calls").read_text() == "called\n"


def test_no_command_is_run_unless_that_is_allowed_and_only_its_program_is_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--allow-exec") as raised:
        vault(tmp_path)[0].value(reference("cmd:touch made-by-hunter2"))
    assert raised.value.problems[0].id == "exec-not-allowed"
    assert "hunter2" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("words", "said"), [
    ("env:NOT_SET", "NOT_SET is not set"), ("file:none", "cannot be read: No such file"), ("env:SHORT", "shorter than 4"),
    ("env:LINES", "a line break"), ("env:BYTES", "no header can have"), ("file:folder", "cannot be read"),
    ("cmd:sh -c 'echo hunter2 >&2; exit 3'", "ended with 3"), ("cmd:true", "printed nothing"),
    ("cmd:no-such-program-here x", "cannot be started"), ("cmd:echo 'open", "cannot be started: No closing quotation"),
])
def test_an_unusable_secret_is_said_with_its_place_and_without_its_value(tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    secrets, _ = vault(tmp_path, SHORT="abc", LINES="hunter2\nhunter2", BYTES="hunter2\udcff", allow_exec=True)
    with pytest.raises(InvalidInput, match=said) as raised:
        secrets.value(reference(words))
    assert raised.value.problems[0].place == str(HERE)
    assert not {"abc", "hunter2"} & {raised.value.problems[0].found}
    assert "hunter2" not in str(raised.value)


def test_every_secret_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        vault(tmp_path, ONE="tok-12345")[0].resolve(map(reference, ("env:ONE", "env:TWO", "env:THREE", "env:TWO")))
    assert [problem.found.split()[2] for problem in raised.value.problems] == ["env:TWO", "env:THREE"]


def test_a_key_pair_is_two_files_of_which_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    private(tmp_path / "client.pem", "a certificate", 0o644)
    key = private(tmp_path / "client.key", "a key", 0o640)
    certificate = Certificate(reference("file:client.pem"), reference("file:client.key"), reference("env:KEY_PASSWORD"))
    secrets, redact = vault(tmp_path, KEY_PASSWORD="open-sesame")
    with pytest.raises(InvalidInput, match=r"client\.key can be read by others"):
        secrets.key_pair(certificate)
    key.chmod(0o600)
    pair = secrets.key_pair(certificate)
    assert (pair.cert, pair.key, pair.password) == (tmp_path / "client.pem", key, "open-sesame")
    assert "open-sesame" not in repr(pair)
    assert redact("open-sesame") == REDACTED


def test_a_certificate_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not there"):
        vault(tmp_path)[0].key_pair(Certificate(reference("file:client.pem"), reference("file:client.key")))
