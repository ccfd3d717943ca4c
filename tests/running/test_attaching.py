"""Where a standing proxy takes orders, and whose token opens it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.proxy.addresses import Address
from flowprobe.proxy.attached import Key
from flowprobe.running.attaching import (
    FINGERPRINT_VARIABLE,
    TOKEN_VARIABLE,
    control_at,
    key_of,
    token_file,
    token_for,
    write_key,
)

HERE = Address(path="p.sock")


@pytest.mark.parametrize(("text", "address", "near"), [
    ("127.0.0.1:9099", Address(host="127.0.0.1", port=9099), True), ("[::1]:1", Address(host="::1", port=1), True),
    ("localhost:0", Address(host="localhost"), True), ("0.0.0.0:9099", Address(host="0.0.0.0", port=9099), False),
    ("proxy.staging.example:9099", Address(host="proxy.staging.example", port=9099), False), ("unix:a/s", Address(path="a/s"), True),
])
def test_an_address_is_read_and_written(text: str, address: Address, near: bool) -> None:
    assert control_at(text, of="--control") == address
    assert (str(address), address.near) == (text, near)


@pytest.mark.parametrize("text", ["", "9099", "http://127.0.0.1:9099", "127.0.0.1:99999", "unix:", "a b:1", "unix:" + "x" * 200])
def test_what_is_no_address_is_said_with_its_flag(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^--control: "):
        control_at(text, of="--control")


def test_the_path_of_a_socket_starts_in_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert control_at("unix:p.sock", of="proxy", folder=tmp_path / "a").path == "../p.sock"
    assert control_at(f"unix:{tmp_path}/p.sock", of="proxy", folder=Path("/elsewhere")).path == "../../p.sock"


def test_a_token_is_left_for_its_owner_alone_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_key(token_file(HERE), Key("a-token", "ab12"))
    assert stat.S_IMODE((tmp_path / "p.sock.token").stat().st_mode) == 0o600
    assert key_of(HERE, file=None, environ={}) == Key("a-token", "ab12")
    assert "a-token" not in repr(key_of(HERE, file=None, environ={}))
    assert token_file(Address(host="127.0.0.1", port=9)) == Path(".flowprobe/proxy-127.0.0.1-9.token")


def test_a_file_that_is_named_comes_before_the_variable_and_that_before_the_file_that_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_key(Path("named"), Key("of-the-named-file"))
    write_key(token_file(HERE), Key("that-was-left", "ab"))
    variable = {TOKEN_VARIABLE: "of-the-variable", FINGERPRINT_VARIABLE: "CD:EF"}
    assert key_of(HERE, file=Path("named"), environ=variable) == Key("of-the-named-file", "cdef")
    assert key_of(HERE, file=None, environ=variable) == Key("of-the-variable", "cdef")
    assert key_of(HERE, file=None, environ={TOKEN_VARIABLE: "of-the-variable"}) == Key("of-the-variable", "ab")


def test_the_variable_may_have_what_the_file_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = "a-token-of-some-length\nAB:12\n"
    assert key_of(HERE, file=None, environ={TOKEN_VARIABLE: whole}) == Key("a-token-of-some-length", "ab12")
    named = {TOKEN_VARIABLE: whole, FINGERPRINT_VARIABLE: "cd"}
    assert key_of(HERE, file=None, environ=named) == Key("a-token-of-some-length", "cd")
    assert token_for({TOKEN_VARIABLE: whole}) == ("a-token-of-some-length", False)


def test_without_a_token_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="flowprobe proxy run"):
        key_of(HERE, file=None, environ={TOKEN_VARIABLE: ""})


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("shown-to-all")
    file.chmod(0o640)
    with pytest.raises(InvalidInput, match="others can read") as caught:
        key_of(HERE, file=file, environ={})
    assert "shown-to-all" not in str(caught.value)


def test_a_new_proxy_makes_its_token_or_takes_one_that_is_long_enough() -> None:
    made = [token_for({}) for _ in range(2)]
    assert all(fresh and len(token) >= 32 for token, fresh in made)
    assert made[0] != made[1]
    assert token_for({TOKEN_VARIABLE: "x" * 16}) == ("x" * 16, False)
    with pytest.raises(InvalidInput, match="too short"):
        token_for({TOKEN_VARIABLE: "hunter2"})
