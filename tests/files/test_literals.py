from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.files.scenarios import load_scenario

TEXT = "flowprobe: 1\nscenario: A\npersonas: {admin: b}\nworkflow:\n  - {step: a, call: GET /, HOW}\n"


@pytest.mark.parametrize("how", ["headers: {Authorization: Bearer planted-1234}", "headers: {COOKIE: planted-1234}", "headers: {X-API-Key: 'planted-1234'}",
                                 "signs_in: {admin: {bearer: planted-1234}}", "signs_in: {admin: {headers: {Authorization: planted-1234}}}"])
def test_a_secret_in_a_step_is_refused_and_not_shown(tmp_path: Path, how: str) -> None:
    (tmp_path / "a.yaml").write_text(TEXT.replace("HOW", how))
    with pytest.raises(InvalidInput) as raised:
        load_scenario(tmp_path / "a.yaml")
    assert [problem.id for problem in raised.value.problems] == ["secret-in-step"]
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize("how", ["headers: {Authorization: Bearer wrong}", 'headers: {Authorization: "Bearer wrong-${trial.id}"}', "headers: {X-Plain: planted-1234}",
                                 'signs_in: {admin: {bearer: "${env.TOKEN}"}}', "expect: {headers: {Cookie: planted-1234}, json: {headers: {Authorization: planted-1234}}}"])
def test_what_is_looked_up_or_short_or_promised_is_not(tmp_path: Path, how: str) -> None:
    (tmp_path / "a.yaml").write_text(TEXT.replace("HOW", how))
    load_scenario(tmp_path / "a.yaml")
