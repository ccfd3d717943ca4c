from pathlib import Path

import pytest

from flowprobe.core.redact import REDACTED, Redactor
from flowprobe.core.scenario import Bearer, Persona, SecretRef
from flowprobe.errors import InvalidInput
from flowprobe.secrets.references import Vault
from tests.scenes import HERE


def vault(folder: Path, **environ: str) -> tuple[Vault, Redactor]:
    redactor = Redactor()
    return Vault(redactor, folder=folder, environ=environ), redactor


def reference(words: str) -> SecretRef:
    scheme, _, name = words.partition(":")
    return SecretRef(scheme, name, HERE)


def test_a_variable_is_read_and_redacted_from_then_on(tmp_path: Path) -> None:
    secrets, redact = vault(tmp_path, ACME_TOKEN="tok-12345")
    persona = Persona("pro-eu", HERE, auth=Bearer(reference("env:ACME_TOKEN")))
    assert secrets.headers(persona) == {"authorization": "Bearer tok-12345"}
    assert redact("x tok-12345 y") == f"x {REDACTED} y"


def test_a_minted_secret_is_the_same_for_everybody_and_new_for_each_run(tmp_path: Path) -> None:
    secrets, redact = vault(tmp_path)
    assert secrets.minted("admin") == secrets.value(reference("mint:admin")) != secrets.minted("operator")
    assert secrets.minted("admin") != vault(tmp_path)[0].minted("admin")
    assert redact(secrets.minted("admin")) == REDACTED


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("tok-12345\n")
    file.chmod(0o644)
    with pytest.raises(InvalidInput, match="chmod 600"):
        vault(tmp_path)[0].value(reference("file:token"))
    file.chmod(0o600)
    assert vault(tmp_path)[0].value(reference("file:token")) == "tok-12345"


@pytest.mark.parametrize(("words", "said"), [
    ("env:NOT_SET", "NOT_SET is not set"), ("file:none", "cannot be read"), ("env:SHORT", "shorter than 4"),
])
def test_an_unusable_secret_is_said_with_its_place_and_without_its_value(tmp_path: Path, words: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        vault(tmp_path, SHORT="abc")[0].value(reference(words))
    assert raised.value.problems[0].place == str(HERE)
    assert "abc" not in str(raised.value)


def test_a_persona_without_credentials_signs_nothing(tmp_path: Path) -> None:
    assert vault(tmp_path)[0].headers(Persona("anybody", HERE)) == {}
